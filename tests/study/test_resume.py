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
    assert reasons(tmp_path) == {"short": "max_epochs"}
    assert watcher.finished["long"].stop_reason is StopReason.INTERRUPTED
    steps = watcher.finished["long"].history.steps
    assert 0 < steps < 600
    assert bits(tmp_path) != uninterrupted

    again = Watcher()
    outcome = do(THREE, tmp_path, again)
    assert sorted(again.begun) == ["long", "pair"]
    assert outcome.missing == ()
    # It went on in the middle of the run: at the evaluation after the last one that was made.
    first = next(step for run, step in again.evaluations if run == "long")
    assert first == steps - 1
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
    assert bits(tmp_path) != uninterrupted
    again = Watcher()
    do(THREE, tmp_path, again)
    assert "pair" in again.begun
    assert bits(tmp_path) == uninterrupted


def test_study_with_all_runs_but_no_report_trains_nothing_again(tmp_path: Path) -> None:
    do(THREE, tmp_path)
    again = Watcher()
    outcome = do(THREE, tmp_path, again)
    assert again.begun == []
    assert outcome.missing == ()


# Damage -----------------------------------------------------------------------------------------

ONE = content({"name": "a", "max_epochs": 1})
TWO = content({"name": "a", "max_epochs": 1}, {"name": "b", "max_epochs": 9, "classes": [2, 3]})


@pytest.fixture
def half_done(tmp_path: Path) -> Path:
    """A folder with one of two runs."""

    def kill(run: str, step: int) -> None:
        if run == "b" and step > 3:
            raise KilledError

    with pytest.raises(KilledError):
        do(TWO, tmp_path, Watcher(on_evaluation=kill))
    assert reasons(tmp_path) == {"a": "max_epochs"}
    return tmp_path


FILES = ["study.toml", "results.json", "history/a.parquet", "models/a.safetensors"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["cut", "bit", "empty", "gone", "other"])
def test_damaged_or_edited_file_is_named_and_nothing_is_changed(
    half_done: Path, name: str, how: str
) -> None:
    path = half_done / name
    content = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        half = len(content) // 2
        path.write_bytes(
            {
                "cut": content[:-1],
                "bit": content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :],
                "empty": b"",
                "other": content + b"\n",
            }[how]
        )
    before = bits(half_done)
    with pytest.raises(InputError, match=rf"{name}: (is damaged|cannot be read).* force=True\."):
        do(TWO, half_done)
    assert bits(half_done) == before
    do(TWO, half_done, force=True)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": 1, "files": {}}', '{"format": 3}', "\0", "[" * 10**5]
)
def test_damaged_manifest_is_named(half_done: Path, text: str) -> None:
    (half_done / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"manifest\.json: (is damaged|has format)"):
        do(TWO, half_done)


def test_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    do(THREE, tmp_path, interrupting(lambda _seen, run: run == "long"))
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match=r"checkpoint\.safetensors: .*changed.*Remove it, and"):
        do(THREE, tmp_path)
    path.unlink()
    do(THREE, tmp_path)


def test_finished_folder_is_not_taken_up(tmp_path: Path) -> None:
    do(ONE, tmp_path)
    finish(tmp_path)
    again = Watcher()
    with pytest.raises(InputError, match="finished"):
        do(ONE, tmp_path, again)
    assert again.begun == []
