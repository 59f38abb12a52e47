"""Metrics in Prometheus' text format, if prometheus-client is installed (the extra `metrics`).

Where the environment names a folder for it, all processes count there, and each can report their sum; see
`metrics_folder`. Metrics of records are read from the index.
"""

import os
import time
from collections import Counter as Tally
from collections import deque
from collections.abc import Iterator
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from feedsvc.errors import IndexUnusableError
from feedsvc.feeds.documents import Documents
from feedsvc.web.metrics_folder import MULTIPROC_DIR, is_there

#: Seconds in which requests are counted together.
TOGETHER_SECONDS = 0.25
#: In seconds.
RENDER_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics(Collector):
    """The metrics of an application and of its index. documents: those that the application delivers now."""

    media_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        own = CollectorRegistry()
        self._requests = Counter("feedsvc_requests", "Requests answered.", ["status"], registry=own)
        #: Statuses that are still to be counted. To count one, prometheus-client locks and writes to a file; if each
        #: request did so, that would take a tenth of the service's speed.
        self._pending: deque[str] = deque()
        self._counting = Lock()
        self._due = 0.0
        render = Histogram("feedsvc_render_seconds", "Making a document.", buckets=RENDER_BUCKETS, registry=own)
        #: Called with the seconds that it took to make a document.
        self.made = render.observe
        own.register(self)
        self._own = own
        #: Of all processes; None where each reports its own.
        self._shared: CollectorRegistry | None = None
        if MULTIPROC_DIR in os.environ:
            self._shared = CollectorRegistry()
            MultiProcessCollector(self._shared)  # type: ignore[no-untyped-call]
            self._shared.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics of the index; only that it isn't in step if it doesn't answer."""
        try:
            status = self.documents.status()
        except IndexUnusableError:
            status = None
        is_ready = status is not None and not status.lag(self.documents.config.serve.watch)
        yield GaugeMetricFamily("feedsvc_ready", "Whether the index is in step with the records folder.", is_ready)
        if not status:
            return
        for name, meaning, value in (
            ("feedsvc_stories", "Stories that feeds may hold.", status.stories),
            ("feedsvc_refused_records", "Records that can't be used.", status.refused),
            ("feedsvc_loss_refused_stories", "Stories that the refused sync would take away.", status.refused_loss),
            ("feedsvc_last_sync_timestamp_seconds", "When the last sync that worked ended.", status.synced),
            ("feedsvc_last_sync_duration_seconds", "How long that took.", status.took),
        ):
            yield GaugeMetricFamily(name, meaning, value)

    def answered(self, status: str) -> None:
        """Count a request, now or, if others were counted just now, with the next one. status: as in WSGI."""
        self._pending.append(status)
        if time.monotonic() >= self._due:
            self._count()

    def _count(self) -> None:
        self._due = time.monotonic() + TOGETHER_SECONDS
        with self._counting:
            for status, number in Tally(self._pending.popleft() for _ in range(len(self._pending))).items():
                self._requests.labels(status[:3]).inc(number)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        self._count()
        if self._shared and not is_there():
            self._shared = None
        return generate_latest(self._shared or self._own)
