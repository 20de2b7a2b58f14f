"""The models of a group as an engine trains them, on the data that they read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from onelayer.data import Dataset, Rows
from onelayer.engines import (
    BlockedPart,
    BlockedStack,
    Engine,
    JoinedStack,
    ModelShare,
    Problem,
    Share,
    Source,
    Stack,
    WeightedRows,
    WindowModels,
    WindowStack,
)
from onelayer.engines.cluster import ClusterMatrix, ClusterStack, on_cluster
from onelayer.model import Parameters, n_outputs
from onelayer.training.checks import refuse_order
from onelayer.training.config import TrainConfig
from onelayer.training.data import RunData
from onelayer.training.feature_ranges import FeatureRange
from onelayer.training.visits import OrderOfBlocks


class InBlocks:
    """Both parts of the data, as a run's order needs them: data in memory is cut into blocks."""

    def __init__(self, train: Dataset, validation: Dataset | None) -> None:
        self._parts = train, validation
        self._cut: dict[int, tuple[Dataset, Dataset | None]] = {}

    def for_run(self, config: TrainConfig) -> tuple[Dataset, Dataset | None]:
        """Return the parts for a run.

        Raises
        ------
        InputError
            If data that is read block by block is to be visited in another order.
        """
        train, validation = self._parts
        if config.solver == "optimum":
            return self._parts
        if config.order != "blocks":
            if any(part is not None and part.block_lengths is not None for part in self._parts):
                refuse_order(config)
            return self._parts
        size = config.block_size
        if size not in self._cut:
            own = train.in_blocks(size)
            other = validation
            if validation is not None:
                same = validation.X is train.X  # and so for the engine
                other = validation.with_values(own.X) if same else validation.in_blocks(size)
                if isinstance(own.X, ClusterMatrix):  # then all work is done there
                    other = on_cluster(other, own.X.cluster)
            self._cut[size] = own, other
        return self._cut[size]


@dataclass(eq=False)
class Stacks:
    """Makes the models of a group.

    Attributes
    ----------
    configs : sequence of TrainConfig
    data : sequence of RunData
        For each configuration; those of a group differ in the training rows and the weights alone.
    initial : sequence of Parameters or None
    """

    configs: Sequence[TrainConfig]
    data: Sequence[RunData]
    initial: Sequence[Parameters | None]
    _prepared: dict[tuple[str, FeatureRange | None], Any] = field(default_factory=dict)

    def of(
        self, numbers: list[int], engine: Engine, first_epoch: int, step: int
    ) -> tuple[Stack, Rows | None]:
        """Return the models of a group, and the rows that batches are cut from; None: all.

        Models that read other features, or were drawn other rows, have a share of their own.
        Blocks are read from now on, for the step that comes next.
        """
        if self.data[numbers[0]].windows(self.configs[numbers[0]]) is not None:
            return self._blocked(numbers, engine, first_epoch, step), None
        kinds: dict[tuple[FeatureRange | None, int], list[int]] = defaultdict(list)
        for i in numbers:
            kinds[self.data[i].features(self.configs[i]), id(self.data[i].rows)].append(i)
        rows = self.data[numbers[0]].rows
        if len(kinds) == 1 and (None, id(rows)) in kinds:
            return self._of_kind(numbers, engine, None), rows
        draws = len({key for _, key in kinds}) > 1
        places: dict[int, tuple[Share, int]] = {}
        for (features, _), some in kinds.items():
            own = self.data[some[0]].rows if draws else None
            share = Share(self._of_kind(some, engine, features), (features or (0, 0))[0], own)
            places |= {i: (share, m) for m, i in enumerate(some)}
        n_features = self.data[numbers[0]].train.n_features
        stack = JoinedStack(engine, n_features, [places[i] for i in numbers])
        return stack, None if draws else rows

    def start(self, i: int) -> Parameters:
        """Return where a run starts, with the weights of all features."""
        n_features, config = self.data[i].train.n_features, self.configs[i]
        begin, end = self.data[i].features(config) or (0, n_features)
        outputs = n_outputs(config.model, self.data[i].train.n_classes)
        own = _start(self.initial[i], (begin, end), outputs, config)
        return own if end - begin == n_features else own.among(n_features, begin)

    def _of_kind(
        self, numbers: list[int], engine: Engine, features: FeatureRange | None
    ) -> WindowStack:
        """Return the models that read the same features of the same rows."""
        key = self.configs[numbers[0]].dtype, features
        if key not in self._prepared:
            train, validation = self.data[numbers[0]].train, self.data[numbers[0]].validation
            same = validation is not None and validation.X is train.X  # and so for the engine
            if features is not None:
                train = train.of_features(*features)
                validation = validation and validation.of_features(*features)
            X = None if validation is None else train.X if same else validation.X
            self._prepared[key] = engine.prepare(Source(train.X, X, train.scaling, key[0]))
        return engine.stack(self._prepared[key], self._problem(numbers, features))

    def _blocked(self, numbers: list[int], engine: Engine, first_epoch: int, step: int) -> Stack:
        """Return the models of a group on data that is read block by block."""
        config, data = self.configs[numbers[0]], self.data[numbers[0]]
        kinds: dict[FeatureRange | None, list[int]] = defaultdict(list)
        for m, i in enumerate(numbers):
            kinds[self.data[i].features(self.configs[i])].append(m)
        whole, shares = self._problem(numbers, None), []
        for features, some in kinds.items():
            alone = features is None and len(some) == len(numbers)
            problem = whole if alone else self._problem([numbers[m] for m in some], features)
            nothing = replace(problem, train=problem.train.none(), validation=None)
            shares.append(ModelShare(features, nothing, tuple(some)))
        models = WindowModels(
            tuple(shares), data.train.scaling, config.dtype, data.train.X.no_rows()
        )
        on_validation = None
        if data.validation is not None and whole.validation is not None:
            on_validation = BlockedPart(data.validation.X, whole.validation)
        windows, schedule = data.windows(config), data.schedule(config)
        assert windows is not None
        kind = ClusterStack if isinstance(data.train.X, ClusterMatrix) else BlockedStack
        stack = kind(
            engine,
            models,
            BlockedPart(data.train.X, whole.train),
            on_validation,
            windows,
            first_epoch + schedule.epoch(schedule.max_steps - 1),
            data.evaluates_train,
        )  # fmt: skip
        stack.begin(OrderOfBlocks(config, schedule, windows, first_epoch).window(step))
        return stack

    def _problem(self, numbers: list[int], features: FeatureRange | None) -> Problem:
        configs, data = [self.configs[i] for i in numbers], [self.data[i] for i in numbers]
        train, validation = data[0].train, data[0].validation
        outputs = n_outputs(configs[0].model, train.n_classes)
        on_validation = None
        if validation is not None:
            on_validation = WeightedRows.of(
                validation.encode(train.classes), data[0].validation_rows,
                [run.weights.validation for run in data],
            )  # fmt: skip
        return Problem(
            WeightedRows.of(train.targets, data[0].rows, [run.weights.train for run in data]),
            on_validation,
            outputs,
            tuple(config.objective for config in configs),
            tuple(
                _start(self.initial[i], features or (0, train.n_features), outputs, self.configs[i])
                for i in numbers
            ),
            tuple(config.update_rule for config in configs),
            data[0].evaluates_train,
        )


def _start(
    given: Parameters | None, features: FeatureRange, outputs: int, config: TrainConfig
) -> Parameters:
    """Return the parameters that a model starts from, in the type of the arithmetic."""
    (begin, end), std, dtype = features, config.initial_std, config.dtype
    if given is not None:
        return Parameters(np.array(given.weights[begin:end], dtype), np.array(given.bias, dtype))
    if std > 0:
        return Parameters.normal(end - begin, outputs, std, config.seed, dtype)
    return Parameters.zeros(end - begin, outputs, dtype)
