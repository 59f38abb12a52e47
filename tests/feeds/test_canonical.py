"""The one address of a choice of stories chooses the stories that were asked for."""

from collections.abc import Callable, Iterator
from itertools import product

from feedsvc.feeds.canonical import canonical
from feedsvc.feeds.selection import select_feeds
from feedsvc.model import EVERYTHING, FeedAddress, Filters, parse_filters
from tests.conftest import Site, record

TOPICS, PROVIDERS = ("a", "b", "c"), ("p", "q")
FEEDS = [
    EVERYTHING,
    FeedAddress("custom", "saved"),
    *(FeedAddress("topics", slug) for slug in TOPICS),
    *(FeedAddress("providers", slug) for slug in PROVIDERS),
]
#: Stories with each set of topics, by each provider, of eight days.
FILES: dict[str, str | bytes] = {
    f"{number}{provider}.md": record(
        url=f"https://a.example/{number}{provider}",
        time=f"2020-06-0{number + 1}",
        topics=f"[{', '.join(topic for place, topic in enumerate(TOPICS) if number >> place & 1)}]",
        provider=provider,
    )
    for number, provider in product(range(8), PROVIDERS)
}
#: Filled in or not, within and beyond those of the saved filter.
DAYS = (("", ""), ("2020-06-02", "2020-06-04"), ("2020-06-04", "2020-06-07"))


def choices() -> Iterator[Filters]:
    values = (
        ([], ["a"], ["b"], ["a", "b"], ["b", "c"]),
        ([], ["p"], ["q"], ["p", "q"]),
        ([], ["a"], ["c"]),
        ([], ["q"]),
        DAYS,
    )
    for topic, provider, without_topic, without_provider, (since, until) in product(*values):
        yield parse_filters(
            [
                ("topic", topic),
                ("provider", provider),
                ("without_topic", without_topic),
                ("without_provider", without_provider),
                ("since", since),
                ("until", until),
            ]
        )


def test_the_canonical_address_chooses_the_same_stories_and_is_its_own(make_site: Callable[..., Site]) -> None:
    saved = {
        "name": "Saved",
        "topic": ["A", "B"],
        "without_provider": ["q"],
        "since": "2020-06-03",
        "until": "2020-06-06",
    }
    site = make_site(FILES, custom=[saved])
    written = [feed.filtered(filters) for feed in FEEDS for filters in choices()]
    addresses = [canonical(site.config, address) for address in written]
    assert [canonical(site.config, address) for address in addresses] == addresses
    with site.documents.index.reading() as connection:
        asked, given = (
            [
                tuple(entry.story.url for entry in found.feed.entries) if found else None
                for found in select_feeds(connection, site.config, each)
            ]
            for each in (written, addresses)
        )
    assert asked == given
    # Where everything, a topic or a provider is filtered by one topic and one provider, that is one choice.
    by_one = {address for address in addresses if set(address.filters.labels) == {"provider=p"} and address.slug == "a"}
    assert by_one == {FeedAddress("topics", "a").filtered(parse_filters([("provider", ["p"])]))}
