"""`onelayer report RUN1 RUN2`: where it writes, and its page in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_helpers import call
from compare_material import FIRST, FOUND_FIRST, FOUND_SECOND, SECOND, make
from playwright.sync_api import Browser, Route, expect


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("runs")
    make(base / "one", FIRST, FOUND_FIRST)
    make(base / "two", SECOND, FOUND_SECOND)
    ended = call("report", base / "one", base / "two")
    assert (ended.code, ended.out) == (0, ""), ended.err
    assert ended.err == f"Report: {base / 'one-and-two.html'}\n"
    return base


def test_the_page_lies_beside_the_first_folder_and_is_not_overwritten(base: Path) -> None:
    page, paper = base / "one-and-two.html", base / "one-and-two.pdf"
    assert paper.read_bytes().startswith(b"%PDF-")
    before = page.read_bytes()
    page.write_bytes(b"mine")
    message = call("report", base / "one", base / "two").refused(2)
    assert message == f"--out {page}: is there already. Name another file, or use --force."
    assert page.read_bytes() == b"mine"
    ended = call("report", base / "one", base / "two", "--force", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert page.read_bytes() == before
    # A PDF of that name is as safe.
    ended = call("report", base / "one", base / "two", "--out", base / "one-and-two.HTML")
    assert "one-and-two.pdf: is there already" in ended.refused(2)
    assert {path.name for path in (base / "one").iterdir()} >= {"results.json", "report.html"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("one", "one"), "are one folder; name two."),
        (("one", "nothing"), "nothing"),
        (("one", "--out", "x.html"), "--out and --force are for two run folders"),
        (("one", "--force"), "--out and --force are for two run folders"),
        (("one", "two", "--out", "x.txt"), "--out x.txt: end the name in .html."),
        (("one", "two", "--out", "no/x.html"), "there is no folder no; make it first."),
        (("one", "two", "--out", "two/report.html", "--force"), "is in two, which the command"),
        (("one", "two", "--out", "one/models/x.html"), "is in one, which the command reads"),
    ],
)
def test_wrong_use_is_refused(
    base: Path, arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base)
    assert message in call("report", *arguments).refused(2)


@pytest.mark.browser
def test_the_page_in_a_browser(base: Path, browser: Browser) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    troubles: list[str] = []
    address = (base / "one-and-two.html").as_uri()

    def cut(route: Route) -> None:
        if route.request.url == address or route.request.url.startswith("data:"):
            route.continue_()
        else:
            troubles.append(route.request.url)
            route.abort()

    for width, theme in ((390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")):
        page = browser.new_page(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if theme == "dark" else "light",
        )
        page.route("**/*", cut)
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_have_text("one and two")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        found = axe.Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        page.close()
    assert troubles == []
