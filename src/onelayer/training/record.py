"""The one home of what came of a run: model files, results and pages hold this and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from pydantic import ValidationError

from onelayer.data.labels import Label
from onelayer.errors import InputError
from onelayer.json_values import json_value
from onelayer.model import ModelName
from onelayer.training.config import TrainConfig
from onelayer.training.convergence import Convergence
from onelayer.training.final import Final
from onelayer.training.history import Evaluation
from onelayer.training.minimum import Minimum
from onelayer.training.rates import penalty_diverges
from onelayer.training.stopping import StopReason

_COUNTS = ("n_train", "n_validation", "steps", "batches_per_epoch", "evaluations")


@dataclass(frozen=True)
class RunRecord:
    """What came of a run, apart from its weights and its history.

    Attributes
    ----------
    name : str
    config : TrainConfig
    classes : tuple
        In the order of the outputs; a logistic model's positive class is the first.
    n_train, n_validation : int
        How many examples took part.
    steps, batches_per_epoch, evaluations : int
    stop_reason : StopReason
    message : str
        One sentence on how the run ended.
    best, last : Evaluation or None
        Evaluations of the schedule; see `TrainResult`.
    final : Final
        The numbers of the weights that are kept; no others are shown beside these weights.
    minimum : Minimum or None
        How far from the minimum of its objective the run ended, where that was asked for.
    convergence : Convergence or None
        About how far, where it ran out of epochs.
    class_weights : tuple of float or None
        How much an example of each class counted, in the order of `classes`; None: all the same.
        The training loss and accuracy of `final` are weighted so, those of validation are not.
    label : str
        What people call the run; empty: by its name.
    """

    name: str
    config: TrainConfig
    classes: tuple[Label, ...]
    n_train: int
    n_validation: int
    steps: int
    batches_per_epoch: int
    evaluations: int
    stop_reason: StopReason
    message: str
    best: Evaluation | None
    last: Evaluation | None
    final: Final
    minimum: Minimum | None = None
    convergence: Convergence | None = None
    class_weights: tuple[float, ...] | None = None
    label: str = ""

    @property
    def total_steps(self) -> int:
        """How many steps the run would have made if nothing had ended it before."""
        return self.config.total_steps(self.batches_per_epoch)

    @property
    def penalty_diverges(self) -> bool:
        """Whether the penalty alone made the weights larger in some steps."""
        return penalty_diverges(self.config, self.total_steps, self.steps)

    @property
    def model(self) -> ModelName:
        """The kind of model."""
        return self.config.model

    def as_json(self) -> dict[str, Any]:
        """Return plain values for JSON, which knows neither NaN nor infinity: they become null."""
        return {
            "name": self.name,
            "label": self.label,
            "model": self.model,
            "config": self.config.model_dump(mode="json"),
            "classes": list(self.classes),
            **{count: getattr(self, count) for count in _COUNTS},
            "stop_reason": str(self.stop_reason),
            "message": self.message,
            "best": _plain(self.best),
            "last": _plain(self.last),
            "final": _plain(self.final),
            "minimum": None if self.minimum is None else self.minimum.as_json(),
            "convergence": None if self.convergence is None else self.convergence.as_json(),
            **({} if self.class_weights is None else {"class_weights": list(self.class_weights)}),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the record of which `as_json` made these values.

        Raises
        ------
        InputError
            If they are no such values.
        """
        try:
            record = cls(
                name=values["name"],
                label=values["label"],
                config=TrainConfig.model_validate(values["config"]),
                classes=tuple(values["classes"]),
                stop_reason=StopReason(values["stop_reason"]),
                message=values["message"],
                best=_evaluation(values["best"]),
                last=_evaluation(values["last"]),
                final=Final(**values["final"]),
                minimum=Minimum.from_json(values["minimum"]) if values["minimum"] else None,
                convergence=Convergence.from_json(values["convergence"]),
                class_weights=tuple(values["class_weights"]) if "class_weights" in values else None,
                **{count: values[count] for count in _COUNTS},
            )
            if record.as_json() != dict(values):
                raise ValueError
        except (KeyError, TypeError, ValueError, AttributeError, ValidationError):
            raise InputError("it holds no record of a run, or one that was changed") from None
        return record


def _plain(numbers: Evaluation | Final | None) -> dict[str, float | None] | None:
    plain: dict[str, float | None] | None = None if numbers is None else json_value(asdict(numbers))
    return plain


def _evaluation(values: Mapping[str, Any] | None) -> Evaluation | None:
    if values is None:
        return None
    names = {field.name for field in fields(Evaluation)}
    if values.keys() != names:
        raise ValueError
    numbers: dict[str, Any] = {k: math.nan if v is None else v for k, v in values.items()}
    return Evaluation(**numbers)
