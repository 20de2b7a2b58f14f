import numpy as np
import pytest
from diagnosis_material import as_strict_json, data_of, evidence_of, outcome_of, run_outcome
from numpy.typing import NDArray

from onelayer.diagnosis import Answer, Context, Finding, Severity
from onelayer.diagnosis.checks.dips import MIN_EVALUATIONS, look
from onelayer.diagnosis.words import points


def finding_on(
    accuracies: NDArray[np.float64], *, every: int = 6, batches_per_epoch: int = 31,
    shuffle: bool = False,
) -> Finding:  # fmt: skip
    run = run_outcome(
        "curve", np.full(len(accuracies), 0.3), val_accuracy=accuracies, every=every,
        batches_per_epoch=batches_per_epoch, n_validation=2000, shuffle=shuffle,
    )  # fmt: skip
    (finding,) = look(Context(outcome_of(run), data_of()))
    assert (finding.code, finding.check, finding.runs) == ("OL102", "dips", ("curve",))
    as_strict_json([finding])
    return finding


def with_dips(at: list[int], n: int = 200, depth: float = 0.05) -> NDArray[np.float64]:
    accuracies = 0.95 + 0.001 * np.random.default_rng(0).standard_normal(n)
    accuracies[at] -= depth
    return accuracies


def test_regular_dips_are_reported_with_gap_and_batch() -> None:
    """Evaluations 6 steps apart meet the same batch of 31 every 31 evaluations, 186 steps."""
    at = [34, 65, 96, 127, 158, 189]
    finding = finding_on(with_dips(at))
    assert finding.severity is Severity.INFO
    evidence = evidence_of(finding)
    assert [dip["step"] for dip in evidence["dips"]] == [6 * i for i in at]
    assert evidence["median_gap_steps"] == 186
    assert evidence["equal_gaps"] == 1
    assert evidence["commonest_batch"] == 6 * 34 % 31 == 18
    assert evidence["dips_at_commonest_batch"] == 6
    assert evidence["shuffle"] is False
    for words in (
        "The unshuffled run curve has 6 dips among 194 evaluations after the first epoch",
        "They are regular: each comes 186 steps (6 epochs) after the last",
        "All follow the update on the same batch of the epoch, number 18 counted from 0",
        points(max(dip["depth"] for dip in evidence["dips"])),
    ):
        assert words in finding.statement


def test_irregular_dips_are_not_called_regular() -> None:
    finding = finding_on(with_dips([34, 65, 96, 130]))
    evidence = evidence_of(finding)
    assert evidence["median_gap_steps"] == 186
    assert evidence["equal_gaps"] == pytest.approx(2 / 3)
    assert evidence["dips_at_commonest_batch"] == 3
    assert "regular" not in finding.statement
    assert "2 of 3 gaps are exactly that" in finding.statement
    assert "3 of 4 follow the update on batch 18" in finding.statement


def test_dips_on_different_batches_are_said_to_be() -> None:
    finding = finding_on(with_dips([40, 70, 103]))
    assert "No two follow the same batch" in finding.statement
    assert "regular" not in finding.statement


def test_two_dips_have_one_gap_which_shows_no_regularity() -> None:
    finding = finding_on(with_dips([40, 77]))
    assert "2 dips" in finding.statement
    assert "regular" not in finding.statement
    assert "222 steps" in finding.statement


def test_one_dip_has_no_gap() -> None:
    finding = finding_on(with_dips([40]), shuffle=True)
    assert "The shuffled run curve has 1 dip among 194 evaluations" in finding.statement
    assert points(evidence_of(finding)["dips"][0]["depth"]) in finding.statement
    assert "median_gap_steps" not in evidence_of(finding)


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_no_dips(seed: int) -> None:
    rng = np.random.default_rng(seed)
    finding = finding_on(0.95 + 0.002 * rng.standard_normal(200), shuffle=True)
    assert finding.severity is Severity.INFO
    assert evidence_of(finding)["dips"] == []
    assert "The shuffled run curve has no dip" in finding.statement
    assert points(evidence_of(finding)["threshold"]) in finding.statement


def test_few_evaluations_are_not_enough() -> None:
    """The first epoch, of 31 batches with 6 evaluations, does not count."""
    few = MIN_EVALUATIONS - 1
    finding = finding_on(with_dips([12], n=6 + few))
    assert finding.answer is Answer.NOT_APPLICABLE
    assert evidence_of(finding) == {}
    assert f"has {few} evaluations after its first epoch" in finding.statement
    assert f"at least {MIN_EVALUATIONS} are needed" in finding.statement
    enough = finding_on(with_dips([12], n=6 + MIN_EVALUATIONS))
    assert enough.severity is Severity.INFO
    assert [dip["step"] for dip in evidence_of(enough)["dips"]] == [72]


def test_dips_of_the_first_epoch_do_not_count() -> None:
    assert evidence_of(finding_on(with_dips([3])))["dips"] == []


def test_rhythm_of_the_evaluations_is_named_where_it_sets_the_gap() -> None:
    """31 and 6 share no factor: evaluations come back to a batch every 186 steps."""
    finding = finding_on(with_dips([34, 65, 96]))
    assert evidence_of(finding)["evaluation_meets_batch_every"] == 186
    assert "only every 186 steps: that sets the gap" in finding.statement
    # With an evaluation after every batch the gap is the dips' own.
    own = finding_on(with_dips([34, 65, 96]), every=1)
    assert evidence_of(own)["evaluation_meets_batch_every"] == 31
    assert evidence_of(own)["median_gap_steps"] == 31
    assert "sets the gap" not in own.statement
