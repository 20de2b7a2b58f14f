"""How a step and an evaluation are computed: a slow twin to read, fast twins to run."""

from onelayer.engines.blas import one_blas_thread
from onelayer.engines.blocked import (
    BlockedPart,
    BlockedStack,
    BlockedTotals,
    ModelShare,
    WindowModels,
)
from onelayer.engines.choice import load_kernels, open_engine, vector_bytes
from onelayer.engines.joined import JoinedStack, Share
from onelayer.engines.power_sums import PowerSums, power_sums
from onelayer.engines.problem import Batches, Problem, Source, Visit, Visits, WeightedRows
from onelayer.engines.protocol import (
    Advance,
    Chains,
    Engine,
    EngineName,
    Measures,
    Stack,
    Tally,
    Totals,
    WindowStack,
)
from onelayer.engines.update import UpdateRule

__all__ = [
    "Advance",
    "Batches",
    "BlockedPart",
    "BlockedStack",
    "BlockedTotals",
    "Chains",
    "Engine",
    "EngineName",
    "JoinedStack",
    "Measures",
    "ModelShare",
    "PowerSums",
    "Problem",
    "Share",
    "Source",
    "Stack",
    "Tally",
    "Totals",
    "UpdateRule",
    "Visit",
    "Visits",
    "WeightedRows",
    "WindowModels",
    "WindowStack",
    "load_kernels",
    "one_blas_thread",
    "open_engine",
    "power_sums",
    "vector_bytes",
]
