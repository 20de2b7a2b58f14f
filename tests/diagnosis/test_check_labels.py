import numpy as np
import pytest
from data_material import context_of, only, table
from diagnosis_material import evidence_of
from scipy import sparse

from onelayer.data import Dataset, load
from onelayer.diagnosis import Answer, Context, Severity
from onelayer.diagnosis.budget import Budget, OverBudget
from onelayer.diagnosis.checks.labels import look
from onelayer.diagnosis.experiments.crossfit import cross_fit
from onelayer.diagnosis.measures.wrong_labels import ranking, share_of_wrong_labels


def flipped(y: np.ndarray, share: float, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    wrong = rng.random(len(y)) < share
    return np.where(wrong, (y + rng.integers(1, classes, len(y))) % classes, y), wrong


def test_flipped_labels_are_found_and_listed() -> None:
    X, y = table(1000, classes=3, noise=0.1)
    given, wrong = flipped(y, 0.1, 3)
    finding = only(look(context_of(X, given)))
    assert (finding.code, finding.check) == ("OL210", "labels")
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.WARNING
    evidence = evidence_of(finding)
    low, high = evidence["share_interval"]
    assert low <= 0.1 <= high
    assert all(wrong[s["row"]] for s in evidence["suspects"])
    assert np.mean([s["predicted"] == y[s["row"]] for s in evidence["suspects"]]) >= 0.8
    assert f"row {evidence['suspects'][0]['row']:,}: its label is" in finding.statement


@pytest.mark.parametrize("noise", [0.1, 1.0, 2.0])
def test_classes_that_overlap_are_no_wrong_labels(noise: float) -> None:
    """The noise is in the scores: it blurs the border, and leaves sure examples alone."""
    finding = only(look(context_of(*table(1500, noise=noise))))
    assert finding.answer in (Answer.CLEAR, Answer.CANT_TELL)
    assert finding.severity is Severity.INFO


def test_labels_without_any_pattern_cannot_be_told() -> None:
    X, _ = table(600)
    finding = only(look(context_of(X, np.random.default_rng(0).integers(0, 2, 600))))
    assert finding.answer is Answer.CANT_TELL
    assert finding.severity is Severity.INFO


def test_the_interval_covers_the_share() -> None:
    """Scores whose softmax is the truth, in 60 samples: 99% of intervals are to hold it."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(60):
        scores = 4 * rng.normal(size=(500, 3))
        y = (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
        wrong = rng.random(500) < 0.08
        y = np.where(wrong, (y + rng.integers(1, 3, 500)) % 3, y)
        _, low, high = share_of_wrong_labels(scores, y)
        held += low <= 0.08 <= high
    assert held >= 57


def test_scores_are_of_models_that_did_not_see_the_example() -> None:
    """A model of more features than examples would know each label that it saw."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 400)).astype(np.float32), rng.integers(0, 2, 300)
    fit = cross_fit(context_of(X, y), Dataset(X, y))
    assert np.mean(fit.scores.argmax(axis=1) == y) == pytest.approx(0.5, abs=0.12)


def test_flipped_digits_come_first_in_the_ranking() -> None:
    train, validation = load("digits")
    given, wrong = flipped(np.asarray(train.targets), 0.05, 10)
    data = Dataset(train.X, given, range(10), train.image_shape)
    fit = cross_fit(context_of(train.X[:100], train.y[:100]), data)
    first = ranking(fit)[: len(given) // 10]
    assert wrong[fit.rows[first]].sum() >= 0.9 * wrong.sum()
    assert validation.n_examples > 0


def test_too_few_examples() -> None:
    assert only(look(context_of(*table(150)))).answer is Answer.CANT_TELL
    X, y = table(600, classes=3)
    y[y == 2] = 0
    y[:5] = 2
    assert only(look(context_of(X, y))).answer is Answer.CANT_TELL


def test_several_labels() -> None:
    X, y = table()
    labels = np.stack([y, 1 - y], axis=1).astype(np.uint8)
    assert only(look(context_of(X, labels))).answer is Answer.NOT_APPLICABLE


def test_sparse_values() -> None:
    X, y = table(1000, noise=0.1)
    given, wrong = flipped(y, 0.1, 2)
    X[np.abs(X) < 0.2] = 0
    finding = only(look(context_of(sparse.csr_array(X), given)))
    assert finding.answer is Answer.FOUND
    assert np.mean([wrong[s["row"]] for s in evidence_of(finding)["suspects"]]) > 0.8


def test_it_takes_its_cost_from_the_budget() -> None:
    context = context_of(*table())
    with pytest.raises(OverBudget):
        look(Context(context.outcome, context.data, Budget(1e-6)))
    look(context)
    assert context.budget.spent > 0
