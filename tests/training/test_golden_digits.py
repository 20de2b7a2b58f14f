"""Two runs on the digits against numbers that are kept: nothing may drift, the twin included."""

import json
from typing import Any

import numpy as np
import pytest
from slow_twin import GOLDEN, RUNS, golden_parts, trajectory
from training_material import Fit

KEPT: dict[str, dict[str, Any]] = json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("name", RUNS)
def test_the_twin(name: str) -> None:
    now = trajectory(name)
    for key, values in KEPT[name].items():
        if key == "reason":
            assert now[key] == values
        else:
            np.testing.assert_allclose(now[key], values, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-10), ("float32", 2e-4)])
@pytest.mark.parametrize("name", RUNS)
def test_the_engines(fit: Fit, name: str, dtype: str, rtol: float) -> None:
    kept = KEPT[name]
    result = fit(*golden_parts(name), RUNS[name].model_copy(update={"dtype": dtype}))
    assert str(result.stop_reason) == kept["reason"]
    assert result.history.steps == len(kept["train_loss"])
    np.testing.assert_allclose(result.history.train_loss, kept["train_loss"], rtol=rtol)
    found = [
        (e.step, e.epoch, e.val_loss, e.val_accuracy, e.train_accuracy, e.weight_norm)
        for e in result.history.evaluations
    ]
    np.testing.assert_allclose(found, kept["rows"], rtol=rtol)
    for ours, theirs in ((result.weights, kept["W"]), (result.bias, kept["b"])):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol / 10)
    if name == "binary":
        assert (result.stop_reason, result.best) == (
            "patience", result.history.evaluations[kept["best"]],
        )  # fmt: skip
