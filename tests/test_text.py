"""Single values: which are clean already, which are cleaned, and which are refused."""

import re
import unicodedata
from collections.abc import Callable
from hashlib import sha256
from html import escape
from html.entities import html5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.records.content.cleaning import content_html
from feedsvc.text import MAX_SLUG, host_name, plain_text, slug, web_url, xml_text
from tests.rules import unescaped


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AI", "ai"),
        ("Machine  Learning!", "machine-learning"),
        ("C++", "c-plus-plus"),
        ("C#", "c-sharp"),
        ("R&D", "r-d"),
        ("CBS Boston / WBZ", "cbs-boston-wbz"),
        ("Boston.com", "boston-com"),
        ("日本語", "日本語"),
        ("हिन्दी समाचार", "हिन्दी-समाचार"),
        ("Économie", "économie"),
        ("E\u0301conomie", "économie"),
        ("ＡＩ", "ai"),
        ("🚀", "rocket"),
        ("?!", "question-mark-exclamation-mark"),
        ("../../etc/passwd", "etc-passwd"),
        ("x" * 80, "x" * 80),
        ("x" * 100, "x" * 71 + "-" + sha256(b"x" * 100).hexdigest()[:8]),
        ("X" * 70 + ", " + "y" * 20, "x" * 70 + "-" + sha256(b"x" * 70 + b"-" + b"y" * 20).hexdigest()[:8]),
    ],
)
def test_a_slug_is_readable_in_any_script(name: str, expected: str) -> None:
    assert slug(name) == expected


@given(st.text(min_size=1))
def test_a_slug_is_never_empty_and_always_a_safe_file_name(name: str) -> None:
    made = slug(name)
    assert 0 < len(made) <= MAX_SLUG
    assert len(made.encode()) <= 240
    assert all(char == "-" or unicodedata.category(char)[0] in "LMN" for char in made)
    assert slug(made) == made


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" https://A.example/x ", "https://a.example/x"),
        ("https://a.example/b c|d", "https://a.example/b%20c%7Cd"),
        ("https://a.example/x#part", "https://a.example/x#part"),
        ("https://a.example/#/post/7", "https://a.example/#/post/7"),
        ("https://a.example/x#a b#c", "https://a.example/x#a%20b%23c"),
        ("https://a.example/x#", "https://a.example/x"),
        ("https://a.example/x#:~:text=some%20words", "https://a.example/x"),
        ("https://a.example/x#part:~:text=some,words", "https://a.example/x#part"),
        ("https://a.example/x#:%7e:text=words", "https://a.example/x"),
        ("http://a.example:80/a", "http://a.example/a"),
        ("https://a.example:443", "https://a.example/"),
        ("https://a.example:80/", "https://a.example:80/"),
        ("https://a.example:0443/a", "https://a.example/a"),
        ("https://a.example:/a", "https://a.example/a"),
        ("https://a.example", "https://a.example/"),
        ("https://a.example?x", "https://a.example/?x"),
        ("https://a.example/?", "https://a.example/"),
        ("https://a.example/?#part", "https://a.example/#part"),
        ("https://a.example/x/../%7eb", "https://a.example/~b"),
        ("https://a.example/x/%2e%2e/./b/.", "https://a.example/b/"),
        ("https://a.example/../..", "https://a.example/"),
        ("https://a.example/a/b/..", "https://a.example/a/"),
        ("https://a.example/.well-known/a..b/...", "https://a.example/.well-known/a..b/..."),
        ("https://a.example/?x=/../", "https://a.example/?x=/../"),
        ("https://a.example/%e3%83?%e3#%2f", "https://a.example/%E3%83?%E3#%2F"),
        ("https://a.example/%41%2D%5f?%7E", "https://a.example/A-_?~"),
        ("https://a.example/%2541", "https://a.example/%2541"),
        ("https://%61.ex%41mple/", "https://a.example/"),
        ("https://a.example/?a=1&copy=2", "https://a.example/?a=1&copy=2"),
        ("https://a.example/?a=1&copyright;b=2", "https://a.example/?a=1&copyright;b=2"),
        ("https://a.example/?a=1&amp;b=2", "https://a.example/?a=1&b=2"),
        ("https://a.example/Here&apos;s.jpg", "https://a.example/Here's.jpg"),
        ("https://a.example/&quot;x", "https://a.example/%22x"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://a.example/100%", "https://a.example/100%25"),
        ("https://a.example/%2f%zz", "https://a.example/%2F%25zz"),
        ("https://a.example/[x]?y[]=1", "https://a.example/%5Bx%5D?y%5B%5D=1"),
        ("http://a.example:8080/", "http://a.example:8080/"),
        ("http://[2001:DB8:0::1]", "http://[2001:db8::1]/"),
        ("https://a.example/\x00x\ufffe", "https://a.example/x"),
    ],
)
def test_a_url_is_normalised(value: str, expected: str) -> None:
    assert web_url(value) == expected
    assert web_url(expected) == expected


@pytest.mark.parametrize(
    "value",
    [
        "javascript:alert(1)", "data:text/html,x", "ftp://a.example/", "/relative", "//a.example/", "https://", "x",
        "https://user:secret@a.example/", "https://a b.example/", "http://[::1/", "https://a.example:port/", "http://a..b/",
        "https://a.example/" + "x" * 3000, "https://-/", "http://[x]/",
        "http://[fe80::1%25eth0]/", "http://[v1.x]/", "https://a%2fb.example/", "https://u%40a.example/", "https://%ff.example/",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        web_url(value)


def test_names_that_begin_alike_have_slugs_of_their_own() -> None:
    for length in (80, 999, 5000):
        names = [f"{'word ' * length}{year}" for year in (2023, 2024)]
        assert len({slug(name) for name in names}) == 2
        assert slug(names[0].upper()) == slug(names[0])
    assert slug("?" * 5000) != slug("?" * 5001) != slug("?" * 5000 + "!")


@given(st.text())
def test_a_url_is_ascii_and_stays_as_it_is(path: str) -> None:
    try:
        url = web_url(f"https://a.example/{path}")
    except ValueError:
        return
    assert url.isascii()
    assert not re.search(r"[\s<>\"{}|\\^`\[\]]|%(?![0-9A-F]{2})|#.*#", url), url
    assert "&" in url or web_url(url) == url  # entities are unescaped once each time


URL_PARTS = (
    ":443", "/.", "/..", "/./", "/../", "%2e", "%2E%2e", "%7e", "%7E", "%E3", "%e3", "#", "#:~:text=x", ":~:", "/#/", "?#",
    "https://", "http://", "HTTPS://", "https:/", "//", "a.example", "A.example", "a..b", "-a", "a-", "a_b", "x" * 63, "x." * 126, "1.2.3.4",
    "[::1]", "bücher", ".", ":", ":80", ":080", "@", "u:p@", "/", "?", "#", "%", "%4", "%41", "%zz", "&", "&amp;", "&copy", ";", "&#47;", "=", "+",
    "!$'()*,", "~", "|", "\\", '"', "<", "^", "`", " ", "\t", "\n", "\x00", "\xa0", "é", "\ufeff", "x" * 1020,
)  # fmt: skip


#: What stands for one character in a path, query or fragment, in all ways that RFC 3986 calls equivalent.
SPELLED = {
    "a": ("a", "%61"), "Z": ("Z", "%5A", "%5a"), "7": ("7", "%37"), "~": ("~", "%7E", "%7e"), "-": ("-", "%2D", "%2d"),
    "_": ("_", "%5F", "%5f"), "%2F": ("%2F", "%2f"), "%C3%A9": ("%C3%A9", "%c3%a9", "%C3%a9"), "%20": ("%20",), "%25": ("%25",),
    "!": ("!",), "=": ("=",), "/b": ("/b", "/./b", "/c/../b", "/%2e/b", "/%63/%2E./b"),
}  # fmt: skip


@given(st.data())
def test_all_spellings_that_are_equivalent_are_one_url(data: st.DataObject) -> None:
    def spell(parts: list[str]) -> str:
        return "".join(data.draw(st.sampled_from(SPELLED[part])) for part in parts)

    path = data.draw(st.lists(st.sampled_from(list(SPELLED)), max_size=6))
    rest = [part for part in data.draw(st.lists(st.sampled_from(list(SPELLED)), max_size=3)) if part != "/b"]
    scheme, port = data.draw(st.sampled_from([("http", ":80"), ("https", ":443")]))
    expected = f"{scheme}://a.example/" + "".join(path) + "".join(f"{mark}{''.join(rest)}" for mark in "?#" if rest)
    written = [
        data.draw(st.sampled_from([scheme, scheme.upper(), scheme.title()])),
        "://",
        data.draw(st.sampled_from(["a.example", "A.EXAMPLE", "%61.Example"])),
        data.draw(st.sampled_from(["", ":", port, port.replace(":", ":0")])),
        data.draw(st.sampled_from(["/", "/./", "/x/../", "/../"])) if path else data.draw(st.sampled_from(["/", ""])),
        spell(path),
        f"?{spell(rest)}" if rest else data.draw(st.sampled_from(["", "?"])),
        f"#{spell(rest)}" if rest else data.draw(st.sampled_from(["", "#", "#:~:text=x"])),
    ]
    assert web_url("".join(written)) == expected
    assert web_url(expected) == expected


def outcome(function: Callable[[str], object], value: str) -> object:
    """Return what a function returns, or the message of the ValueError that it raises."""
    try:
        return function(value)
    except ValueError as error:
        return str(error)


@given(st.lists(st.sampled_from(URL_PARTS) | st.text(max_size=2), max_size=12).map("".join), st.booleans())
def test_a_url_that_is_normal_already_is_what_the_long_way_gives(text: str, whole: bool) -> None:
    url = text if whole else f"https://a.example{text}"
    assert outcome(web_url, url) == outcome(web_url, f" {url}")  # white space around it takes the long way


@pytest.mark.parametrize("length", [2047, 2048, 2049])
def test_the_longest_url_is_the_same_for_a_normal_one(length: int) -> None:
    url = "https://a.example/".ljust(length, "x")
    assert outcome(web_url, url) == outcome(web_url, f" {url}")


@given(st.text(st.characters() | st.sampled_from("\x00\x1f\x7f\x9f\ud800\udfff\ufffe\uffff\U0001ffff"), max_size=20))
def test_only_control_characters_and_what_xml_can_not_hold_are_dropped(text: str) -> None:
    faulty = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
    assert xml_text(text) == faulty.sub("", text)


def test_text_is_unescaped_once_and_on_one_line() -> None:
    assert plain_text(" a\n &lt;b&gt; &amp;amp; c\x00\ud800\ufffe ") == "a <b> &amp; c"


TEXT_PARTS = ("&", "&amp", "&amp;", "&copy1", "&gtx", "&notin;", "&#65", "&#x41;", "&#x;", "&x;", "R&D", "AT&T", ";", " ", "  ", "\t", "\xa0", "\u3000", "\x1c", "\x85", "\0", "é")  # fmt: skip


@given(st.lists(st.sampled_from(TEXT_PARTS) | st.text(max_size=2), max_size=8).map("".join))
def test_a_text_without_entities_or_runs_of_white_space_is_what_the_long_way_gives(text: str) -> None:
    assert plain_text(text) == " ".join(xml_text(unescaped(text)).split())


@given(st.sampled_from(sorted(html5)), st.text(max_size=3))
def test_entities_that_end_in_a_semicolon_are_unescaped_and_no_others(name: str, after: str) -> None:
    text = f"&{name}{after}"
    assert plain_text(text) == " ".join(xml_text(unescaped(text)).split())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Parameters &region and &currency", "Parameters &region and &currency"),
        (
            "https://shop.example/?a=1&region=eu&currency=usd&copy=2",
            "https://shop.example/?a=1&region=eu&currency=usd&copy=2",
        ),
        ("R&D &amp; &#38; &#x26; &amp;amp; &ampx; &notit; &copyright;", "R&D & & & &amp; &ampx; &notit; &copyright;"),
        ("a&#0;b&#1;c&#xfffe;d&#xd800;e&#x110000;f&#99999999999999999999;g&#128;", "abcdefg€"),
        ("&#" + "9" * 10_000 + ";x", "x"),
        ("&#65 &#x41 &lt", "&#65 &#x41 &lt"),
    ],
)
def test_entities_are_those_that_end_in_a_semicolon_and_of_characters_of_xml(value: str, expected: str) -> None:
    assert plain_text(value) == expected
    assert content_html(value, "https://a.example/", "text") == f"<p>{escape(expected, quote=False)}</p>"


def test_entities_of_addresses_are_those_of_texts() -> None:
    assert (
        web_url("https://a.example/?a=1&region=eu&amp;b=&copy=2&#38;c&#x1;d&#xd800;")
        == "https://a.example/?a=1&region=eu&b=&copy=2&cd"
    )


@pytest.mark.parametrize("value", ["", "a b.example", "https://a.example", "a/b", "-a.example", "a..b"])
def test_what_is_no_host_name_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="expected a host name"):
        host_name(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("One.\n\nTwo & three.", "<p>One.</p><p>Two &amp; three.</p>"),
        ("1 < 2", "<p>1 &lt; 2</p>"),
        ("<p>a<script>x()</script></p>", "<p>a</p>"),
        ('<b onclick="x()" style="color:red">a</b>', "<b>a</b>"),
        ('<img src="/i.png">', '<img src="https://a.example/i.png">'),
        ('<iframe src="https://v.example/1"></iframe>', ">https://v.example/1</a></p>"),
        ('<iframe src="javascript:x()"></iframe>', ""),
        ('<iframe srcdoc="&lt;script&gt;x()&lt;/script&gt;"></iframe>b', "b"),
        ("<p>a&#1;b</p>", "<p>ab</p>"),
    ],
)
def test_content_is_safe_html(value: str, expected: str) -> None:
    made = content_html(value, "https://a.example/x/")
    assert expected in made
    assert "script" not in made
    assert "iframe" not in made
