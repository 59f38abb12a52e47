"""Object storage through fsspec: S3, Google Cloud Storage, Azure, and this process's memory.

A store is one value in SCHEMES, with all that is different about it.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from feedsvc.build.output import OutputScheme
from feedsvc.config import Config
from feedsvc.errors import OutputError

if TYPE_CHECKING:
    from feedsvc.build.bucket import Bucket
    from feedsvc.build.objects import Headers

#: Seconds after which a request that gets no answer has failed, and how often one is sent.
TIMEOUT = 30
ATTEMPTS = 4


class Backend(Struct, frozen=True, kw_only=True):
    """What is different between the stores that fsspec reaches."""

    #: Gives the options of fsspec's file system, its timeouts among them.
    options: Callable[[], dict[str, Any]]
    #: Gives the options of `pipe_file` that set an object's headers.
    header_options: Callable[["Headers"], dict[str, Any]]
    #: The key of an object's ETag in listings, and in answers to uploads; empty where there are none.
    etag_key: str
    #: Whether that is the body's MD5 in Base64, which answers to uploads don't have.
    etag_is_md5: bool = False


class FsspecStore:
    """An `ObjectStore` that fsspec reaches. Raises OutputError if the address has no bucket."""

    def __init__(self, backend: Backend, address: str) -> None:
        self.address = address.rstrip("/")
        self._backend = backend
        self._scheme, _, self._root = self.address.partition("://")
        if not self._root or self._root.startswith("/"):
            raise OutputError(f"{address}: names no bucket; expected {self._scheme}://BUCKET/PREFIX")

    def list(self) -> dict[str, tuple[int, str]]:
        """Connect, and return the size and the ETag of each object, by name. It is the first method to be called."""
        with self._errors_explained():
            self._files = _file_system(self._scheme, self._backend.options())
            found = self._files.find(self._root, detail=True)
        below = f"{self._root}/"
        return {path.strip("/").removeprefix(below): (each["size"], self._etag(each)) for path, each in found.items()}

    def read(self, name: str) -> bytes:
        return bytes(self._call("cat_file", name))

    def write(self, name: str, body: bytes, headers: "Headers") -> str:
        answer = self._call("pipe_file", name, body, **self._backend.header_options(headers))
        if self._backend.etag_is_md5:
            return b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        return self._etag(answer) if isinstance(answer, dict) else ""

    def remove(self, name: str) -> None:
        self._call("rm_file", name)

    def _call(self, method: str, name: str, *arguments: Any, **options: Any) -> Any:
        with self._errors_explained():
            return getattr(self._files, method)(f"{self._root}/{name}", *arguments, **options)

    def _etag(self, details: dict[str, Any]) -> str:
        return str(details.get(self._backend.etag_key) or "").strip('"')

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        """Raise OutputError for the errors of the libraries, of which each has its own."""
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


def _file_system(scheme: str, options: dict[str, Any]) -> Any:
    """Return a new file system of fsspec's, which doesn't cache listings."""
    import fsspec

    files = fsspec.filesystem(scheme, use_listings_cache=False, skip_instance_cache=True, **options)
    files.retries = 1  # s3fs would have each of botocore's attempts made five times
    return files


def _open(backend: Backend, address: str, config: Config) -> "Bucket":
    from feedsvc.build.bucket import Bucket

    return Bucket(FsspecStore(backend, address), config)


def _s3_options() -> dict[str, Any]:
    from feedsvc.build.bucket import PARALLEL

    retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}  # with a growing, random time between them
    client = {"connect_timeout": TIMEOUT, "read_timeout": TIMEOUT, "max_pool_connections": PARALLEL}
    return {"config_kwargs": {**client, "retries": retries}}


def _s3_headers(headers: "Headers") -> dict[str, Any]:
    encoding = {"ContentEncoding": headers.encoding} if headers.encoding else {}
    return {"ContentType": headers.media_type, "CacheControl": headers.cache_control, **encoding}


def _google_headers(headers: "Headers") -> dict[str, Any]:
    encoding = {"content_encoding": headers.encoding} if headers.encoding else {}
    metadata = {"cache_control": headers.cache_control, **encoding}
    return {"content_type": headers.media_type, "fixed_key_metadata": metadata, "consistency": "md5"}


def _azure_headers(headers: "Headers") -> dict[str, Any]:
    encoding = {"content_encoding": headers.encoding} if headers.encoding else {}
    settings = {"content_type": headers.media_type, "cache_control": headers.cache_control, **encoding}
    return {"content_settings": settings}


_S3 = Backend(options=_s3_options, header_options=_s3_headers, etag_key="ETag")
_GOOGLE = Backend(
    options=lambda: {"requests_timeout": TIMEOUT}, header_options=_google_headers, etag_key="md5Hash", etag_is_md5=True
)
_AZURE = Backend(
    options=lambda: {"connection_timeout": TIMEOUT, "read_timeout": TIMEOUT},
    header_options=_azure_headers,
    etag_key="etag",
)
_MEMORY = Backend(options=dict, header_options=lambda headers: {}, etag_key="")

SCHEMES = (
    OutputScheme(name="s3", open=partial(_open, _S3), module="s3fs", install="pip install 'feedsvc[object-storage]'"),
    OutputScheme(name="gs", open=partial(_open, _GOOGLE), module="gcsfs", install="pip install gcsfs"),
    OutputScheme(
        name="az",
        open=partial(_open, _AZURE),
        module="adlfs",
        install="pip install 'adlfs>=2026.8'",  # the first that takes content_settings
    ),
    OutputScheme(
        name="memory", open=partial(_open, _MEMORY), module="fsspec", install="pip install 'feedsvc[object-storage]'"
    ),
)
