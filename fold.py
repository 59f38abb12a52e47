from playwright.sync_api import sync_playwright

with sync_playwright() as p:
    b = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    for w in (390, 1280):
        pg = b.new_page(viewport={"width": w, "height": 900})
        pg.goto("http://127.0.0.1:8811/")
        print(
            w,
            pg.evaluate("document.documentElement.scrollHeight"),
            pg.evaluate("document.querySelector('#providers').closest('section').offsetHeight"),
        )
        pg.locator("#topics").scroll_into_view_if_needed()
        pg.locator(".letters summary").nth(1).click()
        pg.evaluate("document.querySelector('#feeds').scrollIntoView()")
        pg.screenshot(path=f"/tmp/h/pages/fold{w}.png")
        pg.goto("http://127.0.0.1:8811/topics/ai/")
        pg.locator("summary", has_text="Filter these").click()
        pg.get_by_label("Quality of at least").fill("90")
        pg.wait_for_timeout(1500)
        pg.screenshot(
            path=f"/tmp/h/pages/form{w}.png", full_page=True, clip={"x": 0, "y": 0, "width": w, "height": 1500}
        )
