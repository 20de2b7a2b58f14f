"""Findings have figures: what each check shows, and that the page draws it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from outcome_material import study_of

from onelayer.diagnosis import Answer, Finding, Severity
from onelayer.diagnosis.checks.best_of_several import Behind, BestOfSeveral
from onelayer.diagnosis.checks.choice_optimism import ChoiceOptimism
from onelayer.diagnosis.checks.class_order import unevenness
from onelayer.diagnosis.checks.confidence import Confidence
from onelayer.diagnosis.checks.duplicate_features import DuplicateFeatures, Pair
from onelayer.diagnosis.checks.early_stopping import EarlyStop
from onelayer.diagnosis.checks.ends import UnfinishedRun
from onelayer.diagnosis.checks.grid_edge import GridEdge, Tried
from onelayer.diagnosis.checks.labels import Suspect, SuspiciousLabels
from onelayer.diagnosis.checks.leaks import LeakingFeature
from onelayer.diagnosis.checks.low_rate import LowRate
from onelayer.diagnosis.checks.majority import MajorityComparison
from onelayer.diagnosis.checks.missing_classes import Missing, MissingClasses
from onelayer.diagnosis.checks.oscillation import Oscillation
from onelayer.diagnosis.checks.shared_examples import SharedExamples
from onelayer.diagnosis.checks.shuffling_speed import AtStep, ShufflingSpeed, Stop
from onelayer.diagnosis.exhibits import Curve, Lines, as_bytes, packed, thinned, unpacked
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.measures.overfitting import Gap, Overfitting
from onelayer.diagnosis.statistics.calibration import ReliabilityBin
from onelayer.report.document import FigureBlock, Fold, Note, unfolded
from onelayer.report.figures.base import is_labelled_right
from onelayer.report.figures.exhibits import exhibit_figure
from onelayer.report.sections.exhibits import figures_of
from onelayer.report.sections.findings import MOST_IN_FULL, findings
from onelayer.report.sections.material import Material, each_sure, how_sure, said
from onelayer.training import StopReason

CURVE = Curve((0.0, 10.0, 20.0), (3.0, 0.5, 0.4))
IMAGES = np.arange(2 * 12, dtype=np.uint8).reshape(2, 12)
GAP = Gap(0.95, 0.9, (0.88, 0.92), 0.03, (0.01, 0.05), 0.02, (-0.01, 0.05))
SUSPECTS = (Suspect(5, 3, 8, 0.001), Suspect(7, 1, 7, 0.02))
LABELS = SuspiciousLabels(100, 0.9, 0.05, (0.03, 0.08), SUSPECTS)
TARGETS = np.repeat([0, 1], 20)
STOP = EarlyStop(
    StopReason.PATIENCE, 3, 20, 2, 0.6, 10, 0.5, 0.9, 21, 100, 0.79, 100, 90, 0.4, 0.92, 0.25,
    curve=CURVE,
)  # fmt: skip

# A measurement, the labels or series of its figure, some of its values, words of its caption.
CASES: dict[str, tuple[Measurement, set[str], list[float], str]] = {
    "stop": (STOP, {"gone on"}, [3.0, 0.5, 0.4], "above the lowest, of step 90"),
    "gap": (
        Overfitting(GAP, 0.0, (0.0, 0.0), 5, 3, 0.0),
        {"training less validation", "of it memory", "of it parts that differ"}, [5.0, 3.0, 2.0],
        "The gap is 5.00 percentage points. Memory, 3.00 percentage points, is",
    ),
    "shuffling": (
        ShufflingSpeed(
            "file", 4, (AtStep(100, 0.5, 0.4, (-0.2, 0.0)),), 10, Stop(1, 1), Stop(1, 1)
        ),
        {"step 100"}, [-0.1], "mean of 4 seeds",
    ),
    "order": (
        replace(unevenness(TARGETS, 10, "file"), classes=("a", "b")), {"a", "b"},
        [10, 10, 0, 0, 0, 0, 10, 10], "1 classes a batch",
    ),
    "labels": (
        replace(LABELS, pixels=packed(IMAGES), image_shape=(3, 4, 1)),
        {"3, seems 8", "1, seems 7"}, [], "what a model that did not see it predicts",
    ),
    "table labels": (
        LABELS, {"row 5: 3, seems 8", "row 7: 1, seems 7"}, [0.1, 2.0], "take its label to be",
    ),
    "confidence": (
        Confidence(
            100, 0.8, 0.7, 0.1, (0, 0.2), 0.1, (0, 0.2), 0.0, (ReliabilityBin(50, 0.6, 0.5),)
        ),
        {"as confident as right", "this model"}, [60.0, 50.0], "Bins of about 50",
    ),
    "low": (
        LowRate(0.01, 1.0, 10.0, 100, 100, 0.1, None, CURVE, CURVE),
        {"the run", "10 times its rate"}, [3.0, 0.5, 0.4] * 2, "from 1 on steps overshoot",
    ),
    "high": (
        Oscillation(2.0, 1.0, None, 0.1, 0.9, 0.5, 0.01, None, CURVE, CURVE),
        {"the run", "rate 0.5"}, [3.0, 0.5, 0.4] * 2, "known before any is made",
    ),
    "best": (
        BestOfSeveral(
            500, "a", 0.9, ("a", "b"), "b",
            (
                Behind("c", 0.8, 0.1, (0.05, 0.15), False),
                Behind("b", 0.89, 0.01, (-0.01, 0.03), True),
            ),
        ),
        {"b", "c"}, [1.0, 10.0], "500 validation examples",
    ),
    "leak": (
        LeakingFeature(200, 3, 0.01, 7, 0.3, 0.5, 0.02),
        {"feature 3 alone", "feature 7 alone, the next best", "always the commonest class",
         "the best run"},
        [1.0, 30.0, 50.0, 2.0], "wrong on 1.0%",
    ),
    "majority": (
        MajorityComparison(
            0.9, (0.88, 0.92), "no", 0.89, 0.01, (0, 0.02), 0.1, 0.01, "yes", 0.11, 0.2, (0.1, 0.3)
        ),
        {"accuracy", "always no", "recall of yes"}, [90.0, 89.0, 20.0], "89.0% of the validation",
    ),
    "ended": (
        UnfinishedRun(StopReason.DIVERGED, 20, 5.0, "weights", "rate", 1.0, None, CURVE),
        {"training loss"}, [3.0, 0.5, 0.4], "the limit of the data 1.",
    ),
    "copies": (
        DuplicateFeatures(9, (Pair(1, 4, -0.9999),), 0.9995, 300),
        {"features 1 and 4"}, [0.9999], "closest 1 of 1 pair;",
    ),
    "known": (
        SharedExamples(100, 400, 20, (), 0.01, (0.1, 0.3), 5, 50, (), 1, 100),
        {"equal to a training example", "nearly equal to one", "validation",
         "training, to another"},
        [20.0, 1.0, 10.0, 1.0], "50 validation examples",
    ),
    "edge": (
        GridEdge("l2", (Tried("a", 0.1, 0.5), Tried("b", 1.0, 0.6)), "a"),
        {"λ = 0.1", "λ = 1"}, [0.5, 0.6], "that of 0.1, 0.5",
    ),
    "choice": (
        ChoiceOptimism(500, 8, "a", 0.9, 0.02, (0.01, 0.03), 0),
        {"on the examples that chose it", "less what the choice adds"}, [90.0, 88.0], "8 runs",
    ),
    "missing": (
        MissingClasses(16, 40, 3, (Missing("rare", 9, 0.8, 0.5, 12),)),
        {"rare", "here", "in a random order"}, [80.0, 50.0], "Of 40 batches of 16",
    ),
}  # fmt: skip


def finding_of(measurement: Measurement, **options: Any) -> Finding:
    return Finding(
        type(measurement), ("r$un",), Answer.FOUND, Severity.INFO, "So.", measurement, **options
    )


@pytest.mark.parametrize("case", CASES)
def test_what_a_check_measured_is_drawn(case: str) -> None:
    measurement, names, values, words = CASES[case]
    again = type(measurement).from_json(measurement.as_json())
    assert again == measurement
    (block,) = figures_of(finding_of(again))
    figure, data = block.figure, block.figure.data
    assert words in block.caption
    texts = {text for c in ("label", "series", "text") if c in data for text in data[c]} - {""}
    assert texts == names
    column = "count" if "count" in data.columns else "value"
    if values:
        np.testing.assert_allclose(data[column].to_list()[-len(values) :], values)
    assert figure.name.startswith(measurement.code.lower())
    svg = figure.svg()
    assert figure.title in svg
    for name in names if case != "shuffling" else ():
        assert name in svg


def test_a_check_that_shows_nothing_has_no_figure() -> None:
    assert figures_of(finding_of(replace(STOP, curve=None))) == []
    assert figures_of(replace(finding_of(STOP), measurement=None)) == []
    untried = Oscillation(2.0, 1.0, None, 0.1, 0.9)
    assert figures_of(finding_of(untried)) == []


def test_the_findings_have_their_figures_but_not_hundreds() -> None:
    some = (finding_of(STOP),) * (MOST_IN_FULL + 3)
    clear = replace(finding_of(STOP), answer=Answer.CLEAR)
    section = findings(Material(study_of([]), (*some, clear, finding_of(LABELS))), {})
    blocks = [*unfolded(section.blocks)]
    drawn = [b.figure.name[:5] for b in blocks if isinstance(b, FigureBlock)]
    assert drawn == ["ol101"] * MOST_IN_FULL + ["ol210"]
    folds = [b.title for b in blocks if isinstance(b, Fold) and b.title != "How sure?"]
    assert [title[:15] for title in folds] == [
        "1 more answer: ", "OL101, Early st", "3 more of OL101", "OL210, Wrong la",
    ]  # fmt: skip
    assert not [b for b in section.blocks if isinstance(b, Note)]  # the table is what is seen


def test_of_many_findings_that_differ_in_numbers_a_few_are_told() -> None:
    blocks = said([*(finding_of(STOP) for _ in range(4)), finding_of(LABELS)])
    assert len([b for b in blocks if isinstance(b, Fold) and b.title == "How sure?"]) == 2
    (others,) = [b for b in blocks if isinstance(b, Fold) and b.title == "And of the others"]
    assert len(others.blocks) == 2


def test_rows_that_are_runs_have_their_labels() -> None:
    measurement, _, _, _ = CASES["best"]
    labels = {"b": "λ = 0.1"}
    (block,) = figures_of(finding_of(measurement), lambda name: labels.get(name, name))
    assert set(block.figure.data["label"]) == {"λ = 0.1", "c"}


def test_thinning_keeps_extremes_and_ends() -> None:
    values = np.ones(5000)
    values[[1234, 4000]] = 9.123456, -3.0
    values[7] = np.nan
    curve = thinned(np.arange(5000), values, 100)
    assert len(curve.at) <= 102
    assert dict(zip(curve.at, curve.values, strict=True))[1234] == 9.1235
    assert (min(curve.values), curve.at[0], curve.at[-1]) == (-3.0, 0, 4999)
    assert thinned(np.arange(3), np.array([1.0, np.inf, 2.0])) == Curve((0, 2), (1.0, 2.0))


def test_values_become_bytes_in_one_scale() -> None:
    first, second = as_bytes([np.array([[0.0, 8.0]]), np.array([[16.0, 4.0]])])
    assert first.tolist() == [[0, 128]]
    assert second.tolist() == [[255, 64]]
    dark, bright = as_bytes([np.array([[4, 8]], np.uint8), np.array([[2, 16]], np.uint8)])
    assert [dark.tolist(), bright.tolist()] == [[[64, 128]], [[32, 255]]]
    (same,) = as_bytes([IMAGES + 200])
    assert np.array_equal(unpacked(packed(same), (12,)), IMAGES + 200)


def test_a_curve_over_a_wide_range_says_that_its_scale_is_logarithmic() -> None:
    def drawn(high: float) -> str:
        curve = Curve((0.0, 10.0, 20.0), (high, 0.5, 0.4))
        return exhibit_figure(
            Lines("t", "c", "step", "validation loss", (("a", curve),), (("kept", 4), ("end", 5))),
            "lines",
        ).svg()

    assert "validation loss (logarithmic scale)" in drawn(30.0)
    assert "logarithmic" not in drawn(0.6)


def test_names_of_rules_that_lie_close_stand_on_either_side() -> None:
    middle = 300.0
    assert not is_labelled_right(middle, first_of_several=True)
    assert is_labelled_right(middle, first_of_several=False)
    assert is_labelled_right(5.0, first_of_several=True)
    assert not is_labelled_right(10_000.0, first_of_several=False)


def test_how_sure_is_said_once_for_findings_that_rest_on_the_same() -> None:
    measured = CASES["stop"][0]
    findings = [finding_of(measured), finding_of(measured)]
    own = how_sure(findings[0]).blocks
    assert [[fold.blocks for fold in folds] for folds in each_sure(findings)] == [[own], []]
    other = replace(findings[1], how_sure=replace(findings[1].how_sure, tried=("more",)))
    both = [[fold.blocks for fold in folds] for folds in each_sure([findings[0], other])]
    assert both == [[own], [how_sure(other).blocks]]
