"""Commands that are killed, stopped or refused room, in processes of their own."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import COMMAND, PATIENCE, call, run
from cli_muted import MUTED

from onelayer.inference import Classifier

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")

STUDY = f"""
name = "killed"
{MUTED}
[data]
source = "digits"
train = 300
validation = 100
[defaults]
batch_size = 2
max_epochs = 10
evaluations_per_epoch = 150
[[runs]]
name = "stack"
l2 = [0.0, 0.1]
[[runs]]
name = "pair"
model = "logistic"
classes = [2, 3]
early_stopping = {{ patience = 400 }}
[[sections]]
kind = "early-stopping"
runs = ["pair"]
"""


OFTEN = (
    sys.executable, "-c",
    "from onelayer.cli import main; from onelayer.training import checkpoint; "
    "checkpoint.SECONDS, checkpoint.MOST_SHARE = 0.05, 1; main()",
)  # fmt: skip
"""The command, with more checkpoints."""


def start(*arguments: str, command: tuple[str, ...] = COMMAND) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def bits(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("environment.json", "manifest.json")
    }


def results(files: dict[str, bytes]) -> dict[str, bytes]:
    """All but the report, which follows from them and is the slow part."""
    return {name: files[name] for name in files if not name.startswith(("report.", "figures/"))}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "killed.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def whole(study: Path) -> dict[str, bytes]:
    """What an undisturbed study leaves."""
    out = study.with_name("whole")
    ended = call("study", study, "--out", out, "--quiet")
    assert ended.code == 0, ended.err
    return bits(out)


def test_a_study_killed_again_and_again_ends_with_the_same_bits(
    study: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    """More kills, and a table of them: benchmarks/kills.py."""
    source = random.Random(0)
    out = tmp_path / "out"
    arguments = ("study", str(study), "--out", str(out), "--quiet")
    killed = 0
    for _ in range(4):
        known = _checkpoint(out)
        process = start(*arguments, command=OFTEN)
        try:
            while process.poll() is None and _checkpoint(out) == known:
                time.sleep(0.01)
            process.wait(source.uniform(0, 0.2))
        except subprocess.TimeoutExpired:
            killed += 1
        else:
            break
        finally:
            process.kill()
            process.communicate()
    ended = run(*arguments)
    assert ended.code == 0 or "finished" in ended.err
    assert killed > 1
    assert bits(tmp_path / "out") == whole


def _checkpoint(out: Path) -> int | None:
    """Return when the checkpoint was written, if there is one."""
    try:
        return (out / "checkpoint.safetensors").stat().st_mtime_ns
    except FileNotFoundError:
        return None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_study_within_two_seconds(study: Path, tmp_path: Path, number: int) -> None:
    out = tmp_path / "out"
    arguments = ("study", str(study), "--out", str(out), "--set", "max_epochs=400")
    process = start(*arguments)
    _wait_for(out / "results.json", process)
    time.sleep(0.5)
    before, others = _work_of(process.pid), _work_of_ended()
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE)
    # Of work, and not on the clock: a loaded machine pauses.
    assert _work_of_ended() - others - before < 2
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "goes on where it was" in said.splitlines()[-1]
    assert (out / "checkpoint.safetensors").exists() or "are done and kept" in said


def _work_of(pid: int) -> float:
    """Return the seconds for which processors have worked for a process and its children."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # of a process that has ended
            _state, parent, *rest = path.read_text().rpartition(")")[2].split()
            if str(pid) in (path.parent.name, parent):
                ticks += sum(map(int, rest[9:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _work_of_ended() -> float:
    """Return the seconds for which processors have worked for children that have ended."""
    used = os.times()
    return used.children_user + used.children_system


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.3])
def test_a_signal_in_the_first_moments_gives_one_line(study: Path, delay: float) -> None:
    process = start("study", str(study), "--out", str(study.with_name(f"first-{delay}")))
    while not _handles(process.pid, signal.SIGTERM):  # the first that it does
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.001)
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "Traceback" not in said


def _handles(pid: int, number: int) -> bool:
    """Whether a process has a handler of a signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (number - 1) & 1)


@pytest.mark.usefixtures("no_report")
def test_a_second_signal_ends_at_once_and_the_study_goes_on(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("study", str(study), "--out", str(out), "--quiet")
    process = start(*arguments)
    _wait_for(out / "results.json", process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Traceback" not in said
    ended = call(*arguments)
    assert ended.code == 0 or "finished" in ended.err, ended.err


def test_one_process_a_folder(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("study", str(study), "--out", str(out), "--set", "max_epochs=4000")
    process = start(*arguments)
    try:
        _wait_for(out / "results.json", process)
        said = call(*arguments).refused(2)
        assert f"out: is in use by process {process.pid}. Wait until it has ended" in said
    finally:
        process.kill()
        process.communicate()


def _limited(*arguments: str, size: int) -> subprocess.CompletedProcess[str]:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, preexec_fn=limit,
        env=os.environ | {"NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", "")}
        if "NUMBA_CACHE_DIR" in os.environ else None,
    )  # fmt: skip


@pytest.mark.usefixtures("no_report")
def test_a_limit_on_files_is_said_and_the_study_goes_on_without_it(
    study: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    arguments = ("study", str(study), "--out", str(tmp_path / "out"), "--quiet")
    ended = _limited(*arguments, size=20_000)
    assert ended.returncode == 1
    assert "cannot be written: File too large." in ended.stderr
    assert ended.stderr.count("onelayer: ") == 1
    assert call(*arguments).code == 0
    assert results(bits(tmp_path / "out")) == results(whole)


def test_a_fit_that_is_killed_goes_on(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    X, y = source.normal(size=(3000, 20)), source.integers(0, 3, 3000)
    np.savez(tmp_path / "d.npz", X=X, y=y)
    options = ("--batch-size", "2", "--max-epochs", "30", "--quiet")
    models = []
    for name in ("whole", "killed"):
        out = tmp_path / f"{name}.safetensors"
        arguments = ("fit", str(tmp_path / "d.npz"), "--out", str(out), *options)
        if name == "killed":
            process = start(*arguments)
            _wait_for(tmp_path / f".{out.name}.checkpoint", process, may_end=True)
            process.kill()
            process.communicate()
        assert run(*arguments).code == 0 or out.exists()
        models.append(Classifier.load(out))
    assert models[0].weights.tobytes() == models[1].weights.tobytes()
    assert models[0].record["final"] == models[1].record["final"]
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) in (
        [], [".killed.safetensors.lock"],
    )  # fmt: skip


def _wait_for(path: Path, process: subprocess.Popen[str], *, may_end: bool = False) -> None:
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end
        if process.poll() is not None:
            assert may_end, process.communicate()[1]
            return
        time.sleep(0.01)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A file system of its own: called with mount options, it is mounted (anew) and returned."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = False

    def mount(options: str) -> Path:
        nonlocal mounted
        options = f"remount,{options}" if mounted else options
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            if mounted:
                raise
            pytest.skip("may not mount a file system here")
        mounted = True
        return place

    yield mount
    if mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("size", ["64k", "150k", "300k"])
def test_a_disk_that_is_really_full(
    study: Path,
    whole: dict[str, bytes],
    disk: Callable[[str], Path],
    size: str,
    request: pytest.FixtureRequest,
) -> None:
    if size == "64k":  # filled before there is a report
        request.getfixturevalue("no_report")
    out = disk(f"size={size}") / "out"
    arguments = ("study", str(study), "--out", str(out), "--quiet")
    said = call(*arguments).refused(1)
    assert "cannot be written: No space left on device. The disk is full: make room" in said
    disk("size=64m")
    assert call(*arguments).code == 0
    assert results(bits(out)) == results(whole)
    assert size == "64k" or bits(out) == whole


@pytest.mark.usefixtures("no_report")
def test_a_disk_that_is_really_read_only(
    study: Path, whole: dict[str, bytes], disk: Callable[[str], Path]
) -> None:
    out = disk("size=64m,ro") / "out"
    arguments = ("study", str(study), "--out", str(out), "--quiet")
    said = call(*arguments).refused(1)
    assert "Read-only file system" in said
    disk("size=64m,rw")
    assert call(*arguments).code == 0
    before = bits(out)
    assert results(before) == results(whole)
    disk("size=64m,ro")
    assert "Read-only file system" in call(*arguments, "--force").refused(1)
    assert bits(out) == before


@pytest.mark.usefixtures("no_report")
def test_a_folder_that_vanishes(study: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("study", str(study), "--out", str(out), "--quiet")
    process = start(*arguments, "--set", "max_epochs=4000")
    try:
        _wait_for(out / "checkpoint.safetensors", process)
        shutil.rmtree(out)
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 1
    assert said.count("onelayer: ") == 1
    assert "No such file or directory" in said
    assert "Traceback" not in said
    assert call(*arguments).code == 0
    assert results(bits(out)) == results(whole)
