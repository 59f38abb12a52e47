"""Requests whose whole exchange ends by a deadline, however little or much the server sends, and whatever it says.

Of the clients that are well kept, http.client, urllib3 and httpx bound the time between two pieces of an answer;
aiohttp bounds the whole, but brings seven packages. So this gives each step of http.client what is left of the time.
No redirect is followed.
"""

import time
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from io import BufferedReader, RawIOBase
from socket import SOCK_STREAM, getaddrinfo, socket
from typing import Any
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

#: Seconds from connecting to the end of the answer's head.
DEADLINE = 15.0
#: Bytes of an answer's head, interim answers (1xx) among them.
MAX_BYTES = 65536
#: Bytes that are sent at once.
CHUNK = 16384


class _Time:
    """The time that is left of an exchange, which begins now."""

    def __init__(self) -> None:
        self._end = time.monotonic() + DEADLINE

    def left(self) -> float:
        """Return the seconds that are left. Raises TimeoutError if there are none."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError(f"took longer than {DEADLINE:.0f} s")
        return seconds


class _Reader(RawIOBase):
    """Reads from a socket while there is time, and MAX_BYTES at most."""

    def __init__(self, raw: RawIOBase, sock: socket, time: _Time) -> None:
        self._raw, self._sock, self._time = raw, sock, time
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._time.left())
        try:
            number = self._raw.readinto(buffer)
        except TimeoutError:
            self._time.left()
            raise
        self._bytes += number or 0
        if self._bytes > MAX_BYTES:
            raise HTTPException(f"sent more than {MAX_BYTES} bytes before its answer")
        return number

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer whose head is read while there is time."""

    def __init__(self, time: _Time, sock: socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = BufferedReader(_Reader(self.fp.detach(), sock, time))


class _Connection(HTTPConnection):
    """A connection for one exchange, whose time begins when it is made."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._time = _Time()
        self.response_class = partial(_Answer, self._time)  # type: ignore[assignment]
        # There is no public way, and the usual function takes its timeout for each address of a name.
        self._create_connection = self._connected

    def _connected(self, address: tuple[str, int], *_: object) -> socket:
        """Return a socket that is connected to the first address of a name that answers. Raises OSError."""
        found = getaddrinfo(*address, type=SOCK_STREAM)
        failure = OSError(f"{address[0]} has no address")
        for number, (family, kind, protocol, _name, target) in enumerate(found):
            sock = socket(family, kind, protocol)
            sock.settimeout(self._time.left() / (len(found) - number))
            try:
                sock.connect(target)
            except OSError as error:
                sock.close()
                failure = error
            else:
                sock.settimeout(self._time.left())  # also of a TLS handshake, as a whole
                return sock
        raise failure

    def send(self, data: Any) -> None:
        """Send the whole request in time. data: bytes."""
        if self.sock is None:
            self.connect()
        for start in range(0, len(data), CHUNK):
            self.sock.settimeout(self._time.left())
            super().send(data[start : start + CHUNK])


class _SecureConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Handler(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Connection, req)


class _SecureHandler(HTTPSHandler):
    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_SecureConnection, req)


def _make_opener() -> OpenerDirector:
    director = OpenerDirector()
    handlers = (ProxyHandler, UnknownHandler, _Handler, _SecureHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor)
    for handler in handlers:
        director.add_handler(handler())
    return director


#: Opens a request. It raises HTTPError for an answer other than 2xx, OSError, and HTTPException.
opener = _make_opener()
