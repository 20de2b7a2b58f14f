"""Bounds by sums in float32: they hold whatever rounding has done, and are of use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onelayer.data import Dataset, fit_scaling
from onelayer.engines import Problem, Source, open_engine
from onelayer.engines.compiled.totals import CompiledTotals
from onelayer.model import ModelName, Objective, Parameters, Sums
from onelayer.optimum import excess_bound, minimise
from onelayer.optimum.model_search import NOISE
from onelayer.optimum.rounding import Rounding
from onelayer.optimum.setting import Setting

pytestmark = pytest.mark.usefixtures("by_passes")

Array = NDArray[Any]
MODELS: tuple[ModelName, ...] = ("logistic", "softmax")


def blobs(model: ModelName, n: int = 700, centre: float = 0.0) -> Dataset:
    rng = np.random.default_rng(3)
    K = 2 if model == "logistic" else 5
    y = np.arange(n) % K
    X = centre + rng.normal(size=(K, 9))[y] + 1.5 * rng.normal(size=(n, 9))
    return Dataset(X, y, classes=range(K), scaling=fit_scaling(X, "standard"))


def sums_in(dtype: str, setting: Setting, at: Parameters) -> Sums:
    start = Parameters.zeros(setting.data.n_features, setting.outputs, dtype)
    problem = Problem(setting.examples, None, setting.outputs, setting.objectives, (start,))
    with open_engine("compiled", 1) as engine:
        source = Source(setting.data.X, None, setting.data.scaling, dtype)
        totals = engine.totals(engine.prepare(source), problem)
        rounded = Parameters(at.weights.astype(dtype), at.bias.astype(dtype))
        return totals.sums([0], [rounded])[0]


def a_setting(data: Dataset, objective: Objective, weights: Array | None) -> Setting:
    with open_engine("compiled", 1) as engine:
        return Setting(data, [objective], None, [weights], 1e-3, engine)


def extended(setting: Setting, at: Parameters) -> float:
    """Return J by its definition, summed in extended precision."""
    data, objective = setting.data, setting.objectives[0]
    scale, offset = data.scaling.per_feature(data.n_features)
    X = np.asarray(data.X, np.longdouble) * scale + offset
    Z = X @ at.weights.astype(np.longdouble) + at.bias
    if setting.outputs == 1:
        losses = np.logaddexp(0, np.where(data.targets == 0, -Z[:, 0], Z[:, 0]))
    else:
        top = Z.max(axis=1)
        own = Z[np.arange(len(Z)), data.targets]
        losses = np.log(np.exp(Z - top[:, None]).sum(axis=1)) + top - own
    weights = setting.weights(0)
    mean = (losses if weights is None else weights * losses).mean()
    return float(mean + objective.penalty(at))


def worst(sums: Sums, objective: Objective, at: Parameters, rounding: Rounding) -> Sums:
    """Return sums that rounding could have made of these, for the smallest bound."""
    gradient = objective.gradient_from(sums, at).weights
    size = float(np.linalg.norm(gradient))
    step = min(rounding.gradient(sums.mean_loss), size) / size
    return replace(sums, weights=sums.weights - step * gradient * sums.count)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalized", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_the_bound_holds_whatever_rounding_has_done(
    model: ModelName, penalized: bool, weighted: bool
) -> None:
    data, rng = blobs(model, centre=20.0), np.random.default_rng(0)
    weights = rng.random(len(data.y)) + 0.1 if weighted else None
    for l2 in (1e-1, 1e-4):
        objective = Objective(model, l2, penalized)
        setting = a_setting(data, objective, weights)
        rounding, start = setting.rounding(0), setting.start(0)
        assert rounding is not None
        means = setting.means(0, start, sums_in("float32", setting, start))
        (found,) = minimise(data, [objective], weights=[weights], tolerance=1e-9)
        best, least = found.parameters, extended(setting, found.parameters) * (1 - 1e-9)
        for away in (0.0, 1e-4, 0.1):
            noise = 1 + away * rng.normal(size=best.weights.shape)
            bias = best.bias + away * rng.normal(size=best.bias.shape)
            here = Parameters((best.weights * noise).astype("float32"), bias.astype("float32"))
            wide = Parameters(here.weights.astype(float), here.bias.astype(float))
            excess = extended(setting, wide) - least
            told, exact = (sums_in(t, setting, wide) for t in ("float32", "float64"))
            of_exact = excess_bound(objective, wide, exact, means)
            off = float(np.linalg.norm(told.weights - exact.weights)) / told.count
            assert off <= rounding.gradient(told.mean_loss)
            for sums in (told, worst(exact, objective, wide, rounding)):
                bound = excess_bound(objective, wide, sums, means, rounding)
                assert excess <= bound
                # More is moved for a free bias, which may make a better bound.
                assert of_exact <= bound * (1 + 1e-9 if penalized else 1.2) + 1e-12
            bound = excess_bound(objective, wide, told, means, rounding)
            assert bound <= 2 * of_exact + 1e-3


@pytest.mark.parametrize("model", MODELS)
def test_float64_is_asked_only_where_rounding_matters(
    model: ModelName, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, precise, sums = blobs(model), [], CompiledTotals.sums

    def watched(self: CompiledTotals, models: Any, at: Any) -> list[Sums]:
        precise.extend([True] * (at[0].weights.dtype == np.float64))
        return sums(self, models, at)

    monkeypatch.setattr(CompiledTotals, "sums", watched)
    for tolerance, needed in ((1e-2, False), (1e-3, False), (1e-7, True)):
        precise.clear()
        (found,) = minimise(data, [Objective(model, 1e-2)], tolerance=tolerance, engine="compiled")
        assert found.reason == "certified"
        assert bool(precise) == needed
        assert found.excess_bound <= tolerance * found.value
        exact = extended(a_setting(data, found.objective, None), found.parameters)
        assert abs(exact - found.value) <= NOISE["float32"] * found.value


def test_what_is_not_known_of_an_engine_is_not_claimed() -> None:
    data = blobs("softmax")
    with open_engine("reference", 1) as engine:
        setting = Setting(data, [Objective("softmax", 1.0)], None, [None], 1e-3, engine)
    assert setting.rounding(0) is None
