"""What can be set about a training run: the one home of every training option.

A field says all there is to say of an option. Study files, the options of the command line, the
estimators' parameters and the documents follow from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from onelayer.data import OrderName
from onelayer.engines import UpdateRule
from onelayer.model import ModelName, Objective
from onelayer.training.feature_ranges import FeatureRange, as_range
from onelayer.training.options import MOST, Finite, Option, Options, option_of
from onelayer.training.tables import Averaging, EarlyStopping, RateSchedule


def _lifted_by(*words: str) -> BeforeValidator:
    """Let false and these words lift a default: TOML has no null."""

    def none_for(value: Any) -> Any:
        said = value.get("kind") if isinstance(value, dict) and len(value) == 1 else value
        return None if said is False or (isinstance(said, str) and said in words) else value

    return BeforeValidator(none_for)


def _whole(number: float) -> float:
    """Return a number that is whole as an integer."""
    return int(number) if number == int(number) else number


class TrainConfig(Options):
    """One training run, apart from its data.

    Raises
    ------
    pydantic.ValidationError
        For an unknown option, a wrong type or an impossible value.
    """

    model: Annotated[
        ModelName,
        Option(
            "softmax; logistic: one output for two classes; multilabel: a logistic one for each "
            "label, where an example has any number of them"
        ),
    ] = "softmax"
    solver: Annotated[
        Literal["sgd", "optimum"],
        Option("sgd: steps on mini-batches; optimum: the exact minimum, which takes no options of "
               "steps"),
    ] = "sgd"  # fmt: skip
    learning_rate: Annotated[Finite, Option("step size, above 0", varies=True, of_steps=True)] = (
        Field(default=0.01, gt=0)
    )
    batch_size: Annotated[int, Option("examples in a batch", of_steps=True)] = Field(
        default=128, ge=1, le=MOST
    )
    max_epochs: Annotated[int, Option("passes over the training examples", of_steps=True)] = Field(
        default=50, ge=1, le=MOST
    )
    l2: Annotated[
        Finite, Option("λ of the objective C + λ‖W‖², C the mean cross-entropy", varies=True)
    ] = Field(default=0.0, ge=0)
    penalize_bias: Annotated[bool, Option("whether the norm covers the bias", varies=True)] = False
    order: Annotated[
        OrderName,
        Option(
            "of the examples in an epoch: file; class (sorted by class); once (one permutation for "
            "all epochs); batches (those of the file, in a new sequence in each epoch); epoch (a "
            "new permutation in each); blocks (as data that is read block by block is visited: the "
            "blocks in a new sequence in each, and the examples of a window of them mixed)",
            of_steps=True,
        ),
    ] = "epoch"
    window: Annotated[
        int, Option("blocks whose examples are mixed, in the order blocks", of_steps=True)
    ] = Field(default=1, ge=1, le=MOST)
    block_size: Annotated[
        int,
        Option("examples of a block, for data that has no blocks of its own", of_steps=True),
    ] = Field(default=8192, ge=1, le=MOST)
    shuffle: Annotated[bool, Option("short for the orders epoch and file", of_steps=True)] = True
    seed: Annotated[int, Option("of the order of the examples, and of a random start")] = Field(
        default=0, ge=0, lt=2**63
    )
    drop_last: Annotated[bool, Option("leave out a last batch that is not full", of_steps=True)] = (
        False
    )
    evaluations_per_epoch: Annotated[
        Finite | int,
        AfterValidator(_whole),
        Option(
            "how often loss and accuracy are measured in an epoch; below 1, as 0.1: once in ten",
            of_steps=True,
        ),
    ] = Field(default=5, gt=0, le=MOST)
    early_stopping: Annotated[
        EarlyStopping | None,
        _lifted_by(),
        Option(
            "stop when the validation loss no longer falls, and keep the weights of its lowest "
            "value",
            varies=True,
            of_steps=True,
        ),
    ] = None
    momentum: Annotated[
        Finite,
        Option(
            "how much of its velocity a step keeps, below 1; 0: plain", varies=True, of_steps=True
        ),
    ] = Field(default=0.0, ge=0, lt=1)
    nesterov: Annotated[bool, Option("momentum in Nesterov's form", varies=True, of_steps=True)] = (
        False
    )
    averaging: Annotated[
        Averaging | None,
        _lifted_by("none"),
        Option("evaluate and keep an average of the iterates", varies=True, of_steps=True),
    ] = None
    schedule: Annotated[
        RateSchedule | None,
        _lifted_by("constant"),
        Option("how the learning rate changes from step to step", varies=True, of_steps=True),
    ] = None
    warmup_steps: Annotated[
        int, Option("steps in which the learning rate first rises", varies=True, of_steps=True)
    ] = Field(default=0, ge=0, le=MOST)
    max_steps: Annotated[
        int | None,
        Option(
            "end after so many steps, if max_epochs does not before", varies=True, of_steps=True
        ),
    ] = Field(default=None, ge=1, le=MOST)
    initial_std: Annotated[
        Finite,
        Option(
            "standard deviation of normal weights to start from; 0: zeros",
            varies=True,
            of_steps=True,
        ),
    ] = Field(default=0.0, ge=0)
    optimum: Annotated[
        bool,
        Option("find the minimum of the objective too, and say how far from it the run ended",
               varies=True),
    ] = False  # fmt: skip
    features: Annotated[
        FeatureRange | None,
        BeforeValidator(as_range),
        Option(
            "the features that are read, from the first number to before the second, counted "
            "from 0",
            varies=True,
            spelled="BEGIN:END",
        ),
    ] = None
    examples_per_class: Annotated[
        int | None,
        _lifted_by(),
        Option("train on so many examples of each class, drawn at random"),
    ] = Field(default=None, ge=1, le=MOST)
    draw: Annotated[
        int, Option("number of the draw, where examples of each class are drawn", varies=True)
    ] = Field(default=0, ge=0, lt=2**63)
    tolerance: Annotated[
        Finite,
        Option("of a search for the minimum: how far J may be above it, as a share of J",
               varies=True),
    ] = Field(default=1e-6, gt=0, lt=1)  # fmt: skip
    dtype: Annotated[
        Literal["float32", "float64"], Option("type of the arithmetic: float32 or float64")
    ] = "float32"

    @model_validator(mode="before")
    @classmethod
    def _order_and_shuffle(cls, values: Any) -> Any:
        """Let each of the two follow from the other."""
        if not isinstance(values, dict):
            return values
        values = {key: v for key, v in values.items() if key != "order" or v is not None}
        shuffle = values.get("shuffle")
        if "order" not in values:
            return values | ({} if shuffle is not False else {"order": "file"})
        follows = values["order"] not in ("file", "class")
        if isinstance(shuffle, bool) and shuffle != follows:
            raise ValueError(
                f"order: {values['order']} was given, and shuffle = {str(shuffle).lower()} says "
                "otherwise; leave shuffle out"
            )
        return {"shuffle": follows} | values

    @field_validator("nesterov")
    @classmethod
    def _has_momentum(cls, nesterov: bool, others: ValidationInfo) -> bool:
        if nesterov and others.data.get("momentum") == 0:
            raise ValueError("it needs momentum, such as 0.9")
        return nesterov

    @model_validator(mode="after")
    def _fits_the_solver(self) -> TrainConfig:
        if self.solver == "optimum" and self.early_stopping is not None:
            raise ValueError(
                "solver: the optimum is found without steps, and early_stopping ends steps; leave "
                "one of them out"
            )
        return self

    @property
    def seeks_minimum(self) -> bool:
        """Whether the minimum is to be found, as the model or beside it."""
        return self.optimum or self.solver == "optimum"

    @property
    def objective(self) -> Objective:
        """The function that training minimises."""
        return Objective(self.model, self.l2, self.penalize_bias)

    @property
    def update_rule(self) -> UpdateRule:
        """What a step makes of a gradient."""
        return UpdateRule(self.momentum, self.nesterov, self.averaging is not None)

    def total_steps(self, batches_per_epoch: int) -> int:
        """Return how many steps a run makes if nothing ends it before."""
        all_epochs = self.max_epochs * batches_per_epoch
        return all_epochs if self.max_steps is None else min(all_epochs, self.max_steps)

    @property
    def shared(self) -> TrainConfig:
        """The same configuration with defaults in what may vary in a pass.

        Models share a pass over the data if and only if this is equal.
        """
        return self.model_copy(update=_varying(type(self)))


@cache
def _varying(kind: type[TrainConfig]) -> dict[str, Any]:
    """Return the defaults of what may vary in a pass."""
    return {
        name: field.default
        for name, field in kind.model_fields.items()
        if option_of(kind, name).varies
    }


def overridden(options: dict[str, Any], by: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with others in their place; the two words for an order replace each other."""
    gone = {"order", "shuffle"} if {"order", "shuffle"} & by.keys() else set()
    return {name: value for name, value in options.items() if name not in gone} | dict(by)


def fitting_solver(given: Iterable[str]) -> Literal["sgd", "optimum"]:
    """Return the solver where none was asked for: steps if one of their options was given."""
    steps = {name for name in TrainConfig.model_fields if option_of(TrainConfig, name).of_steps}
    return "optimum" if steps.isdisjoint(given) else "sgd"


def table_of(name: str) -> type[Options] | None:
    """Return the settings of which an option is a table, such as `EarlyStopping`; None of most."""
    for kind in get_args(TrainConfig.model_fields[name].annotation):
        if isinstance(kind, type) and issubclass(kind, Options):
            return kind
    return None
