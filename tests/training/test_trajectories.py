"""The reference trajectories: three runs on MNIST, computed elsewhere in float64."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_material import FitMany, Parts

from onelayer.data import load
from onelayer.training import EarlyStopping, StopReason, TrainConfig, TrainResult

# The reference engine takes seconds; that it is as exact in float32 is shown on smaller data.
PRECISIONS = [
    ("reference", "float64", 1e-9),
    ("compiled", "float64", 1e-9),
    ("compiled", "float32", 5e-4),
]

SHARED = Path(__file__).parents[2].parent / "shared"
REFERENCE = SHARED / "reference" / "trajectories.json"
MNIST = Path(os.environ.get("ONELAYER_DATA") or SHARED / "data" / "mnist")

pytestmark = [
    pytest.mark.mnist,
    pytest.mark.usefixtures("_numba"),
    pytest.mark.skipif(not REFERENCE.is_file(), reason=f"there is no {REFERENCE}"),
    pytest.mark.skipif(
        not MNIST.is_dir(), reason=f"MNIST is neither named by ONELAYER_DATA nor in {MNIST}"
    ),
]


@pytest.fixture(name="_numba")
def fixture_numba(engine: str) -> None:
    if engine == "compiled":
        pytest.importorskip("numba", reason="the compiled engine needs Numba")


@pytest.fixture(scope="module", name="mnist")
def fixture_mnist() -> Parts:
    return load(MNIST, train=20_000, validation=10_000)


@pytest.fixture(scope="module", name="reference")
def fixture_reference() -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = json.loads(REFERENCE.read_text())["runs"]
    assert [run["kind"] for run in runs] == ["binary", "softmax", "softmax"]
    return runs


def _config(run: dict[str, Any], dtype: str) -> TrainConfig:
    binary = run["kind"] == "binary"
    return TrainConfig.model_validate(
        {
            "model": "logistic" if binary else "softmax",
            "learning_rate": run["lr"],
            "batch_size": run["batch_size"],
            "max_epochs": run["max_epochs" if binary else "epochs"],
            "l2": run.get("l2", 0),
            "penalize_bias": True,
            "shuffle": False,
            "drop_last": True,
            "evaluations_per_epoch": 5,
            "early_stopping": EarlyStopping(patience=run["patience"]) if binary else None,
            "dtype": dtype,
        }
    )


def _agrees(result: TrainResult, run: dict[str, Any], rel: float, *, exact: bool) -> None:
    history = result.history
    assert history.steps == run["steps"]
    assert len(history.evaluations) == run["evaluations"] == len(run["val_loss"])
    np.testing.assert_allclose([e.val_loss for e in history.evaluations], run["val_loss"], rtol=rel)
    every_25th = history.train_loss[::25]
    np.testing.assert_allclose(every_25th, run["train_loss"], rtol=rel)
    for evaluation, expected in (
        (result.last, run.get("stopped", run.get("last"))),
        *([(result.best, run["best"])] if "best" in run else []),
    ):
        assert evaluation is not None
        assert evaluation.step == expected["step"]
        assert evaluation.epoch == expected["epoch"]
        assert evaluation.val_loss == pytest.approx(expected["val_loss"], rel=rel)
        assert evaluation.weight_norm == pytest.approx(expected["w_norm"], rel=rel)
        if exact:
            assert evaluation.val_accuracy == expected["val_accuracy"]
            assert evaluation.train_accuracy == expected["train_accuracy"]


@pytest.mark.parametrize(("engine", "dtype", "rel"), PRECISIONS)
def test_binary_run_with_early_stopping(
    fit_many: FitMany, mnist: Parts, reference: list[dict[str, Any]], dtype: str, rel: float
) -> None:
    run = reference[0]
    train_set, validation_set = (part.subset_of_classes(run["classes"]) for part in mnist)
    (result,) = fit_many(train_set, validation_set, [_config(run, dtype)])
    assert result.stop_reason is StopReason.PATIENCE
    _agrees(result, run, rel, exact=dtype == "float64")
    # The weights returned are those of the best evaluation, bias included in the norm.
    norm = np.hypot(np.linalg.norm(result.weights), np.linalg.norm(result.bias))
    assert norm == pytest.approx(run["best"]["w_norm"], rel=rel)


@pytest.mark.parametrize(("engine", "dtype", "rel"), PRECISIONS)
def test_softmax_runs_with_and_without_l2(
    engine: str,
    fit_many: FitMany,
    mnist: Parts,
    reference: list[dict[str, Any]],
    dtype: str,
    rel: float,
) -> None:
    runs = reference[2 if engine == "reference" else 1 :]  # one is enough of seconds
    results = fit_many(*mnist, [_config(run, dtype) for run in runs])
    for result, run in zip(results, runs, strict=True):
        assert result.stop_reason is StopReason.MAX_EPOCHS
        _agrees(result, run, rel, exact=dtype == "float64")
