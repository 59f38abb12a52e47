"""YAML's plain block style: what is read without libyaml is what libyaml reads, and nearly all records are."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.records.block import read_block
from feedsvc.records.syntax import split_front_matter
from tests.benchmarks.records import write_records
from tests.conftest import SAMPLE
from tests.corpus import Corpus
from tests.fuzz.invariants import check_yaml

#: Values that are read without libyaml, and those that are not.
READ = [
    "x", "x y", "x  y", "1", "-1", "+1.5e3", ".5", "...", "~", "null", "true", "2020-06-13T01:29:00Z", "x#y", "x,y", "x]", "x:y",
    "é日\U0001f680", "x\xa0", "\xa0x", "x\u200dy", "x\ue000", '"x"', '"x y: z # w"', '"x\\"y\\\\"', '""', "'x'", "'it''s'", "''",
    "'x\\'", "[]", '["x"]', '["x", "y"]', '["x","y: #"]',
]  # fmt: skip
LEFT = [
    "-x", "---", "- x", '"x\\n"', '"x', 'x"', '"x" y', "'x", "'''", "x: y", "x:", "x #y", "#x", "x ", "&x y", "*x", "!x y", "!!str 1",
    "|", ">-", "|\n  x", "@x", "`x", "%x", '["x" , "y"]', "[x]", '["x"', '[["x"]]', '["x\\"y"]', "{}", "{a: b}", "{a", "x\u2028y",
    "x\x85y", "x\ty", "\ufeffx", "x\x01", "? x",
]  # fmt: skip
near = st.text("ab1-:#\"'\\ ,[]{}&*!|>%@`?~.é\xa0\t", max_size=8)
scalars = st.sampled_from([*READ * 9, *LEFT, *[None] * 20]).flatmap(lambda scalar: st.just(scalar) if scalar else near)
keys = st.sampled_from(
    ["a", "b", "c", "d_1", "nullable"] * 20 + ["a ", '"a"', "null", "<<", "1", "é", "a-b", "- a", "? a", "a: b"]
)


@st.composite
def blocks(draw: st.DrawFn, indent: int = 0, depth: int = 0) -> list[str]:
    """The lines of a mapping."""
    lines = []
    for key in draw(st.lists(keys, min_size=1, max_size=3, unique=True)):
        before = f"{' ' * indent}{key}:"
        kind = (
            draw(st.sampled_from(["scalar"] * 3 + ["nothing", "mapping", "items", "mappings"]))
            if depth < 3
            else "scalar"
        )
        if kind == "scalar":
            lines.append(f"{before} {draw(scalars)}")
            continue
        lines += [before, *draw(st.sampled_from([[], [], [""], ["  "]]))]
        deeper = indent + draw(st.sampled_from([2, 2, 1, 4]))
        at = draw(st.sampled_from([indent, deeper]))
        if kind == "mapping":
            lines += draw(blocks(deeper, depth + 1))
        for _ in range(draw(st.integers(1, 2))):
            if kind == "items":
                lines.append(f"{' ' * at}- {draw(scalars)}")
            elif kind == "mappings":
                first, *others = draw(blocks(at + 2, depth + 1))
                lines += [f"{' ' * at}- {first.lstrip()}", *others]
    return lines


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Mostly what is read without libyaml; with a line moved, changed, or put in at times."""
    lines = draw(blocks())
    place = draw(st.integers(0, len(lines) - 1))
    match draw(st.sampled_from(["", "", "move", "shift", "swap", "insert", "delete"])):
        case "move":
            lines[place] = " " * draw(st.integers(0, 6)) + lines[place].lstrip(" ")
        case "shift":
            lines[place:] = [f"  {line}" for line in lines[place:]]
        case "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[place], lines[other] = lines[other], lines[place]
        case "insert":
            lines.insert(
                place, draw(st.sampled_from(["", " ", "#", "---", "...", "x", "  x", "- x", "-", "- - x", "\t"]) | near)
            )
        case "delete":
            del lines[place]
    ends = st.sampled_from(["", "\n", "\n\n", "\n  \n"])
    return draw(ends) + "\n".join(lines) + draw(ends)


@given(texts())
@settings(max_examples=1000)
def test_what_is_read_without_libyaml_is_what_libyaml_reads(text: str) -> None:
    check_yaml(text)


@pytest.mark.parametrize("kind", ["sample", "generated", "wild"])
def test_records_are_read_without_libyaml_and_say_what_libyaml_reads(kind: str, tmp_path: Path) -> None:
    if kind == "generated":
        write_records(tmp_path, 200)
    elif kind == "wild":
        Corpus(200).write(tmp_path)
    paths = [path for path in (SAMPLE if kind == "sample" else tmp_path).rglob("*.*") if path.suffix != ".json"]
    assert paths
    for path in paths:
        head, _ = split_front_matter(path.read_text("utf-8-sig"))
        assert check_yaml(head), path


def test_a_list_needn_t_stand_deeper_than_its_key() -> None:
    assert check_yaml("a:\n- b\n- c: d\n  e:\n  - f\ng: h\n")


@pytest.mark.parametrize(
    "text",
    [
        "a: b\n  c", "a: |\n  b", "a: b # c", "a: &x b", "a: *x", "a: !!str b", "a: {b: c}", 'a: "b\\n"', "a: 1\na: 2", "? a",
        "a: b\n c: d", "- a", "a: - b", "a: -", "a: b: c", "a:\n- b\n c: d", "", "~", "a", "\ta: b", "a: b\tc", "%YAML 1.1\n---\na: b",
        "\n".join(f"{'  ' * depth}a:" for depth in range(60)),
    ],
)  # fmt: skip
def test_what_else_yaml_has_is_left_to_libyaml(text: str) -> None:
    assert read_block(text) is None
