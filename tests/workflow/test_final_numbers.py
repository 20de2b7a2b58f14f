"""Every number beside a model belongs to that model's weights, over a whole study."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cli_helpers import call

from onelayer.study import RunFolderReader, built_in

STUDY = Path(str(built_in._FOLDER)) / "gradient-descent.toml"
"""As a file, it is the same study on the digits in the order of their file."""

FEW = ("--set", "max_epochs=2", "--set", "batch_size=8", "--set", "data.train=1200",
       "--set", "data.validation=597")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out: Path = tmp_path_factory.mktemp("final") / "run"
    ended = call("study", STUDY, "--out", out, *FEW, "--quiet")
    assert ended.code == 0, ended.err
    return out


def test_evaluate_and_inspect_say_final(folder: Path) -> None:
    reader = RunFolderReader.load(folder)
    assert reader.records
    for record in reader.records:
        model = folder / "models" / f"{record.name}.safetensors"
        ended = call("evaluate", model, reader.data["source"], "--json")
        assert ended.code == 0, ended.err
        measured = json.loads(ended.out)
        final = record.final
        assert measured["n"] == record.n_validation
        assert measured["log_loss"] == final.val_loss
        assert measured["accuracy"] == final.val_accuracy
        assert f"accuracy {final.val_accuracy:.2%}, log loss {final.val_loss:.4f}" in ended.err
        told = call("inspect", model).out
        assert f"loss {final.val_loss:.4f}, accuracy {final.val_accuracy:.2%}" in told
        assert f"loss {final.train_loss:.4f}, accuracy {final.train_accuracy:.2%}" in told


def test_results_table_and_report_say_final(folder: Path) -> None:
    reader = RunFolderReader.load(folder)
    results = json.loads((folder / "results.json").read_text("utf-8"))
    page = re.sub(r"<[^>]+>", " ", (folder / "report.html").read_text("utf-8"))
    differs = 0
    for record, entry in zip(reader.records, results["runs"], strict=True):
        final = record.final
        assert entry["final"]["val_accuracy"] == final.val_accuracy
        assert record.last is not None
        differs += record.last.val_loss != final.val_loss
        assert final.val_accuracy is not None
        assert f"{100 * final.val_accuracy:.2f}%" in page
    assert differs  # otherwise `last` would do as well
