"""What training refuses before it begins. All of it is raised as `InputError`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onelayer.data import Dataset
from onelayer.data.labels import Label
from onelayer.errors import Argument, InputError
from onelayer.model import ModelName, Parameters, n_outputs
from onelayer.training.config import TrainConfig
from onelayer.words import first_few


def check_kinds(train_set: Any, validation_set: Any, configs: Any) -> None:
    """Refuse what is no data set and no list of configurations."""
    for data, what in ((train_set, "train_set"), (validation_set, "validation_set")):
        if not isinstance(data, Dataset) and (what == "train_set" or data is not None):
            raise InputError(
                f"{what}: a {type(data).__name__} was given; give a Dataset: Dataset(X, y) of "
                "onelayer.data takes arrays."
            )
    listed = isinstance(configs, Sequence) and not isinstance(configs, str)
    if not listed or not all(isinstance(config, TrainConfig) for config in configs):
        raise InputError(
            f"configs: {first_few(configs, repr) if listed else type(configs).__name__} was given; "
            "give a list of TrainConfig, or one to train."
        )


def check_alike(train_set: Dataset, validation_set: Dataset) -> None:
    """Refuse parts that do not fit one another."""
    if validation_set.n_features != train_set.n_features:
        raise InputError(
            f"The validation examples have {validation_set.n_features} features, the training "
            f"examples {train_set.n_features}: they must be the same."
        )
    if validation_set.is_sparse != train_set.is_sparse:
        raise InputError(
            "One of training and validation examples is sparse, the other is not: give both alike."
        )
    if validation_set.has_label_matrix != train_set.has_label_matrix:
        raise InputError(
            "One of training and validation examples has a matrix of labels, the other one label "
            "an example: give both alike."
        )


def check_classes(model: ModelName, classes: Sequence[Label], where: str | Argument) -> None:
    """Refuse classes that a model cannot tell apart."""
    known = first_few(classes, str)
    if len(classes) < 2:
        raise InputError(where, f": there is one class, {known}: there is nothing to tell apart.")
    if model == "logistic" and len(classes) != 2:
        raise InputError(
            where,
            f": logistic regression needs two classes, there are {len(classes)}: {known}. "
            "Choose two, or take softmax.",
        )


def check_targets(model: ModelName, data: Dataset, where: str | Argument) -> None:
    """Refuse labels of another kind than a model takes, and classes that it cannot tell apart."""
    if model == "multilabel" and not data.has_label_matrix:
        raise InputError(
            where,
            ": multilabel takes a matrix of labels, 0 and 1, with a column a label; here each "
            "example has one label. Take softmax or logistic.",
        )
    if data.has_label_matrix and model != "multilabel":
        raise InputError(
            where, f": {model} takes one label an example, and there is a matrix of labels. Take "
            "multilabel.",
        )  # fmt: skip
    check_classes(model, data.classes, where)


def check_choice(train_set: Dataset, config: TrainConfig) -> None:
    """Refuse a choice of features or of examples that the data does not offer."""
    if config.draw and config.examples_per_class is None:
        raise InputError(
            Argument("draw"), f": {config.draw} was given; it needs ",
            Argument("examples_per_class"), ", how many examples of each class it draws.",
        )  # fmt: skip
    if config.order == "blocks" and config.examples_per_class is not None:
        raise InputError(
            Argument("examples_per_class"), ": examples are not drawn where the order is that of "
            "blocks; leave one out.",
        )  # fmt: skip
    if config.order == "class" and (config.examples_per_class or train_set.has_label_matrix):
        why = "drawn examples" if config.examples_per_class else "several labels an example"
        raise InputError(
            Argument("order"), f": class was given; there is no such order of {why}. Take another.",
        )  # fmt: skip
    if config.features is not None and config.features[1] > train_set.n_features:
        raise InputError(
            Argument("features"),
            f": {list(config.features)} was given; there are {train_set.n_features:,} features, "
            "with numbers from 0.",
        )


def refuse_order(config: TrainConfig) -> None:
    """Refuse an order that data which is read block by block cannot have."""
    if config.order != "blocks" and config.solver == "sgd":
        raise InputError(
            Argument("order"), f": {config.order} was given; data that is read block by "
            "block is visited in the order ", Argument("order", "blocks"), " alone.",
        )  # fmt: skip


def check_config(
    train_set: Dataset, config: TrainConfig, start: Parameters | None, *, validates: bool
) -> None:
    """Refuse a configuration that does not fit the data."""
    check_targets(config.model, train_set, Argument("model"))
    if config.early_stopping is not None and not validates:
        raise InputError(
            Argument("early_stopping"),
            ": it needs validation examples; give some, or leave it out.",
        )
    check_choice(train_set, config)
    shape = train_set.n_features, n_outputs(config.model, train_set.n_classes)
    if start is not None and start.weights.shape != shape:
        raise InputError(
            f"initial: the shape of the weights is {start.weights.shape}; {shape} is needed."
        )
