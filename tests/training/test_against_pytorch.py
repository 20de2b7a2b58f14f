"""Steps are those of PyTorch's SGD, schedulers and AveragedModel, by figures that it made.

`benchmarks/pytorch_steps.py` writes them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from training_material import FitMany

from onelayer.data import Dataset
from onelayer.training import TrainConfig, TrainResult

FIGURES: dict[str, Any] = json.loads((Path(__file__).parent / "pytorch_steps.json").read_text())
SIZES: dict[str, Any] = FIGURES["sizes"]


def problem(model: str, *, is_sparse: bool) -> Dataset:
    given = FIGURES["problems"][model]
    X, y = np.array(given["X"]), np.array(given["y"])
    return Dataset(csr_array(X) if is_sparse else X, y, classes=range(y.max() + 1))


def config(options: dict[str, Any]) -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "learning_rate": SIZES["learning_rate"],
            "batch_size": SIZES["batch_size"],
            "max_epochs": 1000,
            "max_steps": SIZES["steps"],
            "dtype": "float64",
        }
        | options
    )


def agrees(result: TrainResult, case: dict[str, Any]) -> None:
    losses = result.history.train_loss
    assert len(losses) == SIZES["steps"]
    close: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-11, "err_msg": str(case["options"])}
    np.testing.assert_allclose([*losses[::8], losses[-1]], case["losses"], **close)
    np.testing.assert_allclose(result.weights, case["weights"], **close)
    np.testing.assert_allclose(result.bias, case["bias"], **close)


@pytest.mark.parametrize("is_sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("model", ["logistic", "softmax"])
def test_rules_schedules_and_averages_are_those_of_pytorch(
    fit_many: FitMany, model: str, is_sparse: bool
) -> None:
    """Each rule with each schedule, with and without warm-up, all in one pass."""
    cases = [case for case in FIGURES["cases"] if case["options"]["model"] == model]
    data = problem(model, is_sparse=is_sparse)
    results = fit_many(data, None, [config(case["options"]) for case in cases])
    for result, case in zip(results, cases, strict=True):
        agrees(result, case)


def test_the_figures_tell_all_cases_apart() -> None:
    """No two of them are alike, but for the weights before an average begins: none is idle."""
    for model, count in (("logistic", 40), ("softmax", 40)):
        of_model = [c for c in FIGURES["cases"] if c["options"]["model"] == model]
        assert len({json.dumps(c["weights"]) for c in of_model}) == count
