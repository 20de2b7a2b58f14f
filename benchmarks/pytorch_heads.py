"""Write what DINOv2's linear evaluation, as a loop in PyTorch, makes of a small problem.

    python benchmarks/pytorch_heads.py

writes `tests/sweep/pytorch_heads.json`, which the tests hold `onelayer.sweep.recipes` to: the same
stored features, order of examples and starting weights, in float32 as published. PyTorch is needed
here and nowhere else.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from onelayer.data import epoch_order
from onelayer.model import Parameters

OUT = Path(__file__).resolve().parents[1] / "tests" / "sweep" / "pytorch_heads.json"
TRAIN, VALIDATION, CLASSES, WIDTH, BATCH, STEPS, EVERY = 600, 400, 10, 12, 64, 100, 9
BASE_RATES = (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1)


def problem() -> tuple[np.ndarray, np.ndarray]:
    """Return float16 features, five tokens side by side, and classes; the tests make them alike."""
    rng = np.random.default_rng(11)
    y = rng.integers(0, CLASSES, TRAIN + VALIDATION)
    centres = rng.normal(size=(CLASSES, 5 * WIDTH))
    X = centres[y] + 2.5 * rng.normal(size=(len(y), 5 * WIDTH))
    return X.astype(np.float16), y


def features(X: torch.Tensor, blocks: int, mean_patch: bool) -> torch.Tensor:
    """Return the class tokens of the last blocks, and the mean of the patch tokens if wanted."""
    *tokens, mean = X.split(WIDTH, dim=1)
    return torch.cat(tokens[-blocks:] + [mean] * mean_patch, dim=1)


def head(n_features: int) -> torch.nn.Linear:
    """Return a head that starts from the numbers that onelayer draws."""
    linear = torch.nn.Linear(n_features, CLASSES)
    with torch.no_grad():
        start = Parameters.normal(n_features, CLASSES, 0.01, seed=0)
        linear.weight.copy_(torch.from_numpy(start.weights.T))
        linear.bias.zero_()
    return linear


def trained() -> list[dict[str, Any]]:
    """Train all heads as published, one after another in each step."""
    X, y = problem()
    inputs, labels = torch.from_numpy(X.astype(np.float32)), torch.from_numpy(y)
    heads, groups = [], []
    for blocks in (1, 4):
        for mean_patch in (False, True):
            read = features(inputs, blocks, mean_patch)
            for rate in BASE_RATES:
                linear = head(read.shape[1])
                heads.append((linear, read))
                groups.append({"params": linear.parameters(), "lr": rate * BATCH / 256})
    optimizer = torch.optim.SGD(groups, momentum=0.9, weight_decay=0)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS, eta_min=0)
    losses = np.empty((STEPS, len(heads)))
    for step in range(STEPS):
        epoch, place = divmod(step, TRAIN // BATCH)
        rows = torch.from_numpy(epoch_order(0, epoch, TRAIN)[place * BATCH : (place + 1) * BATCH])
        each = torch.stack(
            [cross_entropy(linear(read[rows]), labels[rows]) for linear, read in heads]
        )
        optimizer.zero_grad()
        each.sum().backward()
        optimizer.step()
        scheduler.step()
        losses[step] = each.detach().numpy()
    return [ended(*own, labels, losses[:, i]) for i, own in enumerate(heads)]


@torch.no_grad()
def ended(
    linear: torch.nn.Linear, read: torch.Tensor, labels: torch.Tensor, losses: np.ndarray
) -> dict[str, Any]:
    """Return the figures of a head: of the losses of its steps every ninth."""
    scores, validation = linear(read[TRAIN:]), labels[TRAIN:]
    return {
        "losses": [rounded(loss) for loss in losses[::EVERY]],
        "val_loss": rounded(cross_entropy(scores.double(), validation)),
        "val_right": int((scores.argmax(1) == validation).sum()),
    }


def rounded(value: Any) -> float:
    """Return a number with the digits that a comparison in float32 needs."""
    return float(f"{float(value):.9g}")


def main() -> None:
    """Write the file, and the sum of the features, which tells whether the tests' are the same."""
    X, _ = problem()
    sizes = {"train": TRAIN, "validation": VALIDATION, "classes": CLASSES, "width": WIDTH,
             "batch_size": BATCH, "steps": STEPS, "every": EVERY,
             "sum": float(X.sum(dtype=np.float64)), "torch": torch.__version__}  # fmt: skip
    lines = ",\n".join(json.dumps(own) for own in trained())
    OUT.write_text(f'{{"sizes": {json.dumps(sizes)},\n"heads": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
