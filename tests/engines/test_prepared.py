import numpy as np
from numba import typeof

from onelayer.engines import WeightedRows
from onelayer.engines.compiled.prepared import Stored


def test_kernels_are_compiled_once_for_what_may_be_written_and_what_may_not() -> None:
    """Also for weights of some of the examples, which are not contiguous."""
    X, targets = np.ones((6, 3), np.float32), np.array([0, 1, 0, 1, 0, 1], np.int32)
    rows, of = np.arange(6), np.zeros(1, np.int64)
    weights = np.ones((2, 12))
    kinds = set()
    for writable in (True, False):
        X, targets = X.copy(), targets.copy()
        X.flags.writeable = targets.flags.writeable = writable
        for some in (weights[:, :6], weights[:, :6].copy()):
            examples = WeightedRows(targets, rows, some, of)
            part = Stored(X, None).part(examples, dense=True)
            kinds.add(typeof(part))  # type: ignore[no-untyped-call]
    assert len(kinds) == 1
    assert not kinds.pop().types[0].mutable
