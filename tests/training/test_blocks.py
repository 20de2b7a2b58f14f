"""Training on data in blocks: one law of order, and the same bits wherever the blocks lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from training_material import MODELS, Fit, FitMany, Parts, blobs, parts, same_bits

from onelayer.data import Dataset, Windows, block_dataset
from onelayer.data.blocks import ArrayBlocks, Block
from onelayer.engines.reference import step as reference_step
from onelayer.engines.update import Iterate, UpdateRule
from onelayer.errors import InputError
from onelayer.model import ModelName, Objective, Parameters
from onelayer.training import EarlyStopping, ExampleWeights, RunState, TrainConfig

LENGTHS = (13, 20, 7, 20)


def configs(model: ModelName = "softmax", **how: Any) -> list[TrainConfig]:
    shared: dict[str, Any] = {"model": model, "order": "blocks", "batch_size": 6, "max_epochs": 5}
    more: list[dict[str, Any]] = [
        {"learning_rate": 0.1, "l2": 0.1},
        {"learning_rate": 0.5, "early_stopping": EarlyStopping(patience=2, min_delta=0.02)},
        {"learning_rate": 0.3, "momentum": 0.9, "averaging": {"kind": "exponential"}},
        {"learning_rate": 1e30, "l2": 1e30},
    ]
    return [TrainConfig.model_validate(shared | how | own) for own in more]


class FromDisk(ArrayBlocks):
    """Copies what it reads, as a file does."""

    def read_block(self, i: int) -> Block:
        block = super().read_block(i)
        return Block(block.X.copy(), None if block.y is None else block.y.copy())


def from_disk(data: Dataset, lengths: tuple[int, ...] | int) -> Dataset:
    return block_dataset(
        FromDisk(data.X, data.y, lengths), classes=data.classes, scaling=data.scaling
    )


def in_form(form: str) -> Parts:
    train, validation = parts(
        60, 40, n_features=9, n_classes=3, dtype="uint8" if form == "uint8" else "float64"
    )

    def changed(data: Dataset) -> Dataset:
        X: Any = data.X
        if form == "csr":
            X = csr_array(np.where(X > 0.7, X, 0))
        elif form in ("float16", "float32"):
            X = X.astype(form)
        return Dataset(X, data.y, classes=data.classes)

    return changed(train), changed(validation)


@pytest.mark.parametrize("form", ["uint8", "float16", "float32", "float64", "csr"])
def test_bits_are_the_same_in_memory_and_from_disk(fit_many: FitMany, form: str) -> None:
    train, validation = in_form(form)
    own = configs()
    memory = fit_many(train.in_blocks(LENGTHS), validation.in_blocks(15), own)
    disk = fit_many(from_disk(train, LENGTHS), from_disk(validation, 15), own, 3)
    for a, b in zip(memory, disk, strict=True):
        same_bits(a, b)
        assert a.final == b.final
    assert len({r.stop_reason for r in memory}) == 3
    for config, together in zip(own, disk, strict=True):
        alone = fit_many(train.in_blocks(LENGTHS), validation.in_blocks(15), [config], 1)[0]
        same_bits(alone, together)


def test_a_data_set_in_memory_is_cut_into_blocks(fit: Fit) -> None:
    train, validation = parts()
    own = configs(block_size=25)[0]
    same_bits(
        fit(train, validation, own),
        fit(from_disk(train, 25), from_disk(validation, 25), own),
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("drop_last", [False, True])
def test_steps_are_those_of_the_law(fit: Fit, model: ModelName, drop_last: bool) -> None:
    train, _ = parts(60, n_classes=2 if model == "logistic" else 3)
    config = TrainConfig(
        model=model, order="blocks", batch_size=6, max_epochs=3, learning_rate=0.2, l2=0.01,
        seed=5, drop_last=drop_last, dtype="float64",
    )  # fmt: skip
    result = fit(from_disk(train, LENGTHS), None, config)

    windows, begins = Windows(LENGTHS, 1, 5), np.cumsum([0, *LENGTHS])
    outputs = 1 if model == "logistic" else 3
    iterate = Iterate(Parameters.zeros(train.n_features, outputs, "float64"), UpdateRule())
    losses = []
    for epoch in range(3):
        for window in windows.of_epoch(epoch):
            rows = begins[window.blocks[0]] + windows.rows(window)
            for first in range(0, len(rows), 6):
                batch = rows[first : first + 6]
                if drop_last and len(batch) < 6:
                    continue
                losses.append(
                    reference_step(train.X, train.targets, batch, train.scaling, iterate,
                                   Objective(model, 0.01), 0.2, 1.0)
                )  # fmt: skip
    np.testing.assert_allclose(result.history.train_loss, losses, rtol=1e-12)
    np.testing.assert_allclose(result.weights, iterate.now.weights, rtol=1e-10, atol=1e-12)


def test_windows_mix_several_blocks(fit: Fit) -> None:
    train, validation = parts(60)
    two = TrainConfig(order="blocks", window=2, batch_size=6, max_epochs=3, learning_rate=0.2)
    result = fit(from_disk(train, 13), validation, two)
    same_bits(result, fit(train.in_blocks(13), validation, two))
    # 26, 26 and 8 examples: 5 + 5 + 2 batches; with one block a window 4 * 3 + 2.
    assert result.history.batches_per_epoch == 12
    one = fit(from_disk(train, 13), validation, two.model_copy(update={"window": 1}))
    assert one.history.batches_per_epoch == 14
    with pytest.raises(InputError, match="window: 2 was given"):
        fit(from_disk(train, LENGTHS), validation, two)


def test_one_block_is_an_epoch_shuffled_whole(fit: Fit) -> None:
    """Evaluations are sums over the same pieces, so that they are equal where the weights are."""
    train, validation = parts()
    blocks = fit(train, validation, configs(block_size=60)[0])
    whole = fit(train, validation, configs(order="epoch")[0])
    assert blocks.history.batches_per_epoch == whole.history.batches_per_epoch
    assert len(blocks.history.evaluations) == len(whole.history.evaluations)


def test_some_rows_alone_take_part(fit_many: FitMany) -> None:
    train, _ = parts(60, n_classes=3)
    rows = np.setdiff1d(np.arange(60), np.arange(20, 33))  # a whole block, and more
    held_out = np.arange(20, 33)
    how: dict[str, Any] = {"rows": rows, "validation_rows": held_out}
    disk = from_disk(train, (20, 13, 27))
    found = fit_many(disk, disk, configs(), **how)
    memory = train.in_blocks((20, 13, 27))
    for a, b in zip(found, fit_many(memory, memory, configs(), **how), strict=True):
        same_bits(a, b)
    left = Dataset(train.X[rows], train.y[rows], classes=train.classes).in_blocks((20, 27))
    apart = Dataset(train.X[held_out], train.y[held_out], classes=train.classes)
    # Its validation examples are one block, as those of the other are.
    for a, b in zip(found[:1], fit_many(left, apart.in_blocks(13), configs()[:1]), strict=True):
        np.testing.assert_allclose(a.history.train_loss[:8], b.history.train_loss[:8], rtol=0.5)
        assert a.history.steps == b.history.steps


def test_folds_are_weights(fit_many: FitMany) -> None:
    train, _ = parts(60, n_classes=3)
    source = np.random.default_rng(3)
    masks = [source.random(60) < 0.8 for _ in range(4)]
    weights = [ExampleWeights(mask.astype(float), 1.0 - mask) for mask in masks]
    disk, memory = from_disk(train, LENGTHS), train.in_blocks(LENGTHS)
    own = [configs()[0]] * 4
    on_disk = fit_many(disk, disk, own, weights=weights)
    in_memory = fit_many(memory, memory, own, weights=weights)
    for a, b in zip(on_disk, in_memory, strict=True):
        same_bits(a, b)
        assert a.final == b.final
    # A weight of 0 leaves an example out of all sums.
    result, mask = on_disk[0], masks[0]
    scores = train.scaling.apply(train.X, np.dtype(np.float64)) @ result.weights + result.bias
    right = scores.argmax(axis=1) == train.targets
    assert result.final.train_accuracy == pytest.approx(right[mask].mean())
    assert result.final.val_accuracy == pytest.approx(right[~mask].mean())


def test_ranges_of_features_read_their_own(fit_many: FitMany) -> None:
    train, validation = in_form("float32")
    ranges: list[tuple[int, int] | None] = [(0, 4), (3, 9), None]
    own = [configs()[0].model_copy(update={"features": pair}) for pair in ranges]
    together = fit_many(from_disk(train, LENGTHS), from_disk(validation, 15), own)
    for config, result in zip(own, together, strict=True):
        alone = fit_many(train.in_blocks(LENGTHS), validation.in_blocks(15), [config])[0]
        same_bits(result, alone)
    assert not together[0].weights[4:].any()


def test_several_labels_an_example(fit: Fit) -> None:
    train, validation = parts(60, n_features=6)
    source = np.random.default_rng(1)
    parts_of_labels = [
        Dataset(d.X, source.integers(0, 2, (d.n_examples, 3))) for d in (train, validation)
    ]
    config = configs("multilabel")[0]
    memory = fit(*(d.in_blocks(25) for d in parts_of_labels), config)
    disk = fit(*(from_disk(d, 25) for d in parts_of_labels), config)
    same_bits(memory, disk)
    assert memory.final == disk.final


def test_runs_go_on_from_every_state(fit_many: FitMany) -> None:
    train, validation = parts(60, n_classes=3)
    data, own = (from_disk(train, LENGTHS), from_disk(validation, 25)), configs()
    kept: list[list[RunState]] = []
    whole = fit_many(
        *data, own, keep=lambda states: kept.append([states[i].copy() for i in range(len(own))])
    )
    assert len(kept) > 10
    for states in kept:
        for a, b in zip(whole, fit_many(*data, own, states=states), strict=True):
            same_bits(a, b)


def test_the_minimum_is_that_of_the_whole(fit: Fit) -> None:
    train, validation = parts(200, n_classes=3)
    config = TrainConfig(solver="optimum", l2=0.01, tolerance=1e-8)
    disk = fit(from_disk(train, 64), validation, config)
    same_bits(disk, fit(train.in_blocks(64), validation, config))
    whole = fit(train, validation, config)
    np.testing.assert_allclose(disk.weights, whole.weights, rtol=1e-3, atol=1e-5)
    # Two searches end at other weights within the tolerance: J agrees to it, and C alone less well.
    there, here = (
        (r.final.train_loss or 0.0) + 0.01 * r.final.weight_norm**2 for r in (whole, disk)
    )
    assert here == pytest.approx(there, rel=2e-8)
    beside = fit(from_disk(train, 64), validation, configs(optimum=True)[0])
    assert beside.minimum is not None
    assert beside.minimum.excess is not None
    assert beside.minimum.excess > 0


def test_other_orders_are_refused(fit: Fit) -> None:
    train, validation = parts()
    with pytest.raises(InputError, match=r"order: epoch was given; data that is read block by"):
        fit(from_disk(train, 25), validation, TrainConfig())
    with pytest.raises(InputError, match="examples_per_class: examples are not drawn"):
        fit(train, validation, TrainConfig(order="blocks", examples_per_class=3))
    with pytest.raises(InputError, match="40 is more than the 25 examples of a window"):
        fit(from_disk(train, 25), validation,
            TrainConfig(order="blocks", batch_size=40, drop_last=True))  # fmt: skip


def test_a_memory_map_is_read_block_by_block(fit: Fit, tmp_path: Path) -> None:
    train = blobs(60, 6, 3)
    np.save(tmp_path / "x.npy", train.X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    data = block_dataset(ArrayBlocks(mapped, train.y, LENGTHS))
    config = configs()[0]
    same_bits(fit(data, None, config), fit(train.in_blocks(LENGTHS), None, config))
