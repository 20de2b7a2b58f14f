import numpy as np
import pytest
from diagnosis_material import as_strict_json
from fault_material import asked, config, context_of, examples
from scipy import stats

from onelayer.data import Dataset
from onelayer.diagnosis import Answer, Severity
from onelayer.diagnosis.checks.missing_classes import CHECK, MissingClasses, chance_of_none


def with_rare(n: int) -> Dataset:
    data = examples(600)
    rare = np.flatnonzero(data.targets == 2)
    rows = np.setdiff1d(np.arange(600), rare[n:])
    return Dataset(data.X[rows], data.y[rows], classes=data.classes)


@pytest.mark.parametrize(("n", "severity"), [(12, Severity.INFO), (2, Severity.WARNING)])
def test_a_rare_class_is_found(n: int, severity: Severity) -> None:
    finding = asked(CHECK, context_of(with_rare(n), run=config(batch_size=16)))
    assert finding.answer is Answer.FOUND
    assert finding.severity is severity
    measured = finding.measurement
    assert isinstance(measured, MissingClasses)
    (missing,) = measured.missing
    assert (missing.label, missing.examples) == (2, n)
    assert "The class 2, of" in finding.statement
    assert finding.advice.startswith("Take batches of about")
    as_strict_json([finding])


def test_classes_that_are_in_most_batches_are_clear() -> None:
    finding = asked(CHECK, context_of(a=config(), b=config(l2=0.5)))
    assert finding.answer is Answer.CLEAR
    assert finding.runs == ("a", "b")


def test_an_order_by_class_is_the_order_s_fault() -> None:
    finding = asked(CHECK, context_of(run=config(order="class")))
    assert finding.answer is Answer.FOUND
    assert finding.severity is Severity.INFO
    assert "OL008" in finding.advice
    measured = finding.measurement
    assert isinstance(measured, MissingClasses)
    assert len(measured.missing) == 3
    assert all(m.longest >= 5 for m in measured.missing)


def test_minima_and_label_matrices_are_not_asked() -> None:
    assert CHECK.look(context_of(found=config(solver="optimum"))) == []
    rng = np.random.default_rng(0)
    labelled = Dataset(rng.normal(size=(60, 4)), (rng.random((60, 3)) < 0.2).astype(np.uint8))
    run = config(model="multilabel", max_epochs=1)
    assert CHECK.look(context_of(labelled, labelled, run=run)) == []


def test_the_chance_of_none_is_hypergeometric() -> None:
    for n, k, size in ((100, 5, 10), (1000, 3, 64), (50, 50, 3), (20, 15, 10)):
        expected = stats.hypergeom(n, k, size).pmf(0)
        assert chance_of_none(n, k, size) == pytest.approx(expected, abs=1e-12)


def test_the_share_is_near_the_chance() -> None:
    finding = asked(CHECK, context_of(with_rare(12), run=config(batch_size=4)))
    measured = finding.measurement
    assert isinstance(measured, MissingClasses)
    assert measured.missing[0].share == pytest.approx(measured.missing[0].expected, abs=0.06)
