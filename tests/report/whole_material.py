"""A real study of a few images whose page has everything that a hand can use."""

from typing import Any

import numpy as np

from onelayer.data import Dataset
from onelayer.diagnosis import diagnose
from onelayer.report import compose
from onelayer.report.document import Document
from onelayer.study import Outcome, SectionChoice, outcome_in_memory
from onelayer.training import TrainConfig, train_many

BATCHES, BATCH, ONE_SIDED = 20, 32, 7
STEPS: dict[str, Any] = {"learning_rate": 1.0, "batch_size": BATCH, "max_epochs": 14}
RUNS: dict[str, dict[str, Any]] = {
    "file": {"model": "logistic", "order": "file"},
    "batches": {"model": "logistic", "order": "batches"},
    "stopped": {"model": "logistic", "early_stopping": {"patience": 4}},
    "free": {"model": "softmax", "max_epochs": 4},
    "strong": {"model": "softmax", "max_epochs": 4, "l2": 0.1},
    "weak": {"model": "softmax", "max_epochs": 4, "l2": 0.01},
}
L2 = ("free", "strong", "weak")
SECTIONS: tuple[dict[str, Any], ...] = (
    {"kind": "loss-curves", "runs": ("file",), "text": "What was <b>done</b>."},
    {"kind": "accuracy-curves", "runs": ("file",)},
    {"kind": "early-stopping", "runs": ("stopped",)},
    {"kind": "shuffling", "runs": ("file", "batches")},
    {"kind": "derivation", "derivations": ("l2",)},
    {"kind": "weights", "runs": L2},
    {"kind": "draw", "runs": ("free", "file")},
    {"kind": "mistakes", "runs": ("free",)},
)
KINDS = {"curves", "elsewhere", "dips", "weights", "draw", "confusion"}
"""What a hand finds on the page."""


def images(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Light on the left or on the right of 6 by 4 pixels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    X = rng.normal(100, 30, (n, 6, 4))
    X[:, :, :2] += 12 * y[:, None, None]
    X[:, :, 2:] += 12 * (1 - y)[:, None, None]
    return np.clip(X, 0, 255).astype(np.uint8), y


def whole() -> Document:
    """Train, look, and compose."""
    X, y = images(BATCH * BATCHES, 0)
    rows = slice(ONE_SIDED * BATCH, (ONE_SIDED + 1) * BATCH)
    X[rows], y[rows] = X[y == 1][:BATCH], 0
    V, u = images(300, 9)
    train, validation = (Dataset(i, np.array(["left", "right"])[of]) for i, of in ((X, y), (V, u)))
    configs = [TrainConfig.model_validate(STEPS | own) for own in RUNS.values()]
    results = dict(zip(RUNS, train_many(train, validation, configs), strict=True))
    outcome, data = outcome_in_memory(train, validation, results)
    sections = tuple(SectionChoice.model_validate(each) for each in SECTIONS)
    study = outcome.study.model_copy(update={"sections": sections})
    outcome = Outcome(study, outcome.data, outcome.runs)
    codes = ["OL101", "OL102", "OL104", "OL305", "OL306"]
    return compose(outcome, diagnose(outcome, data, only=codes))
