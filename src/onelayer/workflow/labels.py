"""Labels of files: which classes a model tells apart, and the same labels in other files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.files import Examples
from onelayer.data.labels import Label
from onelayer.errors import Argument, InputError
from onelayer.model import ModelName
from onelayer.training.checks import check_classes
from onelayer.training.class_weights import ClassWeight
from onelayer.words import first_few
from onelayer.workflow.files import TrainingFiles


def classes_of(examples: Examples, files: TrainingFiles, model: ModelName) -> list[Label]:
    """Return the classes in the order that a model takes; of a matrix of labels its columns."""
    labels = examples.y
    assert labels is not None
    if model == "multilabel":
        if files.class_weight is not None:
            raise InputError(
                Argument("class_weight"), ": with several labels an example is of no class; leave "
                "it out.",
            )  # fmt: skip
        return list(examples.label_names or range(labels.shape[1]))
    if (labels == labels[0]).all():
        only = first_few([labels[0].item()])
        raise InputError(
            f"{files.labels or files.train}: {only} is the only label; give examples of at least "
            "two classes."
        )
    classes: list[Label] = np.unique(labels).tolist()
    check_classes(model, classes, Argument("model"))
    # The engine's positive class is the first; people mean the second: 1, yes, True.
    return classes[::-1] if model == "logistic" else classes


def by_label(given: ClassWeight, classes: tuple[Label, ...]) -> ClassWeight:
    """Return weights by label, where a label may be given as text."""
    if not isinstance(given, Mapping):
        return given
    by_text = {str(label): label for label in classes}
    return {by_text.get(str(label), label): weight for label, weight in given.items()}


def match_labels(examples: Examples, classes: tuple[Any, ...]) -> NDArray[Any]:
    """Return labels in the type of the classes: one file may hold "3" where another holds 3.

    Of a matrix of labels the columns in the order of the classes, by their names if they have any.

    Raises
    ------
    InputError
        If a label is not among the classes, or the columns are others.
    """
    labels = examples.y
    assert labels is not None
    if labels.ndim == 2:
        names = list(examples.label_names or map(str, range(labels.shape[1])))
        if set(names) != set(map(str, classes)) and (
            examples.label_names is not None or labels.shape[1] != len(classes)
        ):
            raise InputError(
                f"{examples.source}: its labels are {first_few(names)}; the model was trained on "
                f"{first_few(classes)}."
            )
        if examples.label_names is None:
            return labels
        return np.ascontiguousarray(labels[:, [names.index(str(label)) for label in classes]])
    by_text = {str(c): c for c in classes}
    present, inverse = np.unique(labels, return_inverse=True)
    unknown = [label for label in present.tolist() if str(label) not in by_text]
    if unknown:
        raise InputError(
            f"{examples.source}: the label {unknown[0]!r} is none of the classes that the model "
            f"was trained on: {first_few(classes)}."
        )
    return np.array([by_text[str(label)] for label in present.tolist()])[inverse]
