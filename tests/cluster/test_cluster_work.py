"""All that goes over the features does so where they lie, and gives the same bits."""

from __future__ import annotations

import pickle
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from cluster_material import OnDisk, bits, examples, source
from scipy.sparse import csr_array

from onelayer.data import Dataset, block_dataset
from onelayer.data.blocks import BlockSource
from onelayer.engines.cluster import Cluster, ClusterMatrix, ClusterSource, on_cluster, work
from onelayer.engines.cluster.examples import FewBytes
from onelayer.engines.cluster.tasks import Carried
from onelayer.engines.problem import WeightedRows
from onelayer.model import Objective
from onelayer.optimum import minimise
from onelayer.sweep import Task, sweep
from onelayer.sweep.task import Sample
from onelayer.training import EarlyStopping, ExampleWeights, TrainConfig, pace, train_many


def both(given: BlockSource, cluster: Cluster, **how: Any) -> list[Dataset]:
    """Return the same data read here, and on the cluster."""
    return [block_dataset(given, **how), block_dataset(ClusterSource(given, cluster), **how)]


@pytest.mark.usefixtures("still")
def test_a_scan_is_made_on_the_workers(cluster: Cluster) -> None:
    told: list[tuple[int, int]] = []
    here = block_dataset(source(), scaling="standard")
    there = block_dataset(
        ClusterSource(source(), cluster), scaling="standard", watch=lambda *done: told.append(done)
    )
    assert isinstance(there.X, ClusterMatrix)
    assert there.y.tobytes() == here.y.tobytes()
    assert there.scaling == here.scaling
    assert told == [(i + 1, 5) for i in range(5)]


@pytest.mark.usefixtures("still")
def test_training_and_all_that_follows(cluster: Cluster) -> None:
    configs = [
        TrainConfig(
            order="blocks", batch_size=16, max_epochs=3, learning_rate=0.1, l2=l2, window=window,
            early_stopping=EarlyStopping(patience=4), features=features,
        )
        for l2, window, features in [(0, 1, None), (0.1, 2, None), (0.01, 1, (2, 9))]
    ]  # fmt: skip
    held = np.arange(0, 400, 5)
    rows = np.random.default_rng(0).permutation(np.setdiff1d(np.arange(400), held))
    weights = np.random.default_rng(1).uniform(size=400)
    found = []
    for data in both(source(), cluster, scaling="minmax"):
        for chosen in ([ExampleWeights()] * 3, [ExampleWeights(weights, weights)] * 3):
            results = train_many(
                data, data, configs, 2, rows=rows, validation_rows=held, weights=chosen
            )
            found.append((bits(results), [r.convergence for r in results]))
        found.append((bits(train_many(data, data, configs, 2, evaluate_train=False)), []))
    assert found[:3] == found[3:]
    assert found[0] != found[1]


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_the_minimum(cluster: Cluster, l2: float) -> None:
    found = []
    for data in both(source(), cluster):
        best = minimise(data, [Objective("softmax", l2)], rows=np.arange(7, 390), threads=1)[0]
        found.append(
            (best.parameters.weights.tobytes(), best.value, best.excess_bound, best.reason)
        )
    assert found[0] == found[1]
    assert found[0][-1] == "certified"


@pytest.mark.usefixtures("still")
def test_classes_that_can_be_separated(cluster: Cluster) -> None:
    X, y = examples(60, features=80)
    found = [
        minimise(data, [Objective("softmax", 0.0)], threads=1)[0]
        for data in both(OnDisk(X, y, 25), cluster)
    ]
    assert [one.reason for one in found] == ["no_minimum"] * 2
    assert found[0].parameters.weights.tobytes() == found[1].parameters.weights.tobytes()


@pytest.mark.usefixtures("still")
def test_folds_and_scores(cluster: Cluster) -> None:
    configs = [TrainConfig(order="blocks", max_epochs=2, l2=l2) for l2 in (0.0, 0.1)]
    found = [
        [c.scores for c in sweep(Task(Sample(data)), configs, 3, threads=1).candidates]
        for data in both(source(), cluster)
    ]
    assert found[0] == found[1]


@pytest.mark.usefixtures("still")
def test_sparse_blocks(cluster: Cluster) -> None:
    X, y = examples(200)
    given = OnDisk(csr_array(np.where(X > 0.5, X, 0)), y, 70)
    config = TrainConfig(order="blocks", max_epochs=2)
    here, there = (
        train_many(data, data, [config], 1)[0] for data in both(given, cluster, scaling="standard")
    )
    assert bits([here]) == bits([there])


def test_what_lies_together_is_found(cluster: Cluster) -> None:
    workers = sorted(cluster.client.nthreads())
    futures = [
        cluster.client.submit(int, i, workers=[workers[i % 2]], pure=False) for i in range(6)
    ]
    cluster.results(futures)
    never = cluster.client.submit(time.sleep, 3, pure=False)
    found = cluster.bundles([*futures, never])
    assert sorted(found) == [[0, 2, 4], [1, 3, 5], [6]]


def test_windows_share_a_task_where_they_lie_together(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "SECONDS", 1000)  # however slow this machine is
    config = TrainConfig(order="blocks", batch_size=16, max_epochs=3, evaluations_per_epoch=1)
    here, there = both(source(), cluster)
    expected = bits(train_many(here, here, [config], 1))
    submit, made = Cluster.submit, Counter[tuple[bool, str]]()
    assert isinstance(there.X, ClusterMatrix)
    together = True

    first: set[float] = set()

    def counted(self: Cluster, what: str, *arguments: Any, **how: Any) -> Any:
        made[together, what] += 1
        made[together, "taken up"] += any(isinstance(given, Carried) for given in arguments)
        first.update([how["priority"]] if what in ("steps", "evaluate") else [])
        return submit(self, what, *arguments, **how)

    def holders(_: Cluster, futures: Sequence[Any]) -> list[frozenset[str]]:
        return [frozenset({"one" if together else str(i)}) for i in range(len(futures))]

    monkeypatch.setattr(Cluster, "submit", counted)
    monkeypatch.setattr(Cluster, "holders", holders)
    assert bits(train_many(there, there, [config], 1)) == expected
    together = False
    assert bits(train_many(there, there, [config], 1)) == expected
    apart, made = made, Counter()
    monkeypatch.setattr(Cluster, "least_memory", 4 * there.X.nbytes)  # as much as it takes
    assert bits(train_many(there, there, [config], 1)) == expected
    copied, made = made, Counter()
    monkeypatch.setattr(Cluster, "least_memory", 4 * there.X.nbytes - 1)
    assert bits(train_many(there, there, [config], 1)) == expected
    windows = config.max_epochs * len(source().block_lengths)
    assert apart[True, "steps"] < windows <= apart[False, "steps"]
    assert apart[True, "taken up"] == 1, apart  # they stay there from one advance to the next
    evaluations = config.max_epochs  # after the first step, and then once an epoch
    assert copied[False, "evaluate"] == evaluations
    assert copied[False, "steps"] == evaluations + 1
    for small in (apart, copied, made):  # it goes along with calls, and nobody waits for it
        assert not any(what in ("examples", "models") for _, what in small), small
    assert made[False, "steps"] == apart[False, "steps"]
    assert first == {1 + k / 5 for k in range(5)}  # who is furthest in its epoch goes first


def test_what_is_large_is_handed_to_a_cluster_once(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainConfig(order="blocks", batch_size=16, max_epochs=2, evaluations_per_epoch=1)
    here, there = both(source(), cluster)
    expected = bits(train_many(here, here, [config], 1))
    assert isinstance(there.X, ClusterMatrix)
    submit, made = Cluster.submit, Counter[str]()

    def counted(self: Cluster, what: str, *arguments: Any, **how: Any) -> Any:
        made[what] += 1
        return submit(self, what, *arguments, **how)

    monkeypatch.setattr(work, "_FEW_BYTES", 0)
    monkeypatch.setattr(Cluster, "submit", counted)
    for memory, examples_made in ((4 * there.X.nbytes, 2), (1, 2 * len(source().block_lengths))):
        made.clear()
        monkeypatch.setattr(Cluster, "least_memory", memory)
        assert bits(train_many(there, there, [config], 1)) == expected
        assert (made["models"], made["examples"]) == (1, examples_made)


@pytest.mark.parametrize("targets", [np.array([3, 0, 299], np.int32), np.eye(3, dtype=np.uint8)])
@pytest.mark.parametrize("rows", [[0, 1, 2], [0, 2], []])
def test_examples_arrive_as_they_were(targets: Any, rows: list[int]) -> None:
    weights = np.array([[1.0, 0.5, 1.5]])
    own = WeightedRows(targets, np.array(rows, np.int64), weights, np.array([0, -1]))
    sent = pickle.loads(pickle.dumps(FewBytes.of(own)))
    assert sent.targets.itemsize <= 2
    found = sent.whole()
    for name in ("targets", "rows", "weights", "weights_of"):
        one, other = getattr(own, name), getattr(found, name)
        assert (one.dtype, one.tobytes()) == (other.dtype, other.tobytes()), name


def test_what_every_worker_may_hold(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cluster.least_memory is None
    assert not cluster.copies(1)  # where there is no limit, nobody knows what fits
    monkeypatch.setattr(Cluster, "least_memory", 10**12)
    assert [cluster.copies(n) for n in (10**9, 10**9 + 1)] == [True, False]
    monkeypatch.setattr(Cluster, "least_memory", 4000)
    assert [cluster.copies(n) for n in (1000, 1001)] == [True, False]


def test_rows_that_are_asked_for_come(cluster: Cluster) -> None:
    X, y = examples(400)
    there = on_cluster(block_dataset(OnDisk(X, y, 90)), cluster).X
    rows = np.random.default_rng(0).integers(400, size=300)
    assert np.array_equal(there[rows], X[rows])
    assert np.array_equal(there[80:200], X[80:200])
    assert np.array_equal(there.columns(3, 7)[rows], X[rows, 3:7])
    some = np.unique(rows)
    assert np.array_equal(there.select(some)[5:90], X[some][5:90])
    assert np.array_equal(there.select(some).block(1), X[some[(some >= 90) & (some < 180)]])
    assert there[rows[:0]].shape == (0, 12)
