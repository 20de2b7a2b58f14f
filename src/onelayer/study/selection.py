"""Which of a study's examples a run has, and what is done to those that it trains on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, Field

from onelayer.data import Dataset, Scaling, fingerprint, fit_scaling
from onelayer.data.labels import Label
from onelayer.data.variants import (
    balanced,
    one_sided,
    some_examples,
    with_shares,
    with_wrong_labels,
)
from onelayer.errors import InputError
from onelayer.training.options import MOST, Finite, Settings

Share = Annotated[Finite, Field(gt=0, le=1)]


def _two_distinct(classes: tuple[Label, ...]) -> tuple[Label, ...]:
    if len(set(classes)) != len(classes):
        raise ValueError("each class may be listed once")
    return classes


class OneSided(Settings):
    """Places of the training file, in file order, that hold one class alone.

    Attributes
    ----------
    label : label
        The class.
    begin, end : int
        The places from the first number to before the second, counted from 0.
    """

    label: Label
    begin: int = Field(ge=0)
    end: int = Field(ge=1)


class Selection(Settings):
    """A run's examples. Its options stand in the order in which they are applied.

    Those of both parts: `classes`, `class_shares` and `scaling`. Those of the training part alone:
    `examples`, `label_noise`, `balance` and `one_sided`. The labels that a run is evaluated on are
    always those of the source.

    Attributes
    ----------
    classes : tuple of labels or None
        A subset of the classes, in the order of the outputs.
    class_shares : tuple of float or None
        How much is left of each class, in both parts.
    examples : int or None
        Train on so many, drawn at random with the classes' shares.
    label_noise : float
        The share of the training examples that get the label of another class, each as likely.
    balance : bool
        Repeat training examples of rare classes until all classes have as many.
    one_sided : OneSided or None
        Some places of the file hold training examples of one class: such a batch is constructed.
    scaling : str
        "source": as the source has it; "raw": values as they are stored; "standard": each feature
        with mean 0 and standard deviation 1 over the training examples; "uneven": that of the
        source, each feature then times a number from 0.1 to 10, as if each had a unit of its own:
        such a scaling is constructed.
    draw : int
        The number of the draw of `class_shares`, `examples` and `label_noise`, which a study file
        gives by the training option of that name; 0 where nothing is drawn.
    """

    classes: (
        Annotated[tuple[Label, ...], Field(min_length=2), AfterValidator(_two_distinct)] | None
    ) = None
    class_shares: tuple[Share, ...] | None = None
    examples: int | None = Field(default=None, ge=1, le=MOST)
    label_noise: Finite = Field(default=0.0, ge=0, le=1)
    balance: bool = False
    one_sided: OneSided | None = None
    scaling: Literal["source", "raw", "standard", "uneven"] = "source"
    draw: int = Field(default=0, ge=0, lt=2**63)

    @property
    def is_drawn(self) -> bool:
        """Whether chance has a part in it."""
        return self.examples is not None or self.label_noise > 0 or self.class_shares is not None

    def table(self) -> dict[str, Any]:
        """Return what differs from all examples as they are, as a study file has it."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def of(self, train: Dataset, validation: Dataset) -> Selected:
        """Return both parts as a run has them.

        Raises
        ------
        InputError
            If the data has no such examples, or too few; it begins with the option's name.
        """
        parts, wrong = (train, validation), 0
        with _named("classes"):
            if self.classes is not None:
                parts = _of_each(parts, lambda part: part.subset_of_classes(self.classes or ()))
        with _named("class_shares"):
            if self.class_shares is not None:
                shares = self.class_shares
                parts = _of_each(parts, lambda part: with_shares(part, shares, self.draw))
        train, validation = parts
        with _named("examples"):
            if self.examples is not None:
                train = some_examples(train, self.examples, self.draw)
        with _named("label_noise"):
            if self.label_noise > 0:
                train, rows = with_wrong_labels(train, self.label_noise, self.draw)
                wrong = len(rows)
        with _named("balance"):
            if self.balance:
                train = balanced(train)
        with _named("one_sided"):
            if self.one_sided is not None:
                own = self.one_sided
                train = one_sided(train, own.label, own.begin, own.end)
        with _named("scaling"):
            scaling = _scaling(train, self.scaling)
            if scaling != train.scaling:
                train, validation = (replace(part, scaling=scaling) for part in (train, validation))
        return Selected(train, validation, wrong)


@dataclass(frozen=True, eq=False)
class Selected:
    """The examples of a run.

    Attributes
    ----------
    train, validation : Dataset
    wrong_labels : int
        How many of the training labels were made wrong; of the validation labels none is.
    """

    train: Dataset
    validation: Dataset
    wrong_labels: int = 0

    @property
    def parts(self) -> tuple[Dataset, Dataset]:
        """Both parts."""
        return self.train, self.validation

    def facts(self) -> dict[str, Any]:
        """Return what results.json says of them."""
        return {
            "n_train": self.train.n_examples,
            "n_validation": self.validation.n_examples,
            "wrong_labels": {"train": self.wrong_labels, "validation": 0},
            "sha256": sha256_of(self.parts),
        }


def sha256_of(parts: tuple[Dataset, Dataset]) -> str:
    """Return a digest of the examples and labels of both parts."""
    prints = "".join(fingerprint(part.X, part.y) for part in parts)
    return hashlib.sha256(prints.encode()).hexdigest()


def _of_each(
    parts: tuple[Dataset, Dataset], change: Callable[[Dataset], Dataset]
) -> tuple[Dataset, Dataset]:
    return change(parts[0]), change(parts[1])


def _scaling(train: Dataset, kind: str) -> Scaling:
    if kind == "raw":
        return Scaling.identity()
    if kind == "uneven":
        scale, offset = train.scaling.per_feature(train.n_features)
        spread = np.logspace(-1, 1, train.n_features)
        units = np.random.Generator(np.random.Philox(key=_UNITS)).permutation(spread)
        return Scaling(scale * units, offset * units)
    return fit_scaling(train.X, "standard") if kind == "standard" else train.scaling


_UNITS = 1
"""Of the order in which features get their numbers."""


@contextmanager
def _named(option: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"{option}: {str(error).removeprefix(f'{option}: ')}") from None
