"""Which columns of a table are read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Columns:
    """What was asked for.

    Attributes
    ----------
    target : str or None
        The label column; None: the one that is called target, label, class or y.
    drop : tuple of str
        Columns to leave out.
    features : tuple of str or None
        Those to take, in this order; None: all others.
    need_labels : bool
        Whether labels are read.
    """

    target: str | None = None
    drop: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None
    need_labels: bool = True
