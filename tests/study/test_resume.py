"""An interrupted or killed study goes on, and ends with the same bits."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from study_helpers import THREE, Watcher, bits, content, do, finish

from onelayer.errors import InputError
from onelayer.training import StopReason


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("uninterrupted")
    do(THREE, folder)
    return bits(folder)


@pytest.fixture(autouse=True)
def default_interrupt() -> Iterator[None]:
    """Ctrl-C means what it means on a terminal, however the tests were started."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def reasons(folder: Path) -> dict[str, str]:
    runs = json.loads((folder / "results.json").read_text("utf-8"))["runs"]
    return {run["name"]: run["stop_reason"] for run in runs}


def interrupting(when: Callable[[Watcher, str], bool]) -> Watcher:
    """Press Ctrl-C once, at the first evaluation of which `when` is true."""
    pressed: list[str] = []

    def press(run: str, _step: int) -> None:
        if not pressed and when(watcher, run):
            pressed.append(run)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)  # Python hands signals to the main thread, which needs a moment

    watcher = Watcher(on_evaluation=press)
    return watcher


def test_interrupted_study_keeps_what_is_done_and_goes_on_to_the_same_bits(
    tmp_path: Path, uninterrupted: dict[str, str]
) -> None:
    watcher = interrupting(lambda seen, run: run == "long" and "short" in seen.finished)
    outcome = do(THREE, tmp_path, watcher)
    assert outcome.missing == ("long", "pair")
    assert reasons(tmp_path)["short"] == "max_epochs"
    assert reasons(tmp_path)["long"] == "interrupted"
    assert outcome["long"].stop_reason is StopReason.INTERRUPTED
    assert 0 < outcome["long"].steps < 600
    assert outcome["long"].history.height == outcome["long"].steps
    assert bits(tmp_path) != uninterrupted

    again = Watcher()
    outcome = do(THREE, tmp_path, again)
    assert sorted(again.begun) == ["long", "pair"]
    assert outcome.missing == ()
    assert bits(tmp_path) == uninterrupted


def test_study_interrupted_at_once_goes_on_to_the_same_bits(
    tmp_path: Path, uninterrupted: dict[str, str]
) -> None:
    outcome = do(THREE, tmp_path, interrupting(lambda _seen, run: run in ("short", "long")))
    assert "long" in outcome.missing
    do(THREE, tmp_path)
    assert bits(tmp_path) == uninterrupted


def test_interruption_is_over_when_the_study_is(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    do(THREE, tmp_path, interrupting(lambda _seen, run: run == "long"))
    assert signal.getsignal(signal.SIGINT) is before


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("last_words", ["short", "long"])
def test_study_killed_between_two_runs_goes_on_to_the_same_bits(
    tmp_path: Path, uninterrupted: dict[str, str], last_words: str
) -> None:
    def kill(run: str) -> None:
        if run == last_words:
            raise KilledError

    with pytest.raises(KilledError):
        do(THREE, tmp_path, Watcher(on_end=kill))
    assert last_words in reasons(tmp_path)
    assert bits(tmp_path) != uninterrupted

    again = Watcher()
    do(THREE, tmp_path, again)
    assert last_words not in again.begun
    assert "pair" in again.begun
    assert bits(tmp_path) == uninterrupted


def test_study_killed_while_a_run_is_written_goes_on_to_the_same_bits(
    tmp_path: Path, uninterrupted: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from onelayer.study import RunFolder

    def kill(_self: RunFolder, name: str, _content: object) -> None:
        (tmp_path / f".{name}.partial").write_text("{")
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_json", kill)
        with pytest.raises(KilledError):
            do(THREE, tmp_path)
    assert (tmp_path / "history.parquet").exists()
    do(THREE, tmp_path)
    assert bits(tmp_path) == uninterrupted
    assert list(tmp_path.rglob("*.partial")) == []


def test_study_with_all_runs_but_no_report_trains_nothing_again(tmp_path: Path) -> None:
    do(THREE, tmp_path)
    (tmp_path / "report.pdf").write_bytes(b"pdf")  # killed before report.html, the last file
    again = Watcher()
    outcome = do(THREE, tmp_path, again)
    assert again.begun == []
    assert outcome.missing == ()


# Damage -----------------------------------------------------------------------------------------

ONE = content({"name": "a", "max_epochs": 1})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"data": {}}', '{"data": {}, "runs": [{}]}', '{"runs": 5}', "\0"]
)
def test_damaged_results_are_named_and_kept(tmp_path: Path, text: str) -> None:
    do(ONE, tmp_path)
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(InputError, match=r"results\.json: is damaged\. Start anew with --force\."):
        do(ONE, tmp_path)
    assert (tmp_path / "results.json").read_text() == text
    do(ONE, tmp_path, force=True)


@pytest.mark.parametrize("size", [0, 7, 100, -1])
def test_truncated_model_is_named_before_anything_is_trained(tmp_path: Path, size: int) -> None:
    table = content({"name": "a", "max_epochs": 1}, {"name": "b", "classes": [1, 2]})
    with pytest.raises(KilledError):
        do(table, tmp_path, Watcher(on_end=_killed))
    model = tmp_path / "models" / "a.safetensors"
    model.write_bytes(model.read_bytes()[:size])
    again = Watcher()
    with pytest.raises(InputError, match=r"a\.safetensors: cannot be read: .*--force\."):
        do(table, tmp_path, again)
    assert again.begun == []


def test_missing_model_is_named(tmp_path: Path) -> None:
    do(ONE, tmp_path)
    (tmp_path / "models" / "a.safetensors").unlink()
    with pytest.raises(InputError, match=r"a\.safetensors: cannot be read: "):
        do(ONE, tmp_path)


def test_edited_model_is_named(tmp_path: Path) -> None:
    do(ONE, tmp_path)
    model = tmp_path / "models" / "a.safetensors"
    model.write_bytes(model.read_bytes()[:-1] + b"\x01")
    with pytest.raises(InputError, match=r"a\.safetensors: .* was changed .*--force\."):
        do(ONE, tmp_path)


def test_damaged_or_missing_history_is_named(tmp_path: Path) -> None:
    do(ONE, tmp_path)
    history = tmp_path / "history.parquet"
    history.write_bytes(history.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"history\.parquet: cannot be read: .*--force\."):
        do(ONE, tmp_path)
    history.unlink()
    with pytest.raises(InputError, match=r"history\.parquet: cannot be read: .*--force\."):
        do(ONE, tmp_path)


def test_study_toml_that_was_changed_is_another_study(tmp_path: Path) -> None:
    do(ONE, tmp_path)
    (tmp_path / "study.toml").write_bytes(b"\xff")
    with pytest.raises(InputError, match="holds a study with other settings"):
        do(ONE, tmp_path)


def test_finished_folder_is_not_taken_up(tmp_path: Path) -> None:
    do(ONE, tmp_path)
    finish(tmp_path)
    again = Watcher()
    with pytest.raises(InputError, match="finished"):
        do(ONE, tmp_path, again)
    assert again.begun == []


def _killed(_run: str) -> None:
    raise KilledError
