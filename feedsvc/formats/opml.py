"""OPML 2.0 (http://opml.org/spec2.opml): all feeds, in folders."""

from lxml import etree

from feedsvc.model import Catalogue, FeedSummary, absolute

CONTENT_TYPE = "text/x-opml; charset=utf-8"


def write_opml(catalogue: Catalogue) -> bytes:
    """The list of feeds, each once, in the first format that is published. Empty folders are left out."""
    opml = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(opml, "head"), "title").text = catalogue.title
    body = etree.SubElement(opml, "body")
    for name, feeds in (
        ("Everything", (catalogue.everything,)),
        ("Topics", catalogue.topics),
        ("Providers", catalogue.providers),
        ("Custom", catalogue.custom),
    ):
        if feeds:
            folder = etree.SubElement(body, "outline", text=name)
            for feed in feeds:
                etree.SubElement(folder, "outline", _attributes(catalogue, feed))
    return bytes(etree.tostring(opml, encoding="utf-8", xml_declaration=True))


def _attributes(catalogue: Catalogue, feed: FeedSummary) -> dict[str, str]:
    return {
        "type": "rss",  # whatever the format
        "text": feed.name,
        "title": feed.name,
        "xmlUrl": feed.address.url(catalogue.base_url, catalogue.formats[0].suffix),
        "htmlUrl": absolute(catalogue.base_url, feed.address.page_path),
    }
