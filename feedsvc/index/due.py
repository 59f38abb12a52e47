"""What depends on the time of a sync: which stories are left out, and when a file has to be read again for it."""

import os
import re
import time

from msgspec import Struct

from feedsvc.errors import ConfigError, shown_value
from feedsvc.index.database import Connection
from feedsvc.model import Story

#: Later than any time.
NEVER = 2**62


def sync_time() -> int:
    """Return the time of a sync that begins now, in seconds since 1970. Raise ConfigError.

    The environment variable SOURCE_DATE_EPOCH sets it (https://reproducible-builds.org/specs/source-date-epoch/).
    """
    value = os.environ.get("SOURCE_DATE_EPOCH")
    if value is None:
        return int(time.time())
    if not re.fullmatch("[0-9]{1,12}", value):
        raise ConfigError(
            f"SOURCE_DATE_EPOCH: {shown_value(value)} can't be used; expected seconds since 1970, a whole number"
        )
    return int(value)


class Listing(Struct, frozen=True):
    """Which stories are listed, so that feeds may hold them. Those that are deleted never are."""

    #: Whether drafts are.
    drafts: bool
    #: Whether stories are before their time.
    future: bool
    #: The time of the sync, in seconds since 1970.
    now: int

    def left_out(self, story: Story, published: float) -> str:
        """Return why a story isn't listed: "deleted", "draft" or "not due"; an empty text if it is.

        published: its time, in seconds since 1970.
        """
        if story.deleted:
            return "deleted"
        if story.draft and not self.drafts:
            return "draft"
        return "not due" if not self.future and published > self.now else ""


def find_due(connection: Connection, now: int) -> set[int]:
    """Return the ids of the files that have to be read again, since it is another time. now: of the sync.

    They have a story or an update that was still to come at the last sync and no longer is; or, if the clock was set
    back, the other way round.
    """
    return {file for (file,) in connection.execute("SELECT file FROM counts WHERE due <= ? OR since > ?", (now, now))}


def next_due(connection: Connection, now: int) -> int:
    """Return when a story or an update will be due next, in seconds since 1970; NEVER if all are."""
    (due,) = connection.execute("SELECT min(due) FROM counts WHERE due > ?", (now,)).fetchone()
    return NEVER if due is None else int(due)
