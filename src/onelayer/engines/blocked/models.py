"""Models apart from any data: what a process needs to take up their work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from onelayer.data import Scaling
from onelayer.engines.joined import JoinedStack, Share
from onelayer.engines.problem import Problem, Source
from onelayer.engines.protocol import Engine, WindowStack


@dataclass(frozen=True, eq=False)
class ModelShare:
    """The models that read the same features.

    Attributes
    ----------
    features : (int, int) or None
        From the first number to before the second; None: all.
    problem : Problem
        Without examples.
    numbers : tuple of int
        Which of all models these are.
    """

    features: tuple[int, int] | None
    problem: Problem
    numbers: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class WindowModels:
    """All models of a group; plain values, which another process can take.

    Attributes
    ----------
    shares : tuple of ModelShare
    scaling : Scaling
    dtype : str
        Of the arithmetic.
    no_rows : array or CSR array, shape (0, n_features)
        Of the type of the stored values.
    """

    shares: tuple[ModelShare, ...]
    scaling: Scaling
    dtype: str
    no_rows: Any

    def stack(self, engine: Engine) -> WindowStack:
        """Return the models at their start, on no data yet."""
        places: dict[int, tuple[Share, int]] = {}
        for share, prepared in zip(self.shares, self._prepared(engine, self.no_rows), strict=True):
            own = Share(engine.stack(prepared, share.problem), (share.features or (0, 0))[0], None)
            places |= {number: (own, m) for m, number in enumerate(share.numbers)}
        if not self._joined:
            return places[0][0].stack
        n_features = int(self.no_rows.shape[1])
        return JoinedStack(engine, n_features, [places[m] for m in range(len(places))])

    def prepare(self, engine: Engine, X: Any) -> Any:
        """Return stored values as the stack takes them."""
        prepared = self._prepared(engine, X)
        return prepared if self._joined else prepared[0]

    def without_starts(self) -> WindowModels:
        """Return the models for those who restore all they use: with one start for all of them."""
        shares = [
            replace(share, problem=replace(share.problem, initial=(first,) * len(share.numbers)))
            for share in self.shares
            for first in share.problem.initial[:1]
        ]
        return replace(self, shares=tuple(shares))

    @property
    def _joined(self) -> bool:
        return len(self.shares) > 1 or self.shares[0].features is not None

    def _prepared(self, engine: Engine, X: Any) -> list[Any]:
        return [engine.prepare(self._source(X, share.features)) for share in self.shares]

    def _source(self, X: Any, features: tuple[int, int] | None) -> Source:
        if features is None:
            return Source(X, None, self.scaling, self.dtype)
        own = X[:, features[0] : features[1]]
        return Source(own, None, self.scaling.of_features(*features), self.dtype)
