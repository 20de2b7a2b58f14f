"""The studies that come with the package, each run on very few examples."""

from __future__ import annotations

import os
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from cli_helpers import call
from study_helpers import Watcher

from onelayer.report import compose
from onelayer.report.document import Table
from onelayer.study import (
    RunFolderWriter,
    Study,
    built_in_studies,
    check_study,
    load_data,
    read_study_file,
    resolve,
    run_study,
    template,
)

NAMES = [study.name for study in built_in_studies()]
SMALL = (
    "max_epochs=3", "data.train=240", "data.validation=80", "optimum=false", "draw=0", "seed=0",
)  # fmt: skip
EXAMPLES = {
    "order": ["examples=60"],
    "training-size": ["examples=[30,40,60]", "l2=[0.1,0.01]", "draw=[0,1,2]", "tolerance=0.01"],
    "imbalance": [],
    "gradient-descent": [
        *(f"runs.{run}.examples=60" for run in ("few", "few-stopped", "few-l2")),
        *(f"runs.{run}.one_sided={{label=8,begin=40,end=50}}" for run in (
            "file-order", "class-order", "batches-shuffled", "shuffled-once", "shuffled")),
    ],
    "batch-size": [],
    "momentum": [],
}  # fmt: skip


def resolved(name: str, source: str, overrides: tuple[str, ...] = ()) -> Study:
    content, where = read_study_file(name, source)
    return resolve(content, where, source=source, overrides=overrides)


@pytest.mark.parametrize("source", ["digits", "mnist", os.devnull])
@pytest.mark.parametrize("name", NAMES)
def test_every_study_resolves_on_every_source(name: str, source: str) -> None:
    study = resolved(name, source)
    assert study.name == name
    assert study.question
    assert study.question.endswith("?")
    assert study.sections
    for section in study.sections:
        assert section.x is None or section.x in (
            "order", "label_noise", "examples", "l2", "learning_rate", "class_shares",
            "initial_std", "momentum",
        )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_study_runs_and_its_verdicts_are_asked(name: str, tmp_path: Path) -> None:
    examples = EXAMPLES.get(name, ["examples=60"])
    if name in ("learning-rate", "scaling", "initialisation"):
        examples = ["examples=60", "batch_size=60", "evaluations_per_epoch=1"]
    small = [own for own in SMALL if name != "training-size" or own != "max_epochs=3"]
    study = resolved(name, "digits", (*small, *examples))
    data = load_data(study)
    study = study.model_copy(update={"data": data.choice})
    check_study(study, data)
    with RunFolderWriter.open(tmp_path / "run", study, data.facts()) as folder:
        outcome = run_study(study, data, folder, Watcher(), threads=1)
    assert not outcome.missing
    ours = [s for s in study.sections if s.kind not in ("derivation", "gradient-check")]
    document = compose(replace(outcome, study=study.model_copy(update={"sections": (*ours,)})), [])
    kinds = [section.kind for section in ours]
    shown = [section for chapter in document.chapters for section in chapter.sections]
    own = shown[: len(kinds)]  # what every report ends with follows
    for kind, section in zip(kinds, own, strict=True):
        if kind == "verdicts":
            (table,) = [block for block in section.blocks if isinstance(block, Table)]
            assert {row[1] for row in table.rows} <= {
                "holds", "does not hold", "cannot be told", "is not asked"
            }  # fmt: skip
        if kind in ("final-against", "losses"):
            assert section.blocks


def test_the_default_study_has_a_file_of_its_own_on_the_digits() -> None:
    digits, mnist, folder = (
        {run.name for run in resolved("gradient-descent", source).runs}
        for source in ("digits", "mnist", os.devnull)
    )
    assert "file-order" in digits
    assert mnist == folder
    assert "binary-shuffled" in mnist
    assert {run.name for run in resolve(*read_study_file("gradient-descent")).runs} == digits


def test_the_study_on_mnist_is_the_traditional_one() -> None:
    study = resolved("gradient-descent", "mnist")
    assert (study.data.split, study.data.train, study.data.validation) == ("file", 20000, 10000)
    assert not any(run.selection.table().keys() - {"classes"} for run in study.runs)
    binary = study.runs[0]
    assert (binary.selection.classes, binary.config.order) == ((2, 3), "file")
    assert (binary.config.learning_rate, binary.config.batch_size) == (0.05, 128)


def test_the_list_names_every_study_with_its_question() -> None:
    ended = call("study", "--list")
    assert ended.code == 0
    said = " ".join(ended.err.split())
    for study in built_in_studies():
        assert study.name in said
        assert f"{study.seconds} s" in said
    assert "What does momentum buy?" in said


def test_an_unknown_study_is_refused_with_the_names_of_all() -> None:
    ended = call("study", "nosuch")
    assert ended.code == 2
    for name in NAMES:
        assert name in ended.err
    assert "gradient-descent.digits" not in ended.err


def test_a_new_study_is_written_once_and_resolves(tmp_path: Path) -> None:
    path = tmp_path / "my-study.toml"
    ended = call("new", path)
    assert (ended.code, path.read_text("utf-8")) == (0, template())
    study = resolve(tomllib.loads(template()), str(path))
    assert study.name == "my-study"
    again = call("new", path)
    assert again.code == 2
    assert "is there already" in again.err
    assert call("new", tmp_path / "study.txt").code == 2
    assert call("new", tmp_path / "no-folder" / "a.toml").code != 0
