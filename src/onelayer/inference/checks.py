"""What the parts of a classifier must be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Scaling
from onelayer.data.labels import Label, as_classes
from onelayer.errors import InputError
from onelayer.model import LOSSES, n_outputs
from onelayer.words import first_few, shortened


def as_tensor(
    value: object, name: str, shape: tuple[int | None, ...], dtypes: Sequence[str]
) -> NDArray[Any]:
    """Return a finite array as a read-only copy in C order; None stands for any size.

    Raises
    ------
    InputError
        If it has another shape or type, is empty, or a value is not finite.
    """
    array = np.asarray(value)
    fits = array.ndim == len(shape) and all(
        wanted in (None, size) for wanted, size in zip(shape, array.shape, strict=True)
    )
    if not fits or array.size == 0:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise InputError(f"{name}: the shape is {array.shape}; it must be ({wanted}).")
    if array.dtype.name not in dtypes:
        raise InputError(f"{name}: the type is {array.dtype}; it must be {' or '.join(dtypes)}.")
    if not np.isfinite(array).all():
        raise InputError(f"{name}: a value is not finite.")
    copy = np.array(array, order="C")
    copy.flags.writeable = False
    return copy


def as_model_classes(model: object, classes: object, outputs: int) -> tuple[Label, ...]:
    """Return the classes of a model with so many outputs.

    Raises
    ------
    InputError
        If there is no such model, or the classes do not fit it or one another.
    """
    if not isinstance(model, str) or model not in LOSSES:
        raise InputError(f"model: {model!r} is none of {', '.join(LOSSES)}.")
    names = as_classes(classes)
    if len({type(c) for c in names}) > 1 or np.array(names).dtype.kind not in "biuU":
        raise InputError(
            f"classes: {first_few(names)} must be only integers, only strings or only bools."
        )
    if len(names) < 2 or (model == "logistic" and len(names) > 2):
        wanted = "two" if model == "logistic" else "two or more"
        raise InputError(f"classes: there are {len(names)}; a {model} model has {wanted}.")
    if outputs != n_outputs(model, len(names)):
        raise InputError(
            f"weights: there are {outputs} outputs; a {model} model of {len(names)} classes has "
            f"{n_outputs(model, len(names))}."
        )
    return names


def check_scaling(scaling: object, n_features: int) -> None:
    """Refuse what is no scaling of so many features."""
    if not isinstance(scaling, Scaling):
        raise InputError(f"scaling: {scaling!r} is no Scaling.")
    for name in ("scale", "offset"):
        if np.shape(getattr(scaling, name)) not in ((), (n_features,)):
            raise InputError(f"scaling: {name} must be one number or {n_features}, one a feature.")


def as_scaling(scale: NDArray[Any], offset: NDArray[Any]) -> Scaling:
    """Return the scaling that a file keeps as two tensors."""
    for name, tensor in {"scale": scale, "offset": offset}.items():
        if tensor.ndim > 1 or tensor.dtype != np.float64:
            raise InputError(
                f"{name}: it is {tensor.dtype} of shape {tensor.shape}; "
                "it must be float64, one number or one a feature."
            )
    numbers: dict[str, Any] = {
        name: float(tensor) if tensor.ndim == 0 else tensor
        for name, tensor in {"scale": scale, "offset": offset}.items()
    }
    return Scaling(**numbers)


def as_names(names: object, n_features: int) -> tuple[str, ...] | None:
    """Return the names of features as a tuple, or None where there are none."""
    if names is None:
        return None
    if isinstance(names, str) or not isinstance(names, Sequence | np.ndarray):
        raise InputError(f"feature_names: {shortened(repr(names), 60)} is no list of names.")
    if not all(isinstance(name, str) for name in names) or len(names) != n_features:
        raise InputError(f"feature_names: give {n_features} strings, one for each feature.")
    return tuple(str(name) for name in names)


def as_image_shape(shape: object, channels: object, n_features: int) -> tuple[int, int] | None:
    """Return (height, width), or None where a row is no image."""
    if not isinstance(channels, int) or channels not in (1, 3):
        raise InputError(f"channels: {channels!r} was given; it must be 1 or 3.")
    if shape is None and channels == 1:
        return None
    sides = tuple(shape) if isinstance(shape, Sequence) else ()
    if len(sides) != 2 or not all(isinstance(s, int) and s > 0 for s in sides):
        raise InputError(f"image_shape: {shape!r} is no (height, width) in pixels.")
    height, width = sides
    if height * width * channels != n_features:
        raise InputError(
            f"image_shape: {height} by {width} pixels with {channels} channel(s) do not fit "
            f"{n_features} features."
        )
    return height, width


def as_plain(value: object, name: str) -> dict[str, Any]:
    """Return a mapping as JSON keeps it, as a copy of its own.

    Raises
    ------
    InputError
        If it is no mapping, or holds what JSON cannot keep.
    """
    if not isinstance(value, Mapping):
        raise InputError(f"{name}: {shortened(repr(value), 60)} is no mapping.")
    try:
        plain: dict[str, Any] = json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{name}: cannot be kept as JSON: {error}.") from None
    return plain
