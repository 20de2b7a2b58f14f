import numpy as np
import pytest
from choice_material import config, looked, parts, sweep
from diagnosis_material import as_strict_json, evidence_of

from onelayer.diagnosis import Answer, Severity
from onelayer.diagnosis.checks.choice_optimism import CHECK
from onelayer.diagnosis.statistics import choice_optimism
from onelayer.training import EarlyStopping


def test_many_candidates_on_few_examples() -> None:
    configs = {
        f"draw={draw}": config(l2=0.1, examples_per_class=3, draw=draw) for draw in range(60)
    }
    (found,) = looked(CHECK, parts(500, 80, 20), configs)
    assert (found.answer, found.severity) == (Answer.FOUND, Severity.WARNING)
    evidence = evidence_of(found)
    assert evidence["optimism"] > evidence["interval"][0] > 0.01
    assert "too high by about" in found.statement
    assert "chose nothing" in found.advice
    assert as_strict_json([found])


def test_few_candidates_on_many_examples() -> None:
    (found,) = looked(CHECK, parts(500, 5000), sweep(0.001, 0.01, 0.1))
    assert not found.is_warning
    assert found.answer in (Answer.CLEAR, Answer.FOUND)
    assert evidence_of(found)["interval"][1] < 0.01


def test_candidates_that_predict_alike_have_none() -> None:
    (found,) = looked(CHECK, parts(300, 100), sweep(0.001, 0.0010001))
    assert found.answer is Answer.CLEAR
    assert evidence_of(found)["optimism"] == 0


def test_early_stopping_chooses_one_number() -> None:
    stopped = config(solver="sgd", early_stopping=EarlyStopping(patience=3), learning_rate=0.1)
    (found,) = looked(CHECK, parts(300, 200), {"run": stopped})
    assert found.answer is Answer.CLEAR
    assert "1/n = 0.005" in found.statement
    assert as_strict_json([found])


def test_one_run_without_early_stopping_was_not_chosen() -> None:
    assert looked(CHECK, parts(100, 100), sweep(0.1)) == []


def test_few_examples_cannot_tell() -> None:
    (found,) = looked(CHECK, parts(100, 30), sweep(0.1, 1.0))
    assert found.answer is Answer.CANT_TELL


@pytest.mark.parametrize(("models", "n"), [(5, 200), (30, 100)])
def test_estimate_is_right_in_the_mean(models: int, n: int) -> None:
    """Of models that are as good as one another the best is as good too."""
    rng = np.random.default_rng(0)
    drawn = [rng.random((models, n)) < 0.8 for _ in range(60)]
    truth = np.mean([correct.mean(axis=1).max() - 0.8 for correct in drawn])
    found = [choice_optimism(list(correct)) for correct in drawn]
    assert np.mean([o.estimate for o in found]) == pytest.approx(truth, rel=0.15)
    covered = [o.interval[0] <= truth <= o.interval[1] for o in found]
    assert np.mean(covered) >= 0.93


def test_lower_end_is_not_too_high_where_one_model_is_ahead() -> None:
    """Of 19 others that are 3 points worse one may look best, but seldom."""
    rng = np.random.default_rng(1)
    ahead, n, k = 0.03, 200, 20
    errors, lows = [], []
    for i in range(400):
        easy = rng.random(n)
        level = np.where(np.arange(k) == 0, 0.9, 0.9 - ahead)[:, None]
        correct = easy + rng.normal(0, 0.05, (k, n)) < level
        best = int(np.argmax(correct.mean(axis=1)))
        errors.append(correct[best].mean() - correct[0].mean() + (ahead if best else 0.0))
        if i < 60:
            lows.append(choice_optimism(list(correct)).interval[0])
    assert np.mean(np.array(lows) > np.mean(errors)) <= 0.1


def test_lower_end_tells_runs_that_are_alike() -> None:
    """Where the jackknife, which takes a bend for straight, reaches to 0."""
    rng = np.random.default_rng(2)
    drawn = [rng.random((40, 60)) < 0.7 for _ in range(20)]
    lows = [choice_optimism(list(correct)).interval[0] for correct in drawn]
    assert np.mean(np.array(lows) > 0.0005) >= 0.95


def test_models_that_stand_equal_need_not_be_equal() -> None:
    correct = np.ones((2, 200), bool)
    correct[0, :10] = correct[1, 10:20] = False
    found = choice_optimism(list(correct))
    assert 0 < found.interval[0] < 0.7 * found.estimate


def test_best_of_equal_models_is_judged_by_its_lead_over_their_mean() -> None:
    """By that over the second best, which luck makes wide, the lower end is a third as high."""
    rng = np.random.default_rng(5)
    correct = rng.random((40, 60)) < 0.7
    right = np.sort(correct.sum(axis=1))
    correct[correct.sum(axis=1).argmax()] = rng.permutation(60) < right[-2] + 4
    assert choice_optimism(list(correct)).interval[0] > 0.002
