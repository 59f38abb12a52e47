"""The table [site]."""

from msgspec.structs import replace

from feedsvc.config.checks import Problems, read_start, unusable
from feedsvc.config.schema import Serve, Site
from feedsvc.errors import ConfigError
from feedsvc.languages import language_tag
from feedsvc.text import plain_text, web_url


def complete_site(site: Site, serve: Serve) -> Site:
    """Return the table [site] with clean texts, and values in place of those that are missing. Raise ConfigError."""
    problems, base_url, language = Problems(), "", ""
    with problems.collected():
        base_url = read_start("site.base_url", site.base_url) if site.base_url else local_url(serve)
    try:
        language = language_tag(site.language)
    except ValueError as error:
        problems.add(unusable("site.language", site.language, str(error).removeprefix("expected ")))
    problems.check()
    title = plain_text(site.title) or "feedsvc"
    return replace(
        site,
        title=title,
        language=language,
        description=site.description and (plain_text(site.description) or title),
        base_url=base_url,
        author=plain_text(site.author) or title,
    )


def local_url(serve: Serve) -> str:
    """Return the address of a service on this machine, the default of `site.base_url`. Raise ConfigError."""
    local = "localhost" if serve.host in ("0.0.0.0", "::") else f"[{serve.host}]" if ":" in serve.host else serve.host
    try:
        return web_url(f"http://{local}:{serve.port}").rstrip("/")
    except ValueError as error:
        raise ConfigError(unusable("serve.host", serve.host, "a host name or IP address")) from error
