"""The tables of the index."""

from feedsvc.index.database import Dialect

#: Of the tables below and of what is stored in them; an index of another version is built anew.
VERSION = 7
#: Tells SQLite's files of ours from those of others: "feed".
APPLICATION_ID = 0x66656564
#: More than a file of the greatest size can hold.
TELLINGS_PER_FILE = 2**20


def tables(d: Dialect) -> dict[str, str]:
    """Return the columns and keys of each table, by its name."""
    text, integer = d.text, d.integer
    long_key = ", PRIMARY KEY (kind, slug, name, domain, image)" if d.has_long_keys else ""
    return {
        # One row: what the index was built from; a number that each change increases, also over indexes that were
        # deleted; when it last changed, and when the problems did, in seconds since 1970 and never the same twice.
        # synced, took: when the last sync that worked ended, in seconds since 1970, and how many it took.
        # failure: why the folder could not be read into it since; empty if it could.
        "state": f"""(
            fingerprint {text} NOT NULL,
            revision {integer} NOT NULL,
            changed {integer} NOT NULL,
            problems {integer} NOT NULL,
            synced {d.real} NOT NULL,
            took {d.real} NOT NULL,
            failure {text} NOT NULL
        )""",
        # The record files that have been read.
        "files": f"""(
            id {integer} PRIMARY KEY,
            path {text} NOT NULL UNIQUE,
            size {integer} NOT NULL,
            changed {integer} NOT NULL,
            hash {text} NOT NULL
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
        # What each record tells: at position 0 of its own story, from 1 on of the stories that it mentions, in order.
        # id: of the file, times TELLINGS_PER_FILE, plus a running number: a record's tellings follow each other.
        # mentioned_by: the URL of the record's own story, where this is one that it mentions.
        # listed: false for a draft or deleted record, which hides its story and tells nothing else.
        "tellings": f"""(
            id {integer} PRIMARY KEY,
            record {integer} NOT NULL,
            position {integer} NOT NULL,
            url {text} NOT NULL,
            mentioned_by {text},
            listed BOOLEAN NOT NULL,
            published {integer} NOT NULL,
            month {text} NOT NULL,
            updated {integer} NOT NULL,
            quality {integer},
            heat {integer},
            type {text} NOT NULL,
            provider {text},
            title {text}
        )""",
        # The stories that listed tellings tell, as JSON.
        "told_stories": f"(telling {integer} PRIMARY KEY, data {d.blob} NOT NULL)",
        # The topics that each telling names; a mention's are those of its record, and its own.
        "told_topics": f"""(
            telling {integer} NOT NULL,
            slug {text} NOT NULL,
            PRIMARY KEY (telling, slug)
        ) {d.clustered}""",
        # What tellings call topics and providers, and how many do.
        # domain, image (as JSON): of a provider; empty where they aren't told.
        "names": f"""(
            kind {text} NOT NULL,
            slug {text} NOT NULL,
            name {text} NOT NULL,
            domain {text} NOT NULL,
            image {text} NOT NULL,
            tellings {integer} NOT NULL{long_key}
        ) {d.clustered}""",
        # The stories that feeds may hold, each with the telling that won.
        "stories": f"""(
            url {text} PRIMARY KEY,
            telling {integer} NOT NULL,
            is_primary BOOLEAN NOT NULL,
            published {integer} NOT NULL,
            month {text} NOT NULL,
            quality {integer},
            heat {integer},
            type {text} NOT NULL,
            provider {text} NOT NULL
        ) {d.clustered}""",
        "story_topics": f"""(
            url {text} NOT NULL,
            slug {text} NOT NULL,
            published {integer} NOT NULL,
            month {text} NOT NULL,
            is_primary BOOLEAN NOT NULL,
            PRIMARY KEY (url, slug)
        ) {d.clustered}""",
        # The feeds that hold stories: everything, of each topic and of each provider; and with a month, their archives.
        # revision, changed: the state's when something in that feed last changed.
        "feeds": f"""(
            kind {text} NOT NULL,
            slug {text} NOT NULL,
            month {text} NOT NULL,
            stories {integer} NOT NULL,
            primary_stories {integer} NOT NULL,
            revision {integer} NOT NULL,
            changed {integer} NOT NULL,
            PRIMARY KEY (kind, slug, month)
        ) {d.clustered}""",
        # The current feeds' documents, by address, as they were when they were last compared for the WebSub hub.
        # revision, hash: of the feed and of the document.
        # due: when the hub is to be told, in seconds since 1970. attempts: how often it could not be told since.
        "announcements": f"""(
            address {text} PRIMARY KEY,
            revision {integer} NOT NULL,
            hash {text} NOT NULL,
            due {integer},
            attempts {integer} NOT NULL
        ) {d.clustered}""",
    }


#: Made when the rows are there, where all are new: that takes less time.
TELLING_INDEXES = {
    "tellings_by_url": "tellings (url, position)",
    "tellings_by_mention": "tellings (mentioned_by)",
}
#: In the order of feeds. The month, though it follows from `published`, lets archives be counted without sorting.
STORY_INDEXES = {
    "stories_by_time": "stories (month DESC, published DESC, url, is_primary)",
    "stories_by_provider": "stories (provider, month DESC, published DESC, url, is_primary)",
    "story_topics_by_time": "story_topics (slug, month DESC, published DESC, url, is_primary)",
}
