"""The seeds of the fuzzer hold every invariant, and the faults that it found stay mended."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.errors import FilterError
from feedsvc.model import parse_filters
from feedsvc.records.reading import parse_file
from feedsvc.records.registry import suffixes
from tests.conftest import record
from tests.fuzz.invariants import check_address, check_file
from tests.fuzz.requests import METHODS, TARGETS, check_request
from tests.fuzz.seeds import DICTIONARY, HEADERS, SEEDS


@pytest.mark.parametrize("seed", SEEDS["records"])
@pytest.mark.survives("record files and addresses that nobody thought of")
def test_each_record_that_the_fuzzer_begins_with_is_read(seed: bytes) -> None:
    assert check_file(seed) == 1


@pytest.mark.parametrize("seed", SEEDS["addresses"])
@pytest.mark.survives("record files and addresses that nobody thought of")
def test_each_address_that_the_fuzzer_begins_with_has_a_canonical_one(seed: bytes) -> None:
    assert check_address(seed.decode())


@pytest.mark.parametrize("seed", SEEDS["requests"])
@pytest.mark.survives("headers that nobody thought of")
def test_each_request_that_the_fuzzer_begins_with_is_answered(seed: bytes) -> None:
    assert check_request(seed) in (200, 404, 412)


@given(
    st.sampled_from(range(len(suffixes()) * 5)),
    st.lists(st.sampled_from(DICTIONARY["records"]) | st.text(), max_size=20),
)
@pytest.mark.survives("record files and addresses that nobody thought of")
def test_no_text_of_a_file_breaks_an_invariant(suffix: int, words: list[str]) -> None:
    check_file(bytes([suffix]) + "".join(words).encode(errors="replace"))


@given(st.lists(st.sampled_from(DICTIONARY["addresses"]) | st.text(), max_size=20).map("".join))
@pytest.mark.survives("record files and addresses that nobody thought of")
def test_no_address_breaks_an_invariant(address: str) -> None:
    check_address(address)


_NUMBERS = st.integers(0, 10**12).map(str) | st.sampled_from(("", "0", "-1", "1e999", "nan", "9" * 11, "9" * 5000))
_DATES = st.builds(
    str.format,
    st.sampled_from(
        (
            "Sat, {0:0>2} {1} {2:0>4} {3:0>2}:00:00 GMT",
            "Sat {1} {0:0>2} 00:00:{3:0>2} {2}",
            "Saturday, {0}-{1}-{2} 00:{3}:00 GMT",
        )
    ),
    st.integers(0, 99) | _NUMBERS,
    st.sampled_from(("Jan", "Feb", "jun", "13")),
    st.sampled_from(("2020", "20")) | _NUMBERS,
    st.integers(0, 99) | _NUMBERS,
)
_WORDS = st.lists(st.sampled_from(DICTIONARY["requests"]) | _NUMBERS, max_size=8).map("".join)
_BYTES = st.text(st.characters(max_codepoint=255, exclude_characters="\n"), max_size=40)


@settings(max_examples=500)
@given(
    st.sampled_from(range(2 * len(METHODS) * len(TARGETS))),
    st.lists(
        st.tuples(st.sampled_from(("If-Modified-Since", "If-Unmodified-Since")), _DATES)
        | st.tuples(st.sampled_from(HEADERS), _WORDS | _BYTES),
        min_size=1,
        max_size=5,
    ),
)
@pytest.mark.survives("headers that nobody thought of")
def test_no_header_is_an_error_of_the_service(choice: int, headers: list[tuple[str, str]]) -> None:
    lines = "\n".join(f"{name}: {value}" for name, value in headers)
    check_request(bytes([choice]) + lines.encode("latin-1"))


@pytest.mark.parametrize("value", ["\x01", "\ufffe", "\ud800", "\0", " \x7f "])
def test_a_type_that_no_feed_could_name_is_refused(value: str) -> None:
    for name in ("type", "topic"):
        with pytest.raises(FilterError, match="can't be used; expected"):
            parse_filters([(name, value)])


def test_a_type_stays_the_same_when_it_is_read_again() -> None:
    assert parse_filters([("type", "A\n\x01 b")]) == parse_filters([("type", "a b")])
    with pytest.raises(FilterError):
        parse_filters([("type", "\u0130" * 200)])  # of 400 characters in lower case
    check_address("/feed.atom?type=" + "%C4%B0" * 100)


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\u2029"])
def test_a_line_is_what_editors_take_for_one(mark: str) -> None:
    content = parse_file("a.md", record(title=f"A{mark}B", quality="x").encode())
    assert content.records[0].story.title == "A B"
    assert str(content.problems[0]).startswith("a.md:5: quality: ")
    assert parse_file("a.md", b"a: >-\n  b\nc\n   d").problems[0].line == 3
    assert parse_file("a.md", b"a: >-\n  b\nc: d\ne: {f").problems[0].line == 4


def test_the_site_of_a_story_without_a_provider_at_an_ip_address_has_its_url() -> None:
    provider = parse_file("a.md", record(url="http://[2001:db8::1]:80/x").encode()).records[0].story.provider
    assert (provider.name, provider.url) == ("2001:db8::1", "https://[2001:db8::1]/")


@pytest.mark.parametrize("url", ["https://a.example/?&amp;lt;", "https://a.example/?&\tlt;"])
def test_an_entity_that_emerges_in_an_address_is_none(url: str) -> None:
    data = record(url=url).encode()
    assert check_file(b"\0" + data) == 1
    assert parse_file("a.md", data).records[0].story.url == "https://a.example/?&lt;"


def test_the_domain_of_a_provider_whose_address_is_an_ip_address_makes_a_url() -> None:
    for address, url in (("http://[::1]/x", "https://[::1]/"), ("https://www.a.example:8000", "https://a.example/")):
        data = record(provider=f"{{name: P, domain: '{address}'}}").encode()
        assert parse_file("a.md", data).records[0].story.provider.url == url
