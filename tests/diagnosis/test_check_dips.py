from typing import Any

import numpy as np
import pytest
from diagnosis_material import evidence_of, trained_run
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis import Answer, Context, Finding, Severity
from onelayer.diagnosis.checks.dips import look
from onelayer.diagnosis.measures.dips import AccuracyDips

BATCH, BATCHES, FEATURES = 32, 20, 6
N = BATCH * BATCHES
Parts = tuple[NDArray[Any], NDArray[Any]]
RUN: dict[str, Any] = {
    "model": "logistic", "learning_rate": 0.5, "batch_size": BATCH, "max_epochs": 12,
    "order": "file",
}  # fmt: skip


def blobs(n: int = N, seed: int = 0, shift: float = 1.2) -> Parts:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    X = rng.normal(size=(n, FEATURES))
    X[:, 0] += shift * (2 * y - 1)
    return X, y


def wrong_batch(batch: int = 7) -> Parts:
    """A batch whose examples are all of one class, and labelled as the other."""
    X, y = blobs()
    rows = slice(batch * BATCH, (batch + 1) * BATCH)
    X[rows, 0], y[rows] = 1.2, 0
    return X, y


def stretch(length: int = 3) -> Parts:
    """Batches in a row of one class alone; features that are not centred add up what they do."""
    X, y = blobs()
    X[:, 2:] += 2
    last = np.flatnonzero(y == 1)[-length * BATCH :]
    others = np.setdiff1d(np.arange(N), last)
    order = np.concatenate([others[: 6 * BATCH], last, others[6 * BATCH :]])
    return X[order], y[order]


def contradiction() -> Parts:
    """Two equal examples far out, in two batches, of different classes."""
    X, y = blobs()
    for row, label in ((7 * BATCH + 3, 0), (14 * BATCH + 5, 1)):
        X[row], y[row] = 0, label
        X[row, 1] = 120
    return X, y


def context_of(parts: Parts, n_validation: int = 300, **options: Any) -> Context:
    X, y = parts
    V, u = blobs(n_validation, seed=9)
    V[:, 2:] += np.median(X[:, 2:])
    return trained_run(Dataset(X, y), Dataset(V, u), **RUN | options)


def finding_on(parts: Parts, n_validation: int = 300, **options: Any) -> Finding:
    (finding,) = look(context_of(parts, n_validation, **options))
    assert (finding.code, finding.check, finding.runs) == ("OL102", "dips", ("run",))
    evidence_of(finding)
    return finding


def dips_in(finding: Finding) -> AccuracyDips:
    assert isinstance(finding.measurement, AccuracyDips)
    return finding.measurement


def test_composition_is_told_with_the_batch_and_its_examples() -> None:
    finding = finding_on(wrong_batch(7))
    dips = dips_in(finding)
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.WARNING
    assert (dips.batch, dips.verdict, dips.same_bits) == (7, "composition", True)
    assert evidence_of(finding)["batch"] == 7
    assert dips.culprit is not None
    assert dips.culprit.class_counts == (32, 0)
    assert dips.culprit.gradient_cosine < 0
    assert dips.culprit.gradient_norm > 3 * dips.culprit.other_gradient_norm
    assert all(7 * BATCH <= example.row < 8 * BATCH for example in dips.culprit.examples)
    assert all(example.label == 0 for example in dips.culprit.examples)
    own, batches, once, anew, without, *_ = dips.interventions
    assert own.fall > 0.03
    assert batches.fall > own.fall / 2
    assert max(once.fall, anew.fall, without.fall) < own.fall / 3
    assert "It is the composition of the batch" in finding.statement
    assert "after the step on batch 7" in finding.statement
    assert finding.advice.startswith("Shuffle the examples.")
    assert len(finding.how_sure.tried) == len(dips.interventions)


def test_order_is_told_where_another_sequence_removes_the_dip() -> None:
    finding = finding_on(stretch(), learning_rate=0.1)
    dips = dips_in(finding)
    assert (finding.answer, dips.verdict) == (Answer.FOUND, "order")
    own, batches, *_ = dips.interventions
    assert batches.fall < own.fall / 2
    assert "It is the order" in finding.statement


def test_examples_are_told_where_the_dip_follows_them_into_any_order() -> None:
    finding = finding_on(contradiction())
    dips = dips_in(finding)
    assert (finding.answer, dips.verdict) == (Answer.FOUND, "examples")
    assert dips.batch in (7, 14)
    assert dips.culprit is not None
    assert dips.culprit.carried_by == 1
    assert dips.culprit.examples[0].row in (7 * BATCH + 3, 14 * BATCH + 5)
    assert "It is single examples" in finding.statement


def test_healthy_runs_in_the_order_of_the_file_are_clear() -> None:
    finding = finding_on(blobs())
    assert finding.answer is Answer.CLEAR
    assert dips_in(finding).batch is None
    assert dips_in(finding).culprit is None
    assert not evidence_of(finding)["interventions"]


def test_runs_that_are_shuffled_in_each_epoch_are_clear() -> None:
    finding = finding_on(wrong_batch(), order="epoch")
    assert finding.answer is Answer.CLEAR
    assert "no batch comes twice" in finding.statement


def test_a_batch_is_followed_where_the_sequence_is_shuffled() -> None:
    dips = dips_in(finding_on(wrong_batch(7), order="batches"))
    assert (dips.batch, dips.verdict) == (7, "composition")


def test_rows_are_those_of_the_file_where_examples_were_shuffled_once() -> None:
    X, y = wrong_batch(7)
    back = np.random.default_rng(3).permutation(N)
    from_file = finding_on((X[back], y[back]), order="once", seed=1)
    assert from_file.answer is Answer.CLEAR  # the wrong ones are spread over all batches
    order = np.argsort(y, kind="stable")  # as sorted by class: one batch in the middle holds both
    sorted_runs = finding_on((X[order], y[order]), order="class", learning_rate=0.05)
    found = dips_in(sorted_runs).culprit
    assert found is None or all(0 <= example.row < N for example in found.examples)


@pytest.mark.parametrize(
    ("options", "answer", "words"),
    [
        ({"max_epochs": 5}, Answer.CANT_TELL, "6 epochs of 8 batches are needed"),
        ({"batch_size": 100}, Answer.CANT_TELL, "and 12 epochs of 7 are at hand"),
        ({"features": (0, 3)}, Answer.NOT_APPLICABLE, "reads some features"),
        ({"examples_per_class": 100}, Answer.NOT_APPLICABLE, "drawn examples"),
    ],
)
def test_runs_that_cannot_be_asked(options: dict[str, Any], answer: Answer, words: str) -> None:
    finding = finding_on(wrong_batch(), **options)
    assert finding.answer is answer
    assert words in finding.statement


def test_few_validation_examples_cannot_show_a_dip() -> None:
    assert finding_on(wrong_batch(), 40).answer is Answer.CANT_TELL


def test_minima_and_broken_runs_are_not_asked() -> None:
    assert look(context_of(blobs(), solver="optimum", l2=0.01, order="epoch")) == []


def test_early_stopping_and_momentum_are_replayed_to_the_bit() -> None:
    options: dict[str, Any] = {
        "early_stopping": {"patience": 30}, "momentum": 0.7, "max_epochs": 20,
    }  # fmt: skip
    finding = finding_on(wrong_batch(7), **options)
    dips = dips_in(finding)
    assert dips.same_bits
    assert dips.batch == 7
    assert dips.lag > 0  # under momentum the deepest place comes later
    assert f"(deepest {dips.lag} step" in finding.statement
