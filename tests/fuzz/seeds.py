"""The seeds of the fuzzer: records, addresses and headers, and the words that they are made of."""

from pathlib import Path

from feedsvc.model import FILTERS
from feedsvc.records.registry import suffixes
from tests.conftest import SAMPLE

_YAML = """---
title: "A &amp; B"
webUrl: https://bücher.example:8080/a b?x=%zz&amp;y=1#z
publishedDateTime: 2020-06-13 01:29:00 +5:30
updatedDateTime: 2020-06-13
excerpt: >-
  An   excerpt
category: R&amp;D
quality: +7
heat: '1_0'
published: yes
provider: &p {name: C++, domain: Ü.example, images: [{url: "http://i.example/i", width: 3}], authors: [Ann, {name: Bob}]}
topics: [AI, 日本語, '!']
images:
- url: https://i.example/j
  title: !!str 7
ampWebUrl: http://a.example/amp
related:
- {title: M, originalUrl: "http://[2001:db8::1]/", publishedDateTime: 2020-01-01, provider: *p }
- <<: *p
  title: N
---
<p>Text <iframe src="http://v.example/"></iframe><a href="/x">x</a>
"""
_JSON = (
    '{"title": "A\\ud800", "webUrl": "http://a.example/?x", "publishedDateTime": "2020-01-01T00:00:00-08:00",\n'
    '"featuredContent": "<b onclick=x>t</b>", "related": [{"title": 1, "webUrl": null}], "removed": false}'
)
_TOML = '''
title = "A &amp; B"
webUrl = 'https://a.example/?x'
publishedDateTime = 2020-06-13T01:29:00.5+05:30 # a time
topics = ["AI", { name = "日本語" }, \'\'\'
!\'\'\']
provider.name = """C\\
  ++"""
provider.'domain' = "\\u00fc.example"
quality = 0x7
[[images]]
url = "https://i.example/j"
[[related]]
title = "M"
webUrl = "https://a.example/m"
publishedDateTime = 2020-01-01
[related.provider]
name = "P"
'''
_HEADER_LINES = """
title: A: B
webUrl: https://a.example/?x
publishedDateTime: 2020-06-13 01:29
excerpt: One
    two
topics:
  AI

# Text

text
"""
_ANY_SHAPE = (
    '{"headline": {"main": "A"}, "url": "https://a.example/?x", "date": "Sat, 13 Jun 2020 01:29:00 +0530", "tags": [{"name": "T"}],\n'
    '"source": {"name": "P", "logo": "/i.png"}, "author": "By A and B", "media_content": [{"url": "https://i.example/j"}],\n'
    '"content": {"rendered": "<p>x"}, "published": true, "related": [{"headline": "M", "link": "https://a.example/m"}]}'
)
_POST = "---\ntitle: A\ndate: 2020-06-13 01:29\ncategories: B C\nslug: x y\n---\nText"
_LENIENT = """---
title: false
webUrl: /a?x=1
publishedDateTime: Sat, 13 Jun 2020 1:29 PM EST
updatedDateTime: 1592011740.5
published: June 14th, 2020
draft: None
status: publish
provider: https://www.p.example/
authors: Jonas Weber, Ann Lee & Lin Hao; Maria Ortiz, AP
topics: AI; R&amp;D, Law
images: {contentUrl: ../i.png, width: 50px, height: 4.0}
related:
- https://b.example/
- {name: C, href: //c.example/x}
- {title: D, webUrl: d/e.html, publishedDateTime: 2020-W24-6T24:00}
---
# Title {#id}

i<n, List<String>, <b>bold, *x* [y]({{ site.baseurl }}/z) ~~s~~ https://a.example/ [^1]

{% highlight python %}
`<b>`
{% endhighlight %}{{< figure src="x" >}}{: .note}

| a | b |
|---|---|
| 1 | <iframe src="http://v.example/"></iframe> |

[^1]: note
"""
_KINDS = {suffix: bytes([number]) for number, suffix in enumerate(suffixes())}


def _mapped(choice: int, suffix: str, text: str) -> bytes:
    """Return a file that is read by one of the sources of the invariants."""
    return bytes([choice * len(suffixes()) + suffixes().index(suffix)]) + text.encode()


#: Those that conditions, negotiation, and the frameworks below read.
HEADERS = (
    "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range", "Accept", "Accept-Charset", "Accept-Encoding",
    "Accept-Language", "Authorization", "Cache-Control", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Date", "Expect", "Forwarded",
    "Host", "Max-Forwards", "Origin", "Pragma", "Referer", "TE", "Transfer-Encoding", "Upgrade", "User-Agent", "X-Forwarded-For", "X-Forwarded-Host",
    "Access-Control-Request-Headers", "Access-Control-Request-Method",
)  # fmt: skip
SEEDS = {
    "records": [
        _KINDS[".md"] + _YAML.encode(),
        bytes([_KINDS[".md"][0] + len(_KINDS)]) + _LENIENT.encode(),
        bytes([_KINDS[".mdx"][0] + len(_KINDS)])
        + _LENIENT.replace("# Title", "import X from 'x'\n\n<X a={b}>y</X>").encode(),
        _KINDS[".yaml"] + _YAML.partition("---\n<p>")[0].encode(),
        _KINDS[".json"] + _JSON.encode(),
        _KINDS[".json"] + f'{{"value": [{_JSON}, 3]}}'.encode(),
        _KINDS[".yml"] + f"- {_JSON.replace('ud800', 'u0041')}\n- {{}}\n".encode(),
        _KINDS[".jsonl"] + f"{_JSON.replace(chr(10), '')}\n\n{{x\n{{}}".encode(),
        _KINDS[".ndjson"] + _JSON.replace("\n", "").encode(),
        _KINDS[".json"] + f"{_JSON.replace(chr(10), '')}\n{{x\n{{}}".encode(),
        _KINDS[".toml"] + _TOML.encode(),
        _KINDS[".mdx"] + f"+++{_TOML}+++\nText".encode(),
        _KINDS[".html"] + f"{_JSON}\n<p>".encode(),
        _KINDS[".markdown"] + _HEADER_LINES.encode(),
        *(_mapped(choice, ".json", _ANY_SHAPE) for choice in (0, 2, 3)),
        _mapped(2, ".md", _POST),
        _mapped(3, ".md", _POST),
        _mapped(4, ".json", f'{{"link": "https://a.example/", "x": {{"y": [{_ANY_SHAPE}]}}}}'),
        *(_KINDS[".txt"] + path.read_bytes()[:4000] for path in SAMPLE.iterdir()),
        _KINDS[".html"] + (Path(__file__).parent.parent / "data/real-html/records/every-kind.html").read_bytes()[:4000],
    ],
    "addresses": [
        b"/feed.atom?topic=AI&topic=C%2B%2B&without_provider=forbes&type=Video&category=News&min_quality=60&since=2020-01-01&until=2020-06-13&related=links&limit=500",
        "/topics/日本語/2020-06.atom?min_heat=-1&provider=a&x=1".encode(),
        b"/custom/saved.json?min_quality=7&related=entries&limit=50",
        b"/providers/a-b/",
        b"/feeds.opml",
    ],
    "requests": [
        b"\0If-Modified-Since: Sat, 13 Jun 2020 01:29:00 GMT\nAccept-Encoding: gzip;q=0.5, br;q=1.0, *;q=0",
        b"\1If-Unmodified-Since: Saturday, 13-Jun-20 01:29:00 GMT\nAccept-Encoding: identity, x-gzip",
        b'\4If-None-Match: W/"a", "b-gzip", *\nIf-Match: *\nAccept: application/json',
        b'\x08If-Modified-Since: Sat Jun 13 01:29:00 2020\nIf-Range: "a"\nRange: bytes=0-1,-5',
        b"\x10Accept: text/html;q=0.9, text/*;level=1, */*;q=0.1\nAccept-Language: de, en;q=0.5\nCookie: a=b",
        b"\x2cHost: feeds.example:80\nContent-Type: text/html; charset*=utf-8''x\nContent-Length: 12345678901",
    ],
}
DICTIONARY = {
    "records": [
        "title: ", "webUrl: ", "originalUrl: ", "publishedDateTime: ", "updatedDateTime: ", "excerpt: ", "provider: ", "name: ",
        "domain: ", "authors: ", "publishers: ", "topics: ", "images:\n- url: ", "width: ", "related:\n- ", "featuredContent: ",
        "published: ", "deleted: ", "quality: ", "ampWebUrl: ", "http://", "https://a.example/", "2020-06-13T01:29:00Z",
        "---\n", "...\n", "<<: ", "*a", "&a ", "!!str ", "? ", "- ", "|\n ", ">\n ", "<iframe src='", "<script>", "</", "&lt;",
        "&#0;", "&#xD800;", "\\ud800", "\ufffe", "\u202e", "\x85", "]]>", '"value": [', "+++\n", "\n{", '{"', '":', "}\n", " = ", "[[related]]\n", "[provider]\n", '"""', "\'\'\'",
        "authors: A B and C D", "draft: ", "status: ", "Jun. 13, 2020", "1592011740", "None", "//", "../", "```\n", "| a |\n|---|\n", "[x](", "**", "<T>",
        "mailto:a@b.example", "ftp://c.example", "www.x.example", "{% raw %}", "{% endraw %}", "{{< x >}}", "{: .x}", "[^1]: ", "import a from 'b'\n", "<A b={c}>", "{/*", "<!--", "-->",
        "title = ", "provider.name = ", "publishedDateTime = 2020-06-13\n", "\nTitle: ", "\n\n", "\n    ", "javascript:", "data:", "@", "%zz", "xn--",
        "<noscript>", "</noscript>", "<img data-src='", "<img srcset='", "<video src='", "<svg><title>", "</svg>", "<math alttext='", "<mi>", "</math>",
        "<q cite='", "<section>", "<textarea>", "<template>", "<object data='", "<picture><source srcset='", "<amp-img src='", "<xmp>", "&copy=",
        "headline: ", "url: ", "link: ", "date: ", "tags: ", "slug: ", "permalink: /", "source: ", '"items": [', '"@graph": [', '"x": {"y": [',
    ],
    "addresses": [
        *(f"&{name}=" for name in FILTERS), "/feed", "/topics/", "/providers/", "/custom/saved", "/2020-06", ".atom", ".rss", ".json",
        "2020-02-29", "0001-01-01", "9999-12-31", "entries", "clusters", "links", "none", "%00", "%EF%BF%BE", "%ED%A0%80", "%C4%B0", "%2B", "%23", "+", ";", "\u0130",
    ],
    "requests": [
        *(f"\n{name}: " for name in HEADERS), "Sat, ", "Saturday, ", "13 Jun 2020", "13-Jun-20", "01:29:00", " GMT", " +0000", "12345678901", "0000",
        "31 Feb", "23:59:60", "Feb 29", "W/", "*", ",", ";q=", "1e999", "nan", "0.001", "gzip", "x-gzip", "br", "zstd", "identity", "-gzip", "--br",
        "text/html", "*/*", "bytes=0-", "charset*=utf-8''%ff", "a*0*=", "Basic ", "Digest ", "\xff", "\xc3\xa9", "\t", '\"', "\\",
    ],
}  # fmt: skip
