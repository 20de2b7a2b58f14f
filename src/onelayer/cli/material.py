"""What a command trains on: examples from files, as data sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, Scaling, ScalingName, fingerprint, fit_scaling
from onelayer.data.files import Examples, read_examples
from onelayer.data.split import hold_out
from onelayer.errors import InputError

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Reading:
    """How the files of a training are read: the options of the command line."""

    train: str
    target: str | None = None
    labels: str | None = None
    validation: str = "0.2"
    validation_labels: str | None = None
    size: str | None = None
    drop: tuple[str, ...] = ()
    impute: str | None = None
    scale: str | None = None

    def share(self) -> float | None:
        """Return the share to hold out; None if validation is a file.

        Raises
        ------
        InputError
            If a number is given that is no share.
        """
        try:
            share = float(self.validation)
        except ValueError:
            return None
        if not 0 <= share < 1:
            raise InputError(
                f"--validation: {self.validation} was given; give a file, or a share of at least 0 "
                "and below 1."
            )
        return share


@dataclass(frozen=True, eq=False)
class Material:
    """What a training needs.

    Attributes
    ----------
    examples : Examples
        The training file.
    train : Dataset
    validation : Dataset or None
        `train` itself where a share of it is held out.
    rows, validation_rows : arrays of int or None
        The examples that take part; None: all.
    scaling : str
        In words.
    """

    examples: Examples
    train: Dataset
    validation: Dataset | None
    rows: Rows | None
    validation_rows: Rows | None
    scaling: str

    @property
    def n_train(self) -> int:
        """Number of examples to train on."""
        return self.train.n_examples if self.rows is None else len(self.rows)

    @property
    def n_validation(self) -> int:
        """Number of examples to validate on."""
        if self.validation_rows is not None:
            return len(self.validation_rows)
        return self.validation.n_examples if self.validation else 0


def read_material(reading: Reading, *, logistic: bool, seed: int) -> Material:
    """Read what the options name.

    Raises
    ------
    InputError
        If a file cannot be read, or the two do not fit one another.
    """
    share = reading.share()
    examples, rows, validation_rows = read_training(reading, share, seed)
    assert examples.y is not None  # they were asked for
    classes = np.unique(examples.y)
    scaling, words = choose_scaling(reading.scale, examples)
    weights = None if rows is None else np.isin(np.arange(examples.n_examples), rows)
    scaling = fit_scaling(examples.X, scaling, weights)
    train = Dataset(
        examples.X,
        examples.y,
        # The engine's positive class is the first; people mean the second: 1, yes, True.
        classes=(classes[::-1] if logistic else classes).tolist(),
        scaling=scaling,
        image_shape=_shape(examples),
    )
    validation = train if share else None
    if share is None:
        validation = _validation(reading, examples, train)
    return Material(examples, train, validation, rows, validation_rows, words)


def read_training(
    reading: Reading, share: float | None, seed: int
) -> tuple[Examples, Rows | None, Rows | None]:
    """Return the training file's examples, those to train on, and those to hold out if any.

    What is held out has no part in the means that fill gaps.

    Raises
    ------
    InputError
        If the file cannot be read, there is one class, or a class has too few examples for this
        share.
    """
    examples = read_examples(
        reading.train, target=reading.target, labels=reading.labels, size=reading.size,
        drop=reading.drop, impute=reading.impute,
        impute_rows=(lambda labels: _split(labels, share, seed)[0]) if share else None,
    )  # fmt: skip
    assert examples.y is not None  # they were asked for
    if (examples.y == examples.y[0]).all():
        raise InputError(
            f"{reading.labels or reading.train}: all {examples.n_examples:,} labels are "
            f"{examples.y[0].item()!r}; give examples of at least two classes."
        )
    rows, held = _split(examples.y, share, seed) if share else (None, None)
    return examples, rows, held


def _split(labels: NDArray[Any], share: float, seed: int) -> tuple[Rows, Rows]:
    """Return the rows to train on and those to hold out, as the estimators split them too."""
    try:
        return hold_out(np.unique(labels, return_inverse=True)[1], share, seed)
    except InputError as error:
        raise InputError(f"--validation: {error}") from None


def _validation(reading: Reading, examples: Examples, like: Dataset) -> Dataset:
    X, labels = read_validation(reading, examples, like.classes)
    return Dataset(X, labels, classes=like.classes, scaling=like.scaling)


def read_validation(
    reading: Reading, examples: Examples, classes: tuple[Any, ...]
) -> tuple[Any, NDArray[Any]]:
    """Return the examples and labels of the validation file, read as the training file was."""
    how = examples.reading() | {"size": reading.size}
    given = read_examples(reading.validation, labels=reading.validation_labels, part="test", **how)
    return given.X, match_labels(given, classes)


def what_prediction_needs(examples: Examples, reading: Reading, validation: str) -> dict[str, Any]:
    """Return the parts of a `Classifier` by which other files are read as its own was."""
    assert examples.y is not None
    return {
        "feature_names": examples.feature_names,
        "fill": examples.fill,
        "target": examples.target,
        "image_shape": examples.image_shape,
        "channels": examples.channels or 1,
        "data": {
            "source": examples.source,
            "examples": examples.n_examples,
            "validation": validation,
            "size": reading.size,
            "fingerprint": fingerprint(examples.X, examples.y),
        },
    }


def _shape(examples: Examples) -> tuple[int, int] | None:
    return examples.image_shape if examples.channels in (None, 1) else None


def choose_scaling(asked: str | None, examples: Examples) -> tuple[ScalingName | Scaling, str]:
    """Return what features are scaled by, and in words what it does."""
    if asked is None and examples.scaling is not None:
        return examples.scaling, "pixels mapped to [−1, 1]"
    if asked is None and examples.channels is not None and examples.X.dtype == np.uint8:
        return Scaling.from_range(0, 255), "pixels mapped to [−1, 1]"
    words = {
        "none": "as they are",
        "standard": "mean 0 and standard deviation 1",
        "minmax": "mapped to [−1, 1]",
    }
    # Another name is refused where the scaling is fitted.
    return cast(ScalingName, asked or "standard"), words.get(asked or "standard", "")


def match_labels(examples: Examples, classes: tuple[Any, ...]) -> NDArray[Any]:
    """Return labels in the type of the classes: one file may hold "3" where another holds 3.

    Raises
    ------
    InputError
        If a label is not among the classes.
    """
    labels = examples.y
    assert labels is not None
    by_text = {str(c): c for c in classes}
    unknown = [label for label in np.unique(labels).tolist() if str(label) not in by_text]
    if unknown:
        raise InputError(
            f"{examples.source}: the label {unknown[0]!r} is none of the classes that the model "
            f"was trained on: {', '.join(map(repr, classes[:20]))}."
        )
    return np.array([by_text[str(label)] for label in labels.tolist()])


def check_out(path: Path, suffixes: tuple[str, ...], *, force: bool) -> Path:
    """Return where a result may be written.

    Raises
    ------
    InputError
        If the ending is another, there is no such folder, or a file is there and `force` is not.
    """
    path = path.expanduser()
    if path.suffix.lower() not in suffixes:
        raise InputError(f"--out {path}: end the name in {' or '.join(suffixes)}.")
    if not path.parent.is_dir():
        raise InputError(f"--out {path}: there is no folder {path.parent}; make it first.")
    if path.is_dir():
        raise InputError(f"--out {path}: is a folder; name a file.")
    if path.exists() and not force:
        raise InputError(f"--out {path}: is there already. Name another file, or use --force.")
    return path
