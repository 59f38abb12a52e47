"""Object storage through fsspec: S3, Google Cloud Storage, Azure, or this process's memory."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from feedsvc.errors import OutputError

#: Seconds until a request has failed that nothing comes back of, and how often one is sent.
TIMEOUT = 30
ATTEMPTS = 4
#: By scheme: the module that fsspec needs, and what installs it.
_BACKENDS = {
    "s3": ("s3fs", "pip install 'feedsvc[object-storage]'"),
    "gs": ("gcsfs", "pip install gcsfs"),
    "az": ("adlfs", "pip install 'adlfs>=2026.8'"),  # the first that takes content_settings
    "memory": ("fsspec", "pip install 'feedsvc[object-storage]'"),
}


@dataclass(frozen=True, slots=True)
class Headers:
    """What a store sends with an object."""

    media_type: str
    cache_control: str
    #: Empty for none.
    encoding: str = ""


class Store:
    """The objects below an address, SCHEME://BUCKET/PREFIX. Its methods raise OutputError.

    parallel: requests that may be under way at a time.
    """

    def __init__(self, address: str, parallel: int) -> None:
        self.address = address.rstrip("/")
        self._parallel = parallel
        self._scheme, _, self._root = self.address.partition("://")
        module, command = _BACKENDS[self._scheme]
        try:
            import_module(module)
        except ImportError as error:
            raise OutputError(f"{address}: {module} is not installed; expected it: {command}") from error

    def list(self) -> dict[str, tuple[int, str]]:
        """All objects by name: size and ETag, which is empty where the store has none. It is the first to be called."""
        with self._errors_explained():
            self._files = _file_system(self._scheme, self._parallel)
            found = self._files.find(self._root, detail=True)
        below = f"{self._root}/"
        return {path.strip("/").removeprefix(below): (each["size"], self._etag(each)) for path, each in found.items()}

    def read(self, name: str) -> bytes:
        """What an object holds."""
        return bytes(self._ask("cat_file", name))

    def write(self, name: str, body: bytes, headers: Headers) -> str:
        """Put an object there, in one step. Its ETag, which is empty where it isn't known."""
        answer = self._ask("pipe_file", name, body, **self._options(headers))
        if self._scheme == "gs":  # which tells nothing here
            answer = {"md5Hash": b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()}
        return self._etag(answer) if isinstance(answer, dict) else ""

    def remove(self, name: str) -> None:
        """Remove an object."""
        self._ask("rm_file", name)

    def _ask(self, method: str, name: str, *arguments: Any, **options: Any) -> Any:
        with self._errors_explained():
            return getattr(self._files, method)(f"{self._root}/{name}", *arguments, **options)

    def _options(self, headers: Headers) -> dict[str, Any]:
        """What `pipe_file` takes for headers, which each library gives names of its own."""
        encoded = {"content_encoding": headers.encoding} if headers.encoding else {}
        match self._scheme:
            case "s3":
                options = {"ContentType": headers.media_type, "CacheControl": headers.cache_control}
                return options | ({"ContentEncoding": headers.encoding} if headers.encoding else {})
            case "gs":
                fixed = {"cache_control": headers.cache_control, **encoded}
                return {"content_type": headers.media_type, "fixed_key_metadata": fixed, "consistency": "md5"}
            case "az":
                settings = {"content_type": headers.media_type, "cache_control": headers.cache_control}
                return {"content_settings": {**settings, **encoded}}
        return {}

    def _etag(self, details: dict[str, Any]) -> str:
        """What a store's listing or answer tells an object's content by."""
        key = {"s3": "ETag", "gs": "md5Hash", "az": "etag"}.get(self._scheme, "")
        return str(details.get(key) or "").strip('"')

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        """Raise OutputError for what a library raises, each something else."""
        try:
            yield
        except FileNotFoundError as error:
            raise OutputError(f"{self.address}: not found; expected a bucket that exists") from error
        except Exception as error:
            expected = "object storage that answers"
            if isinstance(error, PermissionError) or "credential" in str(error).lower():
                expected = "credentials with which objects can be listed, read, written and deleted there"
            what = ((isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__).rstrip(".")
            raise OutputError(f"{self.address}: {what}; expected {expected}") from error


def _file_system(scheme: str, parallel: int) -> Any:
    """fsspec's file system, which gives up on a request after a while."""
    import fsspec

    if scheme == "s3":
        retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}  # with a growing, random time between them
        client = {"connect_timeout": TIMEOUT, "read_timeout": TIMEOUT, "max_pool_connections": parallel}
        options: dict[str, Any] = {"config_kwargs": {**client, "retries": retries}}
    else:
        timeouts = {"gs": ("requests_timeout",), "az": ("connection_timeout", "read_timeout")}
        options = dict.fromkeys(timeouts.get(scheme, ()), TIMEOUT)
    files = fsspec.filesystem(scheme, use_listings_cache=False, skip_instance_cache=True, **options)
    files.retries = 1  # s3fs would have each of botocore's attempts made five times
    return files
