"""Embeddings as safetensors."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from onelayer.data.files.array_names import names_of_arrays
from onelayer.data.files.arrays import as_examples
from onelayer.data.files.examples import Examples, Request
from onelayer.errors import InputError


def read_safetensors(request: Request) -> Examples:
    """Read features and labels, which are called as in a .npz file.

    bfloat16, which NumPy does not know, becomes float32 without loss.
    """
    source = request.source
    try:
        with safe_open(request.path, framework="numpy") as file:
            kinds = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
            features, labels = names_of_arrays(list(kinds), request)
            X = _tensor(request, file, features, kinds)
            y = None if labels is None else _tensor(request, file, labels, kinds)
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{source}: is damaged or no safetensors file ({error}); get it again."
        ) from error
    return as_examples(X, y, request)


def _tensor(request: Request, file: Any, name: str, kinds: dict[str, str]) -> NDArray[Any]:
    if kinds[name] == "BF16":
        return _bfloat16(request.path, name)
    try:
        tensor: NDArray[Any] = file.get_tensor(name)
    except (SafetensorError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{request.source}: the tensor {name!r} is of type {kinds[name]}, which cannot be "
            "read; save it as float32."
        ) from error
    return tensor


def _bfloat16(path: str, name: str) -> NDArray[np.float32]:
    """Return a tensor of bfloat16, the upper half of a float32, from a file that is well-formed.

    Source of the layout: the safetensors format, 8 bytes for the length of the JSON header, the
    header, then the tensors at the offsets that it gives.
    """
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(length))[name]
        first, last = entry["data_offsets"]
        file.seek(8 + length + first)
        upper = np.frombuffer(file.read(last - first), "<u2")
    values = upper.astype(np.uint32)
    values <<= 16
    return values.view(np.float32).reshape(entry["shape"])
