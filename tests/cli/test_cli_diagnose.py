"""`onelayer diagnose`: what is printed, and what is refused."""

import json
import re
from pathlib import Path

import pytest
from cli_helpers import call

from onelayer.study import load_data

pytestmark = pytest.mark.usefixtures("never_a_report")

STUDY = """
name = "sorted"
mute = ["OL210"]

[data]
source = "digits"
train = 400
validation = 200

[[runs]]
name = "by-class"
batch_size = 20
max_epochs = 8
learning_rate = 0.05
order = "class"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("diagnose")
    (base / "sorted.toml").write_text(STUDY)
    ended = call("study", str(base / "sorted.toml"), "--out", str(base / "run"), "--quiet")
    assert ended.code == 0, ended.err
    return base / "run"


def test_findings_are_printed_with_what_to_do_and_how_sure(folder: Path) -> None:
    ended = call("diagnose", str(folder), "--only", "OL008", "--only", "ol107")
    assert (ended.code, ended.out) == (0, "")
    text = " ".join(ended.err.split())
    assert "OL008 Batches ordered by class found" in text
    assert "OL107 Shuffling that speeds convergence found" in text
    assert "What to do: " in text
    assert "How sure: " in text
    assert "Tried: the run shuffled in each epoch, with 6 seeds." in text
    assert re.search(r"2 found, 0 can't tell, 0 clear, 0 not applicable\.", text)
    assert "Experiments: about " in text


def test_all_checks_are_those_of_the_study(folder: Path) -> None:
    ended = call("diagnose", str(folder), "--json", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert found == json.loads((folder / "findings.json").read_text())
    assert "OL210" not in {finding["code"] for finding in found}
    assert not [f for f in found if "check itself failed" in f["statement"]]


def test_a_muted_check_is_made_where_it_is_named(folder: Path) -> None:
    ended = call("diagnose", str(folder), "--json", "--quiet", "--only", "OL210")
    assert {finding["code"] for finding in json.loads(ended.out)} == {"OL210"}


def test_a_budget_bounds_experiments(folder: Path) -> None:
    ended = call("diagnose", str(folder), "--json", "--quiet", "--only", "OL107", "--budget", "0")
    (finding,) = json.loads(ended.out)
    assert finding["answer"] == "can't tell"
    assert finding["how_sure"]["seconds"] == 0
    assert "Give a budget of at least" in finding["advice"]


def test_nothing_in_the_folder_is_changed(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert call("diagnose", str(folder), "--only", "OL002").code == 0
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_what_is_refused(folder: Path, tmp_path: Path) -> None:
    message = call("diagnose", str(folder), "--only", "OL999").refused(2)
    assert message.startswith("'OL999': there is no such check; there are OL001, OL002")
    assert "is not a run folder" in call("diagnose", str(tmp_path)).refused(2)
    assert "budget" in call("diagnose", str(folder), "--budget", "-1").err


def test_other_data_than_then_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onelayer.workflow.diagnose as module

    real = load_data

    def other(study):  # type: ignore[no-untyped-def]
        data = real(study)
        data.train.X.setflags(write=True)
        data.train.X[0, 0] += 1
        return data

    monkeypatch.setattr(module, "load_data", other)
    message = call("diagnose", str(folder)).refused(2)
    assert "holds other examples than when the study was run" in message


def test_codes_that_a_study_mutes_are_checked(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(STUDY.replace("OL210", "OL999"))
    ended = call("study", str(tmp_path / "s.toml"), "--out", str(tmp_path / "run"), "--quiet")
    assert "'OL999': there is no such check" in ended.refused(2)
    assert not (tmp_path / "run").exists()  # before anything was trained
