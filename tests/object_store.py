"""A real S3 server, moto's, in a process of its own; and a proxy before it that records, fails and delays requests."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from tests.conftest import PATIENCE, free_port, wait_until


@dataclass(frozen=True)
class Asked:
    """A request; name: of the object, decoded, empty for the bucket."""

    method: str
    name: str


class Faulty(ThreadingHTTPServer):
    """The proxy. fault: returns, for each request, seconds to wait and a status to answer in place of the server.

    The status None passes it on; 0 closes the connection.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, server_port: int) -> None:
        self.server_port_behind = server_port
        self.fault: Callable[[Asked], tuple[float, int | None]] = lambda asked: (0, None)
        #: All requests that were passed on, in the order in which they were answered.
        self.passed: list[Asked] = []
        #: All that came in.
        self.asked: list[Asked] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed close their connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Faulty

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        _, _, name = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
        asked = Asked(self.command, name)
        self.server.asked.append(asked)
        seconds, status = self.server.fault(asked)
        time.sleep(seconds)
        if status == 0:
            self.close_connection = True
            return
        if status:
            self._answer(status, [], b"<Error><Code>InternalError</Code><Message>injected</Message></Error>")
            return
        connection = HTTPConnection("127.0.0.1", self.server.server_port_behind, timeout=PATIENCE)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            with connection.getresponse() as response:
                answer = response.status, response.getheaders(), response.read()
        finally:
            connection.close()
        self.server.passed.append(asked)
        self._answer(*answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "date", "server", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", lengths[0] if self.command == "HEAD" and lengths else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@dataclass
class S3:
    """The server with the proxy before it."""

    server: str
    proxy: Faulty

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.proxy.server_port}"

    @cached_property
    def client(self) -> Any:
        """A client that is connected to the server itself."""
        import boto3  # moto brings it

        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
        return boto3.client("s3", endpoint_url=self.server, **keys)

    def get(self, bucket: str, name: str) -> tuple[dict[str, str], bytes]:
        """Return an object: its headers in lower case, and its bytes."""
        answer = self.client.get_object(Bucket=bucket, Key=name)
        return answer["ResponseMetadata"]["HTTPHeaders"], answer["Body"].read()

    def put(self, bucket: str, name: str, body: bytes) -> None:
        self.client.put_object(Bucket=bucket, Key=name, Body=body)

    def names(self, bucket: str, prefix: str = "") -> set[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {found["Key"] for page in pages for found in page.get("Contents", [])}

    def files(self, bucket: str, prefix: str) -> dict[str, bytes]:
        """Return the bytes of all objects but the manifest, by name below a prefix."""
        return {
            name.removeprefix(prefix): self.get(bucket, name)[1]
            for name in self.names(bucket, prefix)
            if not name.endswith(".feedsvc.json")
        }

    def reset(self) -> None:
        """Remove all buckets."""
        urlopen(Request(f"{self.server}/moto-api/reset", b"", method="POST"), timeout=PATIENCE).close()

    def refuse(self, requests: bool) -> None:
        """Refuse all requests from now on, or accept them again."""
        body, plain = b"0" if requests else b"1000000000", {"Content-Type": "text/plain"}
        urlopen(Request(f"{self.server}/moto-api/reset-auth", body, plain), timeout=PATIENCE).close()


@contextmanager
def running_s3() -> Iterator[S3]:
    port = free_port()
    line = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        proxy = Faulty(port)
        s3 = S3(f"http://127.0.0.1:{port}", proxy)

        def is_up() -> bool:
            try:
                with urlopen(f"{s3.server}/moto-api/data.json", timeout=PATIENCE) as response:
                    return bool(response.status == 200)
            except OSError:
                return False

        try:
            wait_until(is_up)
            Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
            yield s3
            proxy.shutdown()
        finally:
            proxy.server_close()
            process.terminate()
            process.wait(PATIENCE)
