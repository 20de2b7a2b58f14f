"""The live page in a real browser, with a study that is told of by hand."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from live_material import NAMES, begun, make_steps
from playwright.sync_api import Browser, Page, Route, expect

from onelayer.live import LiveServer

pytestmark = pytest.mark.browser


def visit(browser: Browser, server: LiveServer, width: int, theme: Any) -> tuple[Page, list[str]]:
    """Open the page with the network cut; return it with what must not have happened."""
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=theme)
    troubles: list[str] = []

    def only_here(route: Route) -> None:
        if route.request.url.startswith((server.address, "data:")):
            route.continue_()
        else:
            troubles.append(route.request.url)
            route.abort()

    page.route("**/*", only_here)
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(server.address, wait_until="domcontentloaded")
    expect(page.get_by_role("row")).to_have_count(1 + len(NAMES))
    return page, troubles


def pixels(page: Page, canvas: str) -> str:
    return str(page.evaluate(f"document.getElementById('{canvas}').toDataURL()"))


def wait_for_change(page: Page, canvas: str, before: str) -> str:
    for _ in range(200):
        if (now := pixels(page, canvas)) != before:
            return now
        page.wait_for_timeout(50)
    raise AssertionError(f"{canvas} has not changed")


def violations(page: Page) -> list[Any]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found: list[Any] = axe.Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


def test_the_page_grows_stops_and_turns_into_the_report(browser: Browser, tmp_path: Path) -> None:
    state, study = begun()
    stops: list[str] = []
    with LiveServer(state, lambda: stops.append("stop")) as server:
        page, troubles = visit(browser, server, 1280, "light")
        # What the study is called is shown as it is.
        expect(page.get_by_role("heading", level=1)).to_have_text("A study <b>told</b> by hand")
        make_steps(state, study, 0, 200)
        row = page.get_by_role("row").filter(has_text="λ = 0.1")
        expect(row).to_contain_text("200 of 1,000")
        expect(row).to_contain_text("training")
        expect(page.locator("#steps")).to_have_text("600 of at most 3,000 steps")
        expect(page.locator("#left")).to_contain_text("left")
        assert page.title() == "20% – A study <b>told</b> by hand"
        before = pixels(page, "loss"), pixels(page, "accuracy")
        make_steps(state, study, 200, 400)
        drawn = [wait_for_change(page, each, old) for each, old in zip(
            ("loss", "accuracy"), before, strict=True)]  # fmt: skip
        page.get_by_label("Show").select_option("λ = 0")
        wait_for_change(page, "loss", drawn[0])
        expect(page.locator("#loss-title")).to_have_text("Training and validation loss of λ = 0")
        page.get_by_role("button", name="Dark theme").click()
        wait_for_change(page, "accuracy", drawn[1])

        # To stop asks first.
        page.get_by_role("button", name="Stop the study").click()
        page.get_by_role("button", name="Let it go on").click()
        assert stops == []
        page.get_by_role("button", name="Stop the study").click()
        page.get_by_role("button", name="Stop it").click()
        expect(page.get_by_role("status")).to_have_text("Stopping at the next step")
        expect(page.get_by_role("button", name="Stop the study")).to_be_disabled()
        assert stops == ["stop"]

        report = tmp_path / "report.html"
        report.write_text("<!DOCTYPE html><title>the report</title><h1>Done</h1>")
        ender = threading.Thread(target=server.ends, args=("report", "Done", report))
        ender.start()
        page.wait_for_url("**/report")
        expect(page.get_by_role("heading", name="Done")).to_be_visible()
        ender.join()
    assert troubles == []
    page.close()


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1280, "light")])
def test_the_page_fits_and_can_be_read_by_all(browser: Browser, width: int, theme: str) -> None:
    state, study = begun()
    make_steps(state, study, 0, 300)
    with LiveServer(state, lambda: None) as server:
        page, troubles = visit(browser, server, width, theme)
        expect(page.locator("#steps")).to_have_text("900 of at most 3,000 steps")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        low = "[...document.querySelectorAll('button, select')].filter((e) => e.offsetHeight)"
        heights = page.evaluate(f"{low}.map((e) => e.offsetHeight)")
        assert min(heights) >= 28
        assert violations(page) == []
        page.get_by_role("button", name="Stop the study").click()
        assert violations(page) == []
        page.keyboard.press("Escape")
        # A study that is stopped is no report: the page says so, and stays.
        server.ends("interrupted", "Interrupted: 1 of 3 runs are done.")
        expect(page.get_by_role("alert")).to_have_text("Interrupted: 1 of 3 runs are done.")
        assert violations(page) == []
        assert troubles == []
        page.close()


def test_who_opens_it_late_sees_all(browser: Browser) -> None:
    state, study = begun()
    with LiveServer(state, lambda: None) as server:
        first, _ = visit(browser, server, 1280, "light")
        first.close()
        make_steps(state, study, 0, 700)
        page, troubles = visit(browser, server, 1280, "light")
        expect(page.locator("#steps")).to_have_text("2,100 of at most 3,000 steps")
        assert troubles == []
        page.close()
