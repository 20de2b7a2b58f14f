"""Write what PyTorch's own optimizers, schedulers and averages make of small problems.

    python benchmarks/pytorch_steps.py

writes `tests/training/pytorch_steps.json`, which the tests hold both engines to. PyTorch is needed
here and nowhere else. Problems and options are `CASES`, which the tests read from the file; every
computation is in float64, over 200 steps.
"""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.optim import lr_scheduler as schedulers
from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn

from onelayer.data import epoch_order

OUT = Path(__file__).resolve().parents[1] / "tests" / "training" / "pytorch_steps.json"
STEPS, BATCH, EXAMPLES, FEATURES, CLASSES = 200, 8, 60, 6, 3
RATE = 0.2

RULES: list[dict[str, Any]] = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.8, "nesterov": True, "l2": 0.02, "penalize_bias": True},
    {"l2": 0.05},
]
SCHEDULES: list[Any] = [
    None,
    {"kind": "step", "every": 30, "factor": 0.5},
    {"kind": "inverse", "every": 25},
    {"kind": "cosine", "floor": 0.1},
    {"kind": "one_cycle"},
]
AVERAGES: list[Any] = [
    None,
    {"kind": "mean", "start": 50},
    {"kind": "exponential", "decay": 0.95, "start": 0},
]
WARMUPS = (0, 17)


def cases() -> list[dict[str, Any]]:
    """Return the options of each case; the averages take turns."""
    found = []
    for i, (model, rule, schedule, warmup) in enumerate(
        itertools.product(("logistic", "softmax"), RULES, SCHEDULES, WARMUPS)
    ):
        own = {"model": model, "schedule": schedule, "warmup_steps": warmup}
        found.append(own | rule | {"averaging": AVERAGES[i % len(AVERAGES)]})
    return found


def problem(model: str) -> tuple[np.ndarray, np.ndarray]:
    """Return features and classes; the tests make them alike."""
    rng = np.random.default_rng(7)
    n_classes = 2 if model == "logistic" else CLASSES
    y = rng.integers(0, n_classes, EXAMPLES)
    X = rng.normal(size=(n_classes, FEATURES))[y] + rng.normal(size=(EXAMPLES, FEATURES))
    return X, y


def scheduler(optimizer: Any, schedule: Any, warmup: int) -> Any:
    """Return PyTorch's scheduler for a schedule with its warm-up."""
    kind = schedule["kind"] if schedule else None
    if kind == "one_cycle":
        rise = {"pct_start": (warmup + 1) / STEPS} if warmup else {}
        return schedulers.OneCycleLR(optimizer, RATE, STEPS, cycle_momentum=False, **rise)
    left = STEPS - warmup
    if kind == "step":
        own: Any = schedulers.StepLR(optimizer, schedule["every"], schedule["factor"])
    elif kind == "inverse":
        own = schedulers.LambdaLR(optimizer, lambda t: 1 / (1 + t / schedule["every"]))
    elif kind == "cosine":
        own = schedulers.CosineAnnealingLR(optimizer, left, RATE * schedule["floor"])
    else:
        own = schedulers.ConstantLR(optimizer, 1.0)
    if not warmup:
        return own
    rise = schedulers.LinearLR(optimizer, 1 / (warmup + 1), total_iters=warmup)
    return schedulers.SequentialLR(optimizer, [rise, own], [warmup])


def averaged(layer: Any, averaging: Any) -> Any:
    """Return PyTorch's average of a layer."""
    if averaging["kind"] == "mean":
        return AveragedModel(layer)
    return AveragedModel(layer, avg_fn=get_ema_avg_fn(averaging["decay"]))


def trained(case: dict[str, Any]) -> dict[str, Any]:
    """Train by PyTorch; return the losses of the steps, and the weights that are kept."""
    torch.set_default_dtype(torch.float64)
    X, y = problem(case["model"])
    logistic = case["model"] == "logistic"
    layer = torch.nn.Linear(FEATURES, 1 if logistic else CLASSES)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    decay = 2 * case.get("l2", 0.0)
    groups = [
        {"params": [layer.weight], "weight_decay": decay},
        {"params": [layer.bias], "weight_decay": decay * case.get("penalize_bias", False)},
    ]
    optimizer = torch.optim.SGD(
        groups, lr=RATE, momentum=case.get("momentum", 0.0), nesterov=case.get("nesterov", False)
    )
    rates = scheduler(optimizer, case["schedule"], case["warmup_steps"])
    averaging = case["averaging"]
    average = averaged(layer, averaging) if averaging else None
    per_epoch = math.ceil(EXAMPLES / BATCH)
    losses = []
    for step in range(STEPS):
        epoch, place = divmod(step, per_epoch)
        rows = epoch_order(0, epoch, EXAMPLES)[place * BATCH : (place + 1) * BATCH]
        scores, targets = layer(torch.tensor(X[rows])), torch.tensor(y[rows])
        if logistic:  # the first class is the positive one
            positive = (targets == 0).double()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(scores[:, 0], positive)
        else:
            loss = torch.nn.functional.cross_entropy(scores, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rates.step()
        losses.append(loss.item())
        if average is not None and step >= averaging["start"]:
            average.update_parameters(layer)
    kept = layer if average is None else average.module
    return {
        "losses": losses,
        "weights": kept.weight.detach().T.tolist(),
        "bias": kept.bias.detach().tolist(),
    }


def rounded(values: Any) -> Any:
    """Return numbers with the digits that a comparison to 1e-9 needs."""
    if isinstance(values, list):
        return [rounded(value) for value in values]
    return float(f"{values:.12g}")


def main() -> None:
    """Write the file: of the losses every eighth, and the last ones."""
    written = []
    for case in cases():
        found = trained(case)
        kept = {name: rounded(found[name]) for name in ("weights", "bias")}
        losses = rounded(found["losses"][::8] + found["losses"][-1:])
        written.append({"options": case, "losses": losses, **kept})
    sizes = {"steps": STEPS, "batch_size": BATCH, "learning_rate": RATE, "torch": torch.__version__}
    problems = {
        model: {"X": X.tolist(), "y": y.tolist()}
        for model in ("logistic", "softmax")
        for X, y in [problem(model)]
    }
    lines = ",\n".join(json.dumps(case) for case in written)
    OUT.write_text(
        f'{{"sizes": {json.dumps(sizes)},\n"problems": {json.dumps(problems)},\n'
        f'"cases": [\n{lines}\n]}}\n'
    )


if __name__ == "__main__":
    main()
