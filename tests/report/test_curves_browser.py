"""Curves answer to the hand: pointed at, zoomed, switched, read as numbers, stopped early."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page
from report_material import history
from test_browser import visit

from onelayer.diagnosis.experiments.early_stops import stays, stop_on
from onelayer.report import linked, style
from onelayer.report.document import Chapter, Document, FigureBlock, Section
from onelayer.report.figures import loss_curves
from onelayer.report.html import to_html
from onelayer.report.linked import Chart, Line, Pane
from onelayer.training import Evaluation, History

pytestmark = pytest.mark.browser

STEPS, EVERY, BATCHES = 24_000, 6, 31
EVALUATED = np.arange(0, STEPS, EVERY)
ACCURACY = 97 - 40 * np.exp(-EVALUATED / 800)
DIPS = [EVERY * (1500 + 203 * i) for i in range(10)]
DIP = DIPS[0]
ACCURACY[[dip // EVERY for dip in DIPS]] = 60.25  # one evaluation alone, each
LOSSES = 0.1 + 0.4 * np.exp(-EVALUATED / 2000) + 0.02 * np.sin(EVALUATED / 300) ** 2
BATCH = np.abs(np.random.default_rng(0).normal(0.2, 0.05, STEPS))
BATCH[0] = 7.0

CURVE = History(
    BATCHES, np.zeros(STEPS),
    tuple(Evaluation(int(step), 0, float(loss), 0.9, 0.9, 1.0)
          for step, loss in zip(EVALUATED, LOSSES, strict=True)),
)  # fmt: skip
PATIENCE = {
    "patience": 10, "every": EVERY, "steps": STEPS,
    "stays": [{"step": s.step, "loss": s.val_loss, "accuracy": s.val_accuracy,
               "evaluations": s.evaluations} for s in stays(CURVE)],
    "lowest": {"step": 0, "loss": float(LOSSES.min()), "accuracy": 0.9},
}  # fmt: skip


def line(label: str, steps: Any, values: Any, *, pale: bool = False) -> Line:
    colour = style.TRAINING if label.startswith("training") else style.VALIDATION
    return Line(label, colour, 'a "run", <b>', BATCHES, steps, values, pale)


def document() -> Document:
    losses = Pane("loss", (
        line("training loss", np.arange(STEPS), BATCH, pale=True),
        line("validation loss", EVALUATED, LOSSES),
    ), logarithmic=True)  # fmt: skip
    accuracies = Pane("accuracy (%)", (line("validation accuracy", EVALUATED, ACCURACY),))
    still = [FigureBlock(loss_curves(history("a"), "a"), "The drawing.")]
    charts = [
        [Chart("Loss and accuracy", "What is seen.", (losses, accuracies), ((DIP, "best"),))],
        [Chart("Early stop", "", (Pane("loss", (losses.lines[1],)),), patience=PATIENCE)],
    ]
    blocks = [linked.interactive(some, still, most=60_000) for some in charts]
    return Document("t", "s", (), (Chapter("c", (Section("x", None, tuple(blocks)),)),))


@pytest.fixture(scope="module")
def page_of_curves(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("curves") / "report.html"
    path.write_text(to_html(document()), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def chart(browser: Browser, page_of_curves: str) -> Iterator[tuple[Page, Locator]]:
    page, troubles = visit(browser, page_of_curves, 1280, "light")
    yield page, shown(page, 0)
    assert [trouble for trouble in troubles if not trouble.startswith("blob:")] == []
    page.close()


def shown(page: Page, place: int) -> Locator:
    box = page.locator(".interactive.curves").nth(place)
    box.scroll_into_view_if_needed()
    box.locator(".panes path").first.wait_for(state="attached")
    return box


def settle(page: Page) -> None:
    page.evaluate("() => new Promise((f) => requestAnimationFrame(() => setTimeout(f, 0)))")


def ticks(box: Locator) -> list[str]:
    return box.locator(".panes text[text-anchor=middle]").all_text_contents()


def dips_drawn(box: Locator) -> tuple[int, list[tuple[float, float]]]:
    """How many points the accuracy's path has, and those at its lowest."""
    d = box.locator(".panes > g").nth(1).locator("path").last.get_attribute("d")
    points = [
        (float(x), float(y)) for x, y in (p.split(" ") for p in re.split("[ML]", d or "")[1:])
    ]
    lowest = max(y for x, y in points if x > 100)
    return len(points), [(x, y) for x, y in points if x > 100 and y == lowest]


def test_a_dip_of_one_evaluation_is_drawn_and_can_be_pointed_at(
    chart: tuple[Page, Locator],
) -> None:
    page, box = chart
    plot = box.locator(".plot")
    number, drawn = dips_drawn(box)
    assert number < 4 * 800  # not more than the pixels tell apart
    assert len(drawn) == len(DIPS)
    x, y = drawn[0]
    own = plot.bounding_box()
    assert own is not None
    page.mouse.move(own["x"] + x, own["y"] + y)
    assert box.locator(".where").inner_text() == f"Step {DIP:,}, epoch {DIP // BATCHES}"
    values = dict(zip(("training", "loss", "accuracy"), box.locator(".at").all(), strict=True))
    assert values["accuracy"].inner_text() == "60.25%"
    assert float(values["loss"].inner_text()) == pytest.approx(LOSSES[DIP // EVERY], rel=1e-3)
    assert float(values["training"].inner_text()) == pytest.approx(BATCH[DIP], rel=1e-3)
    assert box.locator(".rule circle").count() == 3  # at the same step in both panes
    rule = box.locator(".rule line")
    assert rule.get_attribute("x1") == rule.get_attribute("x2")
    assert f"Step {DIP:,}" in (plot.get_attribute("aria-valuetext") or "")
    # The keys go on from there, to the next evaluation and to the next step.
    plot.focus()
    page.keyboard.press("ArrowRight")
    assert plot.get_attribute("aria-valuenow") == str(DIP + EVERY)
    page.keyboard.press("Shift+ArrowLeft")
    assert plot.get_attribute("aria-valuenow") == str(DIP + EVERY - 1)
    page.keyboard.press("Home")
    assert box.locator(".at").first.inner_text() == "7.000"


def test_views_are_chosen_and_the_whole_stays_beside(chart: tuple[Page, Locator]) -> None:
    page, box = chart
    whole, plot = ticks(box), box.locator(".plot")

    def pressed(name: str) -> str | None:
        return box.get_by_role("button", name=name, exact=True).get_attribute("aria-pressed")

    strip = box.locator(".strip path").last.get_attribute("d")
    for name in ("First 5 epochs", "Last 5 epochs"):
        box.get_by_role("button", name=name).click()
        settle(page)
        assert pressed(name) == "true"
        assert pressed("Whole run") == "false"
        assert ticks(box) != whole
        assert box.locator(".strip path").last.get_attribute("d") == strip
    assert float(box.locator(".frame").get_attribute("width") or 0) < 10
    box.get_by_role("button", name="Epochs", exact=True).click()
    settle(page)
    assert ticks(box)[-1] == "epoch"
    assert all(float(tick) > STEPS / BATCHES - 6 for tick in ticks(box)[:-1])
    plot.focus()
    page.keyboard.press("0")
    settle(page)
    assert pressed("Whole run") == "true"
    # A part of the strip is dragged over, and its frame moved; the wheel zooms, a drag moves on.
    own = box.locator(".strip").bounding_box()
    assert own is not None
    y = own["y"] + 20
    views = [ticks(box)]
    for first, last in ((200, 400), (300, 500)):
        page.mouse.move(own["x"] + first, y)
        page.mouse.down()
        page.mouse.move(own["x"] + last, y, steps=3)
        page.mouse.up()
        settle(page)
        views.append(ticks(box))
    page.mouse.move(own["x"] + 300, own["y"] - 150)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    settle(page)
    views.append(ticks(box))
    page.mouse.down()
    page.mouse.move(own["x"] + 100, own["y"] - 150, steps=3)
    page.mouse.up()
    settle(page)
    views.append(ticks(box))
    assert all(a != b for a, b in pairwise(views)), views


def test_curves_are_switched_and_read_as_a_table_and_as_a_file(
    chart: tuple[Page, Locator],
) -> None:
    page, box = chart
    drawn = box.locator(".panes > g path[stroke]")
    assert drawn.count() == 3
    key = box.get_by_role("button", name="training loss")
    key.click()
    settle(page)
    assert key.get_attribute("aria-pressed") == "false"
    assert drawn.count() == 2
    assert "loss (logarithmic)" in box.locator(".panes").inner_html()
    box.get_by_role("button", name="Logarithmic loss").click()
    settle(page)
    assert "logarithmic" not in box.locator(".panes").inner_html()
    box.get_by_text("Table", exact=True).click()
    rows = box.locator("tbody tr")
    rows.first.wait_for()
    cells = [row.split("\t") for row in rows.all_inner_texts()]
    assert len(cells) <= 120
    assert [f"{DIP:,}", "60.25%"] in [[row[0], row[-1]] for row in cells]
    assert cells[0][:2] == ["0", "0"]
    assert cells[-1][0] == f"{EVALUATED[-1]:,}"
    with page.expect_download() as download:
        box.get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "run,series,step,epoch,value"
    kept = line("training loss", np.arange(STEPS), BATCH).thinned(20_000)
    assert len(lines) == 1 + len(kept.steps) + 2 * len(EVALUATED)
    assert f'"a ""run"", <b>",validation accuracy,{DIP},{DIP // BATCHES},60.25' in lines
    assert sum(",training loss,0,0,7" in text for text in lines) == 1


def test_each_patience_stops_where_the_rule_does(browser: Browser, page_of_curves: str) -> None:
    page, troubles = visit(browser, page_of_curves, 390, "dark")
    box = shown(page, 1)
    slider = box.get_by_role("slider", name="Patience")
    seen = set()
    for place in range(0, int(slider.get_attribute("max") or 0) + 1, 4):
        slider.fill(str(place))
        patience = int(box.locator("output").inner_text().split()[0].replace(",", ""))
        said = box.locator(".said").inner_text()
        steps, loss = stop_on(CURVE, patience)
        end = (
            f"stops at step {steps - 1:,} and" if steps < STEPS else f"never stops within {STEPS:,}"
        )
        assert end in said
        assert f"validation loss {loss:#.4g}" in said
        seen.add(steps)
    assert len(seen) > 3
    settle(page)
    assert "keeps: step" in box.locator(".panes").inner_html()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert troubles == []
    page.close()


def test_two_fingers_zoom_and_the_drawing_stays_without_scripts(
    browser: Browser, page_of_curves: str
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(page_of_curves)
    box = shown(page, 0)
    own = box.locator(".plot").bounding_box()
    assert own is not None
    before, fingers = ticks(box), context.new_cdp_session(page)
    for kind, spread in (("touchStart", 20), ("touchMove", 60), ("touchMove", 90), ("touchEnd", 0)):
        points = [{"x": own["x"] + 180 + side * spread, "y": own["y"] + 120, "id": side + 1}
                  for side in (-1, 1)] if spread else []  # fmt: skip
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    settle(page)
    assert ticks(box) != before
    assert not box.locator(".still").is_visible()
    context.close()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_of_curves)
    assert page.locator(".still svg").first.is_visible()
    context.close()
