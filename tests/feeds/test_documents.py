"""What can be told of an address without rendering its document."""

from collections.abc import Callable

import pytest

from tests.conftest import Site, record

FILES: dict[str, str | bytes] = {
    "1.md": record(topics="[AI]"),
    "2.md": record("Two", "https://b.example/2", topics="[Law]"),
}


@pytest.mark.parametrize("archives", [True, False])
def test_all_that_there_is_has_a_revision_and_nothing_else(make_site: Callable[..., Site], archives: bool) -> None:
    site = make_site(FILES, custom=[{"name": "All"}], feeds={"archives": archives})
    absent = ["/topics/none.atom", "/topics/ai/2020-07.atom", "/custom/none/", "/nope", "/feed", "/topics/ai.xml"]
    for address in [*site.documents.addresses(), "/", "/topics/ai/2020-06.atom", *absent]:
        found = site.documents.get(address)
        assert site.documents.revision_of(address) == (found.revision if found else None), address


def test_each_change_of_a_document_makes_its_revision_greater(make_site: Callable[..., Site]) -> None:
    site = make_site(FILES)
    addresses = [*site.documents.addresses(), "/"]
    for round in range(3):
        before = {address: (site.body(address), site.documents.revision_of(address)) for address in addresses}
        site.write("2.md", record(f"Two, {round}", "https://b.example/2", topics="[Law]"))
        site.sync()
        for address, (body, changed) in before.items():
            now = site.documents.revision_of(address)
            assert changed is not None
            assert now is not None
            assert now > changed or site.body(address) == body, address


def test_respelling_renders_nothing(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(FILES)
    monkeypatch.setattr(site.documents, "get", None)
    monkeypatch.setattr(site.documents, "catalogue", None)
    assert site.documents.respelt("/topics/AI/2020-06.atom") == "/topics/ai/2020-06.atom"
    assert site.documents.respelt("/topics/AI/2001-01.atom") is None
    assert site.documents.respelt("/Topics/None") is None
    assert site.documents.similar("/providers/a-exmple.rss")[0] == "/providers/a-example/"
    assert site.documents.similar("/nonsense/ai.rss") == []


def test_of_many_feeds_those_that_begin_alike_are_suggested(make_site: Callable[..., Site]) -> None:
    topics = [f"{letter}{number}" for letter in "abc" for number in range(100)]
    site = make_site({"1.md": record(topics=f"[{', '.join(topics)}, Machine Learning, Zebras]")})
    assert site.documents.similar("/topics/machine-lerning.atom") == ["/topics/machine-learning/"]


def test_a_topic_that_comes_or_goes_leaves_other_feeds_as_they_are(make_site: Callable[..., Site]) -> None:
    files = {f"{name}.md": record(url=f"https://{name}.example/", topics=f"[{name}]") for name in ("ai", "law")}
    site = make_site(files)
    before = site.documents.revision_of("/topics/ai.atom")
    for topic in ("Robots", "Law"):
        site.write("law.md", record(url="https://law.example/", topics=f"[{topic}]"))
        site.sync()
        assert site.documents.revision_of("/topics/ai.atom") == before
