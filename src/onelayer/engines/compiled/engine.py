"""The compiled engine: kernels made for this machine, on several threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from onelayer.engines.compiled.compiler import LANES_BYTES
from onelayer.engines.compiled.dense import MOST_ADDED
from onelayer.engines.compiled.power_sums import power_sums
from onelayer.engines.compiled.prepared import PreparedData
from onelayer.engines.compiled.stack import CompiledStack
from onelayer.engines.compiled.team import Team
from onelayer.engines.compiled.totals import CompiledTotals
from onelayer.engines.power_sums import PowerSums
from onelayer.engines.problem import Problem, Source
from onelayer.engines.protocol import Chains, EngineName


class CompiledEngine:
    """Kernels compiled when they are first called. BLAS has no part in them."""

    name: EngineName = "compiled"
    chains: Chains | None = Chains(MOST_ADDED, LANES_BYTES // 4)
    power_sums: PowerSums = staticmethod(power_sums)

    def __init__(self, threads: int) -> None:
        self._team = Team(threads)

    def __enter__(self) -> Self:
        """Return the engine."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Let the threads go."""
        self._team.close()

    def prepare(self, source: Source) -> PreparedData:
        """Return the data as kernels take it."""
        return PreparedData.of(source)

    def totals(self, prepared: PreparedData, problem: Problem) -> CompiledTotals:
        """Return what sums losses and gradients of a problem's models up."""
        return CompiledTotals(prepared, problem, self._team)

    def stack(self, prepared: PreparedData, problem: Problem) -> CompiledStack:
        """Return the models of a problem at their start."""
        return CompiledStack(prepared, problem, self._team)

    def do(self, work: Sequence[Callable[[], None]]) -> None:
        """Call each function once in every thread."""
        self._team.do(work)
