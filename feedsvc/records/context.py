"""What the values of a record mean where they don't say it themselves."""

import os
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Literal

#: How content is written. "": HTML where it holds an HTML element's tag, else plain text. "mdx": Markdown with JSX.
ContentKind = Literal["", "html", "markdown", "mdx", "text"]

_CONTENT_KINDS: dict[str, ContentKind] = {
    ".md": "markdown", ".markdown": "markdown", ".mdx": "mdx", ".html": "html", ".htm": "html",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Context:
    """What the values of a record mean where they don't say it themselves."""

    #: The URL that relative addresses are resolved against; empty where there is none.
    site: str = ""
    #: The time zone of times without an offset.
    timezone: tzinfo = UTC
    #: How the text after the front matter is written; other content in the same record may be HTML, too.
    content: ContentKind = ""

    def of_file(self, name: str) -> "Context":
        """Return the context of the records in a file, whose suffix says how its text is written."""
        kind = _CONTENT_KINDS.get(os.path.splitext(name)[1].lower(), "")
        return replace(self, content=kind) if kind != self.content else self


#: No site, and times in UTC.
NO_CONTEXT = Context()
