"""The libraries that shape what is read from records: another version of one may read the same file otherwise."""

from functools import cache

#: The names that they are installed by: of HTML, Markdown, values, host names, language tags, and times.
LIBRARIES = ("nh3", "markdown-it-py", "linkify-it-py", "PyYAML", "msgspec", "idna", "langcodes", "tzdata")


@cache
def library_versions() -> tuple[str, ...]:
    """Return the version of each, or an empty text for one that is installed without saying which it is."""
    from importlib.metadata import PackageNotFoundError, version  # takes 15 ms to load

    found = []
    for name in LIBRARIES:
        try:
            found.append(version(name))
        except PackageNotFoundError:
            found.append("")
    return tuple(found)
