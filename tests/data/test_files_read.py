import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onelayer.data.blocks.readers.paths import holds_blocks
from onelayer.data.files import read_examples
from onelayer.data.files.kinds import LABEL_READERS, READERS
from onelayer.errors import InputError


@pytest.mark.parametrize("name", ["absent.csv", "absent", "mnits"])
def test_no_such_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(InputError, match=f"^{path}: there is no such file .*digits and mnist"):
        read_examples(path)


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(InputError, match="name of a file to read is empty"):
        read_examples("")


@pytest.mark.parametrize("name", ["data.xlsx", "data", "data.csv.zip", "data.npy.gz"])
def test_unknown_ending_lists_the_known_ones(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("x")
    with pytest.raises(InputError, match="with this ending are not read") as caught:
        read_examples(tmp_path / name)
    assert all(ending in str(caught.value) for ending in READERS)


@pytest.mark.parametrize("ending", READERS)
def test_empty_and_senseless_files(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"data{ending}"
    path.touch()
    with pytest.raises(InputError, match=f"^{path}: the file is empty"):
        read_examples(path)
    rng = np.random.default_rng(0)
    for size in (1, 10, 3000):
        path.write_bytes(rng.bytes(size))
        with pytest.raises(InputError, match=f"^{path}: "):
            read_examples(path, need_labels=False)


@pytest.mark.parametrize("ending", LABEL_READERS)
def test_senseless_label_files(ending: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    path = tmp_path / f"y{ending}"
    path.write_bytes(b"\xff\x00\xfe" * 50)
    with pytest.raises(InputError, match=f"^{path}: "):
        read_examples(tmp_path / "x.npy", labels=path)


@pytest.mark.parametrize("ending", READERS)
def test_folder_in_place_of_a_file(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"data{ending}"
    path.mkdir()
    with pytest.raises(InputError, match=f"^{path}: is a folder, though it is named as a file"):
        read_examples(path)


def test_label_file_is_missing_or_a_folder(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    with pytest.raises(InputError, match=f"^{tmp_path}/y.npy: there is no such file"):
        read_examples(tmp_path / "x.npy", labels=tmp_path / "y.npy")
    with pytest.raises(InputError, match=f"^{tmp_path}: is not a file"):
        read_examples(tmp_path / "x.npy", labels=tmp_path)


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.csv")
    with pytest.raises(InputError, match="is not a file"):
        read_examples(tmp_path / "x.csv")


def test_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "d.csv").write_text("a,y\n1,2\n")
    found = read_examples("~/d.csv")
    assert (found.n_examples, found.source) == (1, "~/d.csv")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"part": "validation"}, "^part: 'validation' is no part; give train or test"),
        ({"channels": 2}, "^channels: 2 is not supported"),
        ({"fill": [float("nan")]}, "^fill: give one finite number a feature"),
        ({"fill": [[0.0]]}, "^fill: give one finite number a feature"),
        ({"drop": ["a"]}, "no named columns"),
        ({"labels": "y.npy"}, "comes with its labels"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_examples("digits", **options)


def test_the_data_layer_alone_imports_no_large_library() -> None:
    code = (
        "import sys, onelayer.data;"
        "sys.exit(bool({'polars', 'PIL', 'onelayer.data.files'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_folder_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: str(path) != str(tmp_path))
    with pytest.raises(InputError, match=f"^{tmp_path}: may not be read; check its permissions"):
        read_examples(tmp_path)
    assert not holds_blocks(str(tmp_path))
