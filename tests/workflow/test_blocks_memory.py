"""How much memory data takes that is read block by block: measured in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BLOCKS, LENGTH, FEATURES = 24, 4000, 250
BLOCK = LENGTH * FEATURES * 4
WHOLE = BLOCKS * BLOCK
BESIDE = 30_000_000
"""Labels and what is measured of each example, and the sample that says how a run ended."""

KEEPS_NOTHING = {"MALLOC_MMAP_THRESHOLD_": str(2**20)}
"""For the allocator: what was let go is the system's again. By default some of it is kept, which
varies with how threads happen to meet."""

PROGRAM = """
import sys
from pathlib import Path
from blocks_material import make
from onelayer.training import TrainConfig
from onelayer.workflow.files import TrainingFiles
from onelayer.workflow.fit import fit_files
from onelayer.workflow.evaluate import read_labelled
from onelayer.workflow.predict import predict_file

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024

def work(shards, memory):
    config = TrainConfig(max_epochs=2, batch_size=128)
    out = folder / "m.safetensors"
    _, model = fit_files(TrainingFiles(shards, memory=memory), config, out, threads=2)
    predict_file(model, shards, folder / "p.csv", proba=True, memory=memory)
    given = read_labelled(model, shards, memory=memory)
    model.evaluate(given.X, given.y, threads=2)

folder = Path(sys.argv[1])
work(make(folder).shards, 10**6)  # libraries and kernels are loaded
before = peak()
work(sys.argv[2], int(sys.argv[3]))
print(peak() - before)
"""


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    source = np.random.default_rng(0)
    for i in range(BLOCKS):
        y = source.integers(0, 3, LENGTH)
        X = source.random((LENGTH, FEATURES), np.float32)
        np.save(folder / f"X-{i}.npy", X + np.eye(3, FEATURES, dtype=np.float32)[y])
        np.save(folder / f"y-{i}.npy", y)
    return folder


def growth(shards: Path, memory: int, folder: Path) -> int:
    """Return by how many bytes a process grows in which all is done."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, folder, shards, str(memory)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parent,
        env={**os.environ, **KEEPS_NOTHING},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_a_bound_is_kept(shards: Path, tmp_path: Path) -> None:
    memory = 6 * BLOCK + 1_000_000
    for name in ("bounded", "free"):
        (tmp_path / name).mkdir()
    limit = memory + BESIDE
    assert limit < 0.6 * WHOLE
    assert growth(shards, memory, tmp_path / "bounded") < limit
    # Without a bound all blocks are held: what is measured is what is meant.
    assert growth(shards, 10 * WHOLE, tmp_path / "free") > WHOLE
