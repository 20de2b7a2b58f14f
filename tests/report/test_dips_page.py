"""The dips of a page: opened by hand in a browser, and still without scripts."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from whole_material import images

from onelayer.data import Dataset
from onelayer.diagnosis import Finding, diagnose
from onelayer.report import compose
from onelayer.report.document import FigureBlock, Interactive
from onelayer.report.html import to_html
from onelayer.report.sections.dips import hero
from onelayer.report.sections.dips_by_hand import batch_of_step
from onelayer.report.sections.material import Material
from onelayer.study import Outcome, RunOutcome, outcome_in_memory
from onelayer.training import TrainConfig, train_many

BATCHES, BATCH = 20, 32
NAMES = "<b>left", "right"
Study = tuple[Outcome, list[Finding]]


@pytest.fixture(scope="module")
def study() -> Study:
    X, y = images(BATCH * BATCHES, 0)
    rows = slice(7 * BATCH, 8 * BATCH)
    X[rows], y[rows] = X[y == 1][:BATCH], 0
    V, u = images(300, 9)
    train, validation = (Dataset(i, np.array(NAMES)[of]) for i, of in ((X, y), (V, u)))
    options = {"model": "logistic", "learning_rate": 1.0, "batch_size": BATCH, "max_epochs": 14}
    config = TrainConfig.model_validate(options | {"order": "file"})
    (result,) = train_many(train, validation, [config])
    outcome, data = outcome_in_memory(train, validation, {"file": result})
    return outcome, diagnose(outcome, data, only=["OL102"])


def interactive(study: Study) -> Interactive:
    (block,) = hero(Material(study[0], tuple(study[1])))
    assert isinstance(block, Interactive)
    return block


def test_the_head_can_be_opened_and_holds_what_was_measured(study: Study) -> None:
    block = interactive(study)
    data = json.loads(json.dumps(block.data, allow_nan=False))
    assert (data["batches"], data["batch"], data["size"]) == (BATCHES, 7, [6, 4, 1])
    assert [curve["name"] for curve in data["curves"]][:5] == [
        "file order", "another sequence", "shuffled once", "shuffled in each epoch",
        "without the batch",
    ]  # fmt: skip
    assert data["curves"][0]["watched"] == list(range(27, 14 * BATCHES, BATCHES))
    assert len(data["opened"]) == 4
    kinds = [b.figure.name for b in block.still if isinstance(b, FigureBlock)]
    assert kinds == ["dips-file", "harmful-examples-file"]


def test_steps_know_their_batch_in_any_sequence(study: Study) -> None:
    (run,) = study[0].runs

    def of(order: str) -> list[int]:
        config = run.record.config.model_copy(update={"order": order})
        made = RunOutcome(run.run, run.record.__class__(**{**vars(run.record), "config": config}),
                          run.history, run.model)  # fmt: skip
        found: list[int] = batch_of_step(made, 50, BATCHES).tolist()
        return found

    assert of("file") == [step % BATCHES for step in range(50)]
    moved = of("batches")
    assert sorted(moved[:BATCHES]) == list(range(BATCHES))
    assert moved[:BATCHES] != moved[BATCHES : 2 * BATCHES]


@pytest.fixture(scope="module")
def page(
    tmp_path_factory: pytest.TempPathFactory, study: Study, browser: Browser
) -> tuple[Page, list[str]]:
    path: Path = tmp_path_factory.mktemp("dips") / "report.html"
    path.write_text(to_html(compose(*study)), encoding="utf-8")
    troubles: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(path.as_uri())
    page.locator(".dips.ready").wait_for()
    return page, troubles


@pytest.mark.browser
def test_any_batch_is_opened_by_hand(page: tuple[Page, list[str]]) -> None:
    view, troubles = page
    box = view.locator(".dips .hands")
    title = box.locator(".batch .name")
    said, read, sheet = box.locator(".said"), box.locator(".read"), box.locator(".sheet li")
    curve = box.get_by_role("slider", name="Step to open")
    bars = box.get_by_role("slider", name="Batch to open")

    def marks() -> int:
        return box.locator("circle.mark").count()

    # As it was: the batch behind the dips is open, its harmful examples framed.
    assert title.inner_text() == "Batch 7, at step 27"
    assert "As file was trained: after batch 7" in said.inner_text()
    assert marks() == 12
    assert 0 < box.locator(".sheet li.framed").count() <= sheet.count() == 24
    light = sheet.first.locator("canvas").evaluate(
        "(c) => [c.width, c.height, Math.max(...c.getContext('2d').getImageData(0, 0, 4, 6).data)]"
    )
    assert light == [4, 6, 255]
    box.get_by_role("button", name="All 32").click()
    assert sheet.count() == 32
    assert box.locator(".counts tbody th").all_inner_texts() == [*NAMES]
    # Another curve in the same axes.
    scale = curve.locator("text").all_inner_texts()
    box.get_by_role("button", name="shuffled once").click()
    assert said.inner_text().startswith("Figure 1. Examples shuffled once: the accuracy falls by")
    assert "marked; in as many epochs (13) it was" in said.inner_text()
    assert curve.locator("text").all_inner_texts() == scale
    assert box.locator("path.changed").count() == 1
    assert box.locator("path.own.faint").count() == 1
    box.get_by_role("button", name="file order").click()
    assert box.locator("path.changed").count() == 0
    # Hovered, then chosen; by keys; by its bar.
    place = curve.bounding_box()
    assert place is not None
    view.mouse.move(place["x"] + place["width"] / 2, place["y"] + 90)
    assert read.inner_text() != "step 27, epoch 1, on batch 7"
    curve.click(position={"x": place["width"] - 8, "y": 90})
    assert title.inner_text() == "Batch 19, at step 259"
    curve.press("ArrowLeft")
    assert title.inner_text() == "Batch 18, at step 258"
    assert curve.get_attribute("aria-valuenow") == "258"
    curve.press("PageDown")
    assert title.inner_text() == "Batch 18, at step 238"
    bars.click(position={"x": 50, "y": 60})
    assert title.inner_text() == "Batch 0, at step 220"
    bars.press("ArrowRight")
    assert title.inner_text() == "Batch 1, at step 221"
    box.get_by_role("button", name="The deepest: 7").click()
    assert title.inner_text() == "Batch 7, at step 227"
    # A batch whose examples are not in the page shows its numbers.
    closed = set()
    for batch in range(BATCHES):
        bars.press("Home") if batch == 0 else bars.press("ArrowRight")
        if not sheet.first.is_visible():
            closed.add(batch)
    assert len(closed) == BATCHES - 4
    assert box.locator(".numbers dd").count() == 6
    # The whole run, its climb cut off, and only some of its epochs.
    box.get_by_role("button", name="whole run").click()
    assert not box.get_by_label("from epoch").is_visible()
    assert marks() == 13
    box.get_by_role("button", name="4 epochs").click()
    assert marks() == 4
    assert [trouble for trouble in troubles if not trouble.startswith("blob:")] == []


@pytest.mark.browser
def test_the_dips_fit_a_phone_and_answer_at_once(page: tuple[Page, list[str]]) -> None:
    view, _ = page
    view.set_viewport_size({"width": 390, "height": 844})
    view.wait_for_function("document.querySelector('.dips svg.plot').clientWidth < 380")
    assert view.evaluate("document.documentElement.scrollWidth") == 390
    low = view.evaluate(
        """[...document.querySelectorAll(".dips button, .dips svg.plot")]
            .filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect().height)"""
    )
    assert min(low) >= 35
    worst = view.evaluate(
        """() => Math.max(...[...document.querySelectorAll(".dips .controls button")]
            .filter((button) => button.checkVisibility() && button.textContent !== "CSV")
            .map((button) => Math.min(...[0, 1, 2, 3, 4].map(() => {
                const at = performance.now();
                button.click();
                document.body.clientHeight;
                return performance.now() - at;
            }))))"""
    )  # of each the least, since a loaded machine pauses
    assert worst < 100
    with view.expect_download() as download:
        view.locator(".dips").get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0].startswith('step,epoch,batch,"as it was"')
    assert len(lines) == 1 + 14 * BATCHES


@pytest.mark.browser
def test_without_scripts_the_still_figures_are_there(page: tuple[Page, list[str]]) -> None:
    view, _ = page
    assert view.locator(".dips > .still").is_hidden()
    browser = view.context.browser
    assert browser is not None
    context: Any = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(view.url)
    assert plain.locator(".dips > .still .canvas").count() == 2
    assert plain.locator(".dips > .still").is_visible()
    assert plain.locator(".dips > .hands").is_hidden()
    context.close()
