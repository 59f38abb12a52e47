"""Conditions and encodings of requests, whatever they hold, against the rules of RFC 9110 written down once more."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.feeds.encodings import ENCODINGS
from feedsvc.web import create_app
from tests.conftest import Site, record
from tests.web.test_delivery import call_with_headers

IMF, ASCTIME = "%a, %d %b %Y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"


class Known(NamedTuple):
    """An application, and what it says of its feed."""

    app: Flask
    etag: str
    changed: int
    body: bytes


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    site = Site.open(tmp_path_factory.mktemp("conditions"), {})
    site.write("1.md", record())
    site.sync()
    site.settle()
    app = create_app(site.config, started=0)
    headers = app.test_client().get("/feed.atom").headers
    changed = datetime.strptime(headers["Last-Modified"], IMF).replace(tzinfo=UTC)
    yield Known(app, headers["ETag"], int(changed.timestamp()), site.body("/feed.atom"))
    site.documents.index.close()


#: Each is a template of what stands for the opaque text of the ETag.
TAGS = (
    'W/"{0}"', '"{0}"', "{0}", '"{0}-gzip"', 'W/"{0}-br"', '"{0};gzip"', 'W/"{0}--gzip"', '"{0}-zstd"', '"a"', 'W/"b"',
    '"{0}x"', '"x-gzip"', "W/", '"', "",
)  # fmt: skip
KNOWN_TAGS = TAGS[:8]
tag_lists = st.one_of(
    st.just("*"), st.lists(st.sampled_from(TAGS), max_size=4).map(", ".join), st.text('*W/",; ab-gzip\xe9', max_size=20)
)
dates = st.one_of(
    st.tuples(st.integers(-3, 3), st.sampled_from((IMF, ASCTIME))),
    st.tuples(st.sampled_from((-(10**9), 10**9, 10**10)), st.sampled_from((IMF, ASCTIME))),
    st.sampled_from(("", "0", "yesterday", "12345678901", "1 Jan 12345678901 00:00:00 GMT", "2030-01-01T00:00:00Z", "*")),
    st.text("MonTue, 0123Jan:GMT\xe9", max_size=40),
    st.text(max_size=10).map(lambda text: text.encode().decode("latin-1")),
)  # fmt: skip
encodings = st.one_of(
    st.lists(
        st.tuples(
            st.sampled_from(("gzip", "x-gzip", "GZIP", "identity", "*", "deflate", "br", "zstd")),
            st.sampled_from(("", ";q=1", ";q=0", "; q=0.5", ";q=0.9", ";q=0.001", ";q=1.5", ";q=x", ";x=1")),
        ).map("".join),
        max_size=4,
        unique_by=lambda item: item.partition(";")[0].lower().removeprefix("x-"),
    ).map(", ".join),
    st.text("gzip;=q.01*, \xe9", max_size=20),
)


def absent_or(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


@settings(max_examples=400)
@given(
    method=st.sampled_from(("GET", "HEAD")),
    match=absent_or(tag_lists),
    none_match=absent_or(tag_lists),
    since=absent_or(dates),
    unmodified=absent_or(dates),
    accepted=absent_or(encodings),
)
@pytest.mark.survives("any conditions and encodings")
def test_any_conditions_and_encodings_are_answered_by_the_rules(
    known: Known, method: str, match: str, none_match: str, since: object, unmodified: object, accepted: str
) -> None:
    opaque = known.etag[3:-1]
    sent = {
        "If-Match": match if match is None else match.replace("{0}", opaque),
        "If-None-Match": none_match if none_match is None else none_match.replace("{0}", opaque),
        "If-Modified-Since": _written(since, known.changed),
        "If-Unmodified-Since": _written(unmodified, known.changed),
        "Accept-Encoding": accepted,
    }
    headers = {name: value for name, value in sent.items() if value is not None}
    status, found, body = call_with_headers(known.app, "/feed.atom", method, headers)
    assert status == expected_status(headers, opaque, known.changed)
    if status == 200:
        encoding = found.get("Content-Encoding", "")
        assert encoding in expected_encodings(headers.get("Accept-Encoding", ""))
        assert found["ETag"] == known.etag
        if method == "GET":
            assert int(found["Content-Length"]) == len(body)
            assert encoding or body == known.body
    if status == 412:
        assert found["Cache-Control"] == "no-store"
        assert not {"ETag", "Last-Modified"} & found.keys()
    if method == "HEAD" or status == 304:
        assert body == b""


def _written(date: object, changed: int) -> str | None:
    """A date as a request has it: given as (seconds after the change, its form)."""
    if isinstance(date, tuple):
        return datetime.fromtimestamp(changed + date[0], UTC).strftime(date[1])
    return None if date is None else str(date)


def expected_status(headers: dict[str, str], opaque: str, changed: int) -> int:
    """RFC 9110, section 13.2.2."""
    if headers.get("If-Match"):
        if headers["If-Match"].strip() != "*":
            return 412
    elif (date := date_of(headers.get("If-Unmodified-Since"))) is not None and date < changed:
        return 412
    if listed := headers.get("If-None-Match"):
        tags = {each.strip().removeprefix("W/") for each in listed.split(",")}
        known = {tag.format(opaque).removeprefix("W/") for tag in KNOWN_TAGS}
        return 304 if listed.strip() == "*" or tags & known else 200
    date = date_of(headers.get("If-Modified-Since"))
    return 304 if date is not None and changed <= date <= datetime.now(UTC).timestamp() else 200


def date_of(text: str | None) -> float | None:
    for form in (IMF, ASCTIME):
        with suppress(ValueError):
            return datetime.strptime(text or "", form).replace(tzinfo=UTC).timestamp()
    return None


def expected_encodings(accepted: str) -> set[str]:
    """RFC 9110, section 12.5.3: the encodings that weigh most, but for the identity where another weighs as much."""
    weights = {}
    for item in accepted.lower().split(","):
        name, semicolon, weight = item.partition(";")
        weight = weight.strip().removeprefix("q=") if weight.strip().startswith("q=") else "x" if semicolon else ""
        with suppress(ValueError):
            number = float(weight or 1)
            if 0 <= number <= 1 and len(weight) <= 5 and name.strip():
                weights[name.strip().replace("x-gzip", "gzip")] = number
    offered = {name: weights.get(name, 0) for name in ENCODINGS}
    offered["gzip"] = weights.get("gzip", weights.get("*", 0))
    identity = weights.get("identity", weights.get("*", 0))
    best = max(offered.values())
    return {name for name, weight in offered.items() if weight == best} if best > 0 and best >= identity else {""}


@pytest.mark.parametrize("headers", [{"Host": "a.example,b.example"}, {"Host": "a@b"}, {"Host": "a/b"}, {"Host": ""}])
def test_a_request_without_one_host_is_refused(known: Known, headers: dict[str, str]) -> None:
    for path in ("/feed.atom", "/healthz", "/none"):
        status, found, body = call_with_headers(known.app, path, "GET", headers)
        assert (status, found["Cache-Control"]) == (400, "no-store")
        assert b"Host" in body


@pytest.mark.parametrize("host", ["a.example", "a.example:80", "[::1]:8000", "127.0.0.1", "a_b.example:"])
def test_a_host_may_be_any_and_http_1_0_needs_none(known: Known, host: str) -> None:
    assert call_with_headers(known.app, "/feed.atom", "GET", {"Host": host})[0] == 200
    for of_old, status in (("", 200), ("a,b", 400)):
        answer = call_with_headers(known.app, "/feed.atom", "GET", {"Host": of_old}, protocol="HTTP/1.0")
        assert answer[0] == status
