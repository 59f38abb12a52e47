"""Takes the marks of site generators out of Markdown: Hugo's shortcodes, Liquid's tags, kramdown's attributes, MDX.

None of them is executed. A tag is left out and the text between two tags stays; a highlighted block becomes a block of
code. What is in code stays as it is, but for Liquid's `raw` and `endraw`, of whichever generator; so does `{{ ... }}`
that doesn't look like Liquid. Addresses of the site are written out: `{{ site.baseurl }}` and
`{{ "/x.png" | relative_url }}`. A link by a tag that names a file is none.
"""

import re
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

from feedsvc.records.content.html import UNKNOWN_ADDRESS

#: Tags are shorter, and so a long text without their ends is read in time that grows with its length.
_LONGEST = 1000
#: Where something begins whose end has to be found: a block of code, code in a line, or a pair of tags.
_START = re.compile(
    r"""
    ^[ ]{0,3}(?P<fence>`{3,}|~{3,})[^\n]*$
    | (?<!`)(?P<ticks>`+)(?!`)
    | \{%-?\s*highlight\b\s*(?P<liquid>[\w+#.-]*)[^%\n]*%\}
    | \{\{<\s*highlight\b\s*"?(?P<hugo>[\w+#.-]*)[^>\n]*>\}\}
    | \{%-?\s*(?P<kept>raw|verbatim)\s*-?%\}
    | \{%-?\s*(?P<dropped>comment)\s*-?%\}
    """,
    re.MULTILINE | re.VERBOSE,
)
#: What Liquid leaves alone, also in code, and where that ends.
_RAW_END = re.compile(r"\{%-?\s*endraw\s*-?%\}")
_RAW = re.compile(rf"\{{%-?\s*raw\s*-?%\}}(.*?){_RAW_END.pattern}", re.DOTALL)
_HIGHLIGHT_ENDS = {
    "liquid": re.compile(r"\{%-?\s*endhighlight\s*-?%\}"), "hugo": re.compile(r"\{\{<\s*/\s*highlight\s*>\}\}"),
}  # fmt: skip
_TAG = re.compile(
    rf"""
    (?:(?<=\]\()|(?<=\]:[ ])|(?<=href=["']))(?P<file>(?:\{{\{{\s*site\.(?:base)?url\s*\}}\}}){{0,2}}
        (?:\{{%-?\s*(?:link|post_url)\b.{{0,{_LONGEST}}}?%\}}|\{{\{{[<%]\s*(?:rel)?ref\b.{{0,{_LONGEST}}}?[>%]\}}\}}))
    | \{{\{{(?P<escaped><|%)/\*(?P<text>.{{0,{_LONGEST}}}?)\*/(?P=escaped)?>?\}}\}}  # Hugo's own escape
    | \{{\{{<.{{0,{_LONGEST}}}?>\}}\}} | \{{\{{%.{{0,{_LONGEST}}}?%\}}\}}          # Hugo
    | \{{%-?\s*\w.{{0,{_LONGEST}}}?%\}}                                            # Liquid
    | \{{\{{-?\s*(?:"(?P<double>[^"{{}}\n]*)"|'(?P<single>[^'{{}}\n]*)')\s*(?P<filters>\|[^{{}}\n]*)?\}}\}}
    | \{{\{{-?\s*site\.(?P<site>url|baseurl)\s*-?\}}\}}
    | \{{\{{-?\s*(?:site|page|post|layout|include|content|paginator)\b[^{{}}\n]*\}}\}}
    | (?:^[ ]{{0,3}}[*+-][ ][^\n]*\n)?\{{:\s?toc\b[^{{}}\n]*\}} | \{{:\s?[^{{}}\n]*\}}  # kramdown
    | (?<=\S)[ \t]*\{{\#[\w:.-]+[^{{}}\n]*\}}[ \t]*$                               # the id of a heading
    """,
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
#: Filters of Jekyll and Eleventy that put the path of the site before an address.
_OF_SITE = re.compile(r"\|\s*(?:(?:relative|absolute)_url|url|prepend:\s*site\.baseurl)\s*(?:\||\Z)")
_MDX = re.compile(
    r"""
    (?:(?<=\n\n)|\A\n*)(?:import\b(?=[^\n]*['"{])|export\b(?=\s+(?:async|class|const|default|function|let|var|[{*])))
        (?:[^\n]+\n?)+                                                             # to the next empty line
    | </?[A-Z][\w.]*(?:\s(?:[^<>"']|"[^"]*"|'[^']*'|=>)*+)?>
    | \{/\*.{0,1000}?\*/\}
    """,
    re.DOTALL | re.VERBOSE,
)


def without_shortcodes(text: str, *, is_mdx: bool = False, site: str = "") -> str:
    """Return Markdown without shortcodes, template tags and attribute lists; of MDX, without imports and components.

    site: its address, empty if it isn't known.
    """
    if not is_mdx and "{%" not in text and "{{" not in text and "{:" not in text and "{#" not in text:
        return text
    return "".join(_pieces(text, is_mdx, site))


def _pieces(text: str, is_mdx: bool, site: str) -> Iterator[str]:
    """Yield the parts of a text: code as it is, and what is between without tags."""
    missing = set[str]()  # ends that weren't found once: to look for them again would take long

    def find_end(end: re.Pattern[str], position: int) -> re.Match[str] | None:
        found = None if end.pattern in missing else end.search(text, position)
        if not found:
            missing.add(end.pattern)
        return found

    position = start = 0
    while match := _START.search(text, position):
        end = find_end(_end_of(match), match.end())
        if not end:
            position = match.end()
            continue
        yield _without_tags(text[start : match.start()], is_mdx, site)
        inner = text[match.end() : end.start()]
        if match["fence"] or match["ticks"]:
            yield _without_raw(text[match.start() : end.end()])
        elif match["kept"]:
            yield inner
        elif not match["dropped"]:
            yield _code_block(match["liquid"] or match["hugo"] or "", _without_raw(inner))
        position = start = end.end()
    yield _without_tags(text[start:], is_mdx, site)


def _end_of(start: re.Match[str]) -> re.Pattern[str]:
    if fence := start["fence"]:
        return re.compile(rf"^[ ]{{0,3}}{fence}{fence[0]}*[ \t]*$|\Z", re.MULTILINE)
    if ticks := start["ticks"]:
        return re.compile(rf"(?<!`){ticks}(?!`)")
    if name := start["kept"] or start["dropped"]:
        return re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}")
    return _HIGHLIGHT_ENDS["liquid" if start["liquid"] is not None else "hugo"]


def _without_raw(code: str) -> str:
    """Return code without the tags `raw` and `endraw`, which Liquid takes away before it is Markdown."""
    last = 0
    for end in _RAW_END.finditer(code):
        last = end.end()
    # Up to there each tag finds its end, so that it takes linear time.
    return _RAW.sub(r"\1", code[:last]) + code[last:]


def _code_block(language: str, code: str) -> str:
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", code)), 3)
    return f"\n\n{fence}{language}\n{code.strip(chr(10))}\n{fence}\n\n"


def _without_tags(text: str, is_mdx: bool, site: str) -> str:
    text = _TAG.sub(partial(_replacement, site.rstrip("/")), text)
    return _MDX.sub("", text) if is_mdx else text


def _replacement(site: str, tag: re.Match[str]) -> str:
    """Return what stands for a tag: an address of the site, a text that it quotes, or nothing."""
    if tag["file"]:
        return UNKNOWN_ADDRESS
    path = urlsplit(site).path
    if tag["site"]:
        return path if tag["site"] == "baseurl" else site.removesuffix(path)
    if tag["escaped"]:
        return f"{{{{{tag['escaped']}{tag['text']}{'>' if tag['escaped'] == '<' else '%'}}}}}"
    quoted = tag["double"] or tag["single"] or ""
    if "://" not in quoted and _OF_SITE.search(tag["filters"] or ""):
        return f"{path}/{quoted.lstrip('/')}"
    return quoted
