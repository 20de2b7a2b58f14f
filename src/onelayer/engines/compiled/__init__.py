"""The compiled engine: fast twins of `onelayer.engines.reference`, on as many threads as wanted."""

from onelayer.engines.compiled.engine import CompiledEngine

__all__ = ["CompiledEngine"]
