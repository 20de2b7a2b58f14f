"""The same steps and sums on the workers of a Dask cluster, as a graph of pure functions."""

from onelayer.engines.cluster.matrix import ClusterMatrix
from onelayer.engines.cluster.source import ClusterSource, map_blocks, on_cluster
from onelayer.engines.cluster.stack import ClusterStack
from onelayer.engines.cluster.totals import ClusterTotals
from onelayer.engines.cluster.work import Cluster

__all__ = [
    "Cluster",
    "ClusterMatrix",
    "ClusterSource",
    "ClusterStack",
    "ClusterTotals",
    "map_blocks",
    "on_cluster",
]
