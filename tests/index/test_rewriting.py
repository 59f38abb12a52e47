"""Records that are rewritten in place, slowly, while the service follows the folder."""

import random
import time
from pathlib import Path
from threading import Thread

import pytest

from tests.conftest import record, running_service, wait_until
from tests.faults import Reader
from tests.rules import check_feed
from tests.services import entries

#: What records say in each round: a body, topics, and related stories, so that they can be cut anywhere.
RELATED = "[{title: Other, webUrl: 'https://other.example/', publishedDateTime: 2019-01-01}]"


def text(number: int, round: int) -> str:
    head = record(
        f"Record {number}, round {round}", f"https://a.example/{number}", topics="[AI, 'C++']", related=RELATED
    )
    return head + f"<p>Some text of round {round} &amp; <b>more</b> of it.</p>\n" * 5


@pytest.mark.survives("records are rewritten in place, slowly")
def test_records_rewritten_slowly_in_place_never_make_a_feed_invalid_and_come_back(tmp_path: Path, full: bool) -> None:
    records = tmp_path / "records"
    records.mkdir()
    paths = [records / f"{number}.md" for number in range(6)]
    for number, path in enumerate(paths):
        path.write_text(text(number, 0))
    rounds = 60 if full else 3
    log = tmp_path / "log"

    def is_left_out() -> bool:
        """Whether each feed has been without the record that is half-written until then."""
        return all(any(b"Record 0," not in body for body in list(reader.bodies[url])) for url in urls)

    def rewrite(number: int) -> None:
        """Write a file anew in small pieces: from nothing, or over what is there."""
        for round in range(1, rounds + 1):
            data = text(number, round).encode()
            with paths[number].open("r+b" if round % 2 else "wb", buffering=0) as stream:
                size = random.randint(30, 60)
                for start in range(0, len(data), size):
                    stream.write(data[start : start + size])
                    if (number, round, start) == (0, 2, 0):
                        wait_until(is_left_out)
                    time.sleep(random.uniform(0, 0.12))
                stream.truncate()

    with running_service(tmp_path, log=log) as service:
        urls = [f"{service.base_url}/{name}" for name in ("feed.atom", "topics/ai.rss")]
        with Reader(urls).asking() as reader:
            writers = [Thread(target=rewrite, args=(number,)) for number in range(len(paths))]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            whole = sorted([f"Record {number}, round {rounds}" for number in range(len(paths))] + ["Other"])
            wait_until(lambda: entries(service) == whole)
    assert reader.failures == []
    for url, bodies in reader.bodies.items():
        for body in bodies:
            check_feed(body, url)
    assert "WARNING 0.md:" in log.read_text()
    assert "Traceback" not in log.read_text()
