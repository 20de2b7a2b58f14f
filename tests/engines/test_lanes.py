"""One result on every processor: as another would compute it, and as others have computed it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import lanes_material
import numpy as np
import pytest

compiler: Any = pytest.importorskip("onelayer.engines.compiled.compiler")

SSE = "+64bit,+cmov,+cx16,+cx8,+fxsr,+mmx,+popcnt,+sahf,+sse,+sse2,+sse3,+sse4.1,+sse4.2,+ssse3"
AVX2 = f"{SSE},+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+xsave"
AS_OTHERS = {  # Numba compiles, NumPy and OpenBLAS choose their code as there
    64: {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": AVX2},
    32: {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": SSE},
}
STORED = Path(__file__).with_name("lanes.json")


@pytest.fixture(scope="module")
def ours() -> dict[str, list[str]]:
    return lanes_material.found()


def test_another_processor_computes_the_same_bits(ours: dict[str, list[str]]) -> None:
    if compiler.VECTOR_BYTES not in AS_OTHERS:
        pytest.skip("there are no narrower vectors than this processor has")
    narrower = AS_OTHERS[compiler.VECTOR_BYTES] | {"OPENBLAS_CORETYPE": "Haswell"}
    if compiler.VECTOR_BYTES == 64:
        narrower["NPY_DISABLE_CPU_FEATURES"] = "X86_V4 AVX512_ICL AVX512_SPR"
    done = subprocess.run(
        [sys.executable, lanes_material.__file__],
        env=os.environ | narrower, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
    assert {name for name in ours if theirs[name] != ours[name]} == set()
    assert list(theirs) == list(ours)


def test_the_bits_are_those_that_other_machines_have_found(ours: dict[str, list[str]]) -> None:
    """Stored on one machine, and checked by each that runs the tests; see `lanes_material`."""
    stored = json.loads(STORED.read_text())
    assert {name for name in stored if stored[name] != ours[name]} == set()
    assert list(stored) == list(ours)


def test_that_the_bits_tell_things_apart() -> None:
    ones = np.ones(3)
    assert lanes_material.bits(ones) != lanes_material.bits(np.nextafter(ones, 2))
