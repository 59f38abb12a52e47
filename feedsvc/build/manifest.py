"""The manifest: which files of an output builds wrote, and in which state."""

import msgspec

from feedsvc.errors import OutputError

#: The manifest's own file. No file that it doesn't list is ever replaced or removed.
MANIFEST = ".feedsvc.json"
#: A revision that no document has: its entry is never up to date.
NEVER = -1
#: Of a file: its size in bytes, and a text with its time of last change in nanoseconds and its digest; or that time
#: alone, in manifests of earlier versions. Of an object: its size, and a text with its digest and its ETag.
State = tuple[int, int | str]


def parts(state: State) -> tuple[int, str, str]:
    """Return the size that a state has, and the two parts of its text, of which the second may be empty."""
    size, text = state
    first, _, second = str(text).partition(" ")
    return size, first, second


class ManifestEntry(msgspec.Struct, array_like=True, gc=False):
    """What a build wrote for one document."""

    #: The document's revision.
    revision: int
    #: The states of its file and of its compressed copies, by file name.
    files: dict[str, State]
    #: The document's outline; empty if it has none, as in manifests of earlier versions.
    outline: str = ""


class Owner(msgspec.Struct, frozen=True):
    """The configuration that an output belongs to."""

    #: `site.base_url`, or where that isn't set, the site's title.
    site: str
    #: The configuration's file: relative to the output, if that is a folder, else its name; empty for one without.
    file: str
    #: `feeds.related`.
    related: str


class ShownFeed(msgspec.Struct, array_like=True):
    """What the document of a current feed shows."""

    #: The feed's revision.
    revision: int
    #: The hashes of its stories, one after the other; see `guard.hashes`.
    hashes: str


class Manifest(msgspec.Struct, omit_defaults=True):
    """What builds wrote into an output.

    In JSON, the fields have the names of earlier versions of feedsvc, so that manifests stay readable both ways. Those
    with a default are new: without them, there is nothing to compare.
    """

    #: The fingerprint of all that documents depend on besides the index.
    stamp: str
    #: One for each document, by its address.
    entries: dict[str, ManifestEntry] = msgspec.field(name="made")
    #: Names of further files of ours: those that a build was about to write or remove when it was interrupted.
    pending: set[str] = msgspec.field(name="claimed")
    owner: Owner | None = None
    #: The current feeds, by path without suffix, and the URLs of the entries of the configured mode that they show, in
    #: order.
    feeds: dict[str, ShownFeed] = {}
    stories: list[str] = []
    #: The revision of all documents, if the build that wrote it left nothing to be done; else NEVER.
    revision: int = NEVER

    @property
    def states(self) -> dict[str, State]:
        """The states of all files that were written, by name."""
        return {name: state for entry in self.entries.values() for name, state in entry.files.items()}

    @property
    def file_names(self) -> set[str]:
        """The names of all files that are ours."""
        return {name for entry in self.entries.values() for name in entry.files} | self.pending

    @staticmethod
    def parse(text: bytes, where: str) -> "Manifest":
        """Return the manifest that is stored as a JSON text. Raises OutputError, which names `where` it is stored."""
        try:
            manifest = msgspec.json.decode(text, type=Manifest)
        except msgspec.MsgspecError:
            manifest = None
        if manifest is None or not _are_inside(manifest.file_names):
            raise OutputError(f"{where}: not a list of feedsvc's files; restore it, or build into an empty folder")
        return manifest

    def text(self) -> bytes:
        """Return the JSON text to store, which is the same for equal manifests."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=1)


def _are_inside(names: set[str]) -> bool:
    """Return whether all names are of files below the output; few manifests have one that needs a closer look."""
    text = "\n".join(["", *names])
    return not any(part in text for part in ("\n/", "..", "\0")) or all(map(_is_inside, names))


def _is_inside(name: str) -> bool:
    return not name.startswith("/") and not (".." in name and ".." in name.split("/")) and "\0" not in name


def file_name(address: str) -> str:
    """Return the name of the file for an address; that of a folder's page is index.html in that folder."""
    return (address + "index.html" if address.endswith("/") else address).removeprefix("/")
