"""What subscribers would lose by a build, and what they would see as new: by the manifest of the builds before it."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import blake2b

from msgspec import Struct

from feedsvc.build.manifest import Manifest, ShownFeed
from feedsvc.errors import LossError
from feedsvc.feeds.documents import Documents, Listing
from feedsvc.index.guard import EXAMPLES, is_too_much
from feedsvc.model import FeedAddress

#: The characters of a story's hash.
_LENGTH = 8


def hashes(urls: Iterable[str]) -> str:
    """Return the hashes of stories, one after the other, as the manifest has them of a feed."""
    return urlsafe_b64encode(b"".join(blake2b(url.encode(), digest_size=6).digest() for url in urls)).decode()


class Shown(Struct, frozen=True):
    """What the current feeds showed, by the manifest of earlier builds, and what of it is still there."""

    #: The revisions that all current feeds have now.
    revisions: dict[FeedAddress, int]
    #: The feeds that didn't change since.
    unchanged: dict[FeedAddress, ShownFeed]
    #: The URLs of the stories that the index still has, by hash.
    there: dict[str, str]
    #: Those that it lacks, in order.
    lost: list[str]


def find_shown(documents: Documents, before: Manifest, listing: Listing, *, is_same: bool) -> Shown:
    """Return what the manifest of earlier builds knows, held against the index.

    A story that only left a current feed isn't lost; nor is one that isn't an entry since the configuration has another
    `feeds.related`, as long as the index has it. is_same: whether the manifest is of the same stamp.
    """
    revisions = {feed: revision for revision, (first, *_) in listing if (feed := first.feed) and feed.is_current}
    unchanged = {}
    for feed, revision in revisions.items() if is_same else ():
        shown = before.feeds.get(feed.feed_path)
        if shown and shown.revision == revision:
            unchanged[feed] = shown
    there = dict(zip(_split(hashes(before.stories)), before.stories, strict=True))
    # What an unchanged feed shows needn't be looked up.
    changed = there.keys() - {each for shown in unchanged.values() for each in _split(shown.hashes)}
    is_same_mode = before.owner is not None and before.owner.related == documents.config.feeds.related
    urls = [url for each, url in there.items() if each in changed]
    lost = documents.missing_stories(urls, entries_alone=is_same_mode)
    for each in _split(hashes(lost)):
        del there[each]
    return Shown(revisions, unchanged, there, lost)


def find_loss(documents: Documents, before: Manifest, shown: Shown, where: str) -> LossError | None:
    """Return an error if more stories of an earlier build's feeds would go than `records.max_loss` allows.

    where: the output, for the message.
    """
    lost, published, max_loss = shown.lost, len(before.stories), documents.config.records.max_loss
    if is_too_much(len(lost), published, max_loss):
        return LossError(where, len(lost), published, lost[:EXAMPLES], max_loss, "feedsvc build --accept-loss")
    return None


def note_stories(manifest: Manifest, documents: Documents, shown: Shown) -> None:
    """Note in a manifest which stories the current feeds show. Those of feeds that didn't change are known already.

    Some may be no entries in the configured mode: a cluster's records in their providers' feeds, mentions in a custom
    feed with a mode of its own. They come and go with the feeds, so they are left out of what a build may lose.
    """
    read = documents.stories(feed for feed in shown.revisions if feed not in shown.unchanged)
    manifest.feeds = {feed.feed_path: each for feed, each in shown.unchanged.items()}
    for feed, urls in read.items():
        manifest.feeds[feed.feed_path] = ShownFeed(shown.revisions[feed], hashes(urls))
    known = shown.there if shown.unchanged else {}
    now = {each for feed in manifest.feeds.values() for each in _split(feed.hashes)}
    new = list({url for urls in read.values() for url in urls}.difference(known.values()))
    missing = documents.missing_stories(new, entries_alone=True)
    manifest.stories = sorted([*(url for each, url in known.items() if each in now), *{*new}.difference(missing)])


def new_stories(manifest: Manifest, before: Manifest) -> dict[str, set[str]]:
    """Return the hashes of what subscribers see as new in each feed, by its path; feeds that are new have none yet."""
    found = {}
    for path, shown in manifest.feeds.items():
        if path in before.feeds and (new := set(_split(shown.hashes)) - set(_split(before.feeds[path].hashes))):
            found[path] = new
    return found


def _split(hashes: str) -> list[str]:
    return [hashes[start : start + _LENGTH] for start in range(0, len(hashes), _LENGTH)]
