"""A training result as a model that can be used and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from onelayer.data.labels import Label
from onelayer.inference import Classifier
from onelayer.training import final
from onelayer.training.result import TrainResult


def as_classifier(
    result: TrainResult,
    *,
    name: str = "run",
    label: str = "",
    classes: Sequence[Label] | None = None,
    data: Mapping[str, Any] | None = None,
    class_weights: Sequence[float] | None = None,
    **more: Any,
) -> Classifier:
    """Return what was trained as a classifier for raw values, with its record.

    Parameters
    ----------
    name, label : str
        Of the run; what people call it, by default its name.
    classes : sequence of labels, optional
        What to call the classes, in the order of the outputs. Default: as in the training set.
    data : mapping, optional
        Where the data came from.
    class_weights : sequence of float, optional
        How much an example of each class counted, for the record.
    **more
        Other parts of a `Classifier`: feature_names, fill, target, image_shape, channels.
    """
    labels = result.data.train.classes if classes is None else tuple(classes)
    factors = None if class_weights is None else tuple(map(float, class_weights))
    record = replace(result.record(name, label), classes=labels, class_weights=factors).as_json()
    return final.as_classifier(
        result.config, result.parameters, result.data.train,
        classes=labels, record=record, data=data or {}, **more,
    )  # fmt: skip
