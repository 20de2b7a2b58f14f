from typing import Any

import numpy as np
import pytest
from diagnosis_material import as_strict_json, data_of, outcome_of, run_outcome, trained
from scipy.sparse import csr_array

from onelayer.data import Dataset, load
from onelayer.diagnosis import Answer, Context, Finding, Severity
from onelayer.diagnosis.checks.step_noise import look
from onelayer.diagnosis.experiments.going_on import stratified_order
from onelayer.diagnosis.measures.curve_noise import CurveNoise
from onelayer.training import StopReason, TrainConfig

RNG = np.random.default_rng(0)


def jumping(deviation: float, n: int = 200) -> Any:
    return 0.8 + deviation * RNG.normal(size=n)


def found_in(context: Context) -> tuple[Finding, CurveNoise]:
    (finding,) = look(context)
    assert (finding.code, finding.check) == ("OL108", "step-noise")
    as_strict_json([finding])
    assert isinstance(finding.measurement, CurveNoise)
    return finding, finding.measurement


def clouds(n: int, seed: int, shift: float = 0.0) -> Dataset:
    """Four round clouds in ten dimensions, about a point that is `shift` from zero in each."""
    rng = np.random.default_rng(seed)
    y = rng.integers(4, size=n)
    X = rng.normal(size=(n, 10)) + 1.5 * np.eye(10)[y] + shift
    return Dataset(X.astype(np.float32), y, range(4))


def run_on(shift: float, **options: Any) -> Context:
    config = TrainConfig.model_validate({"max_epochs": 20, "batch_size": 20, **options})
    return trained(clouds(400, 0, shift), clouds(2000, 1, shift), {"run": config})


def test_quiet_runs_are_clear_together() -> None:
    runs = [
        run_outcome("a", np.full(200, 0.5), val_accuracy=jumping(0.002)),
        run_outcome("b", np.full(200, 0.5), val_accuracy=jumping(0.004)),
    ]
    finding, measured = found_in(Context(outcome_of(*runs), data_of()))
    assert finding.answer is Answer.CLEAR
    assert finding.runs == ("a", "b")
    assert "nearest to that is b" in finding.statement
    assert measured.accuracy_noise == pytest.approx(0.004, rel=0.4)


def test_noise_that_few_examples_explain_does_not_matter() -> None:
    """With 50 examples the accuracy is uncertain by 5.7 points, whatever the step."""
    curve = jumping(0.02)
    for n, answer in ((50, Answer.CLEAR), (10_000, Answer.FOUND)):
        run = run_outcome("a", np.full(200, 0.5), val_accuracy=curve, n_validation=n)
        context = Context(outcome_of(run), data_of(), threads=1)
        context.budget.seconds = 0.0
        finding, measured = found_in(context)
        assert finding.answer is answer
    assert "Why is not known" in finding.statement
    assert measured.variants == ()


def test_a_trend_is_no_noise() -> None:
    run = run_outcome("a", np.full(100, 0.5), val_accuracy=np.linspace(0.2, 0.9, 100))
    assert found_in(Context(outcome_of(run), data_of()))[0].answer is Answer.CLEAR


def test_is_silent_where_there_is_no_end_to_look_at() -> None:
    runs = [
        run_outcome("short", np.full(19, 0.5)),
        run_outcome("bad", np.full(90, 0.5), stop_reason=StopReason.DIVERGED),
        run_outcome("found", np.full(90, 0.5), solver="optimum"),
    ]
    assert look(Context(outcome_of(*runs), data_of())) == []


def test_features_off_centre_are_named() -> None:
    finding, measured = found_in(run_on(6.0, learning_rate=0.05))
    assert (finding.answer, finding.severity) == (Answer.FOUND, Severity.WARNING)
    assert "mean" in measured.causes
    assert measured.mean_share is not None
    assert measured.mean_share > 0.9
    assert "the mean of the features" in finding.statement
    assert "Centre the features" in finding.advice
    by = {v.change: v for v in measured.variants}
    assert by["mean"].ratio_interval[0] <= by["mean"].ratio <= by["mean"].ratio_interval[1] < 0.7


def test_long_steps_on_small_batches_are_named_and_the_mean_is_not() -> None:
    finding, measured = found_in(run_on(0.0, learning_rate=1.0, batch_size=2))
    assert finding.answer is Answer.FOUND
    assert {*measured.causes} & {"batch", "rate", "slow"}
    assert "mean" not in measured.causes
    assert "the mean of the features" not in finding.statement
    assert finding.advice.startswith("Take larger batches")


def test_the_order_of_the_file_is_named() -> None:
    """Sorted by class, each batch is of one class: shuffling takes the noise away."""
    train, validation = clouds(400, 0), clouds(2000, 1)
    rows = np.argsort(train.targets, kind="stable")
    train = Dataset(train.X[rows], train.y[rows], range(4))
    config = TrainConfig(
        learning_rate=1.0, batch_size=20, max_epochs=15, order="file", shuffle=False
    )
    finding, measured = found_in(trained(train, validation, {"run": config}))
    assert finding.answer is Answer.FOUND
    assert "order" in measured.causes
    assert "the order of the examples" in finding.statement


def test_sparse_values_and_labels_in_a_matrix_are_looked_at_too() -> None:
    dense = clouds(400, 0, 6.0)
    sparse = Dataset(csr_array(dense.X), dense.y, range(4))
    config = TrainConfig(learning_rate=0.05, batch_size=20, max_epochs=20)
    _, measured = found_in(trained(sparse, sparse, {"run": config}))
    assert measured.variants
    assert "mean" not in {v.change for v in measured.variants}  # zeros would no longer be zeros
    matrix = Dataset(dense.X, np.eye(4, dtype=int)[dense.targets])
    config = TrainConfig(model="multilabel", learning_rate=0.3, batch_size=4, max_epochs=20)
    _, measured = found_in(trained(matrix, matrix, {"run": config}))
    assert "classes" not in {v.change for v in measured.variants}


def test_stretches_of_a_stratified_order_have_equal_counts() -> None:
    targets = np.repeat([0, 1, 2], [300, 200, 100])
    order = stratified_order(targets, np.random.default_rng(0))
    assert sorted(order) == list(range(600))
    for batch in np.split(order, 20):
        counts = np.bincount(targets[batch], minlength=3)
        np.testing.assert_allclose(counts, [15, 10, 5], atol=1)
    own = [row for row in order if targets[row] == 0]
    assert own != sorted(own)


def test_the_answer_repeats() -> None:
    context = run_on(6.0, learning_rate=0.05)
    again = Context(context.outcome, context.data)
    assert as_strict_json(look(context)) == as_strict_json(look(again))


def test_a_healthy_run_is_quiet() -> None:
    part = load("digits")[0].first(900)
    config = TrainConfig(learning_rate=0.05, batch_size=64, max_epochs=20, l2=1e-3)
    finding, _ = found_in(trained(part, part, {"run": config}))
    assert finding.answer is Answer.CLEAR
