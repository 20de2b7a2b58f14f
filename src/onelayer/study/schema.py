"""What a study is: the data, the runs, and the sections of its report."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from onelayer.data.labels import Label
from onelayer.training import TrainConfig
from onelayer.training.options import Settings

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
RunName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.,=+\[\]-]*$", max_length=120)
]

LONGEST_LABEL = 200
RunLabel = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_LABEL, strip_whitespace=True)
]

SectionKind = Literal[
    "derivation",
    "gradient-check",
    "loss-curves",
    "accuracy-curves",
    "early-stopping",
    "shuffling",
    "overfitting",
    "weights",
    "sweep-accuracy",
    "l2-accuracy",
    "weight-norm",
    "claims",
]
SECTION_KINDS: tuple[str, ...] = get_args(SectionKind)
DerivationName = Literal["logistic", "softmax", "l2"]


def _two_distinct(classes: tuple[Label, ...]) -> tuple[Label, ...]:
    if len(set(classes)) != len(classes):
        raise ValueError("each class may be listed once")
    return classes


class DataChoice(Settings):
    """Which examples a study takes: the first of each part; None takes all."""

    source: Annotated[str, StringConstraints(min_length=1)] = "digits"
    train: int | None = Field(default=None, ge=1)
    validation: int | None = Field(default=None, ge=1)


class SectionChoice(Settings):
    """One section of the report: a question, what is shown, the answer."""

    kind: SectionKind
    runs: tuple[RunName, ...] = ()
    derivations: tuple[DerivationName, ...] = ()
    chapter: str | None = None
    title: str | None = None


class Run(Settings):
    """One run: a training configuration on all classes or a subset of them.

    `name` is `base[option=value]` for a member of a sweep, and `base` otherwise. `label` is what
    people call the run; see `onelayer.study.labels`.
    """

    name: RunName
    label: RunLabel | None = None
    classes: (
        Annotated[tuple[Label, ...], Field(min_length=2), AfterValidator(_two_distinct)] | None
    ) = None
    config: TrainConfig

    @property
    def base(self) -> str:
        """The name that sections use for the run or for its whole sweep."""
        return self.name.partition("[")[0]


class Head(Settings):
    """What stands at the top of a study file."""

    name: Name
    title: str
    seed: int = Field(default=0, ge=0, lt=2**63)
    mute: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z]+[0-9]+$")], ...] = ()
    """Codes of checks that are not made."""


class Study(Head):
    """A study with every default filled in and every sweep spelled out."""

    data: DataChoice
    runs: tuple[Run, ...]
    sections: tuple[SectionChoice, ...]

    def named(self, names: tuple[str, ...]) -> tuple[Run, ...]:
        """Return the runs that a section's names stand for, in the section's order."""
        return tuple(run for name in names for run in self.runs if name in (run.name, run.base))


def option_names(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys that a table may have."""
    return tuple(model.model_fields)
