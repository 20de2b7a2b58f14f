"""The file that keeps a model: tensors in safetensors' format, and one description.

The file's metadata has one key, ``onelayer``: a description in JSON with sorted keys, which names
the format and holds a hash over itself and the tensors. So a file that was cut off or edited is
refused, and the same model gives the same bytes. Reading one runs no code from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as save_tensors

from onelayer.errors import InputError
from onelayer.storage import write_file

FORMAT = 3
SUFFIX = ".safetensors"
MAX_HEADER = 100_000_000
"""The longest header that safetensors' readers take, in bytes."""

_KEY = "onelayer"
_TYPES = ("F32", "F64")

Tensors = Mapping[str, NDArray[Any]]


def encode(tensors: Tensors, description: Mapping[str, Any]) -> bytes:
    """Return the content of a file.

    Parameters
    ----------
    tensors : mapping of str to float32 or float64 array
    description : mapping of str to plain JSON values
    """
    whole = {**description, "format": FORMAT}
    whole["sha256"] = _content_hash(tensors, whole)
    # One metadata key: several would be written in an order that changes from run to run.
    return save_tensors(dict(tensors), {_KEY: _text(whole)})


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    InputError
        If there is no such folder.
    OnelayerError
        If it cannot be written there.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it, or name another.")
    write_file(path, content)


def read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return a file's tensors and description, without format and hash.

    Raises
    ------
    InputError
        If there is no such file, it is no model of this format, or it was cut off or changed.
    """
    try:
        _check_size(path)
        with safe_open(path, framework="numpy") as file:
            description = _parse(file.metadata() or {})
            names = file.keys()
            types = {file.get_slice(name).get_dtype() for name in names}
            if not types <= set(_TYPES):
                raise InputError(f"it has tensors of type {', '.join(sorted(types - {*_TYPES}))}")
            tensors = {name: file.get_tensor(name) for name in names}
        if description.pop("sha256", None) != _content_hash(tensors, description):
            raise InputError("its content was changed after it was written")
    except InputError as error:
        raise InputError(f"{path}: cannot be read: {error}.") from None
    except IsADirectoryError:
        raise InputError(
            f"{path}: is a folder; name a model in it, a file that ends in .safetensors."
        ) from None
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; check the path.") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}.") from None
    except SafetensorError as error:
        raise InputError(
            f"{path}: cannot be read: it is truncated, damaged or no safetensors file ({error})."
        ) from None
    del description["format"]
    return tensors, description


def _check_size(path: Path) -> None:
    """Refuse a file whose first bytes promise what it does not hold."""
    with path.open("rb") as file:
        start, brace = file.read(8), file.read(1)
        size = file.seek(0, 2)
    header = int.from_bytes(start, "little")
    if len(start) < 8:
        raise InputError(f"it is no safetensors file, or truncated: it has {size} bytes")
    if header > size and brace and brace != b"{":
        raise InputError(
            "it is no safetensors file; give a model that onelayer fit, sweep or study wrote"
        )
    if header > MAX_HEADER:
        raise InputError(
            f"it is no safetensors file, or its header is too large ({header:,} bytes, "
            f"at most {MAX_HEADER:,} are read)"
        )
    if 8 + header > size:
        raise InputError(
            f"it is truncated, or no safetensors file: it has {size:,} bytes, and its header "
            f"would have {header:,}"
        )


def _parse(metadata: dict[str, str]) -> dict[str, Any]:
    if _KEY not in metadata:
        raise InputError("it is a safetensors file, but no model of onelayer")
    try:
        description = json.loads(metadata[_KEY])
        written = description["format"]
        if written != FORMAT:
            raise InputError(_other_format(written))
        changed = len(metadata) > 1 or _text(description) != metadata[_KEY]
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, RecursionError):
        changed = True
    if changed:
        raise InputError("its description was changed after it was written")
    parsed: dict[str, Any] = description
    return parsed


def _other_format(written: object) -> str:
    if isinstance(written, int) and written > FORMAT:
        todo = "install a newer onelayer"
    else:
        todo = "train the model again with this onelayer"
    return f"its format is {written!r}, and this onelayer reads format {FORMAT}; {todo}"


def _content_hash(tensors: Tensors, description: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(_text(description).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(_text([name, tensor.dtype.str, list(tensor.shape)]).encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)
