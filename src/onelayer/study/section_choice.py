"""What a study file says of a section of its report."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from onelayer.study.selection import Selection
from onelayer.training import TrainConfig
from onelayer.training.options import Settings

RunName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.,=+\[\]-]*$", max_length=120)
]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

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

    without_runs: ClassVar = ("derivation", "gradient-check", "claims")
    """Kinds that are of no run."""
    of_all_runs: ClassVar = ("mistakes", "draw")
    """Kinds that are of all runs where none is named."""
    takes: ClassVar[dict[str, tuple[str, ...]]] = {
        "derivations": ("derivation", "gradient-check"),
        "x": ("final-against", "losses"),
        "numbers": ("final-against", "losses"),
        "verdicts": ("verdicts",),
    }
    """The kinds that read a key; all kinds read the others."""

    kind: SectionKind
    runs: tuple[RunName, ...] = Field(default=(), validate_default=True)
    derivations: tuple[DerivationName, ...] = ()
    x: str | None = None
    numbers: tuple[NumberName, ...] = ()
    verdicts: tuple[VerdictName, ...] = Field(default=(), validate_default=True)
    chapter: Text | None = None
    title: Text | None = None
    text: str | None = None

    @field_validator("runs")
    @classmethod
    def _names_runs(cls, runs: tuple[str, ...], others: ValidationInfo) -> tuple[str, ...]:
        kind = others.data.get("kind")
        if kind in cls.without_runs and runs:
            raise ValueError(f"a section of the kind '{kind}' is of no run; leave it out")
        if kind is not None and kind not in (*cls.without_runs, *cls.of_all_runs) and not runs:
            raise ValueError(f"a section of the kind '{kind}' must name the runs that it shows")
        return runs

    @field_validator("derivations", "x", "numbers", "verdicts")
    @classmethod
    def _is_read(cls, value: object, others: ValidationInfo) -> object:
        kind, name = others.data.get("kind"), others.field_name
        kinds = cls.takes[name or ""]
        if kind is not None and value and kind not in kinds:
            raise ValueError(
                f"has no effect in a section of the kind '{kind}', only in '"
                + "' and '".join(kinds) + "'; leave it out"
            )  # fmt: skip
        return value

    @field_validator("x")
    @classmethod
    def _is_an_option(cls, x: str | None) -> str | None:
        if x is not None and x not in (*TrainConfig.model_fields, *Selection.model_fields):
            raise ValueError("must be the name of an option of runs")
        return x

    @field_validator("numbers")
    @classmethod
    def _is_one_loss(cls, numbers: tuple[str, ...], others: ValidationInfo) -> tuple[str, ...]:
        losses = (("val_loss",), ("train_loss",))
        if others.data.get("kind") == "losses" and numbers and numbers not in losses:
            raise ValueError("must be one of ['val_loss'] and ['train_loss']")
        return numbers

    @field_validator("verdicts")
    @classmethod
    def _judges(cls, verdicts: tuple[str, ...], others: ValidationInfo) -> tuple[str, ...]:
        if others.data.get("kind") == "verdicts" and not verdicts:
            raise ValueError("must name the claims that are judged")
        return verdicts
