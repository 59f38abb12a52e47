"""The one address of a choice of stories, however it is written."""

from msgspec.structs import replace

from feedsvc.config import Config
from feedsvc.feeds.settings import default_filters, saved_filters
from feedsvc.model import FILTERS, KINDS, NO_FILTERS, FeedAddress, Filters

#: The filter that is as good as the feed of a kind, by kind.
OWN_FILTERS = {kind: name for name, kind in KINDS.items()}


def canonical(config: Config, address: FeedAddress) -> FeedAddress:
    """Return the one address of the stories that an address chooses.

    It has no filters that change nothing: those that have the default value of the feed, or that every story of it
    meets, as its own topic. What the filter of one topic or provider chooses among everything is that one's feed:
    `/feed?topic=ai` is `/topics/ai`. Of a topic and a provider, the topic comes first, and of two topics, the first.
    """
    filters = _needed(address.filters.without(default_filters(config, address)), _met_filters(config, address))
    return _moved(address, filters) or address.filtered(filters)


def _met_filters(config: Config, address: FeedAddress) -> Filters:
    """Return filters that every story of a feed meets."""
    name = OWN_FILTERS.get(address.kind)
    if name:
        return NO_FILTERS.replace(**{name: (address.slug,)})
    return saved_filters(config, address).replace(min_quality=None)  # a default, which an address may set lower


def _needed(filters: Filters, met: Filters) -> Filters:
    """Return filters without what others leave them nothing to do."""
    needed = filters
    for name, values in filters.items:
        others = met.get(name)
        if others is None:
            continue
        match FILTERS[name].comparison:
            case "not in":
                needed = needed.replace(**{name: tuple(value for value in values if value not in others) or None})
            case ">=" if others >= values:
                needed = needed.replace(**{name: None})
            case "<=" if others <= values:
                needed = needed.replace(**{name: None})
            case "in" if set(others) <= set(values):
                needed = needed.replace(**{name: None})
    return needed


def _moved(address: FeedAddress, filters: Filters) -> FeedAddress | None:
    """Return the address of another feed that is chosen as well, and comes before; None if there is none."""
    if address.kind == "custom":
        return None
    order = ["feed", *OWN_FILTERS]
    for name, kind in KINDS.items():
        values = list(filters.get(name) or ())
        if len(values) != 1:
            continue
        moved = replace(address, kind=kind, slug=values[0], filters=filters.replace(**{name: None}))
        if address.kind == "feed":
            return moved
        own = OWN_FILTERS[address.kind]
        comes_before = (order.index(kind), values[0]) < (order.index(address.kind), address.slug)
        if comes_before and not moved.filters.get(own):
            return moved.filtered(moved.filters.replace(**{own: (address.slug,)}))
    return None
