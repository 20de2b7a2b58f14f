"""How good the predictions of a multilabel model are, on examples with a matrix of labels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.labels import Label
from onelayer.inference.by_class import ClassMetrics, mean_of_defined
from onelayer.model import LOSSES

NAMES = ("precision", "recall", "f1")


@dataclass(frozen=True, eq=False)
class LabelMetrics:
    """A multilabel model on labelled examples.

    Attributes
    ----------
    n : int
        Number of examples.
    accuracy : float
        The share of examples all of whose labels are predicted right (scikit-learn's subset
        accuracy).
    log_loss : float
        Mean over the examples of the sum over the labels of the binary cross-entropies, natural
        logarithm, from the scores.
    by_label : tuple of ClassMetrics
        Precision, recall and F1 of each label; `n` is the number of examples that have it.
    label_accuracy : tuple of float
        For each label the share of examples for which it is predicted right.
    micro, macro : dict
        "precision", "recall" and "f1" of all pairs of an example and a label together; and the
        means over the labels for which a value is defined. None where none is.
    """

    n: int
    accuracy: float
    log_loss: float
    by_label: tuple[ClassMetrics, ...]
    label_accuracy: tuple[float, ...]
    micro: dict[str, float | None]
    macro: dict[str, float | None]

    @classmethod
    def of(
        cls, labels: tuple[Label, ...], scores: NDArray[np.float64], targets: NDArray[np.uint8]
    ) -> LabelMetrics:
        """Return the metrics of some scores, (n, n_labels), of examples with these labels."""
        loss, n = LOSSES["multilabel"], len(targets)
        predicted = loss.predict(scores)
        hits = (predicted & targets).sum(axis=0).tolist()
        present, said = targets.sum(axis=0).tolist(), predicted.sum(axis=0).tolist()
        counts = list(zip(labels, hits, present, said, strict=True))
        by_label = tuple(ClassMetrics.of(*count) for count in counts)
        together = ClassMetrics.of("", sum(hits), sum(present), sum(said))
        return cls(
            n=n,
            accuracy=int(loss.is_right(scores, targets).sum()) / n,
            log_loss=float(loss.values(scores, targets).mean()),
            by_label=by_label,
            label_accuracy=tuple((predicted == targets).mean(axis=0).tolist()),
            micro={name: getattr(together, name) for name in NAMES},
            macro={name: mean_of_defined(getattr(m, name) for m in by_label) for name in NAMES},
        )

    @property
    def mean_label_accuracy(self) -> float:
        """The share of right predictions among all pairs of example and label: 1 - Hamming loss."""
        return sum(self.label_accuracy) / len(self.label_accuracy)

    def as_json(self) -> dict[str, Any]:
        """Return plain values of all there is; None is what is not defined."""
        return {
            "n": self.n,
            "accuracy": self.accuracy,
            "label_accuracy": self.mean_label_accuracy,
            "log_loss": self.log_loss,
            **{f"micro_{name}": value for name, value in self.micro.items()},
            **{f"macro_{name}": value for name, value in self.macro.items()},
            "labels": [found.label for found in self.by_label],
            "by_label": [
                asdict(found) | {"accuracy": accuracy}
                for found, accuracy in zip(self.by_label, self.label_accuracy, strict=True)
            ],
        }
