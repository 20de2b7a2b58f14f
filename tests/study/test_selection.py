"""Which examples a run has: study files say it, results tell of it, and resuming notices."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from study_helpers import Watcher, content, do

from onelayer.data import fingerprint, load
from onelayer.errors import InputError
from onelayer.study import RunFolderReader, Study, load_data, resolve, to_toml


def study(*runs: dict[str, Any], overrides: tuple[str, ...] = (), **more: Any) -> Study:
    return resolve(content(*runs, **more), "small.toml", overrides=overrides)


def test_options_of_a_run_stand_beside_those_of_training() -> None:
    made = study(
        {"name": "a", "examples": 100, "label_noise": [0.0, 0.2], "draw": [3, 4]},
        {"name": "b", "classes": [2, 3], "class_shares": [[0.5, 1.0], [0.1, 1.0]]},
        {"name": "c", "one_sided": {"label": 8, "begin": 20, "end": 40}, "scaling": "standard"},
    )
    names = [run.name for run in made.runs]
    assert names[:2] == ["a[label_noise=0.0,draw=3]", "a[label_noise=0.0,draw=4]"]
    assert names[4:] == ["b[class_shares=0.5..1.0]", "b[class_shares=0.1..1.0]", "c"]
    assert [run.selection.draw for run in made.runs] == [3, 4, 3, 4, 0, 0, 0]
    assert resolve(tomllib.loads(to_toml(made)), "again.toml") == made


def test_options_may_be_those_of_all_runs() -> None:
    made = study({"name": "a"}, {"name": "b", "label_noise": 0.3},
                 defaults={"label_noise": 0.1}, overrides=("examples=50",))  # fmt: skip
    assert [run.selection.label_noise for run in made.runs] == [0.1, 0.3]
    assert [run.selection.examples for run in made.runs] == [50, 50]


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ({"label_noise": 1.5}, "runs.a.label_noise"),
        ({"label_noise": "much"}, "runs.a.label_noise"),
        ({"examples": 0}, "runs.a.examples"),
        ({"scaling": "odd"}, "runs.a.scaling"),
        ({"one_sided": {"label": 8}}, "runs.a.one_sided"),
        (
            {"one_sided": {"label": 8, "begin": 0, "end": 9, "ends": 1}},
            "runs.a.one_sided.ends: 1 was given; is no key here",
        ),
        ({"label": ""}, "runs.a.label: '' was given; must not be empty"),
        ({"draw": 1}, "runs.a.draw: 1 was given, and nothing is drawn: it needs examples, label_n"),
        ({"label_noise": [0.0, 0.1], "draw": [0, 1]}, r"runs.a\[label_noise=0.0,draw=1\].draw: 1"),
        ({"noise": 0.1}, "runs.a.noise: unknown key"),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(run: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        study({"name": "a"} | run)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ({"examples": 201}, "runs.a.examples: 201 were asked for, and there are 200"),
        ({"class_shares": [0.5, 1.0]}, "runs.a.class_shares: 2 were given for the 10 classes"),
        ({"one_sided": {"label": 11, "begin": 0, "end": 9}}, "runs.a.one_sided: there is no class"),
        ({"classes": [1, 11]}, "runs.a.classes: there is no class 11"),
    ],
)
def test_data_that_has_no_such_examples_is_refused(run: dict[str, Any], said: str) -> None:
    made = study({"name": "a"} | run)
    with pytest.raises(InputError, match=said):
        load_data(made).of(made.runs[0])


def test_noise_is_in_the_training_labels_alone() -> None:
    made = study({"name": "clean"}, {"name": "noisy", "label_noise": 0.15})
    data = load_data(made)
    (clean, right), (noisy, also_right) = (data.of(run) for run in made.runs)
    assert np.count_nonzero(clean.y != noisy.y) == 30
    assert fingerprint(right.X, right.y) == fingerprint(also_right.X, also_right.y)
    assert data.selected(made.runs[1]).wrong_labels == 30


def test_a_random_split_is_drawn_from_all_of_the_source() -> None:
    table = content(data={"source": "digits", "train": 1200, "validation": 597, "split": "random"})
    made = resolve(table, "small.toml")
    data = load_data(made)
    assert (data.choice.split, data.choice.split_seed) == ("random", 0)
    shares = [np.bincount(part.targets) / part.n_examples for part in (data.train, data.validation)]
    assert np.abs(shares[0] - shares[1]).max() < 0.003
    both = np.concatenate([data.train.X, data.validation.X])
    source = np.concatenate([part.X for part in load("digits")])
    assert sorted(map(bytes, both)) == sorted(map(bytes, source))
    assert data.facts()["sha256"] != load_data(resolve(content(), "x.toml")).facts()["sha256"]
    other = load_data(resolve(table | {"seed": 1}, "small.toml"))
    assert other.facts()["sha256"] != data.facts()["sha256"]
    kept = resolve(table | {"seed": 1}, "small.toml", overrides=["data.split_seed=0"])
    assert load_data(kept).facts()["sha256"] == data.facts()["sha256"]


def test_more_than_the_source_has_is_refused() -> None:
    table = content(data={"source": "digits", "train": 1300, "validation": 600, "split": "random"})
    with pytest.raises(InputError, match=r"data\.split: .*the source has 1,797 in all"):
        load_data(resolve(table, "small.toml"))


def test_results_say_how_many_labels_are_wrong_and_resuming_notices(tmp_path: Path) -> None:
    table = content({"name": "a"}, {"name": "b", "examples": 100, "label_noise": 0.1})
    do(table, tmp_path / "run")
    facts = json.loads((tmp_path / "run" / "results.json").read_text())["data"]
    assert facts["split"] == "file"
    (told,) = facts["selections"]
    assert told["runs"] == ["b"]
    assert (told["examples"], told["label_noise"], told["n_train"]) == (100, 0.1, 100)
    assert told["wrong_labels"] == {"train": 10, "validation": 0}
    outcome = RunFolderReader.load(tmp_path / "run").outcome()
    assert outcome["b"].record.n_train == 100
    assert outcome["b"].model.data["label_noise"] == 0.1
    other = content({"name": "a"}, {"name": "b", "examples": 100, "label_noise": 0.2})
    with pytest.raises(InputError, match=r"label_noise is 0\.1, not 0\.2"):
        do(other, tmp_path / "run")


def test_a_folder_begun_on_other_labels_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = content({"name": "b", "label_noise": 0.1})
    do(table, tmp_path / "run")
    monkeypatch.setattr("onelayer.data.variants._WRONG_LABELS", 7)  # another law of the same name
    with pytest.raises(InputError, match="begun on other data: selections differ"):
        do(table, tmp_path / "run")


def test_runs_on_the_same_examples_train_together_and_draws_are_replicates(tmp_path: Path) -> None:
    table = content({"name": "a", "examples": 60, "draw": [0, 1, 2]}, {"name": "b"})
    watcher = Watcher()
    outcome = do(table, tmp_path / "run", watcher)
    (group,) = outcome.replicates
    assert (group.name, group.over, len(group.members)) == ("a", "3 draws", 3)
    assert len({*group.values("val_loss")}) == 3
