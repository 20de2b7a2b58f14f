"""What makes up for a wrong bias: of classes that are predicted too often a share goes to others.

With p_i the predicted probabilities of an example and q_i = M^T p_i,

    M = I - diag(a) + a d^T,

class j gives the share a_j of what is predicted of it, and all that is given is dealt out by the
distribution d. What is linear in p_i is so in q_i: a bound needs no other pass. Classes that are
predicted too seldom give nothing; the others as much as makes the mean of q_i right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_E = float(np.e)


@dataclass(frozen=True, eq=False)
class MovedShares:
    """Shares of the classes that are moved, with two classes where there is one output.

    Attributes
    ----------
    given : array, shape (n_classes,)
        a: of what is predicted of each class.
    dealt : array, shape (n_classes,)
        d: how all of it is dealt out.
    whole : float
        How much is given, of 1.
    predicted : array, shape (n_classes,)
        Its mean over the examples.
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
        """Return the least that leaves the shares that are wanted; None where they are there."""
        given = np.maximum(1 - wanted / (predicted + off), 0)
        left = np.maximum(wanted - (1 - given) * predicted, 0)
        whole, dealt = float(given @ predicted), float(left.sum())
        if not (whole > 0 and dealt > 0):
            return None
        return cls(given, left / dealt, whole, predicted, off)

    @property
    def moved_off(self) -> tuple[float, float]:
        """How far d may be off: the sum of what is too much, and the Euclidean length."""
        total, least = float(self.off.sum()), self.whole - float(self.given @ self.off)
        length = float(np.linalg.norm(self.off)) + float(np.linalg.norm(self.dealt)) * total
        return min(total / least, 1.0), length / least

    def entropy_lost(self, entropy: float) -> float:
        """Return by how much the mean entropy of q_i is below that of p_i, at most.

        The entropy is concave, so that of q_i is at least

            sum_j [-u_j ln u_j] + (1 - s) ln(1 - s) + s H(d),  u = (1 - a) p_i, s = a . p_i;

        and so is -p ln p, which bounds the mean entropy of a class by the mean of p.

        Parameters
        ----------
        entropy : float
            The mean entropy of p_i, or more.
        """
        share = np.minimum(self.predicted + self.off, 1 / _E)
        order = np.argsort(-self.given, kind="stable")
        before = np.cumsum(-share[order] * np.log(share[order]))
        of_class = np.diff(np.minimum(before, max(entropy, 0.0)), prepend=0.0)
        lost = float(self.given[order] @ of_class)
        kept = 1 - self.given
        lost += float((self.predicted - self.off) @ (kept * np.log(kept)))
        s = min(self.whole + float(self.given @ self.off), 1 - 1 / _E)
        return lost - (1 - s) * float(np.log1p(-s)) - self.whole * self._dealt_entropy()

    def _dealt_entropy(self) -> float:
        """Return the least entropy of d (Audenaert, "A sharp continuity estimate", 2007)."""
        shares = self.dealt[self.dealt > 0]
        entropy = -float(shares @ np.log(shares))
        moved, _ = self.moved_off
        if moved > 0:
            others = max(len(self.dealt) - 1, 1)
            if moved >= 1 - 1 / (others + 1):
                return 0.0
            entropy += moved * np.log(moved / others) + (1 - moved) * np.log1p(-moved)
        return max(float(entropy), 0.0)
