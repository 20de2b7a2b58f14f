"""The weights of runs on their way: those of the runs, and small enough for a page."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from diagnosis_material import as_strict_json, trained

from onelayer.data import Dataset
from onelayer.diagnosis import Context
from onelayer.diagnosis.budget import Budget
from onelayer.diagnosis.checks.weights import look, noise
from onelayer.diagnosis.experiments import film
from onelayer.diagnosis.experiments.film import films, kept_steps
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measures.pictures import Pictures, RoundedWeights, WeightNoise, evenly
from onelayer.study import SectionChoice
from onelayer.training import TrainConfig, train

SHAPE = ImageShape(4, 5)


def images(n: int = 120, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    means = np.random.default_rng(9).normal(size=(3, 20))
    return Dataset(means[y] + rng.normal(size=(n, 20)), y, range(3), (4, 5))


def context(*, show: bool = True, budget: float = math.inf, **options: Any) -> Context:
    """Two runs that differ in λ, and a study that shows their weights."""
    how: dict[str, Any] = {"model": "softmax", "batch_size": 16, "max_epochs": 6, **options}
    configs = {name: TrainConfig(l2=l2, **how) for name, l2 in (("weak", 1e-3), ("strong", 1.0))}
    made = trained(images(), images(60, 1), configs)
    sections = (SectionChoice(kind="weights", runs=("weak", "strong")),) if show else ()
    study = made.outcome.study.model_copy(update={"sections": sections})
    return Context(replace(made.outcome, study=study), made.data, Budget(budget))


def measured(of: Context) -> dict[str, Pictures]:
    (finding,) = look(of)
    as_strict_json([finding])
    assert isinstance(finding.measurement, WeightNoise)
    return {own.run: own for own in finding.measurement.pictures}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": False, "dtype": "float64", "momentum": 0.9},
        {"schedule": {"kind": "cosine"}},
        {"early_stopping": {"patience": 2}, "learning_rate": 0.02},
        {"averaging": {"kind": "mean"}},
    ],
)
@pytest.mark.parametrize("early", [256, 4])
def test_a_film_shows_the_weights_that_the_run_had(
    options: dict[str, Any], early: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "EARLY", early)
    of = context(**options)
    for run in of.outcome.runs:
        steps, weights = films(of, of.outcome.runs)[run.name]
        assert (steps[0], steps[-1]) == (1, kept_steps(run))
        assert len(steps) == len(weights) > 5
        np.testing.assert_array_equal(weights[-1], run.model.weights)
        if "schedule" in options or "averaging" in options:
            continue  # a shorter run has other rates
        for at in (0, 3, len(steps) - 2):
            update = {"max_steps": steps[at], "early_stopping": None, "optimum": False}
            short = train(images(), None, run.record.config.model_copy(update=update))
            np.testing.assert_array_equal(weights[at], short.weights)


def test_what_is_shown_is_kept_with_the_noise_on_the_way() -> None:
    of = context()
    for name, own in measured(of).items():
        assert own.film is not None
        (steps, weights) = films(of, of.outcome.runs)[name]
        assert own.film.steps == tuple(steps)
        assert own.film.noises == pytest.approx([noise(w, SHAPE) for w in weights])
        coarse = np.abs(weights).max(axis=(1, 2), keepdims=True) / own.film.weights.levels
        assert (np.abs(own.film.weights.values(3) - weights) <= 0.51 * coarse).all()
        assert own.minimum is not None
        assert noise(own.minimum.values(3)[0], SHAPE) == pytest.approx(own.minimum_noise, abs=0.02)


def test_nothing_is_made_that_no_section_shows_or_that_costs_too_much() -> None:
    assert [own.film for own in measured(context(show=False)).values()] == [None, None]
    assert [own.minimum for own in measured(context(show=False)).values()] == [None, None]
    assert [own.film for own in measured(context(budget=0.0)).values()] == [None, None]
    exact = context(solver="optimum")
    assert films(exact, exact.outcome.runs) == {}


def test_steps_that_lead_elsewhere_are_no_film() -> None:
    """The data is other than what the runs were trained on: the bits at the end say so."""
    of = context()
    other = replace(of.data, train=images(seed=5))
    assert films(Context(of.outcome, other), of.outcome.runs) == {}


def test_too_many_weights_leave_the_ends_of_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    of = context()
    third = replace(of.outcome.runs[0], run=of.outcome.runs[0].run.model_copy(update={"name": "b"}))
    monkeypatch.setattr(film, "MOST_NUMBERS", 2 * 60 * 9)
    runs = [of.outcome.runs[0], third, of.outcome.runs[1]]
    found = films(of, runs)
    assert "strong" in found
    assert len(found) == 2
    assert all(len(steps) <= 9 for steps, _ in found.values())
    monkeypatch.setattr(film, "MOST_NUMBERS", 100)
    assert films(of, runs) == {}


def test_rounded_weights_come_back() -> None:
    weights = np.random.default_rng(0).normal(size=(4, 6, 2)) * [[[1.0]], [[9.0]], [[0.0]], [[1]]]
    rounded = RoundedWeights.of(weights, 127)
    limits = np.abs(weights).max(axis=(1, 2), keepdims=True) / 254
    assert (np.abs(rounded.values(2) - weights) <= limits * 1.001).all()
    assert RoundedWeights.of(weights, 127) == rounded
    assert evenly(range(10), 4) == [0, 3, 6, 9]
    assert evenly([7], 4) == [7]
