"""The compiled kernels against plain NumPy, and what they promise about bits."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels_material import from_python
from scipy.sparse import csr_array

import onelayer
from onelayer.data import Dataset, Scaling
from onelayer.engines import Batches, Problem, Source, WeightedRows, choice, open_engine
from onelayer.engines.reference import ReferenceEngine
from onelayer.errors import InputError
from onelayer.model import Objective, Parameters
from onelayer.training import (
    EarlyStopping,
    ExampleWeights,
    TrainConfig,
    TrainResult,
    train,
    train_many,
)

kernels: Any = pytest.importorskip("onelayer.engines.compiled.dense")
compiler: Any = pytest.importorskip("onelayer.engines.compiled.compiler")
nonzeros: Any = pytest.importorskip("onelayer.engines.compiled.nonzeros")
parts: Any = pytest.importorskip("onelayer.engines.compiled.parts")
norms: Any = pytest.importorskip("onelayer.engines.compiled.norms")
memory: Any = pytest.importorskip("onelayer.engines.compiled.memory")
tiles: Any = pytest.importorskip("onelayer.engines.compiled.tiles")

FLOATS = ["float32", "float64"]
STORED = ["uint8", "float16", "float32", "float64"]


def close(dtype: str) -> dict[str, Any]:
    return {"rtol": 2e-5, "atol": 2e-5} if dtype == "float32" else {"rtol": 1e-12, "atol": 1e-12}


def as_kernels_take(X: np.ndarray) -> np.ndarray:
    """Half precision comes under another name, see `onelayer.engines.compiled.vectors`."""
    return X.view(np.uint16) if X.dtype == np.float16 else X


def padded_weights(rng: np.random.Generator, K: int, F: int, dtype: str) -> np.ndarray:
    lanes = compiler.LANES_BYTES // np.dtype(dtype).itemsize
    shape = kernels.padded_outputs(K), -(-F // lanes) * lanes
    W: np.ndarray = memory.aligned_zeros(shape, np.dtype(dtype))
    W[:K, :F] = rng.normal(size=(K, F))
    return W


def feature_scaling(rng: np.random.Generator, F: int, dtype: str) -> np.ndarray:
    lanes = compiler.LANES_BYTES // np.dtype(dtype).itemsize
    scaling: np.ndarray = memory.aligned_zeros((2, -(-F // lanes) * lanes), np.dtype(dtype))
    scaling[:, :F] = rng.uniform(0.5, 1, (2, F)) * np.array([[1 / 127.5], [-1]])
    return scaling


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize(("n", "F", "K"), [(1, 1, 1), (7, 17, 3), (33, 64, 10), (5, 131, 26)])
def test_gather_dot_and_update(dtype: str, stored: str, n: int, F: int, K: int) -> None:
    rng = np.random.default_rng(n)
    X = rng.integers(0, 256, (50, F)).astype(stored)
    rows = rng.permutation(50)[:n]
    scaling = feature_scaling(rng, F, dtype)
    W = padded_weights(rng, K, F, dtype)
    room = kernels.step_scratch(n, W[None])
    x, z = room.x, room.z
    from_python(kernels.gather)(as_kernels_take(X), rows, scaling, x)
    features = X[rows].astype(dtype) * scaling[0, :F] + scaling[1, :F]
    np.testing.assert_allclose(x[:n, :F], features, **close(dtype))
    assert not x[:, F:].any()

    from_python(kernels.dot)(x, n, W, z)
    np.testing.assert_allclose(z[:n, :K], features @ W[:K, :F].T, **close(dtype))

    z[:n] = rng.normal(size=z[:n].shape)
    z[:n, K:] = 0
    keep, rate = np.dtype(dtype).type(0.9), np.dtype(dtype).type(-0.1)
    expected = keep * W[:K, :F] + rate * z[:n, :K].T @ features
    from_python(kernels.update_some)(x, n, z, W, keep, rate, 0, W.shape[1])
    np.testing.assert_allclose(W[:K, :F], expected, **close(dtype))
    assert not W[K:].any()
    assert not W[:, F:].any()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("K", [1, 3, 10, 40])
def test_sparse_evaluation_agrees_with_dense(dtype: str, stored: str, K: int) -> None:
    rng = np.random.default_rng(K)
    n, F, models = 300, 37, 4
    X = (rng.integers(1, 256, (n, F)) * (rng.random((n, F)) < 0.2)).astype(stored)
    X[7] = 0
    targets = rng.integers(0, max(2, K), n).astype(np.int32)
    W = np.stack([padded_weights(rng, K, F, dtype) for _ in range(models)])
    aligned = memory.aligned_zeros(W.shape, np.dtype(dtype))
    aligned[...] = W
    bias = rng.normal(size=(models, K)).astype(dtype)
    scaling = feature_scaling(rng, F, dtype)
    chosen, rows = np.array([2, 0, 3]), rng.permutation(n)[:250]
    losses, correct, also = np.zeros(3), np.zeros(3), np.zeros(3)
    X = as_kernels_take(X)
    data = nonzeros.compressed(X)
    assert data.begins[-1] == len(data.values)
    weights, places = rng.random((1, n)), np.array([-1, 0, 0, -1])
    stacked = parts.Models(aligned, bias)
    part = parts.Part(X, targets, rows, weights, places)
    plain = part._replace(places=np.full(4, -1))  # the same examples without weights
    room = kernels.evaluation_scratch(aligned)
    kernels.evaluate(room, part, plain, rows, scaling, stacked, chosen, losses, correct, also)

    lanes = kernels.VECTOR_BYTES // np.dtype(dtype).itemsize
    packed = memory.aligned_zeros((1, F + 1, -(-3 * K // lanes) * lanes), np.dtype(dtype))
    nonzeros.pack(aligned, bias, scaling, chosen, 3, packed)
    sparse_losses, sparse_correct, sparse_also = np.zeros(3), np.zeros(3), np.zeros(3)
    room = nonzeros.evaluation_scratch(packed, 3)
    nonzeros.evaluate(
        room, part._replace(X=data), plain._replace(X=data), rows, packed[0], K, chosen,
        sparse_losses, sparse_correct, sparse_also,
    )  # fmt: skip
    np.testing.assert_allclose(sparse_losses, losses, rtol=1e-5 if dtype == "float32" else 1e-12)
    np.testing.assert_allclose(sparse_correct, correct, rtol=1e-12)
    np.testing.assert_array_equal(sparse_also, also)
    assert also[0] > correct[0] > 0  # the weights are below 1
    np.testing.assert_array_equal(also[1:], correct[1:])


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("F", [1, 63, 64, 200])
def test_what_is_not_zero_is_kept(stored: str, F: int) -> None:
    rng = np.random.default_rng(F)
    X = (rng.integers(1, 256, (40, F)) * (rng.random((40, F)) < 0.3)).astype(stored)
    X[3], X[4], X[5, F - 1] = 0, 255, 1
    if stored != "uint8":
        X[6, 0], X[7, F - 1] = np.nan, -np.inf
    values, features, begins = nonzeros.compressed(as_kernels_take(X))
    values = values.view(X.dtype)
    assert (values.dtype, features.dtype) == (X.dtype, np.dtype(np.uint16))
    assert not (begins % nonzeros.CHAINS).any()
    for i, row in enumerate(X):
        kept = np.flatnonzero(row)
        own = slice(begins[i], begins[i] + len(kept))
        assert features[own].tolist() == kept.tolist()
        np.testing.assert_array_equal(values[own], row[kept])
        assert not values[own.stop : begins[i + 1]].any()
        assert begins[i + 1] - own.stop < nonzeros.CHAINS
    assert begins[-1] == len(values) == len(features)


def same(a: TrainResult, b: TrainResult) -> bool:
    return (
        a.weights.tobytes() == b.weights.tobytes()
        and a.bias.tobytes() == b.bias.tobytes()
        and a.history == b.history
        and a.stop_reason == b.stop_reason
    )


def problem(seed: int, n: int, F: int, K: int, stored: str, density: float) -> Dataset:
    rng = np.random.default_rng(seed)
    X = rng.integers(1, 256, (n, F)) * (rng.random((n, F)) < density)
    if stored == "csr":
        return Dataset(csr_array(X, dtype=np.float32), np.arange(n) % K, scaling=Scaling(0.01, 0))
    return Dataset(X.astype(stored), np.arange(n) % K, scaling=Scaling.from_range(0, 255))


configurations = st.lists(
    st.builds(
        TrainConfig,
        model=st.just("softmax"),
        learning_rate=st.sampled_from([0.01, 0.3, 2.0]),
        l2=st.sampled_from([0.0, 0.01, 3.0]),
        penalize_bias=st.booleans(),
        batch_size=st.sampled_from([7, 16]),
        shuffle=st.booleans(),
        max_epochs=st.integers(1, 4),
        dtype=st.sampled_from(FLOATS),
        early_stopping=st.sampled_from([None, EarlyStopping(patience=1)]),
    ),
    min_size=2,
    max_size=7,
)


@settings(max_examples=25, deadline=None)
@given(
    configs=configurations,
    threads=st.integers(1, 4),
    F=st.integers(1, 40),
    K=st.integers(2, 12),
    stored=st.sampled_from([*STORED, "csr"]),
    density=st.sampled_from([0.1, 0.9]),
    weighted=st.booleans(),
)
def test_a_model_has_the_same_bits_in_any_company(
    configs: list[TrainConfig], threads: int, F: int, K: int, stored: str, density: float,
    weighted: bool,
) -> None:  # fmt: skip
    data = problem(F, 60, F, K, stored, density)
    rng = np.random.default_rng(F)
    masks = [rng.random(60) < 0.8 for _ in range(2)]
    weights = [
        ExampleWeights(masks[i % 2], ~masks[i % 2]) if weighted and i % 3 else ExampleWeights()
        for i in range(len(configs))
    ]
    together = train_many(data, data, configs, threads, weights=weights, engine="compiled")
    reverse = train_many(
        data, data, configs[::-1], 5 - threads, weights=weights[::-1], engine="compiled"
    )[::-1]
    for config, own, one, other in zip(configs, weights, together, reverse, strict=True):
        alone = train_many(data, data, [config], 1, weights=[own], engine="compiled")[0]
        assert same(alone, one)
        assert same(alone, other)


@pytest.mark.parametrize("density", [0.1, 0.9])
def test_one_pass_for_both_parts_gives_the_bits_of_two(density: float) -> None:
    data = problem(5, 300, 40, 3, "uint8", density)
    copy = Dataset(data.X.copy(), data.y, scaling=data.scaling)
    folds = np.arange(300) % 3
    weights = [ExampleWeights(folds != k, folds == k) for k in range(3)]
    configs = [TrainConfig(batch_size=32, max_epochs=2, learning_rate=0.1)] * 3
    one, two = (
        train_many(data, validation, configs, weights=weights, engine="compiled")
        for validation in (data, copy)
    )
    assert all(map(same, one, two))
    accuracies = [[e.train_accuracy, e.val_accuracy] for e in one[0].history.evaluations]
    assert np.ptp(accuracies, axis=1).max() > 0


@pytest.mark.parametrize("density", [0.1, 0.9])
@pytest.mark.parametrize(("F", "K"), [(1, 2), (3, 1000), (785, 2), (130, 33)])
def test_shapes_agree_with_the_reference(F: int, K: int, density: float) -> None:
    data = problem(1, max(200, K), F, K, "uint8", density)
    config = TrainConfig(learning_rate=0.1, l2=0.01, batch_size=48, max_epochs=2, dtype="float64")
    ours, reference = (train(data, data, config, engine=e) for e in ("compiled", "reference"))
    np.testing.assert_allclose(ours.weights, reference.weights, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.bias, reference.bias, rtol=1e-9, atol=1e-12)
    for a, b in zip(ours.history.evaluations, reference.history.evaluations, strict=True):
        assert a.val_loss == pytest.approx(b.val_loss, rel=1e-10)
        assert a.weight_norm == pytest.approx(b.weight_norm, rel=1e-10)
        assert a.train_accuracy == pytest.approx(b.train_accuracy, abs=2 / len(data.y))


def test_a_memory_map_of_half_precision_is_read_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = problem(3, 90, 50, 3, "float16", 0.9)
    np.save(tmp_path / "X.npy", plain.X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    data = Dataset(mapped, plain.y, scaling=plain.scaling)
    assert np.shares_memory(data.X, mapped)
    config = TrainConfig(batch_size=16, max_epochs=2)
    result = train(data, data, config)
    assert same(result, train(plain, plain, config))
    single = Dataset(plain.X.astype(np.float32), plain.y, scaling=plain.scaling)
    assert same(result, train(single, single, config))
    # A processor that cannot read half precision gets a copy.
    module = importlib.import_module("onelayer.engines.compiled.prepared")
    monkeypatch.setattr(module, "CONVERTS_HALF", False)
    assert same(result, train(data, data, config))


def test_arrays_that_are_not_contiguous() -> None:
    data = problem(2, 80, 20, 4, "uint8", 0.9)
    config = TrainConfig(batch_size=16, max_epochs=2)
    wide = np.zeros((80, 40), np.uint8)
    wide[:, ::2] = data.X
    strided = Dataset(wide[:, ::2], data.y, scaling=data.scaling)
    assert same(train(data, data, config), train(strided, strided, config))


def test_without_numba_the_reference_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda _name: None)
    assert isinstance(open_engine("auto"), ReferenceEngine)
    with pytest.raises(InputError, match="pip install numba"):
        open_engine("compiled")


def _import_from(copy: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "import numpy as np; from onelayer.engines.compiled.norms import squared_norm; "
        "print(squared_norm.__module__, squared_norm(np.ones((1, 5)), np.zeros(1), False))"
    )
    environment = os.environ | {
        "PYTHONPATH": str(copy), "XDG_CACHE_HOME": str(cache), "HOME": str(cache)
    }  # fmt: skip
    environment.pop("NUMBA_CACHE_DIR", None)
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A copy of the package beside whose kernels nothing can be written, not even by root."""
    copy = tmp_path / "copy"
    source = Path(onelayer.__file__).parent
    shutil.copytree(source, copy / "onelayer", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "onelayer" / "engines" / "compiled" / "__pycache__").write_text("in the way")
    return copy


def test_machine_code_goes_to_the_users_cache_where_the_source_is_sealed(
    sealed: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    done = _import_from(sealed, cache)
    assert (done.returncode, done.stdout.split()[-1], done.stderr) == (0, "5.0", "")
    assert list(cache.rglob("*.nbc"))


def test_kernels_work_where_nothing_can_be_written(sealed: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.write_text("in the way too")
    done = _import_from(sealed, cache)
    assert (done.returncode, done.stdout.split()[-1], done.stderr) == (0, "5.0", "")


def test_a_change_to_any_kernel_makes_old_machine_code_stale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stamp = norms.squared_norm._cache._cache_file._source_stamp
    assert stamp == compiler.FINGERPRINT == compiler._fingerprint()
    monkeypatch.setattr(Path, "read_bytes", lambda _path: b"another version")
    assert compiler._fingerprint() != stamp


def test_rates_of_each_step_reach_the_kernels() -> None:
    """Rates that change in every step and differ between models, against the slow twin."""
    data = problem(4, 90, 20, 3, "uint8", 0.9)
    rng = np.random.default_rng(0)
    batches = Batches(rng.permutation(90), np.arange(0, 91, 15))
    rates = rng.uniform(0.01, 0.5, (2, 6))
    objectives = Objective("softmax", 0.01), Objective("softmax", 0.2, penalize_bias=True)
    source = Source(data.X, None, data.scaling, "float64")
    examples = WeightedRows.of(data.targets, None, [None, None])
    start = tuple(Parameters.zeros(20, 3, "float64") for _ in objectives)
    found = []
    for name in ("reference", "compiled"):
        with open_engine(name) as engine:
            problem_ = Problem(examples, None, 3, objectives, start)
            stack = engine.stack(engine.prepare(source), problem_)
            losses = stack.advance([0, 1], batches, rates, evaluate=False).losses
            # One at a time, and from a saved state: the same bits.
            other = engine.stack(engine.prepare(source), problem_)
            state = {m: other.state(m) for m in (0, 1)}
            cut = Batches(batches.rows[:45], np.arange(0, 46, 15))
            rest = Batches(batches.rows[45:], np.arange(0, 46, 15))
            other.advance([1], cut, rates[1:, :3], evaluate=False)
            again = engine.stack(engine.prepare(source), problem_)
            again.restore(1, other.state(1))
            again.restore(0, state[0])
            again.advance([1], rest, rates[1:, 3:], evaluate=False)
            assert again.parameters(1).weights.tobytes() == stack.parameters(1).weights.tobytes()
            found.append((losses, stack.parameters(0).weights, stack.parameters(1).bias))
    for ours, twin in zip(*found, strict=True):
        np.testing.assert_allclose(ours, twin, rtol=1e-11, atol=1e-13)
    constant = np.full((2, 6), 0.1)
    with open_engine("compiled") as engine:
        stack = engine.stack(engine.prepare(source), Problem(examples, None, 3, objectives, start))
        stack.advance([0, 1], batches, constant, evaluate=False)
        assert np.abs(stack.parameters(0).weights - found[0][1]).max() > 1e-3


def test_a_memory_map_of_zeros_is_not_copied(tmp_path: Path) -> None:
    plain = problem(3, 90, 50, 3, "uint8", 0.1)
    np.save(tmp_path / "X.npy", plain.X)
    mapped = Dataset(np.load(tmp_path / "X.npy", mmap_mode="r"), plain.y, scaling=plain.scaling)
    prepared: Any = importlib.import_module("onelayer.engines.compiled.prepared")
    for data, compresses in ((plain, True), (mapped, False)):
        found = prepared.PreparedData.of(Source(data.X, data.X, data.scaling, "float32"))
        assert (found.train.nonzeros is not None) == compresses
        assert found.train.dense is data.X
        assert found.validation is found.train
    config = TrainConfig(batch_size=16, max_epochs=2)
    one, other = train(plain, plain, config), train(mapped, mapped, config)
    np.testing.assert_allclose(one.weights, other.weights, rtol=1e-6)


def test_code_is_not_kept_where_numba_keeps_its_stamp_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The stamp is Numba's own affair; without it, code of an earlier version would be run."""
    asked = []

    class Kernel:
        _cache = None

    def njit(**options: Any) -> Any:
        asked.append(options.get("cache", False))
        return lambda _function: Kernel()

    monkeypatch.setattr(compiler.numba, "njit", njit)
    compiler.compiled(len)
    assert asked == [True, False]
