"""OPML 2.0 (http://opml.org/spec2.opml): the list of all feeds, in folders."""

from lxml import etree

from feedsvc.model import Catalogue, FeedSummary, absolute

CONTENT_TYPE = "text/x-opml; charset=utf-8"


def write_opml(catalogue: Catalogue) -> bytes:
    """Return the list of all feeds in OPML, with the addresses of the first published format, without empty folders."""
    opml = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(opml, "head"), "title").text = catalogue.title
    labels = catalogue.labels
    body = etree.SubElement(opml, "body")
    for label, feeds in (
        (labels.everything, (catalogue.everything,)),
        (labels.topics, catalogue.topics),
        (labels.providers, catalogue.providers),
        (labels.custom, catalogue.custom),
    ):
        if feeds:
            folder = etree.SubElement(body, "outline", text=label.text)
            for feed in feeds:
                etree.SubElement(folder, "outline", _attributes(catalogue, feed))
    return bytes(etree.tostring(opml, encoding="utf-8", xml_declaration=True))


def _attributes(catalogue: Catalogue, feed: FeedSummary) -> dict[str, str]:
    return {
        "type": "rss",  # of every format
        "text": feed.name,
        "title": feed.name,
        "xmlUrl": feed.address.url(catalogue.base_url, catalogue.formats[0].suffix),
        "htmlUrl": absolute(catalogue.base_url, feed.address.page_path),
    }
