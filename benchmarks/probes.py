"""Probes of layers: heads on ranges of features in one pass, against other ways to train them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import peers
from measure import interleaved, medians
from onelayer.data import Dataset, epoch_order
from onelayer.sweep import dinov2_heads, dinov2_ranges
from onelayer.training import TrainConfig, train_many

N, N_VALIDATION, N_CLASSES = 20_000, 2_000, 100
ENDS = (384, 768, 1_536, 1_920)
RATES = np.logspace(-3, 0, 13)
EPOCHS = 1
HEADS_STEPS = 100


def embeddings() -> tuple[Dataset, Dataset]:
    """Return noisy centres of classes as float16, as the layers of a network are stored."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(N_CLASSES, ENDS[-1])).astype(np.float32)
    parts = []
    for n in (N, N_VALIDATION):
        y = rng.integers(0, N_CLASSES, n)
        X = np.empty((n, ENDS[-1]), np.float16)
        for first in range(0, n, 1000):
            some = slice(first, first + 1000)
            noise = rng.normal(size=X[some].shape).astype(np.float32)
            X[some] = 0.05 * (centres[y[some]] + 3 * noise)
        parts.append(Dataset(X, y, range(N_CLASSES)))
    return parts[0], parts[1]


def layers_together() -> tuple[str, float, float, str]:
    """Time 52 heads on 4 ranges of features in one pass against 13 heads on each after another."""
    train_set, validation = embeddings()
    heads = [
        [
            TrainConfig(features=(0, end), learning_rate=float(rate), max_epochs=EPOCHS)
            for rate in RATES
        ]
        for end in ENDS
    ]
    all_heads = [head for own in heads for head in own]
    contenders = {
        "together": lambda: train_many(train_set, validation, all_heads, 2),
        "one after another": lambda: [train_many(train_set, validation, own, 2) for own in heads],
    }
    times = medians(interleaved(contenders, 3))
    detail = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in times.items())
    detail += f"; {N:,} x {ENDS[-1]:,} float16, {N_CLASSES} classes, {EPOCHS} epoch"
    ratio = times["together"] / times["one after another"]
    return (
        "11. 52 heads on 4 ranges of features, against range after range",
        ratio,
        1.05,
        detail,
    )


def linear_evaluation(repetitions: int) -> list[tuple[str, float, float, str]]:
    """Time the steps of DINOv2's 52 heads against PyTorch's loops, without evaluations."""
    train_set, _ = embeddings()
    ranges = list(dinov2_ranges(ENDS[0]))
    configs = dinov2_heads(ranges, max_steps=HEADS_STEPS)
    batch = configs[0].batch_size
    per_epoch = N // batch
    order = np.concatenate(
        [epoch_order(0, epoch, N)[: per_epoch * batch].reshape(-1, batch)
         for epoch in range(-(-HEADS_STEPS // per_epoch))]
    )[:HEADS_STEPS]  # fmt: skip
    given = (
        torch.from_numpy(np.array(train_set.X)),
        torch.from_numpy(train_set.targets.astype(np.int64)),
        torch.from_numpy(order), ranges,
        [config.learning_rate for config in configs if config.features == ranges[0]],
    )  # fmt: skip
    contenders = {"onelayer": lambda: train_many(train_set, None, configs, 2)}
    for threads in (1, 2):
        contenders[f"stacked {threads}t"] = _with(threads, peers.heads_stacked, given)
        contenders[f"a list of layers {threads}t"] = _with(threads, peers.heads_listed, given)
    times = medians(interleaved(contenders, repetitions))
    detail = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in times.items())
    detail += (
        f"; {N:,} x {train_set.n_features:,} float16, {N_CLASSES} classes, {HEADS_STEPS} steps"
    )
    ours = times.pop("onelayer")
    stacked, listed = (
        min(seconds for name, seconds in times.items() if name.startswith(kind))
        for kind in ("stacked", "a list")
    )
    about = "52 heads of DINOv2's evaluation"
    return [
        (f"12a. {about}, against a stacked loop", stacked / ours, 1.5, detail),
        (f"12b. {about}, against the loop as published", listed / ours, 3, detail),
    ]


def _with(threads: int, train: Callable[..., None], given: tuple[Any, ...]) -> Callable[[], None]:
    """Return a contender that runs with so many PyTorch threads."""

    def contender() -> None:
        torch.set_num_threads(threads)
        train(*given)

    return contender
