"""One cluster of two worker processes for all tests that leave it as it was."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from cluster_material import local_cluster

from onelayer.engines.cluster import Cluster, ClusterMatrix, state


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a loaded machine a worker takes more than half a minute to start anew."""
    monkeypatch.setattr(state, "SECONDS_FOR_WORKERS", 300)


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    """A client of two workers with one thread each."""
    with local_cluster(2) as (_, client):
        yield client


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No features may travel to the client, but for the sample of a search for the minimum."""

    def refuse(_self: Any, i: int) -> Any:
        raise AssertionError(f"block {i} came to the client")

    rows = ClusterMatrix.__getitem__

    def few(self: Any, chosen: Any) -> Any:
        asks = sys._getframe(1).f_globals["__name__"]
        assert asks == "onelayer.optimum.preconditioner", f"rows came to the client, for {asks}"
        return rows(self, chosen)

    monkeypatch.setattr(ClusterMatrix, "_read", refuse)
    monkeypatch.setattr(ClusterMatrix, "__getitem__", few)


@pytest.fixture
def cluster(client: Any) -> Cluster:
    return Cluster(client)
