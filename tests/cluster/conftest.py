"""One cluster of two worker processes for all tests that leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cluster_material import local_cluster

from onelayer.engines.cluster import Cluster


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    """A client of two workers with one thread each."""
    with local_cluster(2) as (_, client):
        yield client


@pytest.fixture
def cluster(client: Any) -> Cluster:
    return Cluster(client)
