"""The words of feeds: their titles and descriptions, and the labels of the site."""

from functools import lru_cache

from msgspec.structs import asdict

from feedsvc.config import Config, LabelTexts
from feedsvc.model import FeedAddress, Label, Labels, make_labels


def site_labels(config: Config) -> Labels:
    """Return the labels of a site, always the same value for one configuration."""
    return _labels(config.site.language, config.labels)


@lru_cache(8)
def _labels(language: str, texts: LabelTexts) -> Labels:
    return make_labels(language, {name: text for name, text in asdict(texts).items() if text})


def feed_title(config: Config, address: FeedAddress, name: str) -> str:
    """Return the title of a feed. name: of its topic, provider or saved filter."""
    title = config.site.title if address.kind == "feed" else f"{name} - {config.site.title}"
    return f"{title} ({', '.join(address.filters.labels)})" if address.filters.labels else title


def site_description(config: Config) -> Label:
    """Return the description of a site."""
    description = config.site.description
    return Label(description, config.site.language) if description else site_labels(config).description


def feed_description(config: Config, address: FeedAddress, name: str) -> Label:
    """Return the description of a feed. name: of its topic, provider or saved filter."""
    match address.kind:
        case "topics":
            label = site_labels(config).stories_about
            return Label(label.filled(name), label.language)
        case "providers":
            label = site_labels(config).stories_by
            return Label(label.filled(name), label.language)
        case "custom":
            return Label(config.custom[address.slug].description or name, config.site.language)
    return site_description(config)
