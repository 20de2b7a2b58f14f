"""`onelayer study`: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import polars as pl
import pytest
from cli_helpers import QUICK, Ended, call

import onelayer.cli.study
from onelayer.cli.study import default_folder


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "quick.toml"
    path.write_text(QUICK)
    return path


# The whole built-in study -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    here = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        ended = call("study", "--set", "max_epochs=3")
    return here / "runs" / "gradient-descent-digits", ended


RUNS = [
    "binary", "file-order", "class-order", "batches-shuffled", "shuffled-once", "shuffled",
    "few", "few-stopped", *(f"few-l2[l2={v}]" for v in (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)),
]  # fmt: skip
BATCHES = {"binary": 8} | dict.fromkeys(RUNS[1:6], 40) | dict.fromkeys(RUNS[6:], 30)


def test_built_in_study_leaves_a_complete_folder(whole: tuple[Path, Ended]) -> None:
    folder, ended = whole
    assert ended.code == 0, ended.err
    assert {p.name for p in folder.iterdir()} == {
        "manifest.json", "study.toml", "environment.json", "history.parquet",
        "results.json", "findings.json", "models", "report.html", "report.pdf", "figures",
    }  # fmt: skip
    assert {p.name for p in (folder / "models").iterdir()} == {f"{r}.safetensors" for r in RUNS}
    assert list((folder / "figures").glob("*.svg"))
    assert {p.suffix for p in (folder / "figures").iterdir()} == {".svg"}
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert "</html>" in (folder / "report.html").read_text("utf-8")
    assert [p for p in folder.rglob("*") if p.name.endswith(".partial")] == []


def test_built_in_study_says_what_it_did(whole: tuple[Path, Ended]) -> None:
    _, ended = whole
    assert ended.out == ""
    lines = ended.err.splitlines()
    table = next(place for place, line in enumerate(lines) if line.startswith("run "))
    rows = lines[table + 1 : table + 1 + len(RUNS)]
    for run in ("8 against 1", "no penalty", "stopped early"):
        assert len([line for line in lines if line.startswith(f"{run}: ")]) == 1
        assert len([row for row in rows if row.startswith(f"{run} ")]) == 1
    questions = [line for line in lines if line.endswith("?")]
    assert 1 <= len(questions) <= 5
    assert lines[-1] == "Report: runs/gradient-descent-digits/report.html"


def test_files_of_the_built_in_study_fit_one_another(whole: tuple[Path, Ended]) -> None:
    folder, _ = whole
    results = json.loads((folder / "results.json").read_text("utf-8"))
    history = pl.read_parquet(folder / "history.parquet")
    assert [run["name"] for run in results["runs"]] == RUNS
    for run in results["runs"]:
        assert history.filter(pl.col("run") == run["name"]).height == run["steps"]
        assert run["config"]["max_epochs"] == 3
        assert run["config"]["batch_size"] == BATCHES[run["name"]]
    (noisy,) = [own for own in results["data"]["selections"] if own["runs"] == RUNS[6:]]
    assert noisy["wrong_labels"] == {"train": 45, "validation": 0}
    (constructed,) = [own for own in results["data"]["selections"] if own["runs"] == RUNS[1:6]]
    assert constructed["one_sided"] == {"label": 8, "begin": 240, "end": 280}
    findings = json.loads((folder / "findings.json").read_text("utf-8"))
    for finding in findings:
        assert {"code", "check", "runs", "severity", "statement", "evidence"} <= finding.keys()
        assert {*finding["runs"]} <= {*RUNS}
    told = json.loads((folder / "environment.json").read_text("utf-8"))
    assert {"started", "finished", "seconds", "threads", "platform", "versions"} <= told.keys()
    assert {"data", "training", "diagnosis", "report"} <= told["seconds"].keys()
    assert {"numpy", "numba", "llvmlite"} <= told["versions"].keys()
    assert told["vector_bytes"] in (16, 32, 64)


# Printing ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_report")
def test_json_alone_goes_to_stdout(study: Path, tmp_path: Path) -> None:
    ended = call("study", study, "--out", tmp_path / "out", "--json")
    assert ended.code == 0
    written = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert json.loads(ended.out) == written
    assert [run["name"] for run in written["runs"]] == ["plain", "l2[l2=1.0]", "l2[l2=0.1]"]
    assert "Report: " in ended.err


@pytest.mark.usefixtures("no_report")
def test_quiet_prints_nothing(study: Path, tmp_path: Path) -> None:
    assert call("study", study, "--out", tmp_path / "a", "--quiet") == Ended(0, "", "")
    ended = call("study", study, "--out", tmp_path / "b", "--quiet", "--json")
    assert ended.err == ""
    assert json.loads(ended.out)["study"] == "quick"


def test_quiet_still_prints_errors(study: Path, tmp_path: Path) -> None:
    ended = call("study", study, "--out", tmp_path / "a", "--quiet", "--set", "l3=1")
    assert "unknown key" in ended.refused(2)


@pytest.mark.usefixtures("no_report")
def test_without_a_terminal_there_is_a_line_a_run_and_a_table(study: Path, tmp_path: Path) -> None:
    lines = call("study", study, "--out", tmp_path / "out").err.splitlines()
    told = sorted(line.partition(": ")[0] for line in lines[:3])
    assert told == ["λ = 0", "λ = 0.1", "λ = 1"]
    assert "all 2 epochs done, 20 steps, validation loss " in lines[0]
    table = next(place for place, line in enumerate(lines) if line.startswith("run "))
    rows = [line.partition(" max_epochs")[0].strip() for line in lines[table + 1 : table + 4]]
    assert rows == ["λ = 0", "λ = 1", "λ = 0.1"]
    assert any(line.startswith("Ended before they had converged: “λ = 0”") for line in lines)
    assert "Was early stopping free?" not in lines  # there was none
    place = lines.index("Which run is the best?")
    assert lines[place + 1].startswith("  Of 3 runs ")
    assert max(map(len, lines[place:-1])) <= 80
    assert lines[-1] == f"Report: {tmp_path / 'out' / 'report.html'}"
    assert "\x1b" not in "".join(lines)


@pytest.mark.usefixtures("no_report")
def test_counts_beyond_a_source_that_was_chosen_here_are_limits(
    study: Path, tmp_path: Path
) -> None:
    study.write_text(QUICK.replace('"digits"', '"mnist"').replace("200", "20000"))
    ended = call("study", study, "--out", tmp_path / "out", "--data", "digits")
    assert ended.code == 0
    assert "Note: data.train: 20,000 examples were asked for, the source has 1,200" in ended.err
    strict = call(
        "study", study, "--out", tmp_path / "new", "--data", "digits", "--set", "data.train=30000"
    )
    assert "data.train: 30,000 examples were asked for" in strict.refused(2)
    assert not (tmp_path / "new").exists()


@pytest.mark.usefixtures("no_report")
def test_two_identical_studies_have_the_same_findings(study: Path, tmp_path: Path) -> None:
    for name, threads in (("a", "1"), ("b", "3")):
        assert call("study", study, "--out", tmp_path / name, "--threads", threads).code == 0
    for name in ("findings.json", "results.json", "study.toml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_default_folder_is_named_after_study_and_data(tmp_path: Path) -> None:
    (tmp_path / "my data").mkdir()
    assert default_folder("s", "digits") == Path("runs/s-digits")
    assert default_folder("s", str(tmp_path / "my data")) == Path("runs/s-my data")
    assert default_folder("s", f"{tmp_path}/my data/") == Path("runs/s-my data")


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("works", [True, False])
def test_the_page_is_opened_or_it_is_said_that_it_cannot(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, works: bool
) -> None:
    opened: list[str] = []

    def open_page(page: str) -> bool:
        opened.append(page)
        return works

    monkeypatch.setattr("webbrowser.open", open_page)
    arguments = ("study", study, "--out", tmp_path / "out", "--open", "--set", "max_epochs=1")
    ended = call(*arguments, "--quiet")
    assert ended.code == 0
    page = (tmp_path / "out" / "report.html").as_uri()
    assert opened == [page]
    assert ended.err == ("" if works else f"No browser could be opened; open {page} by hand.\n")


# Ends -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_report")
def test_finished_folder_needs_force(study: Path, tmp_path: Path) -> None:
    arguments = ("study", study, "--out", tmp_path / "out")
    assert call(*arguments).code == 0
    assert "finished" in call(*arguments).refused(2)
    assert call(*arguments, "--force").code == 0


@pytest.mark.usefixtures("no_report")
def test_when_every_run_diverged_the_study_failed(study: Path, tmp_path: Path) -> None:
    wild = ("--set", "learning_rate=1e38", "--set", "l2=1e38")
    ended = call("study", study, "--out", tmp_path / "out", "--quiet", *wild)
    assert ended.refused(1) == (
        "Every run diverged, by the penalty alone: it makes the weights grow. Take a smaller l2, "
        "or a smaller learning rate."
    )


def test_when_one_run_diverged_the_others_are_reported(study: Path, tmp_path: Path) -> None:
    wild = ("--set", "runs.plain.learning_rate=1e38", "--set", "runs.plain.l2=1e38")
    ended = call("study", study, "--out", tmp_path / "out", *wild)
    assert ended.code == 0, ended.err
    assert "Warning: The run “λ = 1e+38” diverged" in ended.err
    document = (tmp_path / "out" / "results.json").read_text("utf-8")
    assert json.loads(document)["runs"][0]["stop_reason"] == "diverged"
    assert "NaN" not in document
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.toml"], "nowhere.toml: no such study file, and not a built-in study"),
        (["."], ".: cannot be read: Is a directory."),
        (["--data", "nowhere"], "data: 'nowhere' is no built-in source and does not exist;"),
        (["--set", "l2"], "--set l2: must have the form key=value."),
        (["--set", "runs.x.l2=1"], "--set runs.x.l2=1: there is no run 'x'; there are: binary"),
        (["--set", "l2=-1"], "gradient-descent: runs.binary.l2: -1 was given; must be"),
        (["--set", "batch_size=5000"], "runs.binary: batch_size: 5000 is more than the "),
        (["--set", "data.train=9999"], "data.split: 9,999 training and 597 validation"),
        (["--out", "file"], "file: is a file; name a folder."),
        (["--out", "file/below"], "file: is a file; name a folder."),
        (["--out", "full"], "full: holds mine and is not a run folder;"),
    ],
)
def test_wrong_use_ends_with_2_and_one_message(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("full").mkdir()
    Path("full/mine").touch()
    assert call("study", *arguments).refused(2).startswith(said)
    assert not Path("runs").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission_is_refused(study: Path, tmp_path: Path) -> None:
    tmp_path.joinpath("closed").mkdir(mode=0o500)
    ended = call("study", study, "--out", tmp_path / "closed" / "out")
    assert "cannot be written: Permission denied" in ended.refused(1)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (MemoryError(), 1, "Out of memory."),
        (OSError(28, "No space left on device", "/x"), 1, "/x: No space left on device"),
        (RuntimeError("odd"), 1, "Internal error, RuntimeError: odd"),
        (KeyboardInterrupt(), 1, "Interrupted; the same command goes on where it was."),
    ],
)
def test_what_fails_in_the_middle_ends_with_1_and_one_message(
    monkeypatch: pytest.MonkeyPatch, study: Path, error: BaseException, code: int, said: str
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.delenv("ONELAYER_TRACEBACK", raising=False)
    monkeypatch.setattr(onelayer.cli.study, "study_in_folder", fail)
    out = study.with_name("out")
    assert call("study", study, "--quiet", "--out", out).refused(code).startswith(said)


def test_traceback_of_an_internal_error_can_be_had(
    monkeypatch: pytest.MonkeyPatch, study: Path
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("odd")

    monkeypatch.setenv("ONELAYER_TRACEBACK", "1")
    monkeypatch.setattr(onelayer.cli.study, "study_in_folder", fail)
    with pytest.raises(RuntimeError, match="odd"):
        call("study", study, "--out", study.with_name("out"))


SEVEN = """
name = "seven"
[data]
source = "digits"
train = 60
validation = 30
[[runs]]
name = "l2"
max_epochs = 1
l2 = [1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001]
[[sections]]
kind = "l2-accuracy"
runs = ["l2"]
"""


def test_a_sweep_of_seven_values_is_reported(tmp_path: Path) -> None:
    (tmp_path / "seven.toml").write_text(SEVEN)
    ended = call("study", tmp_path / "seven.toml", "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert all(f"λ = {value}" in page for value in ("0.3", "0.003"))


def test_a_study_file_in_its_own_folder_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "study.toml").write_text(QUICK)
    for force in ([], ["--force"]):
        said = call("study", out / "study.toml", "--out", out, *force).refused(2)
        assert "holds the study file itself" in said
    assert (out / "study.toml").read_text() == QUICK


@pytest.mark.parametrize(
    "override",
    [f"seed={'9' * 5000}", f"batch_size={10**20}", "batch_size=[[[[", "l2=" + "[" * 9000],
)
def test_values_beyond_all_sense_are_refused_in_one_line(study: Path, override: str) -> None:
    said = call("study", study, "--out", study.with_name("out"), "--set", override).refused(2)
    assert "\n" not in said
    assert len(said) < 1000


def test_names_that_differ_in_capitals_alone_are_refused(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text('[[runs]]\nname = "A"\n[[runs]]\nname = "a"\n')
    said = call("study", tmp_path / "two.toml", "--out", tmp_path / "out").refused(2)
    assert "differs from another in capitals alone" in said


@pytest.mark.usefixtures("no_report")
def test_a_sweep_does_not_take_the_folder_of_a_study(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("study", study, "--out", out, "--quiet").code == 0
    before = (out / "results.json").read_bytes()
    said = call("sweep", "digits", "--out", out, "--force").refused(2)
    assert "holds a study; name another folder" in said
    assert (out / "results.json").read_bytes() == before


def test_a_report_is_written_anew(whole: tuple[Path, Ended]) -> None:
    folder, _ = whole
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    (folder / "report.html").unlink()
    ended = call("report", folder)
    assert ended.code == 0, ended.err
    assert "report.html" in ended.err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_without_the_libraries_of_reports_one_line_says_what_to_install(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables and models need none of them."""
    monkeypatch.setattr("onelayer.cli.extras.find_spec", lambda name: name == "jinja2" or None)
    said = call("study", study, "--out", tmp_path / "out").refused(1)
    assert said == (
        "A study, with its report, needs altair, vl_convert, typst, sympy: "
        "pip install 'onelayer[study]'."
    )
    assert not (tmp_path / "out").exists()
    assert "pip install 'onelayer[study]'" in call("report", tmp_path).refused(1)
    options = ("--max-epochs", "1", "--l2", "0.1", "--quiet")
    ended = call("sweep", "digits", "--out", tmp_path / "sweep", *options)
    assert ended.code == 0, ended.err
    assert (tmp_path / "sweep" / "model.safetensors").exists()
    assert not (tmp_path / "sweep" / "report.html").exists()


@pytest.mark.usefixtures("no_report")
def test_the_minima_stand_beside_the_runs(study: Path, tmp_path: Path) -> None:
    ended = call("study", study, "--out", tmp_path / "out", "--set", "optimum=true", "--json")
    assert ended.code == 0, ended.err
    assert "above" in ended.err
    assert "how far J is above its minimum" in " ".join(ended.err.split())
    minima = {run["name"]: run["minimum"] for run in json.loads(ended.out)["runs"]}
    for name in ("l2[l2=1.0]", "l2[l2=0.1]"):
        assert minima[name]["reason"] == "certified"
        assert minima[name]["excess"] > 0
    assert minima["plain"]["reason"] == "no_minimum"  # 200 digits are separated
    assert minima["plain"]["bound"] is None


def test_a_new_study_file_goes_into_a_folder_that_is_there(tmp_path: Path) -> None:
    said = call("new", tmp_path / "none" / "a.toml").refused(2)
    assert f"there is no folder {tmp_path / 'none'}; make it first" in said
    assert call("new", tmp_path / "a.toml").code == 0
    assert "is there already" in call("new", tmp_path / "a.toml").refused(2)


@pytest.mark.usefixtures("no_report")
def test_replicates_are_named_in_full_on_80_columns(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    study.write_text(
        "[data]\ntrain = 200\nvalidation = 50\n[defaults]\nmax_epochs = 1\nexamples = 50\n"
        'draw = [0, 1]\nmodel = "softmax"\nlearning_rate = 0.1\n[[runs]]\nname = "plain"\n'
        '[[runs]]\nname = "swept"\nl2 = [0.1, 0.001]\n'
    )
    ended = call("study", study, "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    for name in ("plain: 2 draws", "λ = 0.1: 2 draws"):
        assert name in ended.err
    assert "…" not in ended.err
    assert "All runs ended by max_epochs." in " ".join(ended.err.split())
