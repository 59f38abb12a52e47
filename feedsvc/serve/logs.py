"""What the service logs to stderr: one line per event, as text or as JSON."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from msgspec.structs import asdict

from feedsvc.errors import LossError, one_line
from feedsvc.index.sync_result import SyncResult

log = logging.getLogger("feedsvc")


class _Handler(logging.StreamHandler[TextIO]):
    """Writes the events of this process."""


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return one_line(super().format(record))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "event", {}),
        }
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        return json.dumps(event)  # in ASCII: control characters are escaped


class ServerFilter(logging.Filter):
    """Leaves out what the server doesn't know: that most of its threads wait, and that it was told to end.

    It would report workers that end with it, by a signal to all processes of a group; the supervisor reports others.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return not any(text in record.getMessage() for text in ("Python threads", "Unexpected exit"))


def configure(log_format: str) -> None:
    """Write the events of this process to stderr, from now on in a format: "plain" or "json"."""
    known = (handler for handler in logging.getLogger().handlers if isinstance(handler, _Handler))
    handler = next(known, None) or _Handler(sys.stderr)
    handler.setFormatter(_Json() if log_format == "json" else _Plain("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)


def event(name: str, **fields: Any) -> dict[str, Any]:
    """Return an event's name and fields as logging's `extra` takes them; in JSON they stand beside the message."""
    return {"event": {"event": name, **fields}}


class SyncLog:
    """Logs syncs, and each problem of the records when it is new."""

    def __init__(self) -> None:
        self._is_first = True
        self._is_refused = False
        #: The reason why the last sync failed; empty if it did not.
        self.failure = ""

    def add(self, result: SyncResult) -> None:
        """Log the result of a sync: new problems, notes, then the numbers of files, problems, seconds, and records."""
        for problem in result.problems if self._is_first else result.new_problems:
            where = {"file": problem.path, "line": problem.line, "field": problem.field}
            log.warning("%s", problem, extra=event("refused", **where, left_out=problem.refuses))
        for note in result.notes:
            log.info("%s", note, extra=event("new_id"))
        self._is_first = self._is_refused = False
        self.failure = ""
        if result.nothing_found:
            log.warning("%s", result.nothing_found, extra=event("no_records"))
        done = {"read": result.read, "gone": result.gone, "problems": result.problem_count}
        log.info(
            "synced in %.3f s: files read %d, gone %d, problems %d; %s",
            result.seconds,
            *done.values(),
            result.counts,
            extra=event("sync", **done, **asdict(result.counts), seconds=round(result.seconds, 3)),
        )

    def fail(self, reason: str, *, is_expected: bool) -> bool:
        """Log why a sync failed, unless the one before failed for the same reason; return whether it was logged.

        is_expected: whether that is no fault of the program, so that no traceback is needed.
        """
        is_new = reason != self.failure
        if is_new:
            log.error("%s; trying again", reason, exc_info=not is_expected, extra=event("failed"))
        self.failure = reason
        return is_new

    def begin_anew(self) -> None:
        """Log the next refusal also if the sync before was refused: it is by another configuration."""
        self._is_refused = False

    def refuse(self, loss: LossError) -> None:
        """Log that a sync was refused, once until one isn't."""
        self.failure = str(loss)
        if not self._is_refused:
            numbers = {"lost": loss.lost, "before": loss.before, "examples": loss.examples}
            log.error("%s; trying again", loss, extra=event("loss_refused", **numbers))
        self._is_refused = True
