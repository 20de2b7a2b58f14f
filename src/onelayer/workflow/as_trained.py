"""Read files as the file was read that a model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onelayer.data.files import (
    Examples,
    read_examples,
)
from onelayer.engines.cluster import Cluster
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.workflow.as_model_takes import as_model_takes
from onelayer.workflow.blocks import Opened, open_blocks


def read_for(
    classifier: Classifier,
    data: str,
    labels: str | None,
    *,
    need_labels: bool,
    target: str | None = None,
    key: Sequence[str] = (),
) -> Examples:
    """Read a file as the model's training file was read."""
    names = classifier.feature_names
    with as_model_takes():
        return read_examples(
            data,
            target=target or classifier.target,
            labels=labels,
            key=key,
            size=classifier.data.get("size"),
            features=names,
            image_shape=classifier.image_shape,
            channels=classifier.channels if classifier.image_shape else None,
            fill=classifier.fill,
            need_labels=need_labels,
            label_matrix=classifier.model == "multilabel",
            part="test",
        )


def open_for(
    classifier: Classifier, data: str, memory: int | None, cluster: Cluster | None, **how: Any
) -> Opened:
    """Open what is read block by block, as the model's training file was read."""
    opened = open_blocks(
        data,
        memory,
        cluster,
        usual_target=classifier.target,
        features=classifier.feature_names,
        **how,
    )
    if opened.source.n_features != classifier.n_features:
        raise InputError(
            f"{data}: has {opened.source.n_features} features, the model {classifier.n_features}; "
            "give data with the model's features."
        )
    return opened
