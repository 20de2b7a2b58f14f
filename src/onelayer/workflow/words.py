"""What there is to say of the examples that a model is trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from onelayer.data import class_by_class
from onelayer.data.files import Examples
from onelayer.errors import Argument
from onelayer.model import ModelName
from onelayer.training import Convergence, StopReason, TrainConfig
from onelayer.training.class_weights import class_weights_in_words
from onelayer.words import first_few, number_of
from onelayer.workflow.training_data import TrainingData

Remark: TypeAlias = tuple[str | Argument, ...]
"""A line, in pieces as those of an error."""


def classes_in_words(data: TrainingData, model: ModelName) -> str:
    """Say how many classes there are, and which one is a logistic model's positive one."""
    classes = data.train.classes
    if model == "multilabel":
        return f"{len(classes)} labels, any number of them an example"
    positive = f", positive: {classes[0]}" if model == "logistic" else ""
    return f"{len(classes)} classes{positive}"


def weights_in_words(data: TrainingData) -> str | None:
    """Say how much classes count, and where; None where all count the same."""
    if data.class_factors is None:
        return None
    counts = class_weights_in_words(data.train.classes, data.class_factors)
    return f"Weights of classes: {counts}; they count in training, not in validation."


def remarks(data: TrainingData, config: TrainConfig) -> Iterator[Remark]:
    """Yield what people should know before training."""
    yield from _of_columns(data.examples)
    if names := data.constant:
        one = len(names) == 1
        yield (
            f"{data.examples.source}: {number_of(len(names), 'feature')} {'has' if one else 'have'}"
            f" one value in all examples to train on, and tell{'s' if one else ''} no classes "
            f"apart: {first_few(names, str)}.",
        )
    if config.solver == "sgd" and class_by_class(data.train):
        yield (
            f"Warning: the blocks of {data.examples.source} hold one class each, or nearly so: "
            "each would make the model forget the others. Mix them first: onelayer data pack "
            f"{data.examples.source} FOLDER.",
        )
    if weighted := weights_in_words(data):
        yield (weighted,)


def _of_columns(examples: Examples) -> Iterator[Remark]:
    if index := examples.index:
        yield (f"{examples.source}: {_columns(index)} the row index of pandas, and no feature.",)
    if names := examples.identifiers:
        one = len(names) == 1
        yield (
            f"Warning: {examples.source}: {_columns(names, 'looks', 'look')} like "
            f"{'an identifier' if one else 'identifiers'}, with another value in each row; leave "
            f"{'it' if one else 'them'} out with ",
            Argument("drop", repr(names[0]) if one else "NAME"),
            f" if {'it is one' if one else 'they are'}.",
        )


def _columns(names: tuple[str, ...], one: str = "is", more: str = "are") -> str:
    noun, verb = ("column", one) if len(names) == 1 else ("columns", more)
    return f"the {noun} {first_few(names)} {verb}"


def far_from_minimum(reason: StopReason, convergence: Convergence) -> str:
    """Say that a run ended far from its minimum, and what to do."""
    return (
        f"The training ended by {reason}, and {convergence.message}. Train for longer, "
        "with larger steps, or find the minimum."
    )
