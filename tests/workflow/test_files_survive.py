"""Fits and sweeps on files that are killed at any moment go on, and end with the same bits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pytest
from crashing import VARIANTS, crash_points
from scipy.sparse import csr_matrix, save_npz

from onelayer.errors import InputError, OnelayerError
from onelayer.storage import Folder
from onelayer.sweep import Grid
from onelayer.training import (
    Averaging,
    EarlyStopping,
    Ended,
    Evaluated,
    Event,
    TrainConfig,
    checkpoint,
)
from onelayer.workflow.files import Share, TrainingFiles
from onelayer.workflow.fit import fit_files
from onelayer.workflow.sweep import FileSweep, sweep_files
from onelayer.workflow.watch import Watch

STOPPING = TrainConfig(
    max_epochs=3, batch_size=16, evaluations_per_epoch=2, dtype="float64", learning_rate=0.5,
    early_stopping=EarlyStopping(patience=2, min_delta=0.01), momentum=0.3,
    averaging=Averaging(kind="exponential", decay=0.5), initial_std=0.1,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a checkpoint after each advance."""
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "MOST_SHARE", 1e9)


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> TrainingFiles:
    path = tmp_path_factory.mktemp("data") / "dense.npz"
    source = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = (source.normal(size=(90, 6)) + np.eye(3, 6)[y]).astype(np.float32)
    np.savez(path, X=X, y=y)
    return TrainingFiles(str(path), validation=Share(0.3))


@pytest.fixture(scope="module")
def sparse(dense: TrainingFiles) -> TrainingFiles:
    folder = Path(dense.train).parent
    given = np.load(dense.train)
    save_npz(folder / "sparse.npz", csr_matrix(np.where(given["X"] > 1, given["X"], 0)))
    np.save(folder / "labels.npy", given["y"])
    return TrainingFiles(
        str(folder / "sparse.npz"), labels=str(folder / "labels.npy"), validation=Share(0.3),
        scale="none",
    )  # fmt: skip


@pytest.fixture
def files(request: pytest.FixtureRequest) -> TrainingFiles:
    given: TrainingFiles = request.getfixturevalue(request.param)
    return given


# What is written, and in which order, does not depend on how features are stored.
DENSE, SPARSE = [("dense", variant) for variant in VARIANTS], ("sparse", "killed")


def bits(place: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def page(done: FileSweep) -> str:
    return f"{done.result.summary} {done.classifier.weights.tobytes().hex()}"


@pytest.mark.parametrize(("files", "variant"), [*DENSE, SPARSE], indirect=["files"])
def test_a_fit_at_every_call_of_the_file_system(
    files: TrainingFiles, variant: str, tmp_path: Path
) -> None:
    def work(place: Path) -> None:
        place.mkdir(exist_ok=True)
        fit_files(files, STOPPING, place / "m.safetensors", threads=1)

    (tmp_path / "whole").mkdir()
    work(tmp_path / "whole")
    expected = bits(tmp_path / "whole")
    assert set(expected) == {"m.safetensors"}
    points = crash_points(tmp_path, work, lambda place: _same(bits(place), expected), variant)
    assert points > 20


@pytest.mark.parametrize(
    ("files", "variant", "folds"),
    [*((*each, None) for each in DENSE), ("dense", "some names lost", 2), (*SPARSE, 2)],
    indirect=["files"],
)
def test_a_sweep_at_every_call_of_the_file_system(
    files: TrainingFiles, variant: str, folds: int | None, tmp_path: Path
) -> None:
    grid = Grid.of([0.001, 0.1], [0.1, 0.5])

    def work(place: Path) -> None:
        place.mkdir(exist_ok=True)
        out = place / "out"  # the model has this name
        try:
            sweep_files(files, grid, STOPPING, out, folds=folds, threads=1, make_page=page)
        except InputError as error:
            if "holds a sweep" not in str(error):  # stopped after the last write
                raise

    work(tmp_path / "whole")
    expected = bits(tmp_path / "whole")
    assert "out/report.html" in expected
    points = crash_points(
        tmp_path, work, lambda place: _same(bits(place), expected), variant, step=5
    )
    assert points > 40


def _same(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    assert found == expected


def test_a_sweep_that_is_stopped_goes_on_where_it_was(dense: TrainingFiles, tmp_path: Path) -> None:
    """The second call makes only the steps that the first one did not."""

    grid, config = Grid.of([0.001, 0.1], 0.1), TrainConfig(max_epochs=4, batch_size=16)
    said: list[str] = []

    def watch(most: int | None) -> tuple[Watch, list[int]]:
        stop, seen = threading.Event(), []

        def listen(event: Event) -> None:
            if isinstance(event, Evaluated):
                seen.append(event.evaluation.step)
                if len(seen) == most:
                    stop.set()

        def training(_models: int, _steps: int) -> AbstractContextManager[Callable[[Event], None]]:
            return nullcontext(listen)

        return Watch(training=training, say=said.append, stoppable=lambda: nullcontext(stop)), seen

    whole = sweep_files(
        dense, grid, config.model_copy(update={"early_stopping": EarlyStopping(patience=99)}),
        tmp_path / "whole",
    )  # fmt: skip
    config = whole.result.configs[0].model_copy(update={"l2": 0.0, "learning_rate": 0.1})
    first, seen = watch(most=10)
    with pytest.raises(OnelayerError, match=r"^Interrupted\. .* goes on where it was"):
        sweep_files(dense, grid, config, tmp_path / "out", watch=first)
    second, after = watch(most=None)
    again = sweep_files(dense, grid, config, tmp_path / "out", watch=second)
    assert "Training goes on from the last checkpoint." in said
    assert min(after) >= max(seen) > 0
    assert again.classifier.weights.tobytes() == whole.classifier.weights.tobytes()
    assert again.as_json() == whole.as_json()


def test_other_options_start_anew(dense: TrainingFiles, tmp_path: Path) -> None:

    stop, said = threading.Event(), list[str]()
    stop.set()
    stopped = Watch(stoppable=lambda: nullcontext(stop), say=said.append)
    out, grid = tmp_path / "out", Grid.of([0.001, 0.1], 0.1)
    with pytest.raises(OnelayerError, match="Interrupted"):
        sweep_files(dense, grid, STOPPING, out, watch=stopped)
    other = STOPPING.model_copy(update={"seed": 1})
    done = sweep_files(dense, grid, other, out, watch=Watch(say=said.append))
    assert any("is of another training, and is replaced" in line for line in said)
    alone = sweep_files(dense, grid, other, tmp_path / "alone")
    assert done.classifier.weights.tobytes() == alone.classifier.weights.tobytes()


def test_one_process_a_sweep(dense: TrainingFiles, tmp_path: Path) -> None:
    with (
        Folder.lock(tmp_path / "out"),
        pytest.raises(InputError, match=r"out: is in use by process \d+\. Wait until it has ended"),
    ):
        sweep_files(dense, Grid.of(0.1, 0.1), STOPPING, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_sweep_that_is_stopped_in_its_last_training_is_not_done(
    dense: TrainingFiles, tmp_path: Path
) -> None:
    """The candidates have ended by then, and no half-trained model passes for the best one."""

    grid, config = Grid.of([0.001, 0.1], 0.1), TrainConfig(max_epochs=4, batch_size=16)
    stop, ended = threading.Event(), list[Event]()

    def listen(event: Event) -> None:
        if isinstance(event, Ended):
            ended.append(event)
            if len(ended) == 2:
                stop.set()

    stopped = Watch(
        training=lambda _models, _steps: nullcontext(listen), stoppable=lambda: nullcontext(stop)
    )
    with pytest.raises(OnelayerError, match=r"^Interrupted\. "):
        sweep_files(dense, grid, config, tmp_path / "out", watch=stopped)
    assert not (tmp_path / "out" / "model.safetensors").exists()
    again = sweep_files(dense, grid, config, tmp_path / "out")
    whole = sweep_files(dense, grid, config, tmp_path / "whole")
    assert again.classifier.weights.tobytes() == whole.classifier.weights.tobytes()
    assert again.classifier.record["stop_reason"] == "max_epochs"


def test_a_sweep_says_that_its_last_training_went_wrong(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", X=source.normal(size=(90, 3)) * 30, y=np.arange(90) % 3)
    files = TrainingFiles(str(tmp_path / "d.npz"), validation=Share(0.3), scale="none")
    config = TrainConfig(max_epochs=2, batch_size=16)
    done = sweep_files(files, Grid.of(0.0, 0.1), config, tmp_path / "out")
    assert any("above that of equal probabilities" in note for note in done.notes)
