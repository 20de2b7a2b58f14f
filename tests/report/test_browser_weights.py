"""The pictures of weights in a real browser: both sliders, the switches, the film, the pixels."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from onelayer.data import Dataset
from onelayer.diagnosis import Finding, diagnose
from onelayer.diagnosis.measures.pictures import RoundedWeights
from onelayer.report.document import Chapter, Document, Interactive
from onelayer.report.html import to_html
from onelayer.report.sections import Material, build
from onelayer.study import Outcome, SectionChoice, outcome_in_memory
from onelayer.training import TrainConfig, train_many

pytestmark = pytest.mark.browser


def studied(n_classes: int, shape: tuple[int, int], channels: int, **how: Any) -> Document:
    """The section of two runs that were really trained."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % n_classes
    means = rng.normal(size=(n_classes, shape[0] * shape[1] * channels))
    names = [f"<b>{k}</b>" for k in range(n_classes)]
    data = Dataset(rng.normal(size=means[y].shape) + means[y], np.array(names)[y], names)
    configs = [
        TrainConfig(l2=l2, batch_size=10, max_epochs=20, evaluations_per_epoch=3, **how)
        for l2 in (0.0, 0.1)
    ]
    results = dict(zip(("none", "some"), train_many(data, data, configs), strict=True))
    outcome, parts = outcome_in_memory(data, data, results)
    choice = SectionChoice(kind="weights", runs=("none", "some"))
    study = outcome.study.model_copy(update={"sections": (choice,)})
    outcome = replace(outcome, study=study, data={**outcome.data, "image_shape": list(shape)})
    return _document(outcome, diagnose(outcome, parts, only=["OL104"]), choice)


def _document(outcome: Outcome, findings: list[Finding], choice: SectionChoice) -> Document:
    section = build(Material(outcome, tuple(findings)), choice)
    return Document("Weights", "", (), (Chapter("All", (section,)),))


def visit(browser: Browser, document: Document, path: Path, width: int) -> tuple[Page, list[str]]:
    path.write_text(to_html(document), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(path.as_uri())
    page.locator(".interactive.ready").wait_for(state="attached")
    return page, troubles


def colour_at(page: Page, picture: int, row: int, column: int) -> list[int]:
    found: list[int] = page.evaluate(
        """([k, row, column]) => {
            const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
            const canvas = document.querySelectorAll(".pictures canvas")[k];
            copy.drawImage(canvas, column, row, 1, 1, 0, 0, 1, 1);
            return [...copy.getImageData(0, 0, 1, 1).data];
        }""",
        [picture, row, column],
    )
    return found


def test_weights_are_looked_through(browser: Browser, tmp_path: Path) -> None:
    document = studied(10, (4, 5), 1, model="softmax")
    (hands,) = document.interactives()
    page, troubles = visit(browser, document, tmp_path / "page.html", 390)
    box = page.locator(".interactive.weights")
    told, pictures = box.locator(".told").first, box.locator(".pictures figure")
    # Five by two on a phone, large and crisp, all within the page.
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    places = [picture.bounding_box() for picture in pictures.all()]
    assert len({round(place["y"]) for place in places if place}) == 2
    assert all(place and place["width"] > 60 for place in places)
    canvas = box.locator("canvas").first
    assert canvas.evaluate("(c) => getComputedStyle(c).imageRendering") == "pixelated"
    assert pictures.first.inner_text() == "<b>0</b>"
    assert not box.locator(".still").is_visible()

    # λ on a slider; the minimum where it was found.
    along, steps = box.locator("input").all()
    assert "λ = 0, at the end of the run, noise" in told.inner_text()
    assert box.get_by_role("button", name="Minimum").is_disabled()
    along.focus()
    page.keyboard.press("ArrowRight")
    assert "λ = 0.1, at the end" in told.inner_text()
    stop = hands.data["stops"][1]
    assert f"noise {stop['end']['noise']:.2f}" in told.inner_text()
    before = colour_at(page, 2, 1, 1)
    box.get_by_role("button", name="Common scale").click()
    assert colour_at(page, 2, 1, 1) != before  # paler: the others' weights are larger
    box.get_by_role("button", name="Minimum").click()
    assert "at the minimum of the objective" in told.inner_text()
    assert f"noise {stop['minimum']['noise']:.2f}" in told.inner_text()

    # The film, in step with the cursor on the curves, and paused by hand or at its end.
    steps.fill("0")
    assert "after 1 step, noise" in told.inner_text()
    rule = box.locator(".charts .rule")
    at = rule.get_attribute("x1")
    box.get_by_role("button", name="Play").click()
    page.wait_for_function("(at) => document.querySelector('.charts .rule').getAttribute('x1') !== at", arg=at)  # fmt: skip  # noqa: E501
    box.get_by_role("button", name="Pause").click()
    paused = steps.input_value()
    assert 0 < int(paused) < len(stop["film"]["steps"]) - 1
    page.wait_for_timeout(300)
    assert steps.input_value() == paused
    steps.fill(str(len(stop["film"]["steps"]) - 1))
    final = stop["end"]["final"]
    assert f"validation loss {final[0]:.3g}" in told.inner_text()

    # A pixel: by pointer and by keys, its value in every picture.
    canvas.click(position={"x": 2, "y": 2})
    assert "Row 0, column 0" in box.locator(".place").inner_text()
    canvas.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert "Row 1, column 1" in box.locator(".place").inner_text()
    values = [
        float(text.replace("−", "-")) for text in box.locator(".value").all_inner_texts()
    ]  # fmt: skip
    assert values == pytest.approx(weights_at(hands, 1, 1 * 5 + 1), abs=0.01)

    # The limit of strong penalties comes last.
    along.fill("2")
    assert "λ → ∞, the limit of ever stronger penalties" in told.inner_text()
    slow = page.evaluate(
        """() => Math.min(...[0, 1, 2, 3, 4].map(() => {
            const slider = document.querySelector(".weights input");
            slider.value = 2; slider.dispatchEvent(new Event("input"));
            const start = performance.now();
            slider.value = 0; slider.dispatchEvent(new Event("input"));
            return performance.now() - start; }))"""
    )  # the least, since a loaded machine pauses
    assert slow < 100
    assert troubles == []
    page.close()


def weights_at(hands: Interactive, stop: int, feature: int) -> list[float]:
    """The rounded weights of a feature at the end of a run, by output."""
    end = hands.data["stops"][stop]["end"]
    rounded = RoundedWeights(end["levels"], end["largest"], end["packed"])
    return list(rounded.values(len(hands.data["classes"]))[0, feature])


def test_one_output_and_colours(browser: Browser, tmp_path: Path) -> None:
    document = studied(2, (3, 3), 3, model="logistic")
    page, troubles = visit(browser, document, tmp_path / "page.html", 1280)
    box = page.locator(".interactive.weights")
    assert box.locator(".pictures canvas").count() == 1
    red, green, blue, alpha = colour_at(page, 0, 1, 1)
    assert alpha == 255
    assert len({red, green, blue}) > 1
    box.locator(".pictures canvas").hover()
    assert box.locator(".value").inner_text().count("/") == 2
    assert troubles == []
    page.close()
