"""The tables of the index."""

from typing import NamedTuple

from feedsvc.index.database import Dialect
from feedsvc.model import Story

#: The version of the tables and of what they hold; an index of another version is built anew.
VERSION = 14
#: Marks an SQLite file as an index: "feed".
APPLICATION_ID = 0x66656564
#: More than the largest file can have.
OCCURRENCES_PER_FILE = 2**20
#: Stands for the time of an update before all others.
NOT_DUE = -(2**62)


class Facet(NamedTuple):
    """A column of stories that filters compare, beside their topics and provider."""

    name: str
    #: The column's type, as a field of Dialect.
    type: str


FACETS = (Facet("quality", "integer"), Facet("heat", "integer"), Facet("type", "text"), Facet("category", "text"))


def facet_values(story: Story) -> tuple[int | None, int | None, str, str]:
    """Return the value of each facet of a story, in the order of FACETS; None or an empty text if it is unknown."""
    return story.quality, story.heat, story.type.lower(), story.category.lower()


def file_of(occurrence: str) -> str:
    """Return the join of the file `f` of an occurrence."""
    return f"JOIN files f ON f.id = {occurrence}.id / {OCCURRENCES_PER_FILE}"


def precedence(occurrence: str) -> str:
    """Return the order of the occurrences of one story, the best first. `f`: their files."""
    return f"{occurrence}.updated DESC, coalesce({occurrence}.quality, -2147483648) DESC, f.path, {occurrence}.record"


def tables(d: Dialect) -> dict[str, str]:
    """Return the columns and keys of each table, by its name."""
    text, integer = d.text, d.integer
    facets = "".join(f"{facet.name} {getattr(d, facet.type)}, " for facet in FACETS)
    long_key = ", PRIMARY KEY (kind, slug, name, domain, image)" if d.has_long_keys else ""
    story = f"""
            url {text} NOT NULL,
            occurrence {integer} NOT NULL,
            is_primary BOOLEAN NOT NULL,
            published {integer} NOT NULL,
            month {text} NOT NULL,
            {facets}
            provider {text} NOT NULL"""
    by_time = f"PRIMARY KEY (slug, month {d.descending}, published {d.descending}, url)"
    return {
        # One row. fingerprint: of what the index was built from. revision: a number that each change increases, also
        # over indexes that were deleted.
        # changed, problems: when the stories and the problems last changed, in seconds since 1970; see `revisions`.
        # synced, took: the end of the last successful sync, in seconds since 1970, and its duration in seconds.
        # failure: why a sync failed since; empty if none did.
        # refused_loss: how many stories the last sync would have taken away, if it was refused for that; else 0.
        # sync_time: of the last sync, in seconds since 1970: stories with a later one are left out.
        # passed_over: the files that are no record files when the whole folder was last listed: as JSON, their numbers
        # by suffix.
        # owner: the configuration that alone reads and writes the index; see `owner`.
        # revised_since: the revision since which the table `revised` has all stories whose entries changed.
        "state": f"""(
            fingerprint {text} NOT NULL,
            revision {integer} NOT NULL,
            changed {integer} NOT NULL,
            problems {integer} NOT NULL,
            synced {d.real} NOT NULL,
            took {d.real} NOT NULL,
            failure {text} NOT NULL,
            refused_loss {integer} NOT NULL,
            sync_time {integer} NOT NULL,
            passed_over {text} NOT NULL,
            owner {text} NOT NULL,
            revised_since {integer} NOT NULL
        )""",
        # The record files that have been read.
        "files": f"""(
            id {integer} PRIMARY KEY,
            path {text} NOT NULL UNIQUE,
            size {integer} NOT NULL,
            changed {integer} NOT NULL,
            hash {text} NOT NULL
        )""",
        # The records of each file: all, and those that are left out, by the reason.
        # since, due: what was read is the same at any time of a sync from `since` on, and before `due`, which are times
        # of stories, mentions included, and of their updates; NULL if there is none.
        "counts": f"""(
            file {integer} PRIMARY KEY,
            records {integer} NOT NULL,
            drafts {integer} NOT NULL,
            deleted {integer} NOT NULL,
            not_due {integer} NOT NULL,
            refused {integer} NOT NULL,
            since {integer},
            due {integer}
        )""",
        "problems": f"""(
            file {integer} NOT NULL,
            number {integer} NOT NULL,
            line {integer} NOT NULL,
            field {text} NOT NULL,
            message {text} NOT NULL,
            refuses BOOLEAN NOT NULL,
            PRIMARY KEY (file, number)
        ) {d.clustered}""",
        # The places where records name stories: at position 0 their own, from 1 on those that they mention, in order.
        # id: of the file, times OCCURRENCES_PER_FILE, plus a running number: a record's occurrences follow each other.
        # mentioned_by: the URL of the record's own story, if this is a mention.
        # listed: false for a record that is a draft, deleted or not due: it hides its story, and has no mentions.
        # It is false for a mention without a time, too, which is published as a link alone.
        # updated: NOT_DUE of one that is not due, so that any other record of its story comes before it.
        "occurrences": f"""(
            id {integer} PRIMARY KEY,
            record {integer} NOT NULL,
            position {integer} NOT NULL,
            url {text} NOT NULL,
            mentioned_by {text},
            listed BOOLEAN NOT NULL,
            published {integer} NOT NULL,
            month {text} NOT NULL,
            updated {integer} NOT NULL,
            {facets}
            provider {text},
            title {text}
        )""",
        # The stories of listed occurrences, as JSON.
        "occurrence_stories": f"(occurrence {integer} PRIMARY KEY, data {d.blob} NOT NULL)",
        # The topics that each occurrence names itself.
        "occurrence_topics": f"""(
            occurrence {integer} NOT NULL,
            slug {text} NOT NULL,
            PRIMARY KEY (occurrence, slug)
        ) {d.clustered}""",
        # The names of topics and providers, each with the number of occurrences that have it.
        # domain, image (as JSON): of a provider; empty where unknown.
        "names": f"""(
            kind {text} NOT NULL,
            slug {text} NOT NULL,
            name {text} NOT NULL,
            domain {text} NOT NULL,
            image {text} NOT NULL,
            occurrences {integer} NOT NULL{long_key}
        ) {d.clustered}""",
        # The stories that feeds may hold, each with its best occurrence.
        "stories": f"({story}, PRIMARY KEY (url)) {d.clustered}",
        # Each story with each of its topics, in the order of feeds, and with all that filters compare: a filter that
        # few stories meet passes over the others without a look at another table.
        "story_topics": f"(slug {text} NOT NULL, {story}, {by_time}) {d.clustered}",
        # The clusters of primary stories, each as its founder: with an empty slug, and with each topic of its records.
        "clusters": f"(slug {text} NOT NULL, {story}, {by_time}) {d.clustered}",
        # The primary stories that are in the cluster of another one.
        "joined": f"(url {text} PRIMARY KEY, founder {text} NOT NULL) {d.clustered}",
        # The feeds that hold stories: everything, each topic and each provider; with a month, what they hold of it.
        # clusters: of a provider, whose feed holds them by no cluster, the number of its primary stories.
        # revision, changed: the state's when something in that feed last changed.
        "feeds": f"""(
            kind {text} NOT NULL,
            slug {text} NOT NULL,
            month {text} NOT NULL,
            stories {integer} NOT NULL,
            primary_stories {integer} NOT NULL,
            clusters {integer} NOT NULL,
            revision {integer} NOT NULL,
            changed {integer} NOT NULL,
            PRIMARY KEY (kind, slug, month)
        ) {d.clustered}""",
        # The stories whose entries may have changed since the state's `revised_since`, each with the revision at which
        # that was last; some are gone.
        "revised": f"(url {text} PRIMARY KEY, revision {integer} NOT NULL) {d.clustered}",
        # The values that stories have of the facets that are texts, each with the number of its stories.
        "facet_values": f"""(
            facet {text} NOT NULL,
            value {text} NOT NULL,
            stories {integer} NOT NULL,
            PRIMARY KEY (facet, value)
        ) {d.clustered}""",
        # The stories that were entries, and are no longer, for a while; see `guard`.
        # at: when that was, in seconds since 1970. published: how many entries there were before.
        "losses": f"(url {text} PRIMARY KEY, at {integer} NOT NULL, published {integer} NOT NULL) {d.clustered}",
        # The current feeds' documents, by address, as they were when they were last compared.
        # revision, hash: of the feed and of the document.
        # due: when to announce it to the WebSub hub, in seconds since 1970; or NULL. attempts: those that failed since.
        "announcements": f"""(
            address {text} PRIMARY KEY,
            revision {integer} NOT NULL,
            hash {text} NOT NULL,
            due {integer},
            attempts {integer} NOT NULL
        ) {d.clustered}""",
    }


#: Made after the first rows are inserted, which takes less time.
OCCURRENCE_INDEXES = {
    "occurrences_by_url": "occurrences (url, position)",
    "occurrences_by_mention": "occurrences (mentioned_by)",
}
_COMPARED = ", ".join(("is_primary", "occurrence", *(facet.name for facet in FACETS)))
#: In the order of feeds, with all that filters compare. The month, though it follows from `published`, lets archives be
#: counted without sorting.
STORY_INDEXES = {
    "stories_by_time": f"stories (month DESC, published DESC, url, {_COMPARED}, provider)",
    "stories_by_provider": f"stories (provider, month DESC, published DESC, url, {_COMPARED})",
    "story_topics_by_url": "story_topics (url, slug)",
}
CLUSTER_INDEXES = {
    "joined_by_founder": "joined (founder)",
    "clusters_by_url": "clusters (url, slug)",
}
