"""What checks make once and share, whichever thread asks first, and what that cost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from onelayer.diagnosis.budget import Budget

T = TypeVar("T")


@dataclass(eq=False)
class _Made:
    lock: threading.RLock = field(default_factory=threading.RLock)
    is_made: bool = False
    value: Any = None
    costs: dict[Hashable, float] = field(default_factory=dict)
    """In seconds of the budget, by key: its own, and those of what it was made from."""


@dataclass(eq=False)
class Shared:
    """Things by their keys, each made once."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _made: dict[Hashable, _Made] = field(default_factory=dict)

    def once(self, key: Hashable, make: Callable[[], T], tab: Tab) -> T:
        """Return what was made under a key, made when first asked for; put its cost on a tab."""
        with self._lock:
            made = self._made.setdefault(key, _Made())
        with made.lock:
            if not made.is_made:
                made.value, made.costs = tab.measured(key, make)
                made.is_made = True
        tab.shared |= made.costs
        return cast("T", made.value)


@dataclass(eq=False)
class Tab:
    """What one check spends, and on what.

    Attributes
    ----------
    budget : Budget
        From which it is taken.
    shared : dict of key to float
        What was spent on things that others may use, too, by whoever made them.
    """

    budget: Budget
    shared: dict[Hashable, float] = field(default_factory=dict)
    _on_shared: float = 0.0
    """Of what this check has spent itself, what went into shared things."""

    @property
    def own(self) -> float:
        """What the check spent on nothing that is shared."""
        return self.budget.spent - self._on_shared

    def measured(self, key: Hashable, make: Callable[[], T]) -> tuple[T, dict[Hashable, float]]:
        """Return what is made, and what it and the shared things in it cost."""
        before, outer = self.own, self.shared
        self.shared = {}
        try:
            value = make()
        finally:
            inner, self.shared = self.shared, outer | self.shared
        cost = self.own - before
        self._on_shared += cost
        return value, inner | {key: cost}
