"""Fields that are never read are found nowhere: not in the index, the output, pages, logs or messages."""

import json
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.cli.commands import result
from tests.conftest import PATIENCE, Service, running_service, wait_until

SEEN = "Plainly visible"
#: The fields of a story, with a canary for each `¤`: what is read, and has no fault, is without one.
FIELDS = f"""
title: "¤"
title: {SEEN}
publishedDateTime: 2020-06-13T01:29:00Z # ¤
# ¤
webUrl: "https://a.example/NUMBER#:~:text=¤"
secured: "¤"
secured: "¤"
¤: ¤
"¤": {{¤: [¤, {{¤: "¤"}}]}}
? [¤]
: "¤"
excerpt: [¤]
type: {{¤: ¤}}
quality: {{¤: ¤}}
heat: [[¤]]
ampWebUrl: "https://¤:¤@amp.example/x"
cdnAmpWebUrl: "ftp://¤:¤@cdn.example/x"
updatedDateTime: [¤]
topics: [Visible, {{name: Seen, ¤: ¤}}, [¤], {{¤: ¤}}, {{name: [¤]}}]
provider:
  name: A provider
  domain: {{¤: ¤}}
  ¤: &¤ "¤"
  images: [{{url: {{¤: ¤}}, ¤: ¤}}, [¤], {{url: "https://i.example/i", width: {{¤: "¤"}}}}]
  authors: [{{name: Ann, ¤: ¤}}, [¤]]
  publishers: {{¤: ¤}}
images:
  - {{url: "https://¤@i.example/i", ¤: "¤", title: [¤]}}
  - {{url: "https://i.example/i#:~:text=¤", ¤: "¤"}}
featuredContent: "<p onclick='¤'>Text<!-- ¤ --><script>¤</script><style>¤</style></p>"
"""
FIELDS += "related:\n  -" + FIELDS.replace("NUMBER", "NUMBER/1").replace("\n", "\n    ") + "\n  - [¤]\n"
RECORD = f"---{FIELDS}---\n"
TOML = f"""
title = "{SEEN}" # ¤
publishedDateTime = 2020-06-13T01:29:00Z
webUrl = "https://a.example/NUMBER#:~:text=¤"
secured = "¤"
¤ = "¤"
"¤".¤ = ["¤", {{ ¤ = "¤", "¤" = 1 }}]
excerpt = ["¤"]
topics = ["Visible", {{ name = "Seen", ¤ = "¤" }}, ["¤"], {{ ¤ = "¤" }}]
# ¤ ¤
[provider]
name = "A provider"
domain.¤ = "¤"
[[provider.images]]
¤ = '''
¤
'''
[[¤]]
[¤.¤]
"""
TOML_FAULTS = {
    "bare": "secure = ¤",
    "twice": "canary = 1\ncanary = '¤'",
    "inline": "a = { canary = 1, canary = '¤' }",
    "tables": "[b.canary]\n[b.canary]\n",
    "frozen": "a.canary = {}\na.canary.¤ = '¤'",
    "frozen-table": "a.canary = {}\n[a.canary]",
    "frozen-list": "a.canary = []\n[[a.canary]]",
    "namespace": "[a.canary]\n[c]\n[a]\ncanary.¤ = 1",
    "quote": "a = '¤",
    "quotes": 'a = """¤',
    "escape": 'a = "\\¤"',
    "date": "a = 2020-02-30 # ¤",
}
#: Records that can be used, others that can't, and files that hold none.
FILES = {
    "good.md": RECORD,
    "other.yaml": f"%TAG !¤! tag:¤,2000:\n---{FIELDS}",
    "deleted.md": f"---{FIELDS}deleted: true\n---\n".replace("Text", "¤").replace("excerpt: [¤]", "excerpt: ¤"),
    "without-title.md": RECORD.replace("title:", "¤:"),
    "without-url.md": RECORD.replace("webUrl", "seen"),  # a message names the key that holds an address
    "with-password.md": RECORD.replace("https://a.example/NUMBER#:~:text=¤", "https://¤:¤@a.example/NUMBER"),
    "draft.md": f"---{FIELDS}published: [¤]\n---\n",
    "without-time.md": RECORD.replace("2020-06-13T01:29:00Z", "{¤: ¤}"),
    "quote.md": RECORD.replace('secured: "', "secured: '\"", 1),
    "bracket.md": RECORD.replace("provider:", "provider: [¤", 1),
    "colon.md": RECORD.replace('secured: "¤"', "secured: ¤: ¤: ¤", 1),
    "tag.md": RECORD.replace('secured: "¤"', "secured: !¤ ¤", 1),
    "core-tag.md": RECORD.replace('secured: "¤"', "secured: !!¤ [¤]", 1),
    "handle.md": RECORD.replace('secured: "¤"', "secured: !¤!¤ [¤]", 1),
    "alias.md": RECORD.replace('secured: "¤"', "secured: *¤", 1),
    "escape.md": RECORD.replace('secured: "¤"', 'secured: "¤ \\¤ ¤"', 1),
    "bytes.md": RECORD.replace('secured: "¤"', "secured: ¤\udcff¤", 1),
    "nul.md": RECORD.replace('secured: "¤"', "secured: ¤\0¤", 1),
    "deep.md": RECORD.replace('secured: "¤"', f"secured: {'[' * 60}¤{']' * 60}", 1),
    "two.yaml": f"---{FIELDS}--- ¤\n",
    "list.md": "- ¤\n- {¤: ¤}\n",
    "text.txt": "¤ ¤\n",
    "syntax.json": '{"title": "¤",\n"¤": "¤" "¤"}',
    "escape.json": '{"title": "¤",\n"secured": "¤\\¤"}',
    "values.json": '{"¤": "¤", "value": ["¤", {"¤": "¤"}, ["¤"]], "secured": ["¤"]}',
    "text.json": '"¤"',
    "lines.jsonl": f'{{"title": "{SEEN}", "webUrl": "https://a.example/lines", "publishedDateTime": "2020-01-01", "¤": ["¤"]}}\n'
    '"¤"\n{"title": "¤", "¤": {"¤": "¤"}}\n{"¤": "¤" "¤"\n"\\¤"\n¤\n',
    "lines.json": '{"¤": "¤"}\n¤\n',
    "list.yml": "- ¤\n- {¤: ¤}\n- [¤]\n",
    "good.toml": TOML,
    "good-toml.md": f"+++\n{TOML}+++\n",
    **{f"{name}.toml": TOML.replace("# ¤ ¤", text) for name, text in TOML_FAULTS.items()},
    "json-front-matter.md": f'{{"title": "{SEEN}", "¤": ["¤", {{"¤": 1}}], "excerpt": ["¤"]}}\n',
    "broken-front-matter.md": '{"title": "¤",\n"¤": "¤" "¤"}\n¤\n',
    "header-lines.txt": f"Title: {SEEN}: ¤\n¤: ¤\n¤: ¤\n  ¤\nheat: 1\n\n¤ ¤\n",
    "text.html": "<p>¤</p>",
    "front-matter.html": RECORD,
    "good.json": json.dumps(
        {"¤": "¤", "value": [{"title": SEEN, "webUrl": "https://a.example/", "publishedDateTime": "2020-01-01", "¤": ["¤"]}]}
    ),
}  # fmt: skip


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The running service on FILES, with a canary of its own number in each place. A test may end it."""
    (tmp_path / "records").mkdir()
    places = count(1000)
    for number, (name, text) in enumerate(FILES.items()):
        written = re.sub("¤", lambda _: f"canary{next(places)}", text.replace("\\u00a4", "¤"))
        (tmp_path / "records" / name).write_bytes(
            written.replace("NUMBER", str(number)).encode(errors="surrogateescape")
        )
    with running_service(tmp_path) as service:
        yield service


def canaries(data: bytes) -> list[bytes]:
    return re.findall(rb"(?i)canary[0-9]*", data)


@pytest.mark.survives("a canary")
def test_no_command_shows_what_is_never_read(service: Service) -> None:
    def output(*arguments: str) -> str:
        _, out, err = result(*arguments, cwd=service.folder)
        return out + err

    shown = output("check")
    for name in FILES:
        assert f"{name}:" in shown or name == "good.json"
    shown += output("feeds") + output("build") + output("show", "/feed.json")
    shown += output("why", "good.md") + output("why", "deleted.md") + output("why", "without-title.md")
    keys = re.compile('"[^"]*"(, |$)')  # names of keys may be shown, values may not
    for name in ("good.json", "values.json", "without-url.md", "list.md", "text.json"):
        lines = output("why", name).splitlines()
        shown += "\n".join(keys.sub("", line) if "no field is read from" in line else line for line in lines)
    assert shown.count(SEEN) > 10
    assert canaries(shown.encode()) == []


@pytest.mark.survives("a canary")
def test_neither_the_index_nor_the_output_holds_what_is_never_read(service: Service) -> None:
    result("build", cwd=service.folder)
    found = {}
    for folder in ("public", ".feedsvc"):
        data = {path: path.read_bytes() for path in (service.folder / folder).rglob("*") if path.is_file()}
        assert sum(SEEN.encode() in text for text in data.values()) > (10 if folder == "public" else 0)
        found |= {path.name: canaries(text) for path, text in data.items()}
    assert "index.sqlite3-wal" in found
    assert {name: places for name, places in found.items() if places} == {}


@pytest.mark.survives("a canary")
def test_the_service_neither_delivers_nor_logs_what_is_never_read(service: Service) -> None:
    def text(path: str) -> bytes:
        try:
            with urlopen(service.base_url + path) as response:
                return bytes(response.headers) + response.read()
        except HTTPError as error:
            with error:
                return bytes(error.headers) + error.read()

    paths = [f"/feed.{format}" for format in ("atom", "rss", "json", "atom?topic=seen", "json?limit=x", "nope")]
    paths += ["/", "/feeds.opml", "/healthz", "/topics/visible/", "/topics/seen.rss", "/providers/a-provider/"]
    bodies = [text(path) for path in paths]
    assert sum(SEEN.encode() in body for body in bodies) == 8
    (service.folder / "records" / "late.md").write_text("title: {canary1: canary2}\nsecured: *canary3\n")
    wait_until(lambda: "late.md:2: " in result("check", cwd=service.folder)[1])
    service.process.terminate()
    log, _ = service.process.communicate(timeout=PATIENCE)
    assert "good.md:" in log
    assert canaries(log.encode() + b"".join(bodies)) == []
