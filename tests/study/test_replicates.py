"""Runs that differ in seed or draw alone, together."""

import tomllib
from dataclasses import replace
from typing import Any

import pytest
from study_helpers import content

from onelayer.study import Run, resolve, to_toml
from onelayer.study.replicates import Replicates, replicates_of
from onelayer.training import Final, RunRecord, StopReason


def runs_of(*runs: dict[str, Any], **more: Any) -> tuple[Run, ...]:
    return resolve(content(*runs, **more), "small.toml").runs


def record(run: Run, accuracy: float | None, reason: str = "max_epochs") -> RunRecord:
    final = Final(0.5, accuracy, 0.4, 0.9, 1.0)
    return RunRecord(
        run.name, run.config, (0, 1), 10, 10, 5, 5, 1, StopReason(reason), "", None, None, final
    )


def groups(runs: tuple[Run, ...], accuracies: list[float]) -> tuple[Replicates, ...]:
    return replicates_of(runs, [record(*pair) for pair in zip(runs, accuracies, strict=True)])


def test_runs_that_differ_in_more_are_no_replicates() -> None:
    runs = runs_of(
        {"name": "a", "l2": [0.1, 0.2], "seed": [0, 1]}, {"name": "b", "seed": 5},
        {"name": "c", "seed": 6},
    )  # fmt: skip
    found = groups(runs, [0.5] * len(runs))
    assert [(group.name, group.members) for group in found] == [
        ("a[l2=0.1]", ("a[seed=0,l2=0.1]", "a[seed=1,l2=0.1]")),
        ("a[l2=0.2]", ("a[seed=0,l2=0.2]", "a[seed=1,l2=0.2]")),
    ]


def test_seeds_at_the_top_of_the_file_are_for_every_run_that_has_none() -> None:
    runs = runs_of({"name": "a"}, {"name": "b", "seed": 9}, seed=[1, 2])
    assert [(run.name, run.config.seed) for run in runs] == [
        ("a[seed=1]", 1), ("a[seed=2]", 2), ("b", 9),
    ]  # fmt: skip


def test_mean_and_spread() -> None:
    (group,) = groups(runs_of({"name": "a", "seed": [0, 1, 2]}), [0.80, 0.90, 0.70])
    assert group.mean("val_accuracy") == pytest.approx(0.8)
    assert group.sd("val_accuracy") == pytest.approx(0.1)
    assert group.over == "3 seeds"
    assert group.in_words("val_accuracy", lambda x: f"{x:.3f}") == "0.800 ± 0.100"
    assert group.as_json()["sd"]["val_accuracy"] == pytest.approx(0.1)


def test_what_diverged_is_not_in_the_mean() -> None:
    runs = runs_of({"name": "a", "examples_per_class": 2, "draw": [0, 1, 2]})
    records = [record(runs[0], 0.8), record(runs[1], 0.1, "diverged"), record(runs[2], 0.9)]
    (group,) = replicates_of(runs, records)
    assert group.mean("val_accuracy") == pytest.approx(0.85)
    assert group.over == "2 draws, 1 more diverged"
    assert group.as_json()["n"] == 2
    (group,) = replicates_of(runs, [replace(r, stop_reason=StopReason.DIVERGED) for r in records])
    assert group.mean("val_accuracy") is None
    assert group.in_words("val_accuracy", str) == "–"


def test_of_those_that_are_done() -> None:
    runs = runs_of({"name": "a", "seed": [0, 1, 2]})
    assert replicates_of(runs, [record(runs[1], 0.5)]) == ()


@pytest.mark.parametrize("override", ["seed=[4, 5]", "defaults.seed=[4, 5]", "runs.a.seed=[4, 5]"])
def test_seeds_may_be_set(override: str) -> None:
    study = resolve(content({"name": "a"}), "small.toml", overrides=[override])
    assert [(run.name, run.config.seed) for run in study.runs] == [
        ("a[seed=4]", 4),
        ("a[seed=5]", 5),
    ]
    assert resolve(tomllib.loads(to_toml(study)), "small.toml") == study


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("[0, 32]", ["a"]),
        ("0:32", ["a"]),
        ("[[0, 32], '32:64']", ["a[features=0..32]", "a[features=32..64]"]),
        ("[[0, 32], false]", ["a[features=0..32]", "a[features=all]"]),
    ],
)
def test_one_range_is_no_sweep(given: str, names: list[str]) -> None:
    study = resolve(content({"name": "a"}), "small.toml", overrides=[f"features={given}"])
    assert [run.name for run in study.runs] == names
    assert study.runs[0].config.features == (0, 32)
    assert resolve(tomllib.loads(to_toml(study)), "small.toml") == study
