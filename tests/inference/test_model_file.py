"""The model file: what is kept, that its bytes are fixed, and which files are refused."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inference_material import WORDS, Array, logistic, raw_rows, softmax, told
from safetensors import safe_open
from safetensors.numpy import save as save_tensors

from onelayer.data import Scaling
from onelayer.errors import InputError, OnelayerError
from onelayer.inference import Classifier
from onelayer.inference.file import FORMAT, MAX_HEADER, encode

PARTS = (
    "model", "classes", "feature_names", "image_shape", "channels", "target",
    "record", "data",
)  # fmt: skip


def saved(model: Classifier, folder: Path) -> Path:
    path = folder / "model.safetensors"
    model.save(path)
    return path


def contents(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    with safe_open(path, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return tensors, json.loads(file.metadata()["onelayer"])


def forge(path: Path, tensors: dict[str, Any], description: dict[str, Any]) -> None:
    """Write a file with a hash that is right, as somebody who knows the format can."""
    rest = {k: v for k, v in description.items() if k not in ("format", "sha256")}
    path.write_bytes(encode(tensors, rest))


# Keeping ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [softmax(), logistic(), told(), softmax(classes=WORDS), logistic(classes=(True, False))],
)
def test_loaded_model_is_the_one_that_was_saved(model: Classifier, tmp_path: Path) -> None:
    loaded = Classifier.load(saved(model, tmp_path))
    for name in PARTS:
        assert getattr(loaded, name) == getattr(model, name), name
    assert [type(c) for c in loaded.classes] == [type(c) for c in model.classes]
    for name in ("weights", "bias", "fill"):
        mine, its = getattr(model, name), getattr(loaded, name)
        assert (mine is None) is (its is None)
        if mine is not None:
            assert (its.dtype, its.shape, its.tobytes()) == (mine.dtype, mine.shape, mine.tobytes())
    assert (loaded.scaling.scale, loaded.scaling.offset) == (0.5, -1.25)
    X = raw_rows(300, model.n_features)
    assert loaded.scores(X).tobytes() == model.scores(X).tobytes()
    assert loaded.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    assert (loaded.predict(X) == model.predict(X)).all()


def test_scaling_of_each_feature_is_kept(tmp_path: Path) -> None:
    scaling: dict[str, Any] = {"scale": np.arange(1, 6) / 3, "offset": -np.arange(5) / 7}
    model = softmax(scaling=Scaling(**scaling))
    loaded = Classifier.load(saved(model, tmp_path))
    for name in ("scale", "offset"):
        np.testing.assert_array_equal(getattr(loaded.scaling, name), scaling[name])
    assert loaded.scores(raw_rows()).tobytes() == model.scores(raw_rows()).tobytes()


def test_file_is_safetensors_with_one_description(tmp_path: Path) -> None:
    tensors, description = contents(saved(told(), tmp_path))
    assert {name: (str(t.dtype), t.shape) for name, t in tensors.items()} == {
        "weights": ("float32", (12, 4)),
        "bias": ("float32", (4,)),
        "scale": ("float64", ()),
        "offset": ("float64", ()),
        "fill": ("float64", (12,)),
    }
    assert description.keys() == {*PARTS, "format", "sha256"}
    assert list(description) == sorted(description)
    assert description["format"] == FORMAT
    with safe_open(tmp_path / "model.safetensors", framework="numpy") as file:
        assert file.metadata().keys() == {"onelayer"}


def test_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    path = saved(told(), tmp_path)
    first = path.read_bytes()
    Classifier.load(path).save(path)
    assert path.read_bytes() == first == told().to_bytes()
    turned = softmax(weights=np.asfortranarray(softmax().weights))
    assert turned.to_bytes() == softmax().to_bytes()
    assert softmax(seed=1).to_bytes() != softmax().to_bytes()


def test_model_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(told()))
    assert copy.to_bytes() == told().to_bytes()


# Writing ----------------------------------------------------------------------------------------


def test_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(softmax(), tmp_path)
    before = path.read_bytes()

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OnelayerError, match=r"cannot be written: No space left .* make room"):
        told().save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no/m\.safetensors: there is no folder"):
        softmax().save(tmp_path / "no" / "m.safetensors")


# Files that are refused -------------------------------------------------------------------------


def refused(path: Path, said: str) -> None:
    with pytest.raises(InputError, match=rf"^{path}: cannot be read: {said}"):
        Classifier.load(path)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    path = saved(softmax(), tmp_path)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        refused(path, "it is .*truncated")


def test_every_changed_byte_is_refused(tmp_path: Path) -> None:
    path = saved(softmax(2, (0, 1)), tmp_path)
    whole = path.read_bytes()
    for i in range(len(whole)):
        changed = bytearray(whole)
        changed[i] ^= 1
        path.write_bytes(changed)
        with pytest.raises(InputError, match=rf"^{path}: cannot be read: "):
            Classifier.load(path)


def test_edited_description_and_edited_weights_are_named(tmp_path: Path) -> None:
    path = saved(softmax(), tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"[3, 1, 2, 0]", b"[3, 1, 0, 2]"))
    refused(path, r"its content was changed after it was written\.$")
    path.write_bytes(whole.replace(b"[3, 1, 2, 0]", b"[3,1,  2, 0]"))
    refused(path, r"its description was changed after it was written\.$")
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    refused(path, r"its content was changed after it was written\.$")


@pytest.mark.parametrize(
    "content",
    [b"", b"model", b"PK\x03\x04" + bytes(100), b"# a text of some length\n" * 9, bytes(8)],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    refused(path, "it is .*no safetensors file")


def test_text_is_refused_in_few_words(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("a,b,label\n1,2,3\n")
    refused(path, "it is no safetensors file; give a model that onelayer .* wrote")


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"^{tmp_path}/none: there is no such file; check"):
        Classifier.load(tmp_path / "none")
    with pytest.raises(InputError, match=rf"^{tmp_path}: is a folder; name a model in it"):
        Classifier.load(tmp_path)


def test_header_that_is_too_large_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", MAX_HEADER + 1))
        file.truncate(MAX_HEADER + 100)
    refused(path, r"it is no safetensors file, or its header is too large \(100,000,001 bytes")


def test_safetensors_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for metadata in (None, {"format": "pt"}):
        path.write_bytes(save_tensors({"weights": np.zeros(3)}, metadata))
        refused(path, r"it is a safetensors file, but no model of onelayer\.$")


@pytest.mark.parametrize(
    ("description", "said"),
    [
        (
            {"format": FORMAT + 1},
            f"its format is {FORMAT + 1}, .* reads format {FORMAT}; install a newer",
        ),
        ({"format": 1}, f"its format is 1, .* reads format {FORMAT}; train the model again"),
        ({"format": None}, "its format is None"),
        ({}, "its description was changed"),
        ([], "its description was changed"),
        ("{", "its description was changed"),
        ("[" * 100_000, "its description was changed"),
        (f'{{"format": {FORMAT}, "a": NaN}}', "its description was changed"),
        ({"format": FORMAT}, "its content was changed"),
    ],
)
def test_other_descriptions_are_refused(tmp_path: Path, description: Any, said: str) -> None:
    path = tmp_path / "file"
    text = description if isinstance(description, str) else json.dumps(description)
    path.write_bytes(save_tensors({"weights": np.zeros(3)}, {"onelayer": text}))
    refused(path, said)


def test_second_metadata_key_is_refused(tmp_path: Path) -> None:
    path = saved(softmax(), tmp_path)
    tensors, description = contents(path)
    text = json.dumps(description, sort_keys=True)
    path.write_bytes(save_tensors(tensors, {"onelayer": text, "format": "pt"}))
    refused(path, "its description was changed")


def _replace(name: str, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda tensors, _: tensors.update({name: value})


def _say(name: str, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda _, description: description.update({name: value})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t, _: t.pop("scale"), "it has other parts than a model"),
        (_replace("more", np.zeros(1)), "it has other parts than a model"),
        (lambda _, d: d.pop("target"), "it has other parts than a model"),
        (_say("more", 1), "it has other parts than a model"),
        (_replace("weights", np.zeros((5, 4), np.int64)), "it has tensors of type I64"),
        (_replace("weights", np.zeros((5, 4), np.float16)), "it has tensors of type F16"),
        (_replace("weights", np.zeros((5, 3))), r"bias: the shape is \(4,\); it must be \(3\)"),
        (_replace("weights", np.zeros(20)), r"weights: the shape is \(20,\)"),
        (_replace("weights", np.full((5, 4), np.inf)), "weights: a value is not finite"),
        (_replace("bias", np.zeros(5)), r"bias: the shape is \(5,\)"),
        (_replace("scale", np.zeros(())), "scaling: "),
        (_replace("scale", np.full((), np.nan)), "scaling: "),
        (_replace("scale", np.ones((), np.float32)), "scale: it is float32"),
        (_replace("offset", np.ones((5, 1))), r"offset: it is float64 of shape \(5, 1\)"),
        (_replace("fill", np.zeros(4)), r"fill: the shape is \(4,\)"),
        (_replace("fill", np.zeros(5, np.float32)), "fill: the type is float32"),
        (_say("model", "linear"), "model: 'linear' is none of"),
        (_say("model", {}), r"model: \{\} is none of"),
        (_say("classes", [1, 2, 3]), "weights: there are 4 outputs"),
        (_say("classes", None), "classes: None is not a list"),
        (_say("classes", [[1], 2, 3, 4]), r"classes: \[1\] cannot be a class"),
        (_say("feature_names", [1, 2, 3, 4, 5]), "feature_names: give 5 strings"),
        (_say("image_shape", "28"), "image_shape: "),
        (_say("image_shape", [2.5, 2]), "image_shape: "),
        (_say("channels", "1"), "channels: '1' was given"),
        (_say("target", 5), "target: 5 is no string"),
        (_say("record", []), r"record: \[\] is no mapping"),
    ],
)
def test_parts_that_do_not_fit_are_refused_even_with_a_right_hash(
    tmp_path: Path, change: Callable[[dict[str, Any], dict[str, Any]], Any], said: str
) -> None:
    path = saved(softmax(), tmp_path)
    tensors, description = contents(path)
    forge(path, tensors, description)
    Classifier.load(path)  # the forger knows how
    change(tensors, description)
    forge(path, tensors, description)
    refused(path, said)
