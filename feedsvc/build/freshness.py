"""Finds out which documents of an output are fresh, without making them."""

from feedsvc.build.manifest import Manifest, ManifestEntry, file_name
from feedsvc.build.output import Groups, Output
from feedsvc.feeds.addresses import Address
from feedsvc.feeds.documents import Documents, Listing


def is_whole(output: Output, before: Manifest, revision: int) -> bool:
    """Return whether a build left all documents of a revision in an output, and their files are as it left them."""
    if before.revision != revision or before.pending:
        return False
    return len(_find_as_left(output, before)) == len(before.entries)


def find_fresh(
    documents: Documents, output: Output, before: Manifest, listing: Listing
) -> tuple[dict[str, ManifestEntry], Groups]:
    """Return the entries of the documents that are fresh, by address, and the addresses of the others.

    A document is fresh if its files are as the manifest says, and it is of the same revision, or of the same outline
    and shows no story that was revised since. before: a manifest of the same stamp.
    """
    as_left = _find_as_left(output, before)
    fresh: dict[str, ManifestEntry] = {}
    outlined: dict[Address, tuple[int, str]] = {}
    others = []
    for revision, addresses in listing:
        entries = {address.path: as_left[address.path] for address in addresses if address.path in as_left}
        if len(entries) == len(addresses):
            known = {(entry.revision, entry.outline) for entry in entries.values()}
            if all(written == revision for written, _ in known):
                fresh |= entries
                continue
            if len(known) == 1 and entries[addresses[0].path].outline:
                outlined[addresses[0]] = known.pop()
        others.append((revision, addresses))
    unrevised = documents.unrevised(outlined)
    stale: Groups = []
    for revision, addresses in others:
        if addresses[0] not in unrevised:
            stale.append(addresses)
            continue
        for address in addresses:
            entry = as_left[address.path]
            fresh[address.path] = ManifestEntry(revision, entry.files, entry.outline)
    return fresh, stale


def _find_as_left(output: Output, before: Manifest) -> dict[str, ManifestEntry]:
    """Return the entries of documents, by address, whose files are in the states that their entries have."""
    changed = output.changed(before.states)
    return {
        address: entry
        for address, entry in before.entries.items()
        if file_name(address) in entry.files and (not changed or changed.isdisjoint(entry.files))
    }
