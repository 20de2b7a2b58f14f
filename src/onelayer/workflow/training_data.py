"""What is trained on: examples from files, as data sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, Rows, Scaling, ScalingName, fingerprint, fit_scaling
from onelayer.data.blocks.arrays import BLOCK_LENGTH
from onelayer.data.files import Examples, complete, feature_means
from onelayer.data.fit_scaling import moments_of
from onelayer.data.moments import Moments
from onelayer.data.split import hold_out, hold_out_groups
from onelayer.errors import Argument, InputError
from onelayer.model import ModelName
from onelayer.training.class_weights import class_factors
from onelayer.workflow.files import File, Share, TrainingFiles
from onelayer.workflow.labels import by_label, classes_of
from onelayer.workflow.reading import read_training, read_validation
from onelayer.workflow.watch import UNSEEN, Watch


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
    constant : tuple of str
        Features that have the same value in all examples to train on, as far as scaling has looked
        at them; no pixels.
    """

    examples: Examples
    train: Dataset
    validation: Dataset | None
    rows: Rows | None
    validation_rows: Rows | None
    scaling: str
    fingerprint: str
    class_factors: NDArray[np.float64] | None = None
    constant: tuple[str, ...] = ()

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
    block_size: int = BLOCK_LENGTH,
    watch: Watch = UNSEEN,
) -> TrainingData:
    """Read the files, in the order of classes that a model takes.

    What is held out has no part in the means that fill gaps, nor in the scaling.

    Parameters
    ----------
    window : int
        Blocks whose examples are mixed, where they are read block by block.
    block_size : int
        Examples of a block on a cluster, of data that has no blocks of its own.

    Raises
    ------
    InputError
        If a file cannot be read, the two do not fit one another, there is one class, or more than
        the model tells apart, or a class has too few examples for the share.
    """
    share = files.validation if isinstance(files.validation, Share) else None
    given = read_training(files, model, window, watch)
    examples = given.examples
    labels = examples.y
    assert labels is not None  # they were asked for
    classes = classes_of(examples, files, model)
    rows, held = _split(labels, examples.groups, share, seed) if share else (None, None)
    if given.moments is None:
        examples = complete(examples, feature_means(examples, rows) if files.impute else None)
    chosen, words = _choose_scaling(files.scale, examples)
    weights = None if rows is None else np.isin(np.arange(examples.n_examples), rows)
    moments = given.moments if weights is None else None
    if moments is None and chosen in ("standard", "minmax"):
        moments = moments_of(examples.X, weights)
    scaling = fit_scaling(
        examples.X, chosen, weights, moments=moments, names=examples.feature_names
    )
    train = Dataset(
        examples.X,
        labels,
        classes=classes,
        scaling=scaling,
        image_shape=_shape(examples),
    )
    train = files.placed(train, block_size)
    validation = train if share else None
    if isinstance(files.validation, File):
        validation = read_validation(files, examples, train, watch)
        validation = files.placed(validation, block_size)
    factors = class_factors(
        by_label(files.class_weight, train.classes), train.classes,
        train.targets if rows is None else train.targets[rows],
    )  # fmt: skip
    content = given.fingerprint or fingerprint(examples.X, labels)
    constant = () if moments is None else _constant(moments, examples)
    return TrainingData(examples, train, validation, rows, held, words, content, factors, constant)


def _constant(moments: Moments, examples: Examples) -> tuple[str, ...]:
    """Return the names of the features that do not vary, or their numbers."""
    if examples.image_shape is not None:  # most sets of images have such pixels
        return ()
    found = np.flatnonzero(moments.low == moments.high).tolist()
    names = examples.feature_names
    return tuple(str(j) if names is None else repr(names[j]) for j in found)


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
