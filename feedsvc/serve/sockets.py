"""The socket that a service listens with, and what the kernel keeps for its connections."""

import errno
import socket
import sys

from feedsvc.errors import ServeError

#: Connections that wait for a worker at most.
BACKLOG = 1024
#: Bytes of answers that wait in the kernel to be sent on a connection.
UNSENT_BYTES = 131072
#: Seconds for which a client may take nothing of an answer, until its connection is closed.
UNREAD_SECONDS = 60

#: `TCP_NOTSENT_LOWAT`, which the standard library has from Python 3.12 on.
_NOTSENT_LOWAT = 25


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a host's address and a port. Raise ServeError if none can, or another one does.

    Granian's workers would each have a socket of their own, which share the port with those of any other service. Now
    connections wait here while no worker takes them, also before there is one.
    """
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of a former service may linger
        listener.bind(address)
        _bound_unread_answers(listener)
        listener.listen(BACKLOG)
    except (OSError, UnicodeError) as error:  # the latter of a name that can't be one
        if listener:
            listener.close()
        number, reason = (error.errno, error.strerror) if isinstance(error, OSError) else (0, "no host name")
        key = "port" if number in (errno.EADDRINUSE, errno.EACCES) else "host"
        expected = f"choose another with --{key} or serve.{key}"
        raise ServeError(f"can't listen on {host}, port {port}: {reason}; {expected}") from error
    return listener


def _bound_unread_answers(listener: socket.socket) -> None:
    """Bound what is kept for clients that read nothing, which the server has no bounds for.

    A connection has the options of the socket that listens (Linux: tcp(7)). Servers in Python that have such bounds
    answer a quarter of the requests, or let a slow reader hold a thread.
    """
    if sys.platform == "linux":
        listener.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, UNSENT_BYTES)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
