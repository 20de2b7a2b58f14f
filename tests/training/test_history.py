from dataclasses import asdict

import numpy as np
import polars as pl
import pytest
from training_material import Fit, parts

from onelayer.training import COLUMNS, Evaluation, History, TrainConfig, history_schema

EVALUATION_COLUMNS = ["val_loss", "val_accuracy", "train_accuracy", "weight_norm"]


def history(steps: int, evaluated: list[int], batches_per_epoch: int = 3) -> History:
    return History(
        batches_per_epoch,
        np.array([1 / (s + 1) for s in range(steps)]),
        tuple(Evaluation(s, s // batches_per_epoch, 0.5 + s, 0.25, 0.75, 2.0) for s in evaluated),
    )


def test_columns_are_those_of_the_contract() -> None:
    assert list(COLUMNS) == ["run", "step", "epoch", "train_loss", *EVALUATION_COLUMNS]


@pytest.mark.parametrize(("steps", "evaluated"), [(7, [0, 2, 4, 6]), (1, [0]), (2, []), (0, [])])
def test_frame_has_the_schema_and_a_row_a_step(steps: int, evaluated: list[int]) -> None:
    frame = history(steps, evaluated).frame("a run")
    assert dict(frame.schema) == history_schema()
    assert frame.columns == list(COLUMNS)
    assert frame["step"].to_list() == list(range(steps))
    assert frame["run"].to_list() == ["a run"] * steps
    assert frame["epoch"].to_list() == [s // 3 for s in range(steps)]
    assert frame["train_loss"].to_list() == [1 / (s + 1) for s in range(steps)]
    assert frame["val_loss"].to_list() == [
        0.5 + s if s in evaluated else None for s in range(steps)
    ]
    for column in EVALUATION_COLUMNS:
        assert frame.filter(pl.col(column).is_not_null())["step"].to_list() == evaluated
    assert frame.null_count().select("run", "step", "epoch", "train_loss").row(0) == (0,) * 4


def test_losses_that_are_not_finite_are_kept_and_are_no_nulls() -> None:
    record = History(1, np.array([np.nan]), (Evaluation(0, 0, np.inf, 0.0, 0.0, np.nan),))
    frame = record.frame()
    assert frame["train_loss"].is_nan().to_list() == [True]
    assert frame["val_loss"].to_list() == [float("inf")]
    assert frame["weight_norm"].is_nan().to_list() == [True]


def test_frames_of_runs_stack() -> None:
    both = pl.concat([history(3, [0]).frame("a"), history(2, [0, 1]).frame("b")])
    assert both["run"].to_list() == ["a"] * 3 + ["b"] * 2


def test_history_of_a_run_agrees_with_its_frame(fit: Fit) -> None:
    """60 examples in batches of 7: eight whole ones and a partial one, an evaluation every 4."""
    config = TrainConfig(batch_size=7, max_epochs=3, evaluations_per_epoch=2)
    result = fit(*parts(), config)
    assert result.history.batches_per_epoch == 9
    assert result.history.steps == 27
    assert [e.step for e in result.history.evaluations] == list(range(0, 27, 4))
    assert [e.epoch for e in result.history.evaluations] == [s // 9 for s in range(0, 27, 4)]
    frame = result.history.frame("r")
    rows = frame.filter(pl.col("val_loss").is_not_null()).drop("run", "train_loss").to_dicts()
    assert rows == [asdict(e) for e in result.history.evaluations]
    assert frame["train_loss"].to_list() == result.history.train_loss.tolist()
    for value in asdict(result.history.evaluations[1]).values():
        assert type(value) in (int, float)
    assert type(result.history.evaluations[1].step) is int
