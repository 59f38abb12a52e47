"""What the name of a post's file says: its date, its slug, and the folder that it is in."""

import re

from msgspec import Struct

_DATE = r"(\d{4})[-_.](\d\d?)[-_.](\d\d?)"
_DATED_NAME = re.compile(rf"{_DATE}(?:T[\d:.Z+-]+)?(?:[-_.]+|\Z)")
_DATED_FOLDERS = re.compile(r"(?:^|/)(\d{4})[/-](\d\d?)(?:[/-](\d\d?))?(?:/|\Z)")


class FileName(Struct, frozen=True):
    """What the path of a post's file says. A file named `index` stands for its folder."""

    #: Its last part without suffix, with hyphens for spaces.
    name: str
    #: The folder that it is in, below the source's folder, or below `content` where that is in one.
    parent: str
    #: YYYY-MM-DD from the start of its name, or from folders named after a year, a month and perhaps a day; or empty.
    date: str
    #: Its name without the date.
    slug: str


def read_file_name(path: str, folder: str = "") -> FileName:
    """Return what a path says. path: of a file, below the source's folder. folder: the path of that."""
    *parents, name = path.split("/")
    name = name.rpartition(".")[0] or name
    above = folder.split("/")
    if "content" in above:
        parents = above[len(above) - above[::-1].index("content") :] + parents
    elif "content" in parents:
        parents = parents[parents.index("content") + 1 :]
    if name == "index" and parents:
        name = parents.pop()
    name = re.sub(r"\s+", "-", name)
    dated = _DATED_NAME.match(name)
    slug = name[dated.end() :] or name if dated else name
    found = dated or _DATED_FOLDERS.search("/".join(parents))
    date = ""
    if found:
        year, month, day = found.groups()
        date = f"{year}-{int(month):02}-{int(day or 1):02}"
    return FileName(name, "/".join(part for part in parents if part), date, slug)
