"""Content codings (RFC 9110, section 8.4.1): gzip, and brotli and zstd where their libraries are installed.

The same input gives the same bytes: gzip's header holds no time.
"""

import gzip
from collections.abc import Callable
from importlib.util import find_spec

#: Smaller bodies gain nothing.
MIN_BYTES = 500


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=6, mtime=0)


def _brotli(body: bytes) -> bytes:
    import brotli

    return bytes(brotli.compress(body, quality=5))


def _zstd(body: bytes) -> bytes:
    import zstandard

    return bytes(zstandard.ZstdCompressor(level=6).compress(body))


#: By name, the best first; each with the suffix that precompressed files have.
ENCODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    **({"zstd": (".zst", _zstd)} if find_spec("zstandard") else {}),
    **({"br": (".br", _brotli)} if find_spec("brotli") else {}),
    "gzip": (".gz", _gzip),
}


def encode(body: bytes, encoding: str) -> bytes:
    """Return the body in an encoding of ENCODINGS."""
    return ENCODINGS[encoding][1](body)
