"""The same cause has the same exit code everywhere: 2 is the user's input or usage, 1 the work."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import call

from onelayer.data import Scaling
from onelayer.inference import Classifier
from onelayer.storage import calls

READERS = (
    "inspect MODEL", "export MODEL --format onnx --out m.onnx", "evaluate MODEL d.npz",
    "predict MODEL d.npz --out p.csv",
)  # fmt: skip
"""Of models."""

DATA = (
    "evaluate m.safetensors DATA", "predict m.safetensors DATA --out p.csv",
    "fit DATA --out n.safetensors", "sweep DATA --out sweep",
    "fit d.npz --validation DATA --out n.safetensors",
    "evaluate m.safetensors d.npz --labels DATA",
)  # fmt: skip
"""Of data."""

OTHERS = ("study DATA --out run", "study --data DATA --out run", "gradcheck --data DATA",
          "report DATA")  # fmt: skip
"""Of studies, folders of data, and folders of runs."""

WRITERS = (
    "predict m.safetensors d.npz --out FOLDER/p.csv",
    "predict m.safetensors d.npz --out FOLDER/p.parquet",
    "export m.safetensors --format onnx --out FOLDER/m.onnx",
    "export m.safetensors --format skops --out FOLDER/m.skops",
)

BAD_OPTIONS = (
    "fit d.npz --out n.safetensors --l2 -1", "fit d.npz --out n.safetensors --l2 x",
    "fit d.npz --out n.safetensors --dtype float16", "fit d.npz --out n.pt",
    "fit d.npz --out n.safetensors --validation 2", "sweep d.npz --out sweep --l2 x",
    "sweep d.npz --out sweep --folds 1", "export m.safetensors --format pickle",
    "predict m.safetensors d.npz --out p.txt", "study --set l2=x --out run",
    "study --threads 0 --out run", "data get cifar", "inspect", "evaluate m.safetensors d.npz -x",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, its data, data that do not fit it, and damaged files of each kind."""
    monkeypatch.chdir(tmp_path)
    Classifier(
        model="softmax", weights=np.ones((4, 3)), bias=np.zeros(3), classes=("a", "b", "c"),
        scaling=Scaling(1.0, 0.0),
    ).save("m.safetensors")  # fmt: skip
    y = np.array(["a", "b", "c"] * 10)
    np.savez("d.npz", X=np.random.default_rng(0).normal(size=(30, 4)), y=y)
    np.savez("wide.npz", X=np.zeros((30, 7)), y=y)
    for name in ("m.safetensors", "d.npz"):
        content = Path(name).read_bytes()
        Path(f"damaged.{name.partition('.')[2]}").write_bytes(content[:-20])
    Path("damaged.toml").write_text("name = ")
    return tmp_path


def refuses(line: str, code: int) -> str:
    """Run a command that is refused; return what it said."""
    before = sorted(os.listdir())
    ended = call(*line.split())
    assert (ended.code, ended.out) == (code, ""), (line, ended.err)
    assert "Internal error" not in ended.err
    assert sorted(os.listdir()) == before, line
    return ended.err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("line", [*READERS, *DATA, *OTHERS])
def test_a_missing_file_is_the_users(line: str) -> None:
    missing = line.replace("MODEL", "none.safetensors").replace("DATA", "none.npz")
    assert "none." in refuses(missing, 2)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("line", [*READERS, *DATA])
def test_a_damaged_file_is_the_users(line: str) -> None:
    damaged = line.replace("MODEL", "damaged.safetensors").replace("DATA", "damaged.npz")
    assert "damaged." in refuses(damaged, 2)


@pytest.mark.usefixtures("folder")
def test_a_damaged_study_is_the_users() -> None:
    assert "damaged.toml" in refuses("study damaged.toml --out run", 2)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("line", [DATA[0], DATA[1], DATA[4]])
def test_data_that_do_not_fit_are_the_users(line: str) -> None:
    assert "7" in refuses(line.replace("DATA", "wide.npz"), 2)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("line", BAD_OPTIONS)
def test_a_bad_option_is_the_users(line: str) -> None:
    refuses(line, 2)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("line", [*WRITERS, "fit d.npz --out FOLDER/n.safetensors"])
def test_a_missing_folder_is_the_users(line: str) -> None:
    assert "there is no folder none; make it first." in refuses(line.replace("FOLDER", "none"), 2)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("line", WRITERS)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_a_disk_that_refuses_is_the_works(
    line: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_file: int, _content: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(calls, "write", refuse)
    said = refuses(line.replace("FOLDER/", ""), 1)
    assert f"cannot be written: {os.strerror(number)}." in said
    assert said.count("\n") == 1


# Permissions, which the system does not ask the superuser for ------------------------------------

DROP_FROM_BOUNDS, SEE_ALL, READ_ALL = 24, 1, 2
CALLS = """
import json, sys
from cli_helpers import call
for line in sys.argv[1:]:
    ended = call(*line.split())
    print(json.dumps((ended.code, ended.err)))
"""


def as_anybody() -> None:
    """Give up the superuser's right to see everything, if there is one."""
    library = ctypes.CDLL(None)
    for right in (SEE_ALL, READ_ALL):
        library.prctl(DROP_FROM_BOUNDS, right, 0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="needs the rights of Linux")
@pytest.mark.parametrize(
    ("code", "lines"),
    [
        (2, ("inspect locked.safetensors", "evaluate m.safetensors locked.npz",
             "fit locked.npz --out n.safetensors",
             "evaluate m.safetensors d.npz --labels locked.npz",
             "study locked.toml --out run", "report locked", "report locked/run",
             "fit locked/d.npz --out n.safetensors", "data pack locked packed",
             "sweep d.npz --out locked/s --l2 1")),
        (1, ("predict m.safetensors d.npz --out locked/p.csv",
             "predict m.safetensors d.npz --out bare/p.csv", "fit d.npz --out bare/n.safetensors",
             "export m.safetensors --format onnx --out bare/m.onnx")),
    ],
)  # fmt: skip
def test_no_permission_to_read_is_the_users_and_to_write_the_works(
    folder: Path, code: int, lines: tuple[str, ...]
) -> None:
    for name in ("locked", "bare"):
        (folder / name).mkdir(mode=0o555 if name == "bare" else 0o000)
    for name in ("locked.safetensors", "locked.npz", "locked.toml"):
        (folder / name).touch(mode=0o000)
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", CALLS, *lines], capture_output=True, text=True, check=True,
        stdin=subprocess.DEVNULL, preexec_fn=as_anybody, env=os.environ | {"PYTHONPATH": paths},
    )  # fmt: skip
    for line, ended in zip(lines, map(json.loads, done.stdout.splitlines()), strict=True):
        found, said = ended
        assert found == code, (line, said)
        assert "locked" in said or "bare" in said
        assert re.search("permission|not readable|may not be read", said, re.IGNORECASE)
        if code == 1:
            last = said.splitlines()[-1]
            assert "cannot be written: Permission denied. You may not write there: name " in last
