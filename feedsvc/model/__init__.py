"""The values that everything else passes along. Frozen, and without any I/O.

All times are UTC, to the second; all URLs are absolute, normalised and ASCII; all texts are plain
unless their name says HTML, and hold only characters that XML can hold.
"""

from feedsvc.model.address import EVERYTHING, KINDS, Archive, FeedAddress, Kind, absolute, parse_feed_path
from feedsvc.model.feed import EPOCH, Catalogue, Cluster, Entry, Feed, FeedSummary, Format, Link
from feedsvc.model.filters import (
    COUNTED,
    FILTERS,
    MAX_LIMIT,
    NO_FILTERS,
    Counted,
    Filter,
    Filters,
    RelatedMode,
    parse_filters,
)
from feedsvc.model.labels import PLACEHOLDERS, Label, Labels, make_labels
from feedsvc.model.page import Headline, Month, Page, SearchIndex
from feedsvc.model.story import Image, Problem, Provider, Record, Story, Topic

__all__ = [
    "COUNTED",
    "EPOCH",
    "EVERYTHING",
    "FILTERS",
    "KINDS",
    "MAX_LIMIT",
    "NO_FILTERS",
    "PLACEHOLDERS",
    "Archive",
    "Catalogue",
    "Cluster",
    "Counted",
    "Entry",
    "Feed",
    "FeedAddress",
    "FeedSummary",
    "Filter",
    "Filters",
    "Format",
    "Headline",
    "Image",
    "Kind",
    "Label",
    "Labels",
    "Link",
    "Month",
    "Page",
    "Problem",
    "Provider",
    "Record",
    "RelatedMode",
    "SearchIndex",
    "Story",
    "Topic",
    "absolute",
    "make_labels",
    "parse_feed_path",
    "parse_filters",
]
