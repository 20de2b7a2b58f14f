"""The files that a model is trained on and watched by, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass

from onelayer.data import Dataset
from onelayer.engines.cluster import Cluster, on_cluster
from onelayer.errors import Argument, InputError
from onelayer.training.class_weights import ClassWeight


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
    cluster : Cluster, optional
        Where the data lies, and all work on it is done.
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
    cluster: Cluster | None = None

    @property
    def paths(self) -> tuple[str | None, ...]:
        """The files that are read, None where one is not given."""
        watched = self.validation if isinstance(self.validation, File) else None
        beside = (watched.path, watched.labels) if watched is not None else ()
        return (self.train, self.labels, *beside)

    def placed(self, data: Dataset, block_size: int) -> Dataset:
        """Return examples where the work on them is done: on the cluster, if there is one."""
        return (
            data if self.cluster is None else on_cluster(data.in_blocks(block_size), self.cluster)
        )

    def __post_init__(self) -> None:
        """Refuse another way to fill gaps."""
        if self.impute not in (None, "mean"):
            raise InputError(
                Argument("impute"), f": {self.impute!r} is no way to fill missing values; give "
                "mean.",
            )  # fmt: skip
