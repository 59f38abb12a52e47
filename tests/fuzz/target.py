"""One target under atheris; `python -m tests.fuzz` runs it."""

import json.decoder
import json.scanner
import sys

import atheris

with atheris.instrument_imports(include=["feedsvc", "werkzeug"], enable_loader_override=False):
    from tests.fuzz.invariants import check_address, check_file
    from tests.fuzz.requests import check_request

for module in (json.decoder, json.scanner):  # which are loaded already
    for name in ("JSONObject", "JSONArray", "py_make_scanner"):
        if hasattr(module, name):
            atheris.instrument_func(getattr(module, name))


def addresses(data: bytes) -> None:
    check_address(data.decode(errors="surrogateescape"))


def records(data: bytes) -> None:
    check_file(data)


def requests(data: bytes) -> None:
    check_request(data)


if __name__ == "__main__":
    target = {"records": records, "addresses": addresses, "requests": requests}[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
