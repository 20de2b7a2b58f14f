"""What a study is: the data, the runs, and the sections of its report."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, Field, StringConstraints

from onelayer.study.selection import Selection
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
    "mistakes",
    "draw",
    "claims",
    "final-against",
    "losses",
    "verdicts",
]
SECTION_KINDS: tuple[str, ...] = get_args(SectionKind)
DerivationName = Literal["logistic", "softmax", "l2"]
NumberName = Literal[
    "val_accuracy",
    "train_accuracy",
    "val_loss",
    "train_loss",
    "weight_norm",
    "steps_to_reach",
    "excess",
    "batch_noise",
]
VerdictName = Literal[
    "sorting-costs",
    "one-shuffle-is-enough",
    "loss-falls-below-the-limit",
    "quickest-near-the-limit",
    "penalty-bounds-the-rate",
    "noise-as-root-of-batch",
    "small-batches-ahead",
    "large-batches-ahead",
    "accuracy-survives-noise",
    "penalty-helps",
    "early-stopping-helps",
    "gap-closes",
    "best-penalty-falls",
    "standard-is-quicker",
    "accuracy-misleads",
    "balance-helps",
    "one-optimum",
    "start-is-forgotten",
    "momentum-is-quicker",
    "momentum-as-rate",
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


class SectionChoice(Settings):
    """One section of the report: a question, what is shown, the answer.

    Attributes
    ----------
    kind : str
    runs : tuple of str
        Names of runs, or of sweeps.
    derivations : tuple of str
        Of the kind "derivation".
    x : str or None
        Of "final-against" and "losses": the option along which runs are told apart; None: the first
        number in which they differ.
    numbers : tuple of str
        Of "final-against": what is drawn; of "losses" the one loss.
    verdicts : tuple of str
        Of "verdicts": which claims are judged.
    chapter, title : str or None
        Begins a chapter; replaces the section's own title.
    text : str or None
        What was done, in the words of the study: plain text, shown first; an empty line parts
        paragraphs.
    """

    kind: SectionKind
    runs: tuple[RunName, ...] = ()
    derivations: tuple[DerivationName, ...] = ()
    x: str | None = None
    numbers: tuple[NumberName, ...] = ()
    verdicts: tuple[VerdictName, ...] = ()
    chapter: str | None = None
    title: str | None = None
    text: str | None = None


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
    title: str
    question: str | None = None
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
