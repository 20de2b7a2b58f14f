"""What a study is: the data, the runs, and the sections of its report."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, ValidationInfo, field_validator

from onelayer.study.section_choice import RunName, SectionChoice, Text
from onelayer.study.selection import Selection
from onelayer.training import TrainConfig
from onelayer.training.options import Settings

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
LONGEST_LABEL = 200
RunLabel = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_LABEL, strip_whitespace=True)
]


class DataChoice(Settings):
    """Which examples a study takes.

    Attributes
    ----------
    train, validation : int or None
        So many of each part; None takes as many as the source's part has.
    split : str
        "file": the first of each part, as the source has them; "random": parts drawn at random from
        all of the source's examples, stratified by class.
    split_seed : int or None
        Of the draw; None: the seed of the study.
    """

    source: Annotated[str, StringConstraints(min_length=1)] = "digits"
    train: int | None = Field(default=None, ge=1)
    validation: int | None = Field(default=None, ge=1)
    split: Literal["file", "random"] = "file"
    split_seed: int | None = Field(default=None, ge=0, lt=2**63)

    @field_validator("split_seed")
    @classmethod
    def _draws(cls, seed: int | None, others: ValidationInfo) -> int | None:
        if seed is not None and others.data.get("split") == "file":
            raise ValueError(
                'has no effect where the parts are those of the source; set split = "random", or '
                "leave it out"
            )
        return seed


class Run(Settings):
    """One run: a training configuration on some of the study's examples.

    `name` is `base[option=value]` for a member of a sweep, and `base` otherwise. `label` is what
    people call the run; see `onelayer.study.labels`.
    """

    name: RunName
    label: RunLabel | None = None
    selection: Selection = Selection()
    config: TrainConfig

    @property
    def base(self) -> str:
        """The name that sections use for the run or for its whole sweep."""
        return self.name.partition("[")[0]


class Head(Settings):
    """What stands at the top of a study file."""

    name: Name
    title: Text
    question: Text | None = None
    """What the study asks, for whoever looks for one."""
    seconds: int | None = Field(default=None, ge=0)
    """About how long it takes on the digits, with two cores."""
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
