"""The page in a real browser: nothing overflows, nothing fails, the theme can be changed."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from whole_material import KINDS, whole

from onelayer.report import style
from onelayer.report.document import Document
from onelayer.report.html import to_html

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, document: Document) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(to_html(document), encoding="utf-8")
    return path.as_uri()


def visit(browser: Browser, address: str, width: int, theme: Any) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=theme)
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: troubles.append(request.url))
    page.goto(address)
    troubles.remove(address)
    return page, [trouble for trouble in troubles if not trouble.startswith("data:")]


def unfold(page: Page) -> None:
    """Open every derivation, with all of its steps."""
    page.evaluate("for (const proof of document.querySelectorAll('.proof')) proof.open = true")
    for button in page.get_by_role("button", name="All steps").all():
        button.click()


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.mark.parametrize(
    ("width", "theme"), [(360, "dark"), (390, "light"), (768, "light"), (1280, "dark")]
)
def test_the_page_fits(browser: Browser, address: str, width: int, theme: str) -> None:
    page, troubles = visit(browser, address, width, theme)
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert troubles == []
    # Wide things can still be reached: in a box that scrolls.
    outside = page.evaluate(
        """(width) => [...document.querySelectorAll("main *")]
            .filter((e) => e.getBoundingClientRect().right > width + 1)
            .filter((e) => !e.closest(".scroll, .formula, .line, .derivation > p"))
            .map((e) => e.outerHTML.slice(0, 80))""",
        width,
    )
    assert outside == []
    page.close()


def test_figures_take_the_colours_of_the_theme(browser: Browser, address: str) -> None:
    colour = "getComputedStyle(document.querySelector('.canvas svg text[font-size]')).fill"
    seen = []
    for theme in ("light", "dark"):
        page, _ = visit(browser, address, 1280, theme)
        seen.append(page.evaluate(colour))
        page.close()
    expected = [bytes.fromhex(value[1:]) for value in (style.MUTED.light, style.MUTED.dark)]
    assert seen == [f"rgb({red}, {green}, {blue})" for red, green, blue in expected]


def test_the_button_changes_the_theme_and_the_choice_stays(browser: Browser, address: str) -> None:
    page, troubles = visit(browser, address, 1280, "light")
    light = background(page)
    page.get_by_role("button", name="Dark theme").click()
    dark = background(page)
    assert dark != light
    page.reload()
    assert background(page) == dark
    page.get_by_role("button", name="Light theme").click()
    assert background(page) == light
    assert [trouble for trouble in troubles if trouble != address] == []
    page.close()


def test_the_contents_are_folded_on_a_phone_and_lead_to_the_sections(
    browser: Browser, address: str
) -> None:
    page, _ = visit(browser, address, 390, "light")
    link = page.get_by_role("link", name="Pictures")
    assert not link.is_visible()
    page.get_by_text("Contents", exact=True).click()
    link.click()
    assert page.evaluate("location.hash") == "#section-2-1"
    assert not link.is_visible()
    page.close()


def test_formulas_have_a_size(browser: Browser, address: str) -> None:
    page, _ = visit(browser, address, 1280, "light")
    unfold(page)
    heights = page.evaluate(
        "[...document.querySelectorAll('math')].map((m) => m.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) > 5
    page.close()


def test_a_derivation_is_opened_step_by_step(browser: Browser, address: str) -> None:
    page, _ = visit(browser, address, 1280, "light")
    steps = page.locator(".proof").first.locator(".steps > li")
    following = page.get_by_role("button", name="Next step").first

    def seen() -> list[bool]:
        return [step.is_visible() for step in steps.all()]

    assert seen() == [False, False, False]
    page.get_by_text("3 steps verified").first.click()
    assert seen() == [True, False, False]
    following.click()
    assert seen() == [True, True, False]
    following.click()
    assert seen() == [True, True, True]
    assert not following.is_visible()
    page.close()


def test_a_step_says_how_it_was_checked_and_is_copied_as_latex(
    browser: Browser, address: str
) -> None:
    page, troubles = visit(browser, address, 390, "dark")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    unfold(page)
    proof = page.locator(".proof").first
    said = proof.get_by_text("SymPy multiplies the factors: 1 identity confirmed.")
    assert not said.is_visible()
    proof.get_by_role("button", name="How step 2 was checked").focus()
    assert said.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Copy LaTeX").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == r"\nabla_{w} C ( w ) = - \frac{1}{N} X^{\top} ( y - \hat{y} )"
    proof.get_by_role("button", name="Copy the steps as LaTeX").click()
    proof.get_by_role("button", name="Copied").wait_for()
    steps = page.evaluate("navigator.clipboard.readText()")
    assert steps.count(r"\[") == 3
    assert r"\begin{cases}" in steps
    assert page.evaluate("[...document.fonts].map((font) => font.status)") == ["loaded"]
    assert troubles == []
    page.close()


def test_without_scripts_all_steps_are_there(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_text("3 steps verified").first.click()
    steps = page.locator(".proof").first.locator(".steps > li")
    assert [step.is_visible() for step in steps.all()] == [True] * 3
    context.close()


def violations(page: Page) -> list[Any]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found: list[Any] = axe.Axe().run(page).response["violations"]
    return [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found]


def test_a_whole_report_can_be_read_and_used_by_all(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(to_html(whole()), encoding="utf-8")
    for theme, width in (("light", 1280), ("dark", 390)):
        page, troubles = visit(browser, path.as_uri(), width, theme)
        for box in page.locator(".interactive").all():
            box.scroll_into_view_if_needed()
        page.wait_for_function("!document.querySelector('.interactive:not(.ready)')")
        kinds = "[...document.querySelectorAll('.interactive')].map((e) => e.dataset.kind)"
        assert {*page.evaluate(kinds)} == KINDS
        page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        # What is pressed is large enough for a finger; steps of a proof are words of their line.
        small = page.evaluate(
            """[...document.querySelectorAll('main :is(button, select, summary, [type=range])')]
                .filter((e) => e.offsetHeight && e.offsetHeight < 36 && !e.matches('.check'))
                .map((e) => e.outerHTML.slice(0, 80))"""
        )
        assert small == []
        # The figures that a hand uses bear the numbers of those in whose place they stand.
        numbered = page.evaluate(
            """[...document.querySelectorAll('.interactive.curves')].map((box) =>
                [".hands", ".still"].map((part) => box.querySelector(`${part} figcaption b`))
                    .map((text) => text.textContent.match(/^Figure [0-9]+/)[0]))"""
        )
        assert numbered
        assert all(here == there for here, there in numbered)
        assert "What was <b>done</b>." in page.inner_text("main")
        assert troubles == []
        page.close()
