"""What is trained on: examples from files, as data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, Rows, Scaling, ScalingName, fingerprint, fit_scaling
from onelayer.data.files import Examples, complete, feature_means, read_examples
from onelayer.data.labels import Label
from onelayer.data.moments import Moments
from onelayer.data.split import hold_out, hold_out_groups
from onelayer.errors import Argument, InputError
from onelayer.model import ModelName
from onelayer.training.checks import check_classes
from onelayer.training.class_weights import ClassWeight, class_factors
from onelayer.words import first_few
from onelayer.workflow.blocks import open_blocks, read_blocks, reads_in_blocks
from onelayer.workflow.watch import UNSEEN, Watch


@dataclass(frozen=True)
class Share:
    """Validate on a share of the training examples, which is held out."""

    fraction: float

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        if not 0 < self.fraction < 1:
            raise InputError(
                Argument("validation"), f": {self.fraction:g} was given; give a file, or a share "
                "above 0 and below 1.",
            )  # fmt: skip

    def __str__(self) -> str:
        """Say on what models are scored."""
        return f"{100 * self.fraction:.3g}% of the examples, held out"


@dataclass(frozen=True)
class File:
    """Validate on the examples of a file, which may have a file of labels beside it."""

    path: str
    labels: str | None = None

    def __str__(self) -> str:
        """Say on what models are scored."""
        return self.path


Validation = Share | File | None
"""What a training is watched by; None: nothing."""


@dataclass(frozen=True)
class TrainingFiles:
    """The files that a model is trained on, and how they are read; see `read_examples`.

    Attributes
    ----------
    impute : {"mean"}, optional
        Fill missing values with their feature's mean over the examples to train on.
    scale : {"none", "standard", "minmax"}, optional
        Default: images to [−1, 1], all else to mean 0 and standard deviation 1.
    class_weight : "balanced" or mapping, optional
        How much examples of each class count in training; see `class_factors`. Labels may be text.
    groups : str, optional
        A column: examples with the same value in it are all held out, or none; and all in one fold.
    memory : int, optional
        Read the data block by block, with at most about so many bytes of it in memory. Folders of
        blocks, addresses, and tables that are too large are read so in any case.
    """

    train: str
    target: str | None = None
    labels: str | None = None
    validation: Validation = Share(0.2)
    size: str | None = None
    drop: tuple[str, ...] = ()
    impute: str | None = None
    scale: str | None = None
    class_weight: ClassWeight = None
    groups: str | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        """Refuse another way to fill gaps."""
        if self.impute not in (None, "mean"):
            raise InputError(
                Argument("impute"), f": {self.impute!r} is no way to fill missing values; give "
                "mean.",
            )  # fmt: skip


@dataclass(frozen=True, eq=False)
class TrainingData:
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
    fingerprint : str
        Of the examples of the training file.
    class_factors : array or None
        How much examples of each class count in training, in the order of `train.classes`; None:
        all the same. Validation never takes them into account.
    """

    examples: Examples
    train: Dataset
    validation: Dataset | None
    rows: Rows | None
    validation_rows: Rows | None
    scaling: str
    fingerprint: str
    class_factors: NDArray[np.float64] | None = None

    @property
    def is_in_blocks(self) -> bool:
        """Whether examples are read block by block."""
        parts = (self.train, self.validation)
        return any(part is not None and part.block_lengths is not None for part in parts)

    @property
    def class_weights(self) -> list[float] | None:
        """The same numbers, for JSON."""
        return None if self.class_factors is None else self.class_factors.tolist()

    @property
    def holds_out(self) -> bool:
        """Whether the validation examples are a share of the training file."""
        return self.validation is self.train

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


def read_training_data(
    files: TrainingFiles,
    model: ModelName = "softmax",
    *,
    seed: int = 0,
    window: int = 1,
    watch: Watch = UNSEEN,
) -> TrainingData:
    """Read the files, in the order of classes that a model takes.

    What is held out has no part in the means that fill gaps, nor in the scaling.

    Parameters
    ----------
    window : int
        Blocks whose examples are mixed, where they are read block by block.

    Raises
    ------
    InputError
        If a file cannot be read, the two do not fit one another, there is one class, or more than
        the model tells apart, or a class has too few examples for the share.
    """
    share = files.validation if isinstance(files.validation, Share) else None
    given = _read(files, model, window, watch)
    examples = given.examples
    labels = examples.y
    assert labels is not None  # they were asked for
    classes = _classes(examples, files, model)
    rows, held = _split(labels, examples.groups, share, seed) if share else (None, None)
    if given.moments is None:
        examples = complete(examples, feature_means(examples, rows) if files.impute else None)
    chosen, words = _choose_scaling(files.scale, examples)
    weights = None if rows is None else np.isin(np.arange(examples.n_examples), rows)
    scaling = fit_scaling(
        examples.X, chosen, weights, moments=given.moments if weights is None else None
    )
    train = Dataset(
        examples.X,
        labels,
        classes=classes,
        scaling=scaling,
        image_shape=_shape(examples),
    )
    validation = train if share else None
    if isinstance(files.validation, File):
        validation = _read_validation(files, examples, train, watch)
    factors = class_factors(
        _by_label(files.class_weight, train.classes), train.classes,
        train.targets if rows is None else train.targets[rows],
    )  # fmt: skip
    content = given.fingerprint or fingerprint(examples.X, labels)
    return TrainingData(examples, train, validation, rows, held, words, content, factors)


@dataclass(frozen=True, eq=False)
class _Given:
    """What the training file holds, and what is known of examples that were read in blocks."""

    examples: Examples
    fingerprint: str | None = None
    moments: Moments | None = None


def _read(files: TrainingFiles, model: ModelName, window: int, watch: Watch) -> _Given:
    """Return the examples of the training file."""
    if not reads_in_blocks(files.train, files.memory):
        with watch.stage(f"Reading {files.train}"):
            examples = read_examples(
                files.train, target=files.target, labels=files.labels, size=files.size,
                drop=files.drop, groups=files.groups, gaps=True,
                label_matrix=model == "multilabel",
            )  # fmt: skip
            return _Given(examples)
    opened = open_blocks(
        files.train, files.memory, labels=files.labels, target=files.target, drop=files.drop,
        beside=[] if files.groups is None else [files.groups], size=files.size,
        impute=files.impute,
    )  # fmt: skip
    opened.check_room(window)
    watch.say(opened.about)
    with watch.reading(f"Reading {files.train}") as told:
        found = read_blocks(opened, told, groups=files.groups, window=window)
    _check_labels(found.examples, model)
    return _Given(found.examples, found.fingerprint, found.moments)


def _check_labels(examples: Examples, model: ModelName) -> None:
    """Refuse labels in blocks of another kind than a model takes."""
    assert examples.y is not None
    if (examples.y.ndim == 2) != (model == "multilabel"):
        kind = "a matrix of labels" if examples.y.ndim == 2 else "one label an example"
        raise InputError(
            Argument("model"), f": {model} was given, and {examples.source} has {kind}."
        )


def _classes(examples: Examples, files: TrainingFiles, model: ModelName) -> list[Label]:
    """Return the classes in the order that a model takes; of a matrix of labels its columns."""
    labels = examples.y
    assert labels is not None
    if model == "multilabel":
        if files.class_weight is not None:
            raise InputError(
                Argument("class_weight"), ": with several labels an example is of no class; leave "
                "it out.",
            )  # fmt: skip
        return list(examples.label_names or range(labels.shape[1]))
    if (labels == labels[0]).all():
        raise InputError(
            f"{files.labels or files.train}: all {examples.n_examples:,} labels are "
            f"{labels[0].item()!r}; give examples of at least two classes."
        )
    classes: list[Label] = np.unique(labels).tolist()
    check_classes(model, classes, Argument("model"))
    # The engine's positive class is the first; people mean the second: 1, yes, True.
    return classes[::-1] if model == "logistic" else classes


def _by_label(given: ClassWeight, classes: tuple[Label, ...]) -> ClassWeight:
    """Return weights by label, where a label may be given as text."""
    if not isinstance(given, Mapping):
        return given
    by_text = {str(label): label for label in classes}
    return {by_text.get(str(label), label): weight for label, weight in given.items()}


def _split(
    labels: NDArray[Any], groups: NDArray[np.int64] | None, share: Share, seed: int
) -> tuple[Rows, Rows]:
    """Return the rows to train on and those to hold out, as the estimators split them too."""
    targets = labels if labels.ndim == 2 else np.unique(labels, return_inverse=True)[1]
    try:
        if groups is not None:
            return hold_out_groups(targets, groups, share.fraction, seed)
        return hold_out(targets, share.fraction, seed)
    except InputError as error:
        raise InputError(Argument("validation"), ": ", *error.parts) from None


def _read_validation(
    files: TrainingFiles, examples: Examples, like: Dataset, watch: Watch
) -> Dataset:
    """Return the examples of a file, read as the training file was."""
    file = files.validation
    assert isinstance(file, File)
    how = examples.reading()
    if reads_in_blocks(file.path, None):
        opened = open_blocks(
            file.path, files.memory, labels=file.labels, usual_target=how["target"],
            features=how["features"], size=files.size, impute=how["fill"] is not None,
        )  # fmt: skip
        opened.check_room()
        watch.say(opened.about)
        with watch.reading(f"Reading {file.path}") as told:
            given = read_blocks(opened, told).examples
    else:
        how |= {"size": files.size, "label_matrix": like.has_label_matrix}
        with watch.stage(f"Reading {file.path}"):
            given = read_examples(file.path, labels=file.labels, part="test", **how)
    labels = match_labels(given, like.classes)
    return Dataset(given.X, labels, classes=like.classes, scaling=like.scaling)


def what_prediction_needs(
    files: TrainingFiles, data: TrainingData, scored_on: str
) -> dict[str, Any]:
    """Return the parts of a `Classifier` by which other files are read as its own was."""
    examples = data.examples
    return {
        "feature_names": examples.feature_names,
        "fill": examples.fill,
        "target": examples.target,
        "image_shape": examples.image_shape,
        "channels": examples.channels or 1,
        "data": {
            "source": examples.source,
            "examples": examples.n_examples,
            "validation": scored_on,
            "size": files.size,
            "fingerprint": data.fingerprint,
            **({} if files.groups is None else {"groups": files.groups}),
        },
    }


def _shape(examples: Examples) -> tuple[int, int] | None:
    return examples.image_shape if examples.channels in (None, 1) else None


def _choose_scaling(asked: str | None, examples: Examples) -> tuple[ScalingName | Scaling, str]:
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

    Of a matrix of labels the columns in the order of the classes, by their names if they have any.

    Raises
    ------
    InputError
        If a label is not among the classes, or the columns are others.
    """
    labels = examples.y
    assert labels is not None
    if labels.ndim == 2:
        names = list(examples.label_names or map(str, range(labels.shape[1])))
        if set(names) != set(map(str, classes)) and (
            examples.label_names is not None or labels.shape[1] != len(classes)
        ):
            raise InputError(
                f"{examples.source}: its labels are {first_few(names)}; the model was trained on "
                f"{first_few(classes)}."
            )
        if examples.label_names is None:
            return labels
        return np.ascontiguousarray(labels[:, [names.index(str(label)) for label in classes]])
    by_text = {str(c): c for c in classes}
    present, inverse = np.unique(labels, return_inverse=True)
    unknown = [label for label in present.tolist() if str(label) not in by_text]
    if unknown:
        raise InputError(
            f"{examples.source}: the label {unknown[0]!r} is none of the classes that the model "
            f"was trained on: {first_few(classes)}."
        )
    return np.array([by_text[str(label)] for label in present.tolist()])[inverse]
