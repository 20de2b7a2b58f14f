from typing import Any

import numpy as np
import pytest
from diagnosis_material import evidence_of, trained_run

from onelayer.data import Dataset, load
from onelayer.diagnosis import Answer, Context, Finding
from onelayer.diagnosis.checks.shuffling_speed import AtStep, ShufflingSpeed, _so, look
from onelayer.training import TrainConfig, train

TRAIN, VALIDATION = load("digits", train=600, validation=400)
RUN: dict[str, Any] = {"learning_rate": 0.02, "batch_size": 20, "max_epochs": 10}


def context_of(train: Dataset = TRAIN, **options: Any) -> Context:
    return trained_run(train, VALIDATION, **RUN | options)


def finding_on(train: Dataset = TRAIN, **options: Any) -> Finding:
    (finding,) = look(context_of(train, **options))
    assert (finding.code, finding.check, finding.runs) == ("OL107", "shuffling-speed", ("run",))
    evidence_of(finding)
    return finding


def speed_in(finding: Finding) -> ShufflingSpeed:
    assert isinstance(finding.measurement, ShufflingSpeed)
    return finding.measurement


def test_shuffling_helps_where_the_file_is_sorted_by_class() -> None:
    finding = finding_on(order="class")
    speed = speed_in(finding)
    assert finding.answer is Answer.FOUND
    assert not finding.is_warning
    assert all(at.shuffled_loss < at.own_loss for at in speed.at_steps)
    assert "So shuffling is ahead" in finding.statement
    sorted_file = np.argsort(TRAIN.targets, kind="stable")
    file = Dataset(TRAIN.X[sorted_file], TRAIN.y[sorted_file], TRAIN.classes, TRAIN.image_shape)
    assert finding_on(file, order="file").answer is Answer.FOUND


def test_shuffling_does_not_speed_up_a_file_in_random_order() -> None:
    finding = finding_on(order="file")
    assert finding.answer is not Answer.FOUND
    assert "So shuffling is ahead" not in finding.statement
    assert [at.step for at in speed_in(finding).at_steps] == [30, 75, 150, 300]


def test_losses_are_those_of_a_whole_epoch() -> None:
    """In blocks of two classes, what the loss is depends on the place in the epoch."""
    speed = speed_in(finding_on(order="class", evaluations_per_epoch=10))
    config = TrainConfig.model_validate(RUN | {"order": "class", "evaluations_per_epoch": 10})
    history = train(TRAIN, VALIDATION, config).history
    last = [e.val_loss for e in history.evaluations if e.step >= history.steps - 30]
    assert speed.at_steps[-1].own_loss == pytest.approx(np.mean(last))
    assert np.ptp(last) > 0.05 * np.mean(last)


def test_patience_is_the_runs_own() -> None:
    stopped = speed_in(finding_on(order="file", early_stopping={"patience": 3}, max_epochs=60))
    assert stopped.patience == 3
    assert stopped.own_stop.steps > 0


def test_is_silent_on_runs_that_are_shuffled_or_make_no_steps() -> None:
    assert look(context_of(order="epoch")) == []
    assert look(context_of(solver="optimum", l2=0.1)) == []


def test_it_says_after_which_steps_shuffling_is_behind() -> None:
    at_steps = [AtStep(step, 0.5, 0.5, (-0.1, 0.1)) for step in (104, 260, 520, 1_039)]
    said = _so(at_steps, ["slower", "slower", "unclear", "alike"])
    assert "behind after 104 and 260 steps, and measurably ahead at none" in said
    assert "1,039" not in said
    assert "at any of four times" in _so(at_steps, ["alike"] * 4)
    assert "from 260 steps on" in _so(at_steps, ["alike", "faster", "faster", "faster"])
    assert "too much to say" in _so(at_steps, ["slower", "faster", "alike", "alike"])
