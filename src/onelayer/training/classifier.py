"""A training result as a model that can be used and kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onelayer.inference import Classifier
from onelayer.training import final
from onelayer.training.result import TrainResult


def as_classifier(
    result: TrainResult, *, name: str = "run", data: Mapping[str, Any] | None = None, **more: Any
) -> Classifier:
    """Return what was trained as a classifier for raw values, with its record.

    Parameters
    ----------
    name : str
        Of the run.
    data : mapping, optional
        Where the data came from.
    **more
        Other parts of a `Classifier`: feature_names, fill, target, image_shape, channels.
    """
    record = result.record(name).as_json()
    return final.as_classifier(
        result.config, result.parameters, result.data.train, record=record, data=data or {}, **more
    )
