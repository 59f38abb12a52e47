"""What subscribers would lose by a build, and what they would see as new: by the manifest of the builds before it."""

from base64 import urlsafe_b64encode
from hashlib import blake2b

from feedsvc.build.manifest import Manifest, ShownFeed
from feedsvc.errors import LossError
from feedsvc.feeds.documents import Documents, Listing
from feedsvc.index.guard import EXAMPLES, is_too_much

#: The characters of a mark.
_LENGTH = 8


def mark(url: str) -> str:
    """Return the characters that stand for a story in what the manifest has of a feed."""
    return urlsafe_b64encode(blake2b(url.encode(), digest_size=6).digest()).decode()


def find_loss(documents: Documents, before: Manifest, where: str) -> LossError | None:
    """Return an error if more stories of an earlier build's feeds would go than `records.max_loss` allows.

    One that only left a current feed isn't lost; nor is one that isn't an entry since the configuration has another
    `feeds.related`, as long as the index has it. where: the output, for the message.
    """
    is_same_mode = before.owner is not None and before.owner.related == documents.config.feeds.related
    lost = documents.missing_stories(before.stories, entries_alone=is_same_mode)
    published, max_loss = len(before.stories), documents.config.records.max_loss
    if is_too_much(len(lost), published, max_loss):
        return LossError(where, len(lost), published, lost[:EXAMPLES], max_loss, "feedsvc build --accept-loss")
    return None


def note_stories(manifest: Manifest, before: Manifest, documents: Documents, listing: Listing) -> None:
    """Note in a manifest which stories the current feeds show. Those of feeds that didn't change are known already.

    Some may be no entries in the configured mode: a cluster's records in their providers' feeds, mentions in a custom
    feed with a mode of its own. They come and go with the feeds, so they are left out of what a build may lose.
    """
    revisions = {feed: revision for revision, (first, *_) in listing if (feed := first.feed) and feed.is_current}
    kept = {}
    for feed, revision in revisions.items() if before.stamp == manifest.stamp else ():
        shown = before.feeds.get(feed.feed_path)
        if shown and shown.revision == revision:
            kept[feed] = shown
    read = documents.stories(feed for feed in revisions if feed not in kept)
    known = {mark(url): url for url in before.stories} if kept else {}
    urls = {known[each] for shown in kept.values() for each in _marks(shown) if each in known}
    manifest.feeds = {feed.feed_path: shown for feed, shown in kept.items()}
    for feed, found in read.items():
        manifest.feeds[feed.feed_path] = ShownFeed(revisions[feed], "".join(map(mark, found)))
        urls.update(found)
    manifest.stories = sorted(urls.difference(documents.missing_stories([*urls], entries_alone=True)))


def new_stories(manifest: Manifest, before: Manifest) -> dict[str, set[str]]:
    """Return the marks of what subscribers see as new in each feed, by its path; feeds that are new have none yet."""
    found = {}
    for path, shown in manifest.feeds.items():
        if path in before.feeds and (new := set(_marks(shown)) - set(_marks(before.feeds[path]))):
            found[path] = new
    return found


def _marks(shown: ShownFeed) -> list[str]:
    return [shown.marks[start : start + _LENGTH] for start in range(0, len(shown.marks), _LENGTH)]
