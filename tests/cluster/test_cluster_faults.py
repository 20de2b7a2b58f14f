"""What goes wrong on clusters: nothing hangs, nothing is dropped, and the bits are the same."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cluster_material import OnDisk, bits, examples, local_cluster, source, until

from onelayer.data import Dataset, as_block_source, block_dataset
from onelayer.data.blocks import Block
from onelayer.engines.cluster import Cluster, ClusterSource, state
from onelayer.engines.cluster.state import ClusterState
from onelayer.errors import InputError, OnelayerError
from onelayer.training import Evaluated, Event, TrainConfig, TrainResult, train_many

CONFIGS = [
    TrainConfig(order="blocks", batch_size=16, max_epochs=4, learning_rate=0.1, l2=l2)
    for l2 in (0.0, 0.01, 0.1)
]


@pytest.fixture(scope="module")
def two() -> Iterator[tuple[Any, Any]]:
    """Two workers that may be killed: new ones take their place."""
    with local_cluster(2) as (cluster, client):
        yield cluster, client


@pytest.fixture
def workers(two: tuple[Any, Any]) -> tuple[Any, Any]:
    """Two workers that work."""
    cluster, client = two
    scaled(cluster, client, 2)
    return two


def scaled(cluster: Any, client: Any, n: int, seconds: float = 180) -> None:
    """Wait for so many workers."""

    def there() -> bool:
        cluster.scale(n)  # each time: now and then a worker that was killed is not replaced
        return len(client.nthreads()) == n

    until(there, seconds)


def kill_one(client: Any) -> None:
    """Kill a worker."""

    def killed() -> bool:
        for pid in client.run(os.getpid, on_error="ignore").values():  # of those that still answer
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return True
        return False

    until(killed)


def kill_all(cluster: Any, client: Any) -> None:
    """Kill all workers, and wait until others have taken their place."""
    old = client.run(os.getpid, on_error="ignore")
    for pid in old.values():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not old.keys() & client.nthreads())
    scaled(cluster, client, 2)


def trained(data: Dataset, **how: Any) -> list[TrainResult]:
    return train_many(data, data, CONFIGS, 1, engine="reference", **how)


def on(client: Any, n: int = 400, length: int = 90) -> Dataset:
    return block_dataset(ClusterSource(source(n, length), Cluster(client)))


def at_evaluations(steps: set[int], call: Callable[[], None]) -> Callable[[Event], None]:
    """Return what calls a function at evaluations of the first model after some steps."""

    def listen(event: Event) -> None:
        if isinstance(event, Evaluated) and event.run == 0 and event.evaluation.step in steps:
            call()

    return listen


@pytest.fixture(scope="module")
def expected() -> str:
    """The bits of one process that reads the blocks itself."""
    return bits(trained(block_dataset(source())))


def test_bits_are_the_same_wherever_the_work_is_done(
    workers: tuple[Any, Any], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = examples(400)
    found = {"in memory": bits(trained(Dataset(X, y).in_blocks(90))), "from disk": expected}
    for n in (1, 2, 3):
        scaled(*workers, n)
        found[f"{n} workers"] = bits(trained(on(workers[1])))
    with monkeypatch.context() as patched:
        patched.setattr(Cluster, "least_memory", 10**9)
        found["3 workers with all blocks"] = bits(trained(on(workers[1])))
    alone = [
        train_many(on(workers[1]), None, [config], engine="reference")[0].weights.tobytes()
        for config in CONFIGS
    ]
    together = train_many(block_dataset(source()), None, CONFIGS, 1, engine="reference")
    assert alone == [result.weights.tobytes() for result in together]
    print(found)
    assert set(found.values()) == {expected}


@pytest.mark.parametrize("memory", [None, 10**9], ids=["models travel", "blocks are copied"])
def test_a_worker_is_killed_three_times_in_an_epoch(
    workers: tuple[Any, Any], expected: str, monkeypatch: pytest.MonkeyPatch, memory: int | None
) -> None:
    monkeypatch.setattr(Cluster, "least_memory", memory)
    killed = []

    def kill() -> None:
        kill_one(workers[1])
        killed.append(1)

    per_epoch = trained(block_dataset(source()))[0].history.batches_per_epoch
    every = per_epoch // 5
    first = -(-per_epoch // every) * every
    listen = at_evaluations({first, first + every, first + 2 * every}, kill)
    assert bits(trained(on(workers[1]), listen=listen)) == expected
    assert len(killed) == 3


def test_a_worker_joins_and_another_one_goes(workers: tuple[Any, Any], expected: str) -> None:
    cluster, client = workers
    scaled(*workers, 1)
    there = at_evaluations({10}, lambda: scaled(*workers, 3))
    gone = at_evaluations({50}, lambda: cluster.scale(2))

    def listen(event: Event) -> None:
        there(event)
        gone(event)

    assert bits(trained(on(client), listen=listen)) == expected


def _slow_down() -> None:
    from onelayer.engines.cluster import tasks

    real = vars(tasks)["real_steps"] = tasks.steps

    def slow(*arguments: Any) -> Any:
        time.sleep(0.1)
        return real(*arguments)

    tasks.steps = slow  # type: ignore[assignment] # where tasks find it


def _as_before() -> None:
    from onelayer.engines.cluster import tasks

    tasks.steps = vars(tasks).pop("real_steps")


def test_a_slow_worker(workers: tuple[Any, Any], expected: str) -> None:
    client = workers[1]
    slow = [next(iter(client.nthreads()))]
    client.run(_slow_down, workers=slow)
    assert bits(trained(on(client))) == expected
    client.run(_as_before, workers=slow)


def test_more_workers_than_blocks(workers: tuple[Any, Any]) -> None:
    here = bits(trained(block_dataset(source(60, 90))))
    assert bits(trained(on(workers[1], 60))) == here


def test_two_fits_at_the_same_time(workers: tuple[Any, Any], expected: str) -> None:
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(bits(trained(on(workers[1])))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    assert found == [expected] * 2


def test_nothing_is_left_behind(workers: tuple[Any, Any]) -> None:
    client = workers[1]

    def fail(event: Event) -> None:
        if isinstance(event, Evaluated):
            raise KeyError("of a listener")

    with pytest.raises(KeyError, match="of a listener"):
        trained(on(client), listen=fail)
    gc.collect()
    until(lambda: not client.run_on_scheduler(_tasks))


def _tasks(dask_scheduler: Any) -> list[str]:
    return [key for key in dask_scheduler.tasks if "onelayer" in str(key)]


def test_a_file_that_disappears(workers: tuple[Any, Any], tmp_path: Path) -> None:
    X, y = examples(200)
    for i in range(4):
        own = slice(50 * i, 50 * (i + 1))
        np.savez(tmp_path / f"{i}.npz", X=X[own], y=y[own])
    client = workers[1]
    data = block_dataset(ClusterSource(as_block_source(tmp_path), Cluster(client)))
    (tmp_path / "2.npz").unlink()
    kill_all(*workers)
    with pytest.raises(InputError, match=r"2\.npz"):
        trained(data)


def test_other_versions(workers: tuple[Any, Any]) -> None:
    cluster = Cluster(workers[1])
    cluster.versions = cluster.versions | {"numpy": "1.0"}
    with pytest.raises(InputError, match=r"a worker has numpy .* instead of 1\.0\. Install"):
        block_dataset(ClusterSource(source(), cluster))


def _hide(package: str | None) -> None:
    """Let a worker have all its packages but one."""
    from onelayer.engines.cluster import versions as known

    def found(asked: str) -> str:
        if asked == package:
            raise metadata.PackageNotFoundError
        return metadata.version(asked)

    vars(known)["version"] = found
    known.versions.cache_clear()


def test_a_worker_without_numba_is_refused_before_it_is_sent_anything(
    workers: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = workers[1]
    client.run(_hide, "numba", workers=[list(client.nthreads())[-1]])
    monkeypatch.setattr(Cluster, "submit", None)
    with pytest.raises(InputError, match=r"^cluster: a worker has numba none instead of [\d.]+\. "):
        Cluster(client)
    client.run(_hide, None)
    assert Cluster(client).threads == 2


class NoPackage:
    """A client of a worker that does not know this package."""

    status = "running"

    def wait_for_workers(self, *_n: int, **_how: Any) -> None:
        pass

    def run(self, *_function: Any, on_error: str) -> dict[str, Any]:
        assert on_error == "return"
        return {"gone": OSError("it ends"), "a": ModuleNotFoundError("No module named 'onelayer'")}


def test_a_worker_without_the_package() -> None:
    client: Any = NoPackage()
    with pytest.raises(OnelayerError, match=r"cannot load onelayer \(No module named 'onelayer'\)"):
        Cluster(client)


class Deadly:
    """Kills whoever reads it."""

    n_features, dtype, block_lengths = 3, np.dtype(np.float32), (10,)

    def read_block(self, i: int) -> Block:
        del i
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def test_workers_that_die_of_a_block(workers: tuple[Any, Any]) -> None:
    with pytest.raises(OnelayerError, match=r"Workers of the cluster died .* memory is too small"):
        ClusterSource(Deadly(), Cluster(workers[1]))
    scaled(*workers, 2)  # they start anew one after the other


def test_a_block_that_is_larger_than_a_worker(
    workers: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cluster, "least_memory", 10_000)
    with pytest.raises(OnelayerError, match=r"may hold 0 MB.*smaller blocks"):
        on(workers[1])


def test_what_cannot_be_handed_over(workers: tuple[Any, Any]) -> None:
    given = OnDisk(*examples(50), 20)
    given.lock = threading.Lock()  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"cannot be handed to workers"):
        ClusterSource(given, Cluster(workers[1]))


class FullClient:
    """A client of workers that have no memory left."""

    status, scheduler = "running", None

    def scheduler_info(self, **_how: Any) -> dict[str, Any]:
        return {"workers": {"a": {"status": "paused", "memory_limit": 5_000_000}}}


def test_workers_that_are_full() -> None:
    known, now = ClusterState(FullClient()), time.monotonic()
    known.expect_work(now - 1)
    with pytest.raises(OnelayerError, match=r"All workers .* have stopped: .* of at most 5 MB"):
        known.expect_work(now - state.SECONDS_FOR_WORKERS - 1)
