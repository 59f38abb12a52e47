"""How often a request asks the index."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

import feedsvc

RECORD = {"title": "One", "webUrl": "https://a.example/1", "publishedDateTime": "2020-06-13", "topics": ["AI"]}


@pytest.fixture
def statements() -> list[str]:
    return []


@pytest.fixture
def client(statements: list[str]) -> Iterator[FlaskClient]:
    """A client of a site in memory, each of whose statements is noted."""
    with feedsvc.open(records=[RECORD]) as site:
        site.sync()
        client = feedsvc.create_app(site).test_client()
        client.get("/feed.atom")
        with site.index.reading() as connection:
            connection.set_trace_callback(lambda sql: statements.append(" ".join(sql.split())))
        yield client


def rows(statements: list[str]) -> list[str]:
    """The statements that ask for a feed's row."""
    return [sql for sql in statements if "FROM feeds f " in sql]


def test_a_document_that_is_not_cached_takes_one_query_for_its_feeds_row(
    client: FlaskClient, statements: list[str]
) -> None:
    assert client.get("/topics/ai.atom").status_code == 200
    assert len(rows(statements)) == 1


def test_a_cached_document_takes_no_query(client: FlaskClient, statements: list[str]) -> None:
    client.get("/topics/ai.atom")
    statements.clear()
    assert client.get("/topics/ai.atom").status_code == 200
    assert [sql for sql in statements if "SELECT revision" not in sql and "SELECT 1 FROM state" not in sql] == []


def test_an_address_of_no_document_takes_one_query_for_its_row_and_one_for_suggestions(
    client: FlaskClient, statements: list[str]
) -> None:
    assert client.get("/topics/nope.atom").status_code == 404
    assert len(rows(statements)) == 1
    statements.clear()
    assert client.get("/topics/nope.atom").status_code == 404
    assert len([sql for sql in statements if "FROM (SELECT slug" in sql]) == 0


def test_a_redirect_takes_one_query_for_the_row_that_it_leads_to(client: FlaskClient, statements: list[str]) -> None:
    assert client.get("/topics/AI.atom").status_code == 301
    assert len(rows(statements)) == 1
