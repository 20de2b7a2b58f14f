"""Drawing and mistakes on the page, by mouse, touch and keyboard, held against Python."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands_material import colours, digits, document_of
from playwright.sync_api import Browser, Page
from test_browser import visit

from onelayer.data.drawings import Frame, prepared
from onelayer.diagnosis.measures.mistakes import Mistakes
from onelayer.report.html import to_html

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_of_digits(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("digits") / "report.html"
    outcome, findings, _ = digits()
    path.write_text(to_html(document_of(outcome, findings)), encoding="utf-8")
    return path.as_uri()


def ready(page: Page) -> None:
    """Wait until what a hand uses is there."""
    for kind in ("draw", "confusion"):
        page.locator(f".interactive.{kind}").first.scroll_into_view_if_needed()
        page.locator(f".interactive.{kind}.ready").first.wait_for()


def answers(page: Page) -> list[list[float]]:
    """Return the probabilities that each model gives, as the page shows them."""
    found: list[list[float]] = page.evaluate(
        """[...document.querySelectorAll('.answer-of')].map((box) =>
            [...box.querySelectorAll('li')].map((row) => Number(row.dataset.probability)))"""
    )
    return found


def seen(page: Page) -> Any:
    """Return the raw values of the small digits that the models see."""
    shown = page.evaluate(
        """() => {
            const canvas = document.querySelector('.seen');
            const { data } = canvas.getContext('2d').getImageData(0, 0, 8, 8);
            return [...data].filter((_, place) => place % 4 === 0);
        }"""
    )
    return np.rint(np.array(shown) * 16 / 255)


def says(page: Page) -> None:
    """Compare the answers on the page with those of Python for the pixels that are seen."""
    outcome, _, _ = digits()
    for run, own in zip(outcome.runs, answers(page), strict=True):
        assert np.allclose(own, run.model.predict_proba(seen(page)[None])[0], atol=1e-3)


def draw_a_seven(page: Page) -> None:
    board = page.locator(".board").bounding_box()
    assert board is not None
    points = [(0.3, 0.2), (0.7, 0.2), (0.55, 0.5), (0.45, 0.85)]
    at = [(board["x"] + x * board["width"], board["y"] + y * board["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def settle(page: Page) -> None:
    """Wait for the next two frames."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_drawing_is_answered_at_once_as_python_does(
    browser: Browser, page_of_digits: str, width: int
) -> None:
    page, troubles = visit(browser, page_of_digits, width, "dark" if width == 390 else "light")
    ready(page)
    page.locator(".board").scroll_into_view_if_needed()
    page.get_by_role("button", name="Clear").click()
    assert seen(page).max() == 0
    says(page)
    draw_a_seven(page)
    settle(page)
    drawn = seen(page)
    assert drawn.sum() > 100
    assert drawn.reshape(8, 8)[0].max() == 16  # the height is filled
    says(page)
    told = page.locator(".said").inner_text()
    assert "softmax" in told
    page.get_by_role("combobox", name="Score of").select_option(label="3")
    assert "score of 3" in page.locator(".said").inner_text()
    page.get_by_role("button", name="two").click()
    assert " in “two”" in page.locator(".said").inner_text()
    page.get_by_role("button", name="Undo").click()
    assert seen(page).max() == 0
    assert not page.get_by_role("button", name="Undo").is_enabled()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert troubles == []
    page.close()


def test_validation_images_are_answered_as_python_does(
    browser: Browser, page_of_digits: str
) -> None:
    page, _ = visit(browser, page_of_digits, 1280, "light")
    ready(page)
    outcome, _, validation = digits()
    buttons = page.get_by_role("group", name="Validation images").get_by_role("button")
    assert buttons.count() == 20
    buttons.first.focus()
    rows = [np.flatnonzero(validation.y == label)[k] for label in range(10) for k in (0, 1)]
    expected = [run.model.predict_proba(validation.X[rows]) for run in outcome.runs]
    for place, row in enumerate(rows):
        page.keyboard.press("Enter")
        assert np.array_equal(seen(page), validation.X[row])
        for own, probabilities in zip(answers(page), expected, strict=True):
            assert np.allclose(own, probabilities[place], atol=1e-3)
        page.keyboard.press("Tab")
    page.close()


def test_the_page_prepares_drawings_as_python_does(browser: Browser, page_of_digits: str) -> None:
    page, _ = visit(browser, page_of_digits, 1280, "light")
    ready(page)
    rng = np.random.default_rng(0)
    frames = [
        Frame(28, 28, 0.0, 255.0, 255, 1, 20, 20, "longest", 0, "mass"),
        Frame(8, 8, 0.0, 16.0, 16, 4, 32, 24, "height", 16, "box"),
        Frame(14, 20, 1.0, -1.0, 255, 2, 28, 30, "width", 5, "mass"),
    ]
    for frame in frames:
        for height, width in ((60, 47), (9, 9), (33, 80)):
            ink = np.zeros((height, width))
            top, left = rng.integers(0, height // 2), rng.integers(0, width // 2)
            size = (int(rng.integers(1, height - top)), int(rng.integers(1, width - left)))
            ink[top : top + size[0], left : left + size[1]] = np.clip(rng.random(size) * 1.5, 0, 1)
            given = [ink.ravel().tolist(), height, width, json.loads(json.dumps(vars(frame)))]
            found = page.evaluate("(given) => [...interactives.draw.prepared(...given)]", given)
            step = abs(frame.ink - frame.paper) / frame.steps
            difference = np.abs(np.array(found) - prepared(ink, frame).ravel())
            assert difference.max() <= step * 1.001
            assert np.mean(difference > step / 2) < 0.02
    page.close()


def test_a_finger_on_the_board_draws_and_beside_it_moves_the_page(
    browser: Browser, page_of_digits: str
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(page_of_digits)
    ready(page)
    page.get_by_role("button", name="Clear").tap()
    page.locator(".board").scroll_into_view_if_needed()
    board = page.locator(".board").bounding_box()
    assert board is not None
    devices = context.new_cdp_session(page)

    def drag(x: float, begin: float, end: float) -> float:
        before = float(page.evaluate("scrollY"))
        for k in range(9):
            y = begin + (end - begin) * k / 8
            kind = "touchStart" if k == 0 else "touchMove"
            devices.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]}
            )
        devices.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        settle(page)
        return float(page.evaluate("scrollY")) - before

    middle = board["x"] + board["width"] / 2
    assert drag(middle, board["y"] + 0.8 * board["height"], board["y"] + 0.2 * board["height"]) == 0
    drawn = seen(page).reshape(8, 8)
    assert drawn.sum(axis=1).min() > 0
    says(page)
    takes = page.locator(".how").first.bounding_box()
    assert takes is not None
    assert drag(middle, takes["y"] + 30, takes["y"] - 90) > 20
    assert np.array_equal(seen(page).reshape(8, 8), drawn)
    context.close()


def test_a_cell_shows_its_mistakes_and_arrows_go_from_cell_to_cell(
    browser: Browser, page_of_digits: str
) -> None:
    page, troubles = visit(browser, page_of_digits, 390, "light")
    ready(page)
    _, findings, _ = digits()
    found = next(f.measurement for f in findings if isinstance(f.measurement, Mistakes))
    table = page.locator(".confusion table.matrix").first
    assert table.locator("thead th").all_inner_texts() == ["label", *map(str, range(10))]
    assert table.locator("tbody th").all_inner_texts() == [*map(str, range(10))]
    cells = [
        [int(cell or 0) for cell in row.locator("td").all_inner_texts()]
        for row in table.locator("tbody tr").all()
    ]
    assert cells == found.counts.tolist()
    pair = found.pairs[-1]
    table.locator(f'[data-place="{pair.label} {pair.predicted}"]').click()
    shown = page.locator(".shown").first
    title = f"{pair.count} example{'s' * (pair.count > 1)} of {pair.label} taken for"
    assert title in shown.inner_text()
    own = [m for m in found.mistakes if (m.label, m.predicted) == (pair.label, pair.predicted)]
    assert shown.locator("canvas").count() == len(own)
    assert f"example {own[0].row}" in shown.inner_text()
    # One cell takes the Tab key; the arrows reach the others of its row, and Enter chooses.
    row = next(k for k in range(10) if sum(c > 0 for c in [*cells[k][:k], *cells[k][k + 1 :]]) > 1)
    wrong = [k for k in range(10) if k != row and cells[row][k]]
    table.locator(f'[data-place="{row} {wrong[0]}"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert f"of {row} taken for {wrong[1]}" in shown.inner_text()
    assert table.locator('button[tabindex="0"]').count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert troubles == []
    page.close()


def test_images_in_colour_are_painted_on(browser: Browser, tmp_path: Path) -> None:
    outcome, findings, validation = colours()
    path = tmp_path / "report.html"
    path.write_text(to_html(document_of(outcome, findings)), encoding="utf-8")
    page, troubles = visit(browser, path.as_uri(), 1280, "light")
    ready(page)
    first = int(np.flatnonzero(validation.targets == 0)[0])
    expected = outcome.runs[0].model.predict_proba(validation.X[[first]])[0]
    assert np.allclose(answers(page)[0], expected, atol=1e-3)
    assert page.locator(".answer-of .class").first.inner_text() == "<b>sea</b>"
    page.get_by_label("Colour").fill("#ff0000")
    page.locator(".board").scroll_into_view_if_needed()
    draw_a_seven(page)
    settle(page)
    raw = page.evaluate(
        """() => [...document.querySelector('.seen').getContext('2d').getImageData(0, 0, 6, 6).data]
            .filter((_, place) => place % 4 !== 3)"""
    )
    assert not np.array_equal(raw, validation.X[first])
    painted = outcome.runs[0].model.predict_proba(np.array([raw], float))[0]
    assert np.allclose(answers(page)[0], painted, atol=0.02)  # shown values are rounded
    page.get_by_role("button", name="Undo").click()
    assert np.allclose(answers(page)[0], expected, atol=1e-3)
    assert troubles == []
    page.close()
