"""Two run folders side by side: what differs is planted, and must be found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from compare_material import FIRST, FOUND_FIRST, FOUND_SECOND, SECOND, make, table

from onelayer.diagnosis.statistics.intervals import difference_interval
from onelayer.diagnosis.statistics.paired import PairedAccuracies
from onelayer.diagnosis.words import span
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.report.document import Document, Paragraph, Table
from onelayer.report.html import to_html
from onelayer.report.pdf import to_pdf
from onelayer.storage import Folder
from onelayer.study import RunFolderReader, load_data
from onelayer.workflow import compare
from onelayer.workflow.compare import compare_folders


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    base = tmp_path_factory.mktemp("runs")
    return make(base / "one", FIRST, FOUND_FIRST), make(base / "two", SECOND, FOUND_SECOND)


@pytest.fixture(scope="module")
def document(folders: tuple[Path, Path]) -> Document:
    return compare_folders(*folders)


def tables(document: Document) -> dict[str, Table]:
    """Return the tables by their captions."""
    found = [block for block in document.blocks() if isinstance(block, Table)]
    return {str(each.caption): each for each in found}


def text(document: Document) -> str:
    return "\n".join(b.text for b in document.blocks() if isinstance(b, Paragraph))


def test_settings_that_differ_are_listed_and_no_others(document: Document) -> None:
    assert tables(document)["None"].rows == (
        ("`learning_rate`", "rate", "0.01", "0.5"),
        ("`model`", "pair", "softmax", "logistic"),
        ("`l2`", "pair", "0.0", "0.25"),
    )
    assert "What differs in how they were made: learning_rate, model, l2." in text(document)


def test_what_differs_alike_in_all_runs_is_one_row(
    tmp_path: Path, folders: tuple[Path, ...]
) -> None:
    faster = make(tmp_path / "three", table(defaults={"batch_size": 20, "max_epochs": 1}), [])
    rows = tables(compare_folders(folders[0], faster))["None"].rows
    assert rows == (("`max_epochs`", "all 3 runs in common", "2", "1"),)


def test_findings_appear_go_and_change(document: Document) -> None:
    found = tables(document)

    def codes(caption: str) -> list[str]:
        return [row[0] for row in found[caption].rows]

    assert codes("Appeared: found in two alone.") == ["XX1 Planted XX1 (same)"]
    assert codes("Gone: found in one alone.") == [
        "XX2 Planted XX2 (same)", "XX6 Planted XX6 (same)"
    ]  # fmt: skip
    assert found["Gone: found in one alone."].rows[1][2] == "not looked for"
    assert codes("Found in both, with other numbers.") == ["XX3 Planted XX3 (same)"]
    assert found["Found in both, with other numbers."].rows[0][1:] == (
        "Found. The number of same is 3.0.", "Found. The number of same is 3.5."
    )  # fmt: skip
    assert codes("Found in neither, with another answer.") == ["XX5 Planted XX5 (same)"]
    said = (
        "Of the findings 1 appeared, 2 are gone, 1 changed in number, 1 found in neither "
        "changed the answer, and 1 is as before."
    )
    assert said in text(document)
    # What is said of runs of one study alone is no change.
    assert "Planted XX7" not in str(found)


def test_models_on_the_same_examples_are_paired(
    document: Document, folders: tuple[Path, Path]
) -> None:
    rows = tables(document)[
        "Validation accuracy of the weights that are kept, differences in percentage points."
    ]
    assert rows.columns[-1] == "interval"  # since `pair` has another model, and is not paired
    by_run = {row[0]: row for row in rows.rows}
    assert by_run["same"][3] == "0.00"
    _, validation = (
        (data := load_data(RunFolderReader.load(folders[0]).study)).train,
        data.validation,
    )
    right = [
        Classifier.load(folder / "models" / "rate.safetensors").predict(validation.X)
        == np.asarray(validation.y)
        for folder in folders
    ]
    pair = PairedAccuracies.of(right[1], right[0])
    assert pair.difference == pytest.approx(right[1].mean() - right[0].mean())
    assert by_run["rate"][4] == span(pair.interval(1 - 0.05 / 3))
    assert "The fingerprints of the data agree, and the examples are at hand" in text(document)
    curves = "The same curves in both studies, bit for bit: same."
    assert curves in text(document)
    assert [figure.title for figure in document.figures()] == [
        f"Validation {what} of {run}" for run in ("rate", "pair") for what in ("loss", "accuracy")
    ]


def test_models_on_other_examples_are_two_samples(
    tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    other = table(data={"source": "digits", "train": 200, "validation": 50})
    document = compare_folders(folders[0], make(tmp_path / "three", other, []))
    assert "The fingerprints of the data differ" in text(document)
    assert [row[0] for row in tables(document)["None"].rows] == ["validation examples", "SHA-256"]
    row = tables(document)[
        "Validation accuracy of the weights that are kept, differences in percentage points."
    ].rows[0]
    results = [
        {run["name"]: run for run in json.loads((folder / "results.json").read_text())["runs"]}
        for folder in (folders[0], tmp_path / "three")
    ]
    before, after = (found["same"]["final"]["val_accuracy"] for found in results)
    assert row[4] == span(difference_interval(after, 50, before, 60, 1 - 0.05 / 3))


def test_without_the_examples_the_folders_are_enough(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_study: object) -> None:
        raise InputError("no such file")

    monkeypatch.setattr(compare, "load_data", fails)
    document = compare_folders(*folders)
    assert "the examples are not at hand (digits cannot be read here)" in text(document)
    # Of two samples alike, a difference of nothing has an interval.
    row = tables(document)[
        "Validation accuracy of the weights that are kept, differences in percentage points."
    ].rows[0]
    assert row[3] == "0.00"
    assert row[4] != "0.00 to 0.00"


def test_runs_of_one_study_alone_are_named(document: Document) -> None:
    rows = tables(document)["By the weights that are kept."].rows
    assert [row[:3] for row in rows] == [("1 epoch", "two", "max_epochs")]


def test_the_same_folders_give_the_same_bytes(folders: tuple[Path, Path]) -> None:
    first, second = (compare_folders(*folders) for _ in range(2))
    assert to_html(first) == to_html(second)
    assert to_pdf(first) == to_pdf(second)


def test_names_of_folders_are_text(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    strange = tmp_path / "<i>$x$ `b`"
    shutil.copytree(folders[0], strange)
    page = to_html(compare_folders(strange, folders[1]))
    assert "<i>$x$" not in page
    assert "&lt;i&gt;$x$ `b` and two" in page


def test_what_is_no_finished_run_folder_is_refused(
    tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    first = folders[0]
    with pytest.raises(InputError, match="are one folder; name two"):
        compare_folders(first, first)
    (tmp_path / "link").symlink_to(first)
    with pytest.raises(InputError, match="are one folder; name two"):
        compare_folders(first, tmp_path / "link")
    with pytest.raises(InputError, match=r"nothing"):
        compare_folders(first, tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="is not a run folder"):
        compare_folders(first, tmp_path / "empty")
    unfinished = make(tmp_path / "unfinished", FIRST, [], finished=False)
    with pytest.raises(InputError, match=f"{unfinished}: the study is not finished"):
        compare_folders(first, unfinished)
    old = tmp_path / "old"
    shutil.copytree(first, old)
    with Folder.lock(old) as folder:
        content = json.loads(folder.read("results.json")) | {"format": 1}
        folder.commit({"results.json": json.dumps(content).encode()})
    with pytest.raises(InputError, match="has format 1, and this onelayer reads format 2"):
        compare_folders(old, first)
