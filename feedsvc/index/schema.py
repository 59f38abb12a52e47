"""The tables of the index."""

#: Of the tables below and of what is stored in them; an index of another version is built anew.
VERSION = 7
#: Tells SQLite's files of ours from those of others: "feed".
APPLICATION_ID = 0x66656564
#: More than a file of the greatest size can hold.
TELLINGS_PER_FILE = 2**20

TABLES = (
    # One row: what the index was built from; a number that each change increases, also over indexes that were deleted;
    # when it last changed, and when the problems did, in seconds since 1970 and never the same twice.
    # synced, took: when the last sync that worked ended, in seconds since 1970, and how many it took.
    # failure: why the folder could not be read into it since; empty if it could.
    """
    CREATE TABLE state (
        fingerprint TEXT NOT NULL,
        revision BIGINT NOT NULL,
        changed BIGINT NOT NULL,
        problems BIGINT NOT NULL,
        synced REAL NOT NULL,
        took REAL NOT NULL,
        failure TEXT NOT NULL
    )
    """,
    # The record files that have been read.
    """
    CREATE TABLE files (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        size BIGINT NOT NULL,
        changed BIGINT NOT NULL,
        hash TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE problems (
        file INTEGER NOT NULL,
        number INTEGER NOT NULL,
        line INTEGER NOT NULL,
        field TEXT NOT NULL,
        message TEXT NOT NULL,
        refuses BOOLEAN NOT NULL,
        PRIMARY KEY (file, number)
    ) WITHOUT ROWID
    """,
    # What each record tells: at position 0 of its own story, from 1 on of the stories that it mentions, in order.
    # id: of the file, times TELLINGS_PER_FILE, plus a running number: a record's tellings follow each other.
    # mentioned_by: the URL of the record's own story, where this is one that it mentions.
    # listed: false for a draft or deleted record, which hides its story and tells nothing else.
    """
    CREATE TABLE tellings (
        id INTEGER PRIMARY KEY,
        record INTEGER NOT NULL,
        position INTEGER NOT NULL,
        url TEXT NOT NULL,
        mentioned_by TEXT,
        listed BOOLEAN NOT NULL,
        published BIGINT NOT NULL,
        month TEXT NOT NULL,
        updated BIGINT NOT NULL,
        quality INTEGER,
        heat INTEGER,
        type TEXT NOT NULL,
        provider TEXT,
        title TEXT
    )
    """,
    # The stories that listed tellings tell, as JSON.
    "CREATE TABLE told_stories (telling INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    # The topics that each telling names; a mention's are those of its record, and its own.
    """
    CREATE TABLE told_topics (
        telling INTEGER NOT NULL,
        slug TEXT NOT NULL,
        PRIMARY KEY (telling, slug)
    ) WITHOUT ROWID
    """,
    # What tellings call topics and providers, and how many do.
    # domain, image (as JSON): of a provider; empty where they aren't told.
    """
    CREATE TABLE names (
        kind TEXT NOT NULL,
        slug TEXT NOT NULL,
        name TEXT NOT NULL,
        domain TEXT NOT NULL,
        image TEXT NOT NULL,
        tellings INTEGER NOT NULL,
        PRIMARY KEY (kind, slug, name, domain, image)
    ) WITHOUT ROWID
    """,
    # The stories that feeds may hold, each with the telling that won.
    """
    CREATE TABLE stories (
        url TEXT PRIMARY KEY,
        telling INTEGER NOT NULL,
        is_primary BOOLEAN NOT NULL,
        published BIGINT NOT NULL,
        month TEXT NOT NULL,
        quality INTEGER,
        heat INTEGER,
        type TEXT NOT NULL,
        provider TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE story_topics (
        url TEXT NOT NULL,
        slug TEXT NOT NULL,
        published BIGINT NOT NULL,
        month TEXT NOT NULL,
        is_primary BOOLEAN NOT NULL,
        PRIMARY KEY (url, slug)
    ) WITHOUT ROWID
    """,
    # The feeds that hold stories: everything, of each topic and of each provider; and with a month, their archives.
    # revision, changed: the state's when something in that feed last changed.
    """
    CREATE TABLE feeds (
        kind TEXT NOT NULL,
        slug TEXT NOT NULL,
        month TEXT NOT NULL,
        stories INTEGER NOT NULL,
        primary_stories INTEGER NOT NULL,
        revision BIGINT NOT NULL,
        changed BIGINT NOT NULL,
        PRIMARY KEY (kind, slug, month)
    ) WITHOUT ROWID
    """,
    # The current feeds' documents, by address, as they were when it was last seen whether the WebSub hub is to be told.
    # revision, hash: of the feed and of the document.
    # due: when the hub is to be told, in seconds since 1970. attempts: how often it could not be told since.
    """
    CREATE TABLE announcements (
        address TEXT PRIMARY KEY,
        revision BIGINT NOT NULL,
        hash TEXT NOT NULL,
        due BIGINT,
        attempts INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
)

#: Made when the rows are there, where all are new: that takes less time.
TELLING_INDEXES = (
    "CREATE INDEX IF NOT EXISTS tellings_by_url ON tellings (url, position)",
    "CREATE INDEX IF NOT EXISTS tellings_by_mention ON tellings (mentioned_by)",
)
#: In the order of feeds. The month, though it follows from `published`, lets archives be counted without sorting.
STORY_INDEXES = (
    "CREATE INDEX IF NOT EXISTS stories_by_time ON stories (month DESC, published DESC, url, is_primary)",
    "CREATE INDEX IF NOT EXISTS stories_by_provider ON stories (provider, month DESC, published DESC, url, is_primary)",
    "CREATE INDEX IF NOT EXISTS story_topics_by_time ON story_topics "
    "(slug, month DESC, published DESC, url, is_primary)",
)
