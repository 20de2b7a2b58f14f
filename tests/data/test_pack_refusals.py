"""What cannot be packed, packed files that are damaged, and the memory that packing takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pack_material import Generated, bits, material, source, whole
from scipy import sparse

from onelayer.data.blocks import ArrayBlocks, Block, PackedBlocks, pack
from onelayer.data.blocks.dataset import block_dataset
from onelayer.data.blocks.readers.open import as_block_source
from onelayer.data.fit_scaling import fit_scaling
from onelayer.errors import InputError
from onelayer.words import bytes_in_words, parse_bytes


class Named(ArrayBlocks):
    """Blocks of files, with columns."""

    feature_names = tuple("abcdefg")

    def block_name(self, i: int) -> str:
        return f"part-{i}.npy"


def refusal(X: Any, y: Any, out: Path, kind: type[ArrayBlocks] = Named, **how: Any) -> str:
    with pytest.raises(InputError) as caught:
        pack(kind(X, y, 100), out, block_length=128, **how)
    assert not out.exists()
    return str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite(value: float, tmp_path: Path) -> None:
    X, y = material("float32")
    X[345, 2] = value
    said = refusal(X, y, tmp_path / "out")
    assert said.startswith(f"part-3.npy: the column 'c' of example 345 is {value}; all values must")
    assert "Block 3 of the source: feature 2 of example 345" in refusal(
        X, y, tmp_path / "out", ArrayBlocks
    )
    S, _ = material("sparse")
    S.data[S.indptr[567]] = value
    assert "part-5.npy: the column 'a' of example 567 is" in refusal(S, y, tmp_path / "out")


def test_labels_that_cannot_be_used(tmp_path: Path) -> None:
    X, y = material("float32")
    out = tmp_path / "out"
    assert refusal(X, None, out).startswith("part-0.npy: has no labels; name the column")
    assert "part-0.npy: y: labels of type float64" in refusal(X, y + 0.5, out)
    assert "label 1 of example 412 is not among the classes" in refusal(
        X, np.where(np.arange(1000) == 412, 1, 0), out, classes=[0, 2]
    )
    mixed = np.array([*["a"] * 400, *range(600)], object)
    assert "label 0 of example 400 is of another kind than 'a'" in refusal(X, mixed, out)
    assert "label True of example 0 is not among the classes 0, 1" in refusal(
        X, np.ones(1000, bool), out, classes=[0, 1]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("onelayer.data.blocks.packs.class_numbers.MOST_CLASSES", 700)
        said = refusal(X, np.arange(1000) * 3, out)
    assert "part-7.npy: the label 2100 of example 700 is class number 701, and there may be" in said


def test_a_source_that_is_not_what_it_says(tmp_path: Path) -> None:
    X, y = material("float32")

    class Wrong(ArrayBlocks):
        block_lengths = (100,) * 9 + (101,)

    said = refusal(X, y, tmp_path / "out", Wrong)
    assert "Block 9 of the source: holds float32 of the shape (100, 7), and float32" in said
    for kind in ("<i2", ">f4"):

        class Kind(Generated):
            dtype = np.dtype(kind)

            def read_block(self, i: int) -> Block:
                X = super().read_block(i).X
                return Block(X.astype(self.dtype), np.arange(10))

        with pytest.raises(InputError, match=f"values of type {kind} cannot be packed"):
            pack(Kind(1, 10), tmp_path / "out")


def test_too_little_memory(tmp_path: Path) -> None:
    X, y = material("float64", 1000, 50)
    said = refusal(X, y, tmp_path / "out", memory=100_000)
    assert "The largest block: has 52.2 kB, and packing takes four times that of memory; " in said
    assert "give memory=261kB or more" in said
    for wrong in ("many", "1 XB", 0):
        assert "is no size; give a number with a unit" in refusal(
            X, y, tmp_path / "out", memory=wrong
        )


@pytest.mark.parametrize("kind", ["uint8", "sparse"])
def test_files_that_are_damaged_or_gone(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pack(source(kind), out, block_length=300)
    names = sorted(path.name for path in out.iterdir())
    assert len(names) == (10 if kind == "uint8" else 18)
    for name in names:
        path = out / name
        content = path.read_bytes()
        middle = len(content) * 3 // 4
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        for damage in (content[:-2], content + b"0", b"", b"x" * len(content), None, flipped):
            path.unlink() if damage is None else path.write_bytes(damage)
            with pytest.raises(InputError, match=name) as caught:
                PackedBlocks(out).verify()
            assert "\n" not in str(caught.value)
            if name != "blocks.json" or damage is not None:
                assert "pack the source again with force=True" in str(caught.value)
        path.write_bytes(content)
    PackedBlocks(out).verify()


def test_a_manifest_that_is_damaged_or_does_not_fit_together(tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = pack(source("uint8"), out, block_length=300).manifest
    path = out / "blocks.json"
    content = path.read_bytes()
    for damaged, reason in (
        (content[: len(content) // 2], r"line \d+ is no JSON"),
        (b"[]", "it is no JSON object"),
        (content.replace(b'"seed": 0', b'"seed": "0"'), "seed: Input should be a valid integer"),
        (content.replace(b'"fingerprint"', b'"print"'), "fingerprint is missing"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=rf"blocks\.json: is damaged: {reason}\. Put it back"):
            PackedBlocks(out)
    # Whoever makes the fingerprint anew.
    changes: tuple[dict[str, Any], ...]
    changes = (
        {"sparse": True},
        {"block_lengths": ()},
        {"block_lengths": (300, -3)},
        {"stored": (1,)},
    )
    for change in changes:
        manifest.model_copy(update=change).write(out)
        with pytest.raises(InputError, match="the lengths of the blocks do not fit together"):
            PackedBlocks(out)


def test_files_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    packed = pack(source("uint8"), out, block_length=300)

    def refuse(*_given: Any, **_how: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    for read in (lambda: packed.read_block(0), lambda: PackedBlocks(out)):
        with pytest.raises(InputError, match=r"Permission denied\. Ask its owner for the right to"):
            read()


def test_the_content_is_looked_at_once_and_the_size_always(tmp_path: Path) -> None:
    packed = pack(source("uint8"), tmp_path / "out", block_length=300)
    path = tmp_path / "out" / "00001.X.npy"
    content = path.read_bytes()
    packed.read_block(1)
    path.write_bytes(content[:-1] + b"0")
    packed.read_block(1)
    path.write_bytes(content[:-1])
    with pytest.raises(InputError, match=r"00001\.X\.npy: is damaged"):
        packed.read_block(1)


def test_indices_that_lead_out_of_the_matrix(tmp_path: Path) -> None:
    """Also where somebody has made the checksums anew: compiled code follows the indices."""
    import zlib

    out = tmp_path / "out"
    packed = pack(source("sparse"), out, block_length=1000)
    path = out / "00000.indices.npy"
    content = path.read_bytes()
    path.write_bytes(content[:-4] + np.int32(99).tobytes())
    files = {**packed.manifest.files, path.name: f"{zlib.crc32(path.read_bytes()):08x}"}
    packed.manifest.model_copy(update={"files": files}).write(out)
    with pytest.raises(InputError, match=r"the index 99 does not lie between 0 and 6"):
        PackedBlocks(out).read_block(0)


def test_a_folder_that_is_no_pack(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match=r"holds no packed blocks.*onelayer data pack"):
            PackedBlocks(folder)
    (tmp_path / "blocks.json").write_text('{"format": 2}')
    with pytest.raises(InputError, match="has format 2, and this onelayer reads format 1"):
        PackedBlocks(tmp_path)


@pytest.mark.parametrize("kind", ["uint8", "sparse", "strings", "matrix"])
def test_a_data_set_of_packed_blocks_reads_the_labels_alone(kind: str, tmp_path: Path) -> None:
    packed = pack(source(kind), tmp_path / "out", block_length=300)
    data = block_dataset(packed, scaling="standard")
    X, y = whole(packed)
    assert data.y.tolist() == y.tolist()
    expected = fit_scaling(sparse.csr_array(X) if kind == "sparse" else X, "standard")
    np.testing.assert_allclose(data.scaling.scale, expected.scale, rtol=1e-12)
    (tmp_path / "out" / "00001.y.npy").unlink()
    with pytest.raises(InputError, match=r"00001\.y\.npy: cannot be read"):
        block_dataset(PackedBlocks(tmp_path / "out"))


CODE = """
import sys
from pathlib import Path
from pack_material import Generated
from onelayer.data.blocks import pack

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

pack(Generated(3, 100), sys.argv[1] + "/small")  # imports are over
before = peak()
packed = pack(Generated(100, 10_000), sys.argv[1] + "/out", memory="64MB", block_length=30_000)
print(peak() - before)
for i in range(len(packed.block_lengths)):
    packed.read_block(i)
print(peak() - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")
def test_the_memory_is_bounded(tmp_path: Path) -> None:
    """400 MB go through 64 MB, and reading them takes no more than a block at a time."""
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    most, with_reading = map(int, done.stdout.split())
    assert sum(map(len, bits(tmp_path / "out").values())) > 400e6
    assert most < 64e6
    assert with_reading < 64e6


@pytest.mark.parametrize(
    ("text", "size"),
    [("1GB", 10**9), ("500 MB", 5 * 10**8), ("1GiB", 2**30), ("1.5kB", 1500), ("2kib", 2048),
     ("4096", 4096), (4096, 4096), ("10 B", 10), ("2T", 2 * 10**12), (" 1m ", 10**6)],
)  # fmt: skip
def test_sizes_as_people_write_them(text: str | int, size: int) -> None:
    assert parse_bytes(text, "memory") == size


@pytest.mark.parametrize(
    "text", ["", "GB", "-1GB", "1e9", "1 GB GB", "0", "0.1B", "1iB", "1PB", -5]
)
def test_what_is_no_size(text: str | int) -> None:
    with pytest.raises(InputError, match=r"^memory: .* is no size"):
        parse_bytes(text, "memory")


def test_sizes_in_words() -> None:
    words = [bytes_in_words(size) for size in (0, 999, 1500, 64_000_000, 2**40)]
    assert words == ["0 B", "999 B", "1.5 kB", "64 MB", "1.1 TB"]


def test_packs_without_their_manifest_are_no_shards(tmp_path: Path) -> None:
    """Their labels are numbers of classes, and some blocks may be missing."""

    def stop(stage: str, examples: int, _n: int, _bytes: int) -> None:
        if (stage, examples) == ("gather", 256):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(source("strings"), tmp_path, block_length=128, memory=40_000, watch=stop)
    assert (tmp_path / "00000.X.npy").exists()
    with pytest.raises(InputError, match=r"a pack that is not finished; onelayer data pack, given"):
        as_block_source(tmp_path)
    pack(source("strings"), tmp_path, block_length=128)
    (tmp_path / "blocks.json").unlink()
    with pytest.raises(InputError, match=r"holds packed blocks without their blocks\.json"):
        as_block_source(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_in_the_place_of_a_block_is_not_waited_for(tmp_path: Path) -> None:
    packed = pack(source("float32"), tmp_path / "out")
    (tmp_path / "out" / "00000.X.npy").unlink()
    os.mkfifo(tmp_path / "out" / "00000.X.npy")
    with pytest.raises(InputError, match=r"00000\.X\.npy: is damaged, or was edited: it is a pipe"):
        packed.read_block(0)
