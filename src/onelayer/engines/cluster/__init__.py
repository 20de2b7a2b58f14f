"""The same steps and sums on the workers of a Dask cluster, as a graph of pure functions."""

from onelayer.engines.cluster.matrix import ClusterMatrix, on_cluster
from onelayer.engines.cluster.stack import ClusterStack
from onelayer.engines.cluster.totals import ClusterTotals
from onelayer.engines.cluster.work import Cluster

__all__ = ["Cluster", "ClusterMatrix", "ClusterStack", "ClusterTotals", "on_cluster"]
