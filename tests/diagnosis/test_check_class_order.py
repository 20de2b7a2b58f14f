import numpy as np
import pytest
from diagnosis_material import as_strict_json
from fault_material import asked, config, context_of, examples
from scipy import stats

from onelayer.data import Dataset
from onelayer.diagnosis import Answer, Severity
from onelayer.diagnosis.checks.class_order import CHECK, ClassOrder, unevenness


def in_order(data: Dataset, rows: np.ndarray) -> Dataset:
    return Dataset(data.X[rows], data.y[rows], classes=data.classes)


def test_a_sorted_file_is_found_and_costs() -> None:
    data = examples()
    train = in_order(data, np.argsort(data.targets, kind="stable"))
    context = context_of(train, run=config(order="file", max_epochs=3, learning_rate=1.0))
    finding = asked(CHECK, context)
    assert finding.answer is Answer.FOUND
    assert finding.is_warning
    measured = finding.measurement
    assert isinstance(measured, ClassOrder)
    assert measured.unevenness > 10
    assert measured.classes_a_batch < 1.5
    assert measured.tried is not None
    as_strict_json([finding])


def test_an_order_that_costs_nothing_is_a_fact() -> None:
    run = config(order="class", max_epochs=20, learning_rate=1e-3)
    finding = asked(CHECK, context_of(run=run))
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.INFO


@pytest.mark.parametrize("law", ["file", "batches"])
def test_a_random_file_is_clear(law: str) -> None:
    finding = asked(CHECK, context_of(run=config(order=law)))
    assert finding.answer is Answer.CLEAR
    assert context_of(run=config(order=law)).budget.spent == 0


def test_shuffled_runs_and_minima_are_not_asked() -> None:
    context = context_of(
        a=config(), b=config(order="once"), c=config(solver="optimum"), d=config(batch_size=300)
    )
    assert CHECK.look(context) == []


def test_unevenness_is_pearsons_chi_square_over_its_mean() -> None:
    rng = np.random.default_rng(0)
    targets = np.sort(rng.integers(0, 4, 400)).astype(np.int64)
    targets[:100] = rng.permutation(targets)[:100]
    table = np.array([np.bincount(batch, minlength=4) for batch in targets.reshape(20, 20)])
    n, df = 400, 19 * 3
    expected = stats.chi2_contingency(table).statistic / (n / (n - 1) * df)
    found = unevenness(targets, 20, "file")
    assert found.unevenness == pytest.approx(expected, rel=0.05)
    assert found.p_value == 0.01


def test_few_random_orders_are_taken_for_ordered() -> None:
    rng = np.random.default_rng(0)
    found = [unevenness(rng.integers(0, 10, 300), 30, "file").is_ordered for _ in range(100)]
    assert not any(found)
