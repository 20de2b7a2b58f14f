"""What makes up for a wrong bias: what is predicted too often of a class is dealt out to others.

With p_i the predicted probabilities of an example,

    q_i = M^T p_i,  M = I - diag(a) + a d^T:

class j gives the share a_j of what is predicted of it, and all that is given is dealt out by the
distribution d. Classes that are predicted too often give as much as makes the mean of q_i right,
and the others nothing. What is linear in p_i is so in q_i, so that no other pass is needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

Array = NDArray[np.float64]

_PEAK = 1 / math.e
"""Where -p ln p is largest."""

_LEAST = 1e-300


@dataclass(frozen=True, eq=False)
class MovedShares:
    """The least that is to be moved; both classes have a place where there is one output.

    Attributes
    ----------
    given : array, shape (n_classes,)
        a.
    dealt : array, shape (n_classes,)
        d.
    whole : float
        The mean of a . p_i: how much is given, of 1.
    predicted : array, shape (n_classes,)
        The mean of p_i.
    off : array, shape (n_classes,)
        How far that may be off; d is then off too, and a is as it is.
    """

    given: Array
    dealt: Array
    whole: float
    predicted: Array
    off: Array

    @classmethod
    def of(cls, predicted: Array, wanted: Array, off: Array) -> MovedShares | None:
        """Return what is to be moved; None where the shares are those that are wanted.

        Parameters
        ----------
        predicted, wanted, off : array, shape (n_outputs,)
        """
        if len(predicted) == 1:
            predicted, wanted = (np.array([v[0], 1 - v[0]]) for v in (predicted, wanted))
            off = np.repeat(off, 2)
        predicted = np.maximum(predicted, _LEAST)
        given = np.maximum(1 - wanted / np.maximum(predicted + off, wanted), 0)
        left = np.maximum(wanted - (1 - given) * predicted, 0)
        whole, dealt = float(given @ predicted), float(left.sum())
        return cls(given, left / dealt, whole, predicted, off) if whole > 0 and dealt > 0 else None

    def change(self, of_class: Array, features: Array) -> tuple[Array, Array]:
        """Return the means of x_i (a . p_i) and of x_i (q_i - p_i)^T.

        Parameters
        ----------
        of_class : array, shape (n_features, n_outputs)
            The mean of x_i p_i^T.
        features : array, shape (n_features,)
            The mean example.
        """
        outputs = of_class.shape[1]
        given, dealt = self.given[:outputs], self.dealt[:outputs]
        if outputs == 1:
            all_given = of_class[:, 0] * (given[0] - self.given[1]) + self.given[1] * features
        else:
            all_given = of_class @ given
        return all_given, all_given[:, None] * dealt - of_class * given

    @property
    def dealt_off(self) -> tuple[float, float]:
        """How far d may be off: what is too much of it in all, and the Euclidean length."""
        total, least = float(self.off.sum()), self._least_whole
        length = math.sqrt(self.off @ self.off) + math.sqrt(self.dealt @ self.dealt) * total
        return min(total / least, 1.0), length / least

    @property
    def _least_whole(self) -> float:
        return self.whole - float(self.given @ self.off)

    def entropy_lost(self, entropy: float) -> float:
        """Return by how much the mean entropy of q_i is below that of p_i, at most.

        The entropy is concave, so that of q_i is at least

            sum_j [-u_j ln u_j] + (1 - s) ln(1 - s) + s H(d),  u_j = (1 - a_j) p_ij, s = a . p_i;

        and so is -p ln p, by which the mean of p_ij bounds what class j has of the entropy. The
        most is lost if those that give the largest shares have as much of it as they can.

        Parameters
        ----------
        entropy : float
            The mean entropy of p_i, or more.
        """
        order, kept = np.argsort(-self.given, kind="stable"), 1 - self.given
        share = np.minimum(self.predicted + self.off, _PEAK)[order]
        filled = np.minimum(np.cumsum(-share * np.log(share)), max(entropy, 0.0))
        filled[1:] -= filled[:-1].copy()
        lost = float(self.given[order] @ filled)
        lost += float((self.predicted - self.off) @ xlogy(kept, kept))
        s = min(self.whole + float(self.given @ self.off), 1 - _PEAK)
        return lost - (1 - s) * math.log1p(-s) - self._least_whole * self._dealt_entropy()

    def _dealt_entropy(self) -> float:
        """Return the least entropy of d.

        Distributions that differ by T in all have entropies that differ by at most
        T ln(K - 1) + H(T, 1 - T) (Audenaert, "A sharp continuity estimate for the von Neumann
        entropy", 2007).
        """
        off, others = self.dealt_off[0], len(self.dealt) - 1
        entropy = -float(xlogy(self.dealt, self.dealt).sum())
        if off * (others + 1) >= others:
            return 0.0
        if off > 0:
            entropy += off * math.log(off / others) + (1 - off) * math.log1p(-off)
        return max(entropy, 0.0)
