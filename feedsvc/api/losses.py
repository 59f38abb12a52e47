"""What commands do where a sync is refused, because it would take away too much of what is published."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from feedsvc.errors import LossError

if TYPE_CHECKING:
    from feedsvc.api.site import Progress, Site
    from feedsvc.index.sync_result import SyncResult


def kept(site: "Site", loss: LossError) -> "SyncResult":
    """Return what the index of a site holds after a sync that was refused, with the error as `loss`.

    Raise that error if the index holds nothing that can be read, as one that another version made.
    """
    from feedsvc.index.sync_result import SyncResult

    if not site.index.is_filled():
        raise loss
    folders = ", ".join(map(str, site.config.record_folders))
    result = SyncResult(site.index, site.config, folders, loss=loss)
    return dataclasses.replace(result, problem_count=len(result.problems))


@contextmanager
def surveyed(site: "Site", loss: LossError, progress: "Progress") -> "Iterator[tuple[Site, SyncResult]]":
    """Read all records of a site into a temporary index; yield a site that has it, and the result, with `loss`.

    So it tells of the records as they are, while the site's own index stays as it is. Raise as `Site.sync` does.
    """
    from feedsvc.api.site import Site
    from feedsvc.config import Index

    with TemporaryDirectory(prefix="feedsvc-") as folder:
        config = dataclasses.replace(site.config, index=Index(url=f"sqlite:///{folder}/index.sqlite3"))
        with Site(config, processes=True) as other:
            yield other, dataclasses.replace(other.sync(progress), loss=loss)
