"""A WebSub hub and a subscriber, as the W3C recommendation describes them (https://www.w3.org/TR/websub/)."""

import hmac
import secrets
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

from requests.utils import parse_header_links


class Handler(BaseHTTPRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def answer(self, status: int, headers: Mapping[str, str] = {}, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on a port of its own: its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@contextmanager
def speaking(say: Callable[[socket.socket], object], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server on a port of its own that reads each request, and says anything then, byte by byte: its URL."""

    def answer(client: socket.socket) -> None:
        with suppress(OSError), tls.wrap_socket(client, server_side=True) if tls else client as stream:
            stream.recv(65536)
            say(stream)  # until whoever asked hangs up
            # Closing before all of a request is read would reset the connection, and what was said could get lost.
            stream.shutdown(socket.SHUT_WR)
            while stream.recv(65536):
                pass

    def accept() -> None:
        with suppress(OSError):  # until the listener is closed
            while True:
                Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=accept, daemon=True).start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def certificate(folder: Path) -> Path:
    """A file with a certificate of 127.0.0.1, and its key."""
    path = folder / "certificate.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hub -addext subjectAltName=IP:127.0.0.1 -keyout {path}.key -out {path}"
    subprocess.run(command.split(), check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.key").read_text())
    return path


@dataclass
class Subscription:
    topic: str
    callback: str
    secret: str
    #: What was delivered last.
    body: bytes = b""


@dataclass
class Hub:
    """A hub, and the announcements that it accepted and refused: when, and of which feeds."""

    url: str = ""
    accepted: list[tuple[float, list[str]]] = field(default_factory=list)
    refused: list[tuple[float, list[str]]] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    #: How it answers announcements: with which status and headers, and not before it is free to.
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    free: Event = field(default_factory=Event)
    #: Announcements that it got.
    asked: int = 0

    @property
    def announced(self) -> list[str]:
        """The feeds of all announcements that it accepted, sorted."""
        return sorted(url for _, urls in self.accepted for url in urls)

    def subscribe(self, form: Mapping[str, str]) -> None:
        """Verify the subscriber's intent (section 5.3), and subscribe it."""
        challenge = secrets.token_hex(8)
        asked = {"hub.mode": "subscribe", "hub.topic": form["hub.topic"], "hub.challenge": challenge}
        with urlopen(f"{form['hub.callback']}?{urlencode({**asked, 'hub.lease_seconds': '3600'})}") as answer:
            if answer.read().decode() == challenge:
                self.subscriptions.append(Subscription(form["hub.topic"], form["hub.callback"], form["hub.secret"]))

    def distribute(self, urls: list[str]) -> None:
        """Fetch feeds, and deliver those that changed, signed (sections 7 and 8)."""
        for subscription in [each for each in self.subscriptions if each.topic in urls]:
            with urlopen(subscription.topic) as answer:
                body, media_type = answer.read(), answer.headers["Content-Type"]
            if body != subscription.body:
                subscription.body = body
                signature = hmac.new(subscription.secret.encode(), body, "sha256").hexdigest()
                links = f'<{self.url}>; rel="hub", <{subscription.topic}>; rel="self"'
                headers = {"Content-Type": media_type, "Link": links, "X-Hub-Signature": f"sha256={signature}"}
                urlopen(Request(subscription.callback, body, headers)).close()


@contextmanager
def running_hub() -> Iterator[Hub]:
    hub = Hub()

    class Handling(Handler):
        def do_POST(self) -> None:
            pairs = parse_qsl(self.body().decode())
            form = dict(pairs)
            urls = [value for name, value in pairs if name == "hub.url"]
            match form.get("hub.mode"):
                case "subscribe":
                    self.answer(202)
                    hub.subscribe(form)
                case "publish" if hub.status == 204:
                    hub.asked += 1
                    hub.free.wait()
                    hub.accepted.append((time.time(), urls))
                    self.answer(204)
                    hub.distribute(urls)
                case "publish":
                    hub.refused.append((time.time(), urls))
                    self.answer(hub.status, hub.headers)
                case _:
                    self.answer(400)

    with answering(Handling) as url:
        hub.url = url
        hub.free.set()
        yield hub
        hub.free.set()


@dataclass
class Subscriber:
    """A subscriber, and what was delivered to it with a right signature: when, and which bytes."""

    callback: str = ""
    secret: str = field(default_factory=secrets.token_hex)
    topics: set[str] = field(default_factory=set)
    delivered: list[tuple[float, bytes]] = field(default_factory=list)

    def subscribe(self, feed: str) -> None:
        """Find a feed's hub and topic (section 4), and ask for a subscription."""
        with urlopen(feed) as answer:
            links = {link["rel"]: link["url"] for link in parse_header_links(", ".join(answer.headers.get_all("Link")))}
        self.topics.add(links["self"])
        form = {"hub.mode": "subscribe", "hub.topic": links["self"], "hub.callback": self.callback}
        urlopen(links["hub"], urlencode({**form, "hub.secret": self.secret}).encode()).close()


@contextmanager
def running_subscriber() -> Iterator[Subscriber]:
    subscriber = Subscriber()

    class Handling(Handler):
        def do_GET(self) -> None:
            asked = dict(parse_qsl(urlsplit(self.path).query))
            is_ours = asked.get("hub.mode") == "subscribe" and asked.get("hub.topic") in subscriber.topics
            self.answer(200 if is_ours else 404, body=asked["hub.challenge"].encode() if is_ours else b"")

        def do_POST(self) -> None:
            body = self.body()
            signature = hmac.new(subscriber.secret.encode(), body, "sha256").hexdigest()
            if hmac.compare_digest(self.headers["X-Hub-Signature"], f"sha256={signature}"):
                subscriber.delivered.append((time.time(), body))
            self.answer(204)

    with answering(Handling) as url:
        subscriber.callback = f"{url}callback"
        yield subscriber
