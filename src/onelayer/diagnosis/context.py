"""What a check may look at, and the experiments that it may make."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis.budget import Budget, seconds_of_passes, seconds_of_training
from onelayer.diagnosis.shared import Shared, Tab
from onelayer.inference import Classifier
from onelayer.model import Objective, Parameters, n_outputs
from onelayer.optimum import Optimum, minimise
from onelayer.study import Outcome, RunOutcome, StudyData
from onelayer.threads import available_cores
from onelayer.training import ExampleWeights, TrainConfig, TrainResult, train_many
from onelayer.training.group import Keep

T = TypeVar("T")

PASSES = 100
"""That a search for a minimum is expected to take; it serves several penalties at once."""

MOST_PASSES = 3000
"""After so many a search ends, if it is not told otherwise."""


@dataclass
class Crew:
    """How many checks look at the same time, and share the threads."""

    size: int = 1


@dataclass(eq=False)
class Context:
    """A study that has ended, its data, and what experiments may cost.

    Attributes
    ----------
    outcome : Outcome
    data : StudyData
    budget : Budget
    threads : int or None
        For all checks that look at the same time.
    crew : Crew
        How many these are.
    seeks : bool
        Whether minima may be asked for.
    tab : Tab
        What was spent.
    """

    outcome: Outcome
    data: StudyData
    budget: Budget = field(default_factory=Budget)
    threads: int | None = None
    crew: Crew = field(default_factory=Crew)
    seeks: bool = True
    tab: Tab = field(init=False)
    _shared: Shared = field(default_factory=Shared)
    _minima: dict[Hashable, Optimum] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin a tab."""
        self.tab = Tab(self.budget)

    def for_check(self, *, seeks: bool) -> Self:
        """Return the same for one check, with a tab of its own."""
        return replace(self, budget=Budget(whole=self.budget), seeks=seeks)

    @property
    def _own_threads(self) -> int:
        return max(1, (self.threads or available_cores()) // self.crew.size)

    def parts(self, run: RunOutcome) -> tuple[Dataset, Dataset]:
        """Return the training and the validation examples of a run's classes, in file order."""
        return self.data.of(run.run)

    @property
    def is_in_blocks(self) -> bool:
        """Whether examples are read block by block."""
        parts = (self.data.train, self.data.validation)
        return any(part.block_lengths is not None for part in parts)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was made under a key, made when first asked for: checks share experiments."""
        return self._shared.once(key, make, self.tab)

    def probabilities(self, run: RunOutcome) -> NDArray[np.float64]:
        """Return what the model that a run keeps gives the validation examples, (n, classes)."""
        _, validation = self.parts(run)
        return self.once(
            ("probabilities", run.name),
            lambda: np.asarray(run.model.predict_proba(validation.X), np.float64),
        )

    def targets(self, run: RunOutcome) -> NDArray[np.integer]:
        """Return the classes of the validation examples, by their number in the training part."""
        train, validation = self.parts(run)
        return validation.encode(train.classes)

    def correct(self, run: RunOutcome) -> NDArray[np.bool_]:
        """Return which validation examples the model that a run keeps has right, (n,)."""
        _, validation = self.parts(run)
        return self.once(("correct", run.name), lambda: right(run.model, validation))

    def train(
        self,
        parts: tuple[Dataset, Dataset | None],
        configs: Sequence[TrainConfig],
        *,
        weights: Sequence[ExampleWeights] | None = None,
        initial: Sequence[Parameters | None] | None = None,
        first_epoch: int = 0,
        keep: Keep | None = None,
    ) -> list[TrainResult]:
        """Train a stack of variants; the arguments are those of `train_many`.

        Evaluations measure validation examples alone.

        Raises
        ------
        OverBudget
            If that would cost more than is left.
        """
        self.budget.take(seconds_of_training(*parts, configs))
        return train_many(
            *parts, configs, self._own_threads, weights=weights, initial=initial,
            first_epoch=first_epoch, keep=keep, evaluate_train=False,
        )  # fmt: skip

    def search(
        self,
        data: Dataset,
        objectives: Sequence[Objective],
        *,
        tolerance: float,
        max_passes: int = MOST_PASSES,
        weights: Sequence[NDArray[np.float64]] | None = None,
    ) -> list[Optimum]:
        """Return minima on any examples; the arguments are those of `minimise`.

        Raises
        ------
        OverBudget
            If that would cost more than is left.
        """
        outputs = sum(n_outputs(objective.model, data.n_classes) for objective in objectives)
        self.budget.take(seconds_of_passes(data, outputs, min(PASSES, max_passes)))
        return minimise(
            data, objectives, weights=weights, tolerance=tolerance, max_passes=max_passes,
            threads=self._own_threads,
        )  # fmt: skip

    def minima(self, runs: Iterable[RunOutcome], tolerance: float = 1e-3) -> dict[str, Optimum]:
        """Return the minimum of the objective of each run, by name; alike ones are sought once.

        Runs that read some features or drawn examples have none here.

        Raises
        ------
        OverBudget
            If that would cost more than is left.
        """
        groups: dict[Any, list[RunOutcome]] = {}
        for run in runs:
            config = run.record.config
            if config.features is None and config.examples_per_class is None:
                groups.setdefault((run.run.selection, config.model), []).append(run)
        found: dict[str, Optimum] = {}
        for members in groups.values():
            objectives = [run.record.config.objective for run in members]
            optima = self.minima_of(members[0], objectives, tolerance)
            found |= {run.name: o for run, o in zip(members, optima, strict=True)}
        return found

    def minima_of(
        self,
        run: RunOutcome,
        objectives: Sequence[Objective],
        tolerance: float = 1e-3,
        max_passes: int = MOST_PASSES,
    ) -> list[Optimum]:
        """Return the minima of objectives on the examples of a run's classes.

        What was sought before is not sought again. `max_passes` ends a search that takes long, and
        the `reason` of its outcome says so.

        Raises
        ------
        OverBudget
            If that would cost more than is left.
        """
        if not self.seeks:  # what is known already would depend on who came first
            raise RuntimeError("a check that looks beside others asked for minima")
        train, _ = self.parts(run)
        keys = [(run.run.selection, objective, tolerance) for objective in objectives]

        def is_new(key: Hashable) -> bool:
            known = self._minima.get(key)
            return known is None or (known.reason == "passes" and known.passes < max_passes)

        new = [key for key in dict.fromkeys(keys) if is_new(key)]
        if new:
            wanted = [objective for _, objective, _ in new]
            optima = self.search(train, wanted, tolerance=tolerance, max_passes=max_passes)
            self._minima |= dict(zip(new, optima, strict=True))
        return [self._minima[key] for key in keys]


def right(model: Classifier, part: Dataset) -> NDArray[np.bool_]:
    """Return which examples a model has right: all labels of them, where there are several."""
    equal = model.predict_indices(part.X) == part.encode(model.classes)
    return np.asarray(equal.all(axis=1) if equal.ndim == 2 else equal)
