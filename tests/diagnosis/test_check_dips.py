from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from diagnosis_material import evidence_of, trained, trained_run
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis import Answer, Context, Finding, Severity
from onelayer.diagnosis.checks.dips import LEAST_FALL, LEAST_RISE, look
from onelayer.diagnosis.experiments.batch_effects import effects_of_batches
from onelayer.diagnosis.experiments.dips import verdict_of
from onelayer.diagnosis.experiments.interventions import Trial
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.training import TrainConfig, train

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


def stretch(size: int = 16, length: int = 6) -> Parts:
    """Batches in a row of one class alone; features that are not centred add up what they do."""
    X, y = blobs(shift=0.8)
    X[:, 2:] += 2
    one = np.flatnonzero(y == 1)[::2][: length * size]
    others = np.setdiff1d(np.arange(N), one)
    order = np.concatenate([others[: 6 * size], one, others[6 * size :]])
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


def test_a_batch_that_spoils_the_loss_is_found_where_few_answers_turn() -> None:
    X, y = blobs(shift=2.5)
    rows = slice(7 * BATCH, 8 * BATCH)
    X[rows, 0], y[rows] = 2.5, 0
    parts = Dataset(X, y), Dataset(*blobs(300, seed=9, shift=2.5))
    (finding,) = look(trained_run(*parts, **RUN | {"learning_rate": 0.3}))
    dips = dips_in(finding)
    assert dips.largest_fall < LEAST_FALL
    assert dips.rise > LEAST_RISE
    assert (finding.answer, dips.batch, dips.verdict) == (Answer.FOUND, 7, "composition")
    assert f"{100 * dips.rise:.0f}% above its epoch's median" in finding.statement


def test_effects_of_batches_are_those_of_steps_from_the_same_weights() -> None:
    context = context_of(wrong_batch(7), l2=1e-3)
    (run,) = context.outcome.runs
    trial = Trial.of(context, run, 6)
    effects = effects_of_batches(trial)
    assert effects.argmax() == 7
    # By training: to the same five weights, and one step further on one batch.
    steps = [2 * BATCHES, 2 * BATCHES + 4, 3 * BATCHES + 8, 4 * BATCHES + 12, 5 * BATCHES + 16]
    by_training = []
    for batch in (3, 7):
        rows = trial.batch(batch)
        alone = replace(trial.train, X=trial.train.X[rows], y=trial.train.y[rows])
        for step in steps:
            config = trial.config.model_copy(update={"max_steps": step})
            before = train(trial.train, trial.validation, config)
            one = train(alone, trial.validation, config.model_copy(update={"max_steps": 1}),
                        initial=[before.parameters])  # fmt: skip
            losses = [result.final.val_loss or np.nan for result in (one, before)]
            by_training.append(losses[0] - losses[1])
    made = np.reshape(by_training, (2, 5)).mean(axis=1)
    np.testing.assert_allclose(made, effects[[3, 7]], rtol=1e-3, atol=1e-6)


def test_steps_from_the_same_weights_single_a_batch_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither of the profiles of the run itself does."""
    seen = iter([1.0, 1.0, 30.0])

    def outlying(profile: NDArray[np.float64], _loss: float) -> NDArray[np.float64]:
        return np.asarray(next(seen) * (np.arange(len(profile)) == 7))

    monkeypatch.setattr("onelayer.diagnosis.checks.dips._outlying", outlying)
    dips = dips_in(finding_on(wrong_batch(7)))
    assert (dips.batch, dips.stands_out) == (7, 30.0)


@pytest.mark.parametrize(
    ("batches", "shuffled", "few", "verdict"),
    [
        (0.9, 0.9, 0.0, "examples"),
        (0.9, 0.9, 0.9, "examples"),
        (0.9, 0.3, 0.4, "examples"),  # one example carries it: what it does it does anywhere
        (0.2, 0.3, 0.4, "examples"),
        (0.9, 0.4, 0.6, "composition"),
        (0.9, 0.1, 0.4, "composition"),
        (0.27, 0.1, 0.9, "order"),
    ],
)
def test_what_is_left_of_the_rise_judges(
    batches: float, shuffled: float, few: float, verdict: str
) -> None:
    assert verdict_of(1.0, batches, shuffled, few) == verdict


def test_every_intervention_has_its_curve_from_which_its_fall_follows() -> None:
    dips = dips_in(finding_on(wrong_batch(7)))
    own, batches, once, _, without, *few = dips.interventions
    assert own.accuracies == dips.accuracies[: len(own.accuracies)]
    assert [each.left_out for each in (own, batches, once, without)] == [0, 0, 0, BATCH]
    assert {each.left_out for each in few} >= {10}
    for each in (own, without, *few):  # of one seed
        curve = np.array(each.accuracies).reshape(dips.tried_epochs, BATCHES)
        falls = (np.median(curve, axis=1, keepdims=True) - curve).ravel()[list(each.watched)]
        assert each.watched == tuple(range(BATCHES + 7, curve.size, BATCHES))
        np.testing.assert_allclose(falls.mean(), each.fall, atol=1e-4)
    assert len(set(np.array(batches.watched) % BATCHES)) > 5  # it moves


def test_batches_are_opened_with_what_is_in_them() -> None:
    X, y = wrong_batch(7)
    images = np.clip(128 + 40 * np.repeat(X, 2, axis=1), 0, 255).astype(np.uint8)
    V, u = blobs(300, seed=9)
    seen = np.clip(128 + 40 * np.repeat(V, 2, axis=1), 0, 255).astype(np.uint8)
    parts = (Dataset(pixels, of, image_shape=(3, 4)) for pixels, of in ((images, y), (seen, u)))
    (finding,) = look(trained_run(*parts, **RUN | {"learning_rate": 1.0}))
    dips = dips_in(finding)
    assert dips.culprit is not None
    assert [each.batch for each in dips.batches] == list(range(BATCHES))
    for each in dips.batches:
        rows = slice(each.batch * BATCH, (each.batch + 1) * BATCH)
        assert each.class_counts == tuple(np.bincount(y[rows], minlength=2))
    assert dips.batches[7].gradient_norm == pytest.approx(dips.culprit.gradient_norm, rel=1e-3)
    assert dips.batches[7].gradient_cosine == pytest.approx(dips.culprit.gradient_cosine, abs=1e-3)
    batch, *others = dips.opened
    assert (batch.batch, len({each.batch for each in dips.opened})) == (7, len(dips.opened))
    by_fall = sorted((b for b in range(BATCHES) if b != 7), key=lambda b: -dips.falls[b])
    assert [each.batch for each in others] == [*by_fall[:2], by_fall[len(by_fall) // 2]]
    for one in dips.opened:
        assert sorted(one.rows) == list(range(one.batch * BATCH, (one.batch + 1) * BATCH))
        assert list(one.harms) == sorted(one.harms, reverse=True)
        assert one.labels == tuple(y[list(one.rows)].tolist())
        assert np.array_equal(one.images((12,)), images[list(one.rows)])
    shown = [(e.row, e.label) for e in dips.culprit.examples]
    assert shown == list(zip(batch.rows, batch.labels, strict=True))[:12]


def test_details_are_kept_of_the_first_runs_alone() -> None:
    X, y = wrong_batch()
    configs = {f"run{i}": TrainConfig.model_validate(RUN | {"l2": i / 1e6}) for i in range(3)}
    found = look(trained(Dataset(X, y), Dataset(*blobs(300, seed=9)), configs))
    kept = [(bool(d.opened), bool(d.interventions[1].accuracies)) for d in map(dips_in, found)]
    assert kept == [(True, True), (True, True), (False, False)]
    assert all(d.verdict == "composition" for d in map(dips_in, found))


def test_noise_at_a_high_rate_is_no_dip_and_a_wrong_batch_is() -> None:
    clean = finding_on(blobs(shift=0.8), learning_rate=2.0)
    assert clean.answer is Answer.CLEAR
    assert dips_in(clean).largest_fall > 0.02  # deep falls, but after many batches
    X, y = blobs(shift=0.8)
    rows = slice(7 * BATCH, 8 * BATCH)
    y[rows], X[rows, 0] = 0, 1.5
    dips = dips_in(finding_on((X, y), learning_rate=2.0))
    assert (dips.batch, dips.verdict) == (7, "composition")


def test_order_is_told_where_another_sequence_removes_the_dip() -> None:
    finding = finding_on(stretch(), learning_rate=0.1, batch_size=16)
    dips = dips_in(finding)
    assert (finding.answer, dips.verdict) == (Answer.FOUND, "order")
    assert dips.batch is not None
    assert 6 <= dips.batch < 12
    own, batches, *_ = dips.interventions
    assert batches.fall < own.fall / 2
    assert batches.loss < own.loss / 2
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
    own = dips.interventions[0]
    losses = np.array(own.accuracies)  # of as many steps as there are losses
    assert own.loss > 0
    assert len(losses) == dips.tried_epochs * BATCHES
    assert f"(taken {dips.lag} step" in finding.statement
