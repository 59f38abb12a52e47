"""Fixtures: folders of records, their index, and the running service."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from hypothesis import HealthCheck, settings

from feedsvc.config import Config, Index, parse_config
from feedsvc.feeds.addresses import Address
from feedsvc.feeds.documents import Documents
from feedsvc.feeds.writing import Document
from feedsvc.index.opening import open_index
from feedsvc.index.sync import sync
from tests.corpus import Corpus
from tests.postgres import Postgres
from tests.survival import Survival

pytest_plugins = ["pytester"]

# How long an example takes depends on the machine, and says nothing of the code.
settings.register_profile("feedsvc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("feedsvc")

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "seeds"
FEEDSVC = Path(sys.executable).parent / "feedsvc"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="write the golden files anew")
    parser.addoption("--screenshots", metavar="DIR", help="keep the screenshots of pages")
    parser.addoption("--full", action="store_true", help="run the tests that inject faults as long as they can be")
    parser.addoption("--survival", action="store_true", help="run what the table of tests/README.md names, and report")


def pytest_configure(config: pytest.Config) -> None:
    # A script's shell ignores it in what it runs in the background, and so would all that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--survival"):
        config.pluginmanager.register(Survival())


def runs_all(config: pytest.Config) -> bool:
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process more than cores, since many tests wait, but at most four, each with services and databases of its own.

    None for what is named on the command line, which shows what it prints and can be debugged.
    """
    return min((os.cpu_count() or 1) + 1, 4) if runs_all(config) else 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--full"):
        return
    left_out = {"full"}
    # They take more time than all others, most of it in waiting.
    if runs_all(config):
        left_out |= {"debian"} if config.getoption("--survival") else {"debian", "survives"}
    items[:] = [item for item in items if not any(map(item.get_closest_marker, left_out))]


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether tests that inject faults run in their long form."""
    return bool(request.config.getoption("--full"))


def record(
    title: str = "A title", url: str = "https://a.example/1", time: str = "2020-06-13T01:29:00Z", **more: str
) -> str:
    """The text of a record; more: fields as YAML."""
    fields = {"title": f'"{title}"', "webUrl": f'"{url}"', "publishedDateTime": time, **more}
    return "---\n" + "".join(f"{key}: {value}\n" for key, value in fields.items() if value) + "---\n"


def write_records(folder: Path, files: Mapping[str, str]) -> None:
    """Write record files, name to text, into the folder `records` of a folder."""
    (folder / "records").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "records" / name).write_text(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one record, of one topic."""
    write_records(tmp_path, {"a.md": record(topics="[AI]")})
    return tmp_path


#: The modules whose sites are made on both databases.
ON_BOTH = (
    "test_archives", "test_cache", "test_clusters", "test_documents", "test_due", "test_feeds", "test_filters",
    "test_guard", "test_index", "test_lists", "test_min_stories", "test_one_story", "test_related", "test_websub",
)  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    name = metafunc.module.__name__.rpartition(".")[2]
    if (
        name in ON_BOTH
        and not metafunc.definition.get_closest_marker("sqlite")
        and "index_url" in metafunc.fixturenames
    ):
        metafunc.parametrize("index_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL."""
    try:
        server = Postgres(free_port())
    except FileNotFoundError as error:
        pytest.skip(str(error))
    yield server
    server.remove()


@pytest.fixture
def index_url(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Gives the address of a new index each time."""
    if getattr(request, "param", "") == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        return server.url
    return lambda: Index().url


@dataclass
class Site:
    """A records folder with its configuration and documents."""

    folder: Path
    config: Config
    documents: Documents

    @classmethod
    def open(cls, folder: Path, tables: Mapping[str, Any]) -> "Site":
        """Return a site in a folder, without records, and by tables of the configuration. Its index is to be closed."""
        config = parse_config({"site": {"base_url": "https://feeds.example"}, **tables}, folder)
        config.records_folder.mkdir(parents=True)
        return cls(folder, config, Documents(open_index(config), config))

    def sync(self) -> None:
        sync(self.documents.index, self.config)

    def settle(self) -> None:
        """Let all changes be of long ago."""
        with self.documents.index.writing() as connection:
            connection.execute("UPDATE state SET changed = changed - 1000, problems = problems - 1000")
            connection.execute("UPDATE feeds SET changed = changed - 1000")

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.config.records_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def address(self, target: str) -> Address | None:
        """The address that a path with a query string names, decoded."""
        path, _, query = target.partition("?")
        return self.documents.parse(path, query)

    def document(self, target: str) -> Document | None:
        address = self.address(target)
        return self.documents.get(address) if address else None

    def body(self, target: str) -> bytes:
        document = self.document(target)
        assert document, target
        return document.body

    def revision(self, target: str) -> int | None:
        """The revision of the document at a path with a query string; None if there is none."""
        address = self.address(target)
        if not address:
            return None
        with self.documents.find(address) as found:
            return found.revision if found else None

    def addresses(self) -> list[str]:
        """All addresses, decoded."""
        return [address.path for _, addresses in self.documents.listing() for address in addresses]


@pytest.fixture
def make_site(tmp_path: Path, index_url: Callable[[], str]) -> Iterator[Callable[..., Site]]:
    """Makes a site of files (name to text), synced; tables: of the configuration."""
    made = []

    def make(files: dict[str, str | bytes], **tables: dict[str, Any]) -> Site:
        site = Site.open(tmp_path / f"site{len(made)}", {"index": {"url": index_url()}, **tables})
        for name, text in files.items():
            site.write(name, text)
        site.sync()
        made.append(site)
        return site

    yield make
    for site in made:
        site.documents.index.close()


@pytest.fixture
def sample_site(make_site: Callable[..., Site]) -> Site:
    """The sample record's site."""
    files = {path.name: path.read_bytes() for path in SAMPLE.iterdir()}
    return make_site(files, records={"include_unpublished": True})


@dataclass
class Service:
    """A running `feedsvc serve`."""

    folder: Path
    base_url: str
    process: subprocess.Popen[str]


#: The ports that tests may be about to use: the same ones of UDP, which nothing here uses, are bound meanwhile, so that
#: no test that runs beside these gets them.
_reserved: deque[int] = deque()


def free_port() -> int:
    """A port that nobody has, of those that a system gives nobody by itself: it is still free when a test comes to it."""
    while len(_reserved) > 20:
        os.close(_reserved.popleft())
    while True:
        port = 10_000 + secrets.randbelow(22_000)  # `random` is the same in each process, once hypothesis has set it
        with socket.socket() as probe, socket.socket(type=socket.SOCK_DGRAM) as reservation, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            reservation.bind(("127.0.0.1", port))
            _reserved.append(reservation.detach())
            return port


@contextmanager
def running_service(
    folder: Path,
    config: str | None = "",
    serve: str = "",
    log: Path | None = None,
    config_time: float | None = None,
    base_path: str = "",
    options: tuple[str, ...] = (),
    under: list[str] | None = None,
    program: Path = FEEDSVC,
) -> Iterator[Service]:
    """`feedsvc serve` on the records in folder/records.

    config: more of config.toml, or None for the one that is there, with a port by an option; serve: of its table [serve]. config_time: when that file was last changed.
    log: where stderr goes, in place of stdout. base_path: of the base address. options: of the command.
    under: what to put before the command. program: the `feedsvc` that is run.
    """
    port = free_port()
    base_url = f"http://127.0.0.1:{port}{quote(base_path)}"
    if config is None:
        options += ("--port", str(port))
    else:
        text = f'site.base_url = "{base_url}"\n{config}\n[serve]\nport = {port}\n{serve}\n'
        (folder / "config.toml").write_text(text)
    if config_time is not None:
        os.utime(folder / "config.toml", (config_time, config_time))
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    with (
        log.open("w") if log else nullcontext(subprocess.STDOUT) as stderr,
        subprocess.Popen(
            [*(under or []), program, "serve", *options],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            wait_until(lambda: answers(f"{base_url}/healthz") or process.poll() is not None)
            assert process.poll() is None, "the service ended"
            yield Service(folder, base_url, process)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def answers(url: str) -> bool:
    try:
        with urlopen(url) as response:
            return bool(response.status == 200)
    except HTTPError as error:
        error.close()
        return False
    except (URLError, ConnectionError):
        return False


#: Seconds after which a test gives up: far more than anything takes where other things run, too. What is slow is for
#: tests/benchmarks to find.
PATIENCE = 120


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return Corpus(180)


@pytest.fixture(scope="session")
def corpus_service(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service on the generated corpus."""
    folder = tmp_path_factory.mktemp("corpus")
    corpus.write(folder / "records")
    with running_service(folder) as service:
        yield service


@pytest.fixture(scope="session")
def sample_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service on the sample record."""
    folder = tmp_path_factory.mktemp("sample")
    (folder / "records").symlink_to(SAMPLE)
    with running_service(folder, "records.include_unpublished = true") as service:
        yield service
