"""The content of stories: HTML, Markdown or plain text, of which no text is lost."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from feedsvc.records.content.cleaning import MAX_CONTENT, content_html, html_text
from feedsvc.records.content.html import ELEMENTS, is_html
from feedsvc.records.context import ContentKind, Context
from feedsvc.records.parse import parse_record
from feedsvc.records.problems import Problems
from feedsvc.records.reading import parse_file
from feedsvc.records.values import Fields
from tests.conftest import record
from tests.fuzz.invariants import check_html

BASE = "https://a.example/post/"


def made(text: str, kind: ContentKind = "") -> str:
    return content_html(text, BASE, kind)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The loop runs while i<n holds.\n\nA second paragraph.", "<p>The loop runs while i&lt;n holds.</p><p>A second paragraph.</p>"),
        ("Write to Jane <jane@example.org> today.\n\nSecond.", "<p>Write to Jane &lt;jane@example.org&gt; today.</p><p>Second.</p>"),
        ("See <https://example.org/x>; a List<String>.", "<p>See &lt;https://example.org/x&gt;; a List&lt;String&gt;.</p>"),
        ("One.\nTwo.\n", "<p>One.</p><p>Two.</p>"),
        ("One,\nstill one.\n \nTwo.", "<p>One,\nstill one.</p><p>Two.</p>"),
        ("![A \"b\"](https://a.example/i.png?a=1&b=2) C", '<p><img src="https://a.example/i.png?a=1&amp;b=2" alt="A &quot;b&quot;"> C</p>'),
        ("So [he & she](https://a.example/A_(b)) said [1] (http://a.example/)", '<p>So <a href="https://a.example/A_(b)" rel="noopener noreferrer">he &amp; she</a> said [1] (http://a.example/)</p>'),
        ("[![A](https://a.example/i.png)](https://a.example/x)", '<p><a href="https://a.example/x" rel="noopener noreferrer"><img src="https://a.example/i.png" alt="A"></a></p>'),
        ("[x](javascript:alert) [y](https://a.example/\"onclick=)", '<p>[x](javascript:alert) [y](https://a.example/"onclick=)</p>'),
        ("The <title> element", "<p>The &lt;title&gt; element</p>"),
        ("if a <b and c> d", "<p>if a &lt;b and c&gt; d</p>"),
        ("Text <!-- more --> and <!-- no end", "<p>Text  and &lt;!-- no end</p>"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("one<BR>two", "one<br>two"),
        ("<p>not closed", "<p>not closed</p>"),
        ("<p>if i<n then</p> Jane <jane@a.example>, List<T>", "<p>if i&lt;n then</p> Jane &lt;jane@a.example&gt;, List&lt;T&gt;"),
        ("<p><x-y>a</x-y> <foo>b</foo> <o:p>c</o:p></p>", "<p>a b c</p>"),
    ],
)  # fmt: skip
def test_content_is_html_only_if_it_holds_an_element_s_tag_and_no_text_of_it_is_lost(text: str, expected: str) -> None:
    assert made(text) == expected


def test_plain_text_stays_so_whatever_it_holds() -> None:
    assert made("<b>x</b> &amp;", "text") == "<p>&lt;b&gt;x&lt;/b&gt; &amp;</p>"
    assert made("[a](https://a.example/)", "text") == "<p>[a](https://a.example/)</p>"


@pytest.mark.parametrize("kind", ["", "text"])
@given(st.lists(st.text(st.characters(exclude_categories=["C"], exclude_characters="&"), min_size=1, max_size=20)))
def test_every_text_of_plain_text_is_in_the_html(kind: ContentKind, words: list[str]) -> None:
    text = "\n".join(words)
    if kind == "" and (is_html(text) or "<!--" in text):
        return
    shown = html.fragment_fromstring(made(text, kind) or "<p></p>", create_parent="div").text_content()
    assert "".join(shown.split()) == "".join(text.split())


@pytest.mark.parametrize("name", sorted(ELEMENTS))
def test_a_tag_of_each_element_is_html(name: str) -> None:
    for text in (f"a <{name} x='y'> b", f"a <{name.upper()}>b</{name}>"):
        assert is_html(text)


MARKDOWN = {
    "Hello *another* issue.\n\nSee [the list](/list).\n\n<!-- more -->\n\n## News\n\n- one\n- two\n": (
        '<p>Hello <em>another</em> issue.</p>\n<p>See <a href="https://a.example/list" rel="noopener noreferrer">the list</a>.</p>\n\n'
        "<h2>News</h2>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>"
    ),
    "i<n, List<String>, the <title> element, <jane@a.example>": (
        "<p>i&lt;n, List&lt;String&gt;, the &lt;title&gt; element, "
        '<a href="mailto:jane@a.example" rel="noopener noreferrer">jane@a.example</a></p>'
    ),
    "| a | b |\n|---|---|\n| 1 | ~~2~~ |": (
        "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td><s>2</s></td>\n</tr>\n</tbody>\n</table>"
    ),
    "x.examplewww.x.example[mailto:a@b.exampleftp://c.example": (
        '<p>x.examplewww.x.example[<a href="mailto:a@b.exampleftp" rel="noopener noreferrer">mailto:a@b.exampleftp</a>'
        "://c.example</p>"
    ),
    "[https://b.example/x] [https://b.example/]x](https://b.example/y)": (
        '<p>[<a href="https://b.example/x" rel="noopener noreferrer">https://b.example/x</a>] '
        '[<a href="https://b.example/" rel="noopener noreferrer">https://b.example/</a>]x](<a '
        'href="https://b.example/y" rel="noopener noreferrer">https://b.example/y</a>)</p>'
    ),
    "https://b.example/x, README.md, www.b.example, a@b.example": (
        '<p><a href="https://b.example/x" rel="noopener noreferrer">https://b.example/x</a>, README.md, www.b.example, a@b.example</p>'
    ),
    "Text[^1]\n\n[^1]: note": "<p>Text[^1]</p>\n<p>[^1]: note</p>",
    "Text <b>bold</b> <script>x()</script>\n\n    <b>\n": "<p>Text <b>bold</b> </p>\n<pre><code>&lt;b&gt;\n</code></pre>",
    "<div>\n\n    <p>HTML, not code</p>\n\n</div>\n": "<div>\n    <p>HTML, not code</p>\n</div>",
    '<iframe src="https://v.example/1"></iframe>': (
        '<p><a href="https://v.example/1" rel="noopener noreferrer">https://v.example/1</a></p>'
    ),
}


@pytest.mark.parametrize(("text", "expected"), MARKDOWN.items())
def test_markdown_is_rendered_and_then_cleaned(text: str, expected: str) -> None:
    assert made(text, "markdown") == expected


SHORTCODES = {
    # Hugo
    'a {{< figure src="x.jpg" title="T" >}} b': "<p>a  b</p>",
    "{{% notice %}}**n**{{% /notice %}}": "<p><strong>n</strong></p>",
    "{{</* ref */>}} {{%/* ref */%}}": "<p>{{&lt; ref &gt;}} {{% ref %}}</p>",
    '{{< highlight go "linenos=1" >}}\nx < 1\n{{< /highlight >}}': "<pre><code>x &lt; 1\n</code></pre>",
    # Liquid
    "{% highlight python %}\ndef f(): `x` <b>\n{% endhighlight %}\nafter": "<pre><code>def f(): `x` &lt;b&gt;\n</code></pre>\n<p>after</p>",
    "a {% include x.html a='b' %}b {% if x %}c{% endif %}": "<p>a b c</p>",
    "a {% comment %} hidden {% endcomment %}b": "<p>a b</p>",
    "{% raw %}{{ site.x }} *b* {% if %}{% endraw %}": "<p>{{ site.x }} <em>b</em> {% if %}</p>",
    "`{% raw %}{{ site.x }}{% endraw %}` and `{% raw %}`": "<p><code>{{ site.x }}</code> and <code>{% raw %}</code></p>",
    "```\n{%- raw -%}{% if x %}{% endraw %}{% raw %}{{ b }}{% endraw %}\n```": "<pre><code>{% if x %}{{ b }}\n</code></pre>",
    "{% highlight liquid %}{% raw %}{{ a }}{% endraw %}{% endhighlight %}": "<pre><code>{{ a }}\n</code></pre>",
    "[x]({{ site.baseurl }}/x) [y]({{ '/y' | relative_url }})": (
        '<p><a href="https://a.example/x" rel="noopener noreferrer">x</a> <a href="https://a.example/y" rel="noopener noreferrer">y</a></p>'
    ),
    # Neither
    "Use {{ mustache }}, ${{ secrets.X }} and 5 {% of it": "<p>Use {{ mustache }}, ${{ secrets.X }} and 5 {% of it</p>",
    "`{% if %}` and ``{{< x >}} ` ``": "<p><code>{% if %}</code> and <code>{{&lt; x &gt;}} ` </code></p>",
    "```liquid\n{% if x %}{{ site.a }}\n```\n{% if x %}yes{% endif %}": "<pre><code>{% if x %}{{ site.a }}\n</code></pre>\n<p>yes</p>",
    # kramdown
    "# Title {#id .class}\n\ntext{: .lead}\n{: .note}\n\n* TOC\n{:toc}": "<h1>Title</h1>\n<p>text</p>",
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SHORTCODES.items())
def test_marks_of_site_generators_are_left_out_and_never_executed(text: str, expected: str) -> None:
    assert made(text, "markdown") == expected


SITE = "https://a.example/blog"
LINKS = {
    # Liquid
    '{{ "/a.png" | relative_url }}': f"{SITE}/a.png",
    "{{ 'a.png'|absolute_url }}": f"{SITE}/a.png",
    '{{ "/a.png" | prepend: site.baseurl | prepend: site.url }}': f"{SITE}/a.png",
    '{{ "/a.png" | url }}': f"{SITE}/a.png",
    '{{ "https://b.example/a.png" | relative_url }}': "https://b.example/a.png",
    '{{ "/a.png" | escape }}': "https://a.example/a.png",
    "{{ site.baseurl }}/b.png": f"{SITE}/b.png",
    "{{site.url}}{{site.baseurl}}/c": f"{SITE}/c",
    "{{ site.url }}/c": "https://a.example/c",
    "{% link _posts/2020-06-13-x.md %}": "",
    "{{ site.baseurl }}{% post_url 2020-06-13-x %}": "",
    "{{ site.url }}{{ site.baseurl }}{%- link x.md -%}#a": "",
    # Hugo
    '{{< ref "x.md" >}}': "",
    '{{% relref "x.md#a" %}}': "",
    # Zola
    "@/blog/x.md": "",
    # Pelican
    "{static}/images/a.png": f"{SITE}/images/a.png",
    "{attach}a.png": "https://a.example/blog/post/a.png",
    "{static}../a.png": "https://a.example/blog/a.png",
    "|static|/a.png": f"{SITE}/a.png",
    "{filename}two.md": "",
    "{filename}/two.md#a": "",
    "|filename|two.md": "",
    "{index}": "",
    "{tag}x": "",
    "{author}x": "",
}  # fmt: skip


@pytest.mark.parametrize(("address", "expected"), LINKS.items())
def test_links_to_files_of_a_site_lead_to_them_or_are_none(address: str, expected: str) -> None:
    def shown(text: str, kind: ContentKind) -> list[str]:
        made = html.fragment_fromstring(content_html(text, f"{SITE}/post/", kind, SITE), create_parent="div")
        assert made.text_content().strip() == "Text"
        return [value for element in made.iter("a", "img") for name in ("href", "src") if (value := element.get(name))]

    addresses = [expected] if expected else []
    assert shown(f"[Text]({address})", "markdown") == addresses
    assert shown(f"[Text][1]\n\n[1]: {address}", "markdown") == addresses
    assert shown(f"<a href='{address}'>Text</a>", "markdown") == addresses
    assert shown(f"Text ![x]({address})", "markdown") == addresses
    if address[0] in "@|" or address[1].isalpha():
        assert shown(f'<a href="{address}">Text</a>', "html") == addresses


@pytest.mark.parametrize(
    "text", ["{static}/a.png", "`{filename}x.md`", '`href="{filename}x.md"`', "href={tag} @/x and |tag|x", "{{ tag }}"]
)
def test_such_links_in_text_stay_as_they_are(text: str) -> None:
    shown = html.fragment_fromstring(made(text, "markdown"), create_parent="div").text_content()
    assert shown == text.replace("`", "")
    for kind in ("", "text"):
        assert made(text, kind) == f"<p>{text}</p>"


def test_of_mdx_imports_exports_and_components_are_left_out_and_the_text_in_them_stays() -> None:
    text = (
        "import X from './x'\nimport {y} from \"z\"\n\n# Hi\n\nimport taxes are high.\n\nexport const a = {\n  b: 1\n}\n\n"
        "<Image src={x} style={{a: \"b\"}} />\n\n<Callout>\nText **b** {/* c */}\n</Callout>\n\n```js\nimport a from 'b'\n<Image />\n```\n"
    )
    assert made(text, "mdx") == (
        "<h1>Hi</h1>\n<p>import taxes are high.</p>\n<p>Text <strong>b</strong></p>\n<pre><code>import a from 'b'\n&lt;Image /&gt;\n</code></pre>"
    )


def content(name: str, body: str, **fields: str) -> str:
    parsed = parse_file(name, (record(url=BASE, **fields) + body).encode())
    assert not parsed.problems
    return parsed.records[0].story.content_html


def test_the_suffix_says_that_a_text_is_markdown_and_a_field_may_be_html_all_the_same() -> None:
    for name in ("a.md", "a.MARKDOWN"):
        assert content(name, "*a*") == "<p><em>a</em></p>"
        assert content(name, "*a*", featuredContent='"<b>*b*</b>"') == "<b>*b*</b>"
        assert content(name, "*a*", featuredContent='"*b*"') == "<p><em>b</em></p>"
    assert content("a.txt", "*a*") == "<p>*a*</p>"
    fields = Fields(title=("A", 1), webUrl=(BASE, 1), publishedDateTime=("2020-06-13", 1))
    kinds: dict[ContentKind, str] = {"markdown": "<p><em>a</em></p>", "text": "<p>*a*</p>", "html": "<p>*a*</p>"}
    for kind, expected in kinds.items():
        parsed = parse_record(fields, "*a*", Problems("a"), Context(content=kind))
        assert parsed and parsed.story.content_html == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>AT&amp;T <em>rises</em>.</p><p>More&hellip;</p>", "AT&T rises. More…"),
        ("one<br/>two", "one two"),
        ("The <title> element & List<T>", "The <title> element & List<T>"),
        ("A &#8211; B", "A \N{EN DASH} B"),
        ("<script>x()</script>Text", "Text"),
    ],
)
def test_titles_and_excerpts_that_may_be_html_are_its_text(text: str, expected: str) -> None:
    assert html_text(text) == expected
    fields = Fields(title=(text, 1), webUrl=(BASE, 1), publishedDateTime=("2020-06-13", 1), excerpt=(text, 1))
    parsed = parse_record(fields, "", Problems("a"), Context(html_in_text=True))
    assert parsed and parsed.story.title == parsed.story.excerpt == expected


def test_pictures_within_the_text_do_not_count_to_its_length() -> None:
    picture = "data:image/png;base64," + "iVBORw0KGgo" * 40_000
    for text in (f'<p>Intro.</p><img src="{picture}"><p>Conclusion.</p>', f"Intro.\n\n![x]({picture})\n\nConclusion."):
        shown = made(text, "markdown")
        assert "<p>Intro.</p>" in shown and "<p>Conclusion.</p>" in shown
        assert "base64" not in shown
        assert "src" not in shown


HOSTILE = {
    "brackets": "[" * 300_000, "links": "[a](b" * 60_000, "emphasis": "*a **a " * 40_000, "ticks": "".join("e" + "`" * i for i in range(700)),
    "table": "|a|b|\n|-|-|\n" + "|x|y|\n" * 50_000, "wide table": "|a" * 40_000 + "\n" + "|-" * 40_000 + "\n" + "|x\n" * 40_000,
    "quotes": ">" * 300_000, "lists": "- " * 150_000, "long address": "https://a.example/((((" * 13_000, "addresses": "http://" * 40_000,
    "definitions": "[a]: b\n" * 40_000, "highlight": "{% highlight a %}" * 17_000, "raw": "{% raw %}" * 33_000, "raw in code": f"```\n{'{% raw %}' * 33_000}", "hugo": "{{<" * 100_000,
    "liquid": '{{ "' * 75_000, "kramdown": "{:" * 150_000, "fences": "```\nx\n~~~\n" * 30_000, "import": "\n\nimport '" * 30_000,
    "component": "<A '" * 75_000, "comments": "<!--" * 75_000, "entities": "&" * 300_000, "nested": "[" * 20_000 + "a" + "]" * 20_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_markdown_is_rendered_or_refused_in_seconds(name: str) -> None:
    kinds: tuple[ContentKind, ...] = ("markdown", "mdx")
    for kind in kinds:
        started = time.process_time()
        try:
            check_html(made(HOSTILE[name][:MAX_CONTENT], kind))
        except ValueError as error:
            assert re.match("expected (HTML|Markdown) ", str(error))
        assert time.process_time() - started < 20


PARTS = (
    "*", "**", "_", "`", "```\n", "~~~\n", "\n", "\n\n", "    ", "- ", "> ", "# ", "[", "](", ")", "![", "<b>", "</b>", "<script>", "</script>", "<x",
    "<iframe src='", "'>", "<iframe srcdoc=\"", "\">", "<img src=x onerror='x()'", "javascript:x()", "<a href='", "<style>", "&lt;", "| a | b |\n|---|---|\n", "https://a.example/", "{% raw %}", "{% endraw %}",
    "{% highlight x %}", "{% endhighlight %}", "{{< a >}}", "{{ site.x }}", "{{", "}}", "{%", "%}", "{:", "}", "<!--", "-->", "[^1]: ", "\\", "x",
    "<noscript>", "</noscript>", "<img data-src='", "<img srcset='", "<video poster='", "<source src='", "</video>", "<svg>", "<title>", "</svg>",
    "<math alttext='", "<math>", "<mtext>", "<annotation-xml encoding='text/html'>", "</math>", "<q cite='", "<section>", "<textarea>", "<template>",
    "<object data='", "<param name=movie value='", "<picture>", "<amp-img src='", "<xmp>", "<plaintext>", "<select>", "<option>", "<text>",
    "import a from 'b'\n", "export const a\n", "<A b={c}>", "{/*", "*/}", "<?", "<![CDATA[", "]]>", "\x00", "\ufffe",
)  # fmt: skip


@given(
    st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=30).map("".join),
    st.sampled_from(["", "markdown", "mdx", "text"]),
)
def test_nothing_that_could_run_comes_out_of_any_text(text: str, kind: ContentKind) -> None:
    check_html(made(text, kind))


WORDS = st.lists(
    st.sampled_from("alpha beta i<n List<String> <title> {{x}} a&b <jane@a.example> 5% :) [note] (x)".split()),
    min_size=1,
)


@given(WORDS, st.sampled_from(["", "markdown", "text"]))
def test_no_word_is_lost(words: list[str], kind: ContentKind) -> None:
    shown = html.fragment_fromstring(made(" ".join(words), kind), create_parent="div").text_content()
    for word in words:
        assert word in shown or word.strip("<>") in shown
