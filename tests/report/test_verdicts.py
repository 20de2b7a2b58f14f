"""Each verdict on runs where the claim holds, where it does not, and where chance decides."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from diagnosis_material import outcome_of, run_outcome

from onelayer.diagnosis import Finding
from onelayer.diagnosis.checks import majority, oscillation
from onelayer.diagnosis.checks.majority import MajorityComparison
from onelayer.diagnosis.checks.oscillation import Oscillation
from onelayer.diagnosis.verdicts import VERDICTS
from onelayer.report.sections import Material
from onelayer.study import RunOutcome, Selection
from onelayer.training import EarlyStopping, Final, StopReason

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot be told"
NUMBERS = itertools.count()
WOBBLE = (-0.002, 0.0, 0.002, 0.001, -0.001)
CHANCE = (-0.2, 0.1, 0.3, -0.15, 0.02)


def run(
    accuracy: float = 0.9,
    loss: float = 0.5,
    train: float = 0.9,
    *,
    losses: Sequence[float] | None = None,
    train_losses: Sequence[float] | None = None,
    selection: dict[str, Any] | None = None,
    n_train: int = 1000,
    **options: Any,
) -> RunOutcome:
    made = run_outcome(
        f"run-{next(NUMBERS)}",
        (loss,) if losses is None else losses, n_train=n_train,
        final=Final(loss, accuracy, 0.4, train, 1.0), **options,
    )  # fmt: skip
    if train_losses is not None:
        history = pl.DataFrame({"train_loss": np.asarray(train_losses, float)})
        made = replace(made, history=history)
    return replace(
        made, run=made.run.model_copy(update={"selection": Selection(**selection or {})})
    )


def judged(name: str, runs: Sequence[RunOutcome], findings: Sequence[Finding] = ()) -> str | None:
    found = VERDICTS[name].judge(runs, Material(outcome_of(*runs), tuple(findings)))
    if found is None:
        return None
    answer, said = found
    assert said.endswith(".")
    assert "nan" not in said
    return answer


def over(noise: Sequence[float], **each: Any) -> list[RunOutcome]:
    """The same run with five draws, or seeds, whose numbers differ by chance."""
    made = []
    for draw, e in enumerate(noise):
        numbers = {k: v + e for k, v in each.items() if k in ("accuracy", "loss", "train")}
        rest = {k: v for k, v in each.items() if k not in numbers}
        rest["selection"] = {"examples": 500, **rest.get("selection", {}), "draw": draw}
        made.append(run(**numbers, **rest))
    return made


def differing(noise: Sequence[float], first: dict[str, Any], second: dict[str, Any]) -> list[Any]:
    return [*over([0.0] * len(noise), **first), *over(noise, **second)]


@pytest.mark.parametrize(
    ("accuracy", "noise", "answer"),
    [(0.8, WOBBLE, HOLDS), (0.95, WOBBLE, FAILS), (0.9, CHANCE, OPEN)],
)
def test_sorting_costs(accuracy: float, noise: Sequence[float], answer: str) -> None:
    runs = differing(noise, {"order": "epoch"}, {"order": "class", "accuracy": accuracy})
    runs[:5] = over([0.0] * 5, order="epoch", accuracy=0.9)
    assert judged("sorting-costs", runs) == answer
    assert judged("sorting-costs", runs[:5]) is None


@pytest.mark.parametrize(
    ("accuracy", "noise", "answer"),
    [(0.901, WOBBLE, HOLDS), (0.8, WOBBLE, FAILS), (0.9, CHANCE, OPEN)],
)
def test_one_shuffle_is_enough(accuracy: float, noise: Sequence[float], answer: str) -> None:
    runs = [*over([0.0] * 5, order="epoch", accuracy=0.9),
            *over(noise, order="once", accuracy=accuracy)]  # fmt: skip
    assert judged("one-shuffle-is-enough", runs) == answer


def _limit(runs: Sequence[RunOutcome], limit: float) -> list[Finding]:
    return [
        oscillation.CHECK.clear((r.name,), "", Oscillation(1.0, limit, None, 0.0, 0.0))
        for r in runs
    ]  # fmt: skip


FALLING, SWINGING = [1.0, 0.5, 0.25, 0.125], [1.0, 3.0, 1.0, 3.0]


@pytest.mark.parametrize(
    ("curves", "limit", "answer"),
    [
        ((FALLING, SWINGING), 0.5, HOLDS),
        ((SWINGING, SWINGING), 0.5, FAILS),
        ((FALLING, FALLING), 0.5, FAILS),
        ((FALLING, FALLING), 5.0, OPEN),
    ],
)
def test_loss_falls_below_the_limit(
    curves: tuple[Sequence[float], ...], limit: float, answer: str
) -> None:
    runs = [
        run(train_losses=curve, learning_rate=rate, batches_per_epoch=1)
        for rate, curve in zip((0.1, 1.0), curves, strict=True)
    ]
    assert judged("loss-falls-below-the-limit", runs, _limit(runs, limit)) == answer
    batches = [run(train_losses=FALLING, learning_rate=rate) for rate in (0.1, 1.0)]
    assert judged("loss-falls-below-the-limit", batches, _limit(batches, 0.5)) is None


@pytest.mark.parametrize(("limit", "answer"), [(2.0, HOLDS), (100.0, FAILS), (0.01, FAILS)])
def test_quickest_near_the_limit(limit: float, answer: str) -> None:
    runs = [
        run(learning_rate=0.1, losses=(1.0, 0.9, 0.8, 0.5), loss=0.5),
        run(learning_rate=1.0, losses=(1.0, 0.5, 0.5, 0.5), loss=0.5),
    ]
    assert judged("quickest-near-the-limit", runs, _limit(runs, limit)) == answer


@pytest.mark.parametrize(
    ("above", "below", "answer"),
    [
        (StopReason.DIVERGED, StopReason.MAX_EPOCHS, HOLDS),
        (StopReason.MAX_EPOCHS, StopReason.MAX_EPOCHS, FAILS),
        (StopReason.DIVERGED, StopReason.DIVERGED, FAILS),
    ],
)
def test_penalty_bounds_the_rate(above: StopReason, below: StopReason, answer: str) -> None:
    runs = [run(l2=0.1, learning_rate=11.0, stop_reason=above),
            run(l2=0.1, learning_rate=9.0, stop_reason=below)]  # fmt: skip
    assert judged("penalty-bounds-the-rate", runs) == answer
    assert judged("penalty-bounds-the-rate", runs[1:]) is None


@pytest.mark.parametrize(("power", "answer"), [(-0.5, HOLDS), (-1.0, FAILS), (0.0, FAILS)])
def test_noise_as_root_of_batch(power: float, answer: str) -> None:
    rng = np.random.default_rng(0)
    runs = [
        run(
            train_losses=1 + 0.3 * float(size) ** power * rng.normal(size=4000), seed=seed,
            batch_size=size,
        )
        for size in (4, 16, 64)
        for seed in range(5)
    ]  # fmt: skip
    assert judged("noise-as-root-of-batch", runs) == answer
    alone = [r for r in runs if r.record.config.seed == 0]
    assert judged("noise-as-root-of-batch", alone) == OPEN


@pytest.mark.parametrize(
    ("large", "noise", "small_ahead", "large_ahead"),
    [(0.7, WOBBLE, HOLDS, FAILS), (0.3, WOBBLE, FAILS, HOLDS), (0.5, CHANCE, OPEN, OPEN)],
)
def test_batches_ahead(
    large: float, noise: Sequence[float], small_ahead: str, large_ahead: str
) -> None:
    runs = [*over([0.0] * 5, batch_size=4, loss=0.5), *over(noise, batch_size=128, loss=large)]
    assert judged("small-batches-ahead", runs) == small_ahead
    assert judged("large-batches-ahead", runs) == large_ahead


@pytest.mark.parametrize(
    ("accuracy", "noise", "answer"),
    [(0.7, WOBBLE, HOLDS), (0.4, WOBBLE, FAILS), (0.5, CHANCE, OPEN)],
)
def test_accuracy_survives_noise(accuracy: float, noise: Sequence[float], answer: str) -> None:
    runs = [*over([0.0] * 5, accuracy=0.9, selection={"label_noise": 0.0}),
            *over(noise, accuracy=accuracy, selection={"label_noise": 0.4})]  # fmt: skip
    assert judged("accuracy-survives-noise", runs) == answer


@pytest.mark.parametrize(
    ("accuracy", "noise", "answer"),
    [(0.9, WOBBLE, HOLDS), (0.7, WOBBLE, FAILS), (0.8, CHANCE, OPEN)],
)
@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("penalty-helps", {"l2": 0.02}),
        ("early-stopping-helps", {"early_stopping": EarlyStopping(patience=3)}),
    ],
)
def test_remedies(
    name: str, remedy: dict[str, Any], accuracy: float, noise: Sequence[float], answer: str
) -> None:
    noisy = {"label_noise": 0.4}
    runs = [*over([0.0] * 5, accuracy=0.8, selection=noisy),
            *over(noise, accuracy=accuracy, selection=noisy, **remedy)]  # fmt: skip
    assert judged(name, runs) == answer
    assert judged(name, runs[:5]) is None


@pytest.mark.parametrize(
    ("train", "noise", "answer"),
    [(0.92, WOBBLE, HOLDS), (1.3, WOBBLE, FAILS), (1.0, CHANCE, OPEN)],
)
def test_gap_closes(train: float, noise: Sequence[float], answer: str) -> None:
    runs = [
        *(run(0.9, train=1.0, n_train=50, selection={"examples": 50, "draw": d}) for d in range(5)),
        *(run(0.9, train=train + e, n_train=800, selection={"examples": 800, "draw": d})
          for d, e in enumerate(noise)),
    ]  # fmt: skip
    assert judged("gap-closes", runs) == answer


@pytest.mark.parametrize(
    ("best", "answer"),
    [({50: 0.1, 200: 0.01, 800: 0.001}, HOLDS), ({50: 0.001, 200: 0.01, 800: 0.1}, FAILS),
     ({50: 0.01, 200: 0.01, 800: 0.01}, OPEN)],
)  # fmt: skip
def test_best_penalty_falls(best: dict[int, float], answer: str) -> None:
    runs = []
    for draw, slip in enumerate((0, 1, 0, -1, 0)):
        for n, l2 in best.items():
            for own in (0.001, 0.01, 0.1):
                lowest = l2 * 10.0 ** (slip if n == 800 and answer == OPEN else 0)
                loss = 0.5 + abs(np.log10(own / lowest))
                runs.append(run(loss=loss, l2=own, n_train=n,
                                selection={"examples": n, "draw": draw}))  # fmt: skip
    assert judged("best-penalty-falls", runs) == answer


@pytest.mark.parametrize(
    ("uneven", "standard", "answer"),
    [
        ((1.0, 1.0, 0.5), (1.0, 0.5, 0.5), HOLDS),
        ((1.0, 0.5, 0.5), (1.0, 1.0, 0.5), FAILS),
        ((1.0, 1.0, 1.0), (1.0, 1.0, 0.5), HOLDS),
        ((1.0, 1.0, 0.5), (1.0, 1.0, 1.0), FAILS),
    ],
)
def test_standard_is_quicker(
    uneven: tuple[float, ...], standard: tuple[float, ...], answer: str
) -> None:
    runs = [
        run(losses=curve, loss=curve[-1], selection={"scaling": kind}, batches_per_epoch=1,
            learning_rate=rate)
        for rate in (0.1, 0.2)
        for kind, curve in (("uneven", uneven), ("standard", standard))
    ]  # fmt: skip
    assert judged("standard-is-quicker", runs) == answer
    by_batches = [run(losses=(1.0, 0.5), selection={"scaling": kind}, learning_rate=0.1)
                  for kind in ("uneven", "standard")]  # fmt: skip
    assert judged("standard-is-quicker", by_batches) == OPEN
    assert judged("standard-is-quicker", runs[1::2]) is None


def _recalls(runs: Sequence[RunOutcome], recalls: Sequence[float]) -> list[Finding]:
    return [
        majority.CHECK.clear((r.name,), "", MajorityComparison(
            0.97, (0.9, 1.0), 1, 0.9, 0.07, (0.0, 0.1), 0.1, 0.01, 8, 0.1, recall, (0.0, 1.0)
        ))
        for r, recall in zip(runs, recalls, strict=True)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("recall", "noise", "answer"),
    [(0.6, WOBBLE, HOLDS), (0.97, WOBBLE, FAILS), (0.9, CHANCE, OPEN)],
)
def test_accuracy_misleads(recall: float, noise: Sequence[float], answer: str) -> None:
    runs = over(WOBBLE, accuracy=0.97, selection={"class_shares": (0.1, 1.0)})
    assert judged("accuracy-misleads", runs, _recalls(runs, [recall + e for e in noise])) == answer
    assert judged("accuracy-misleads", runs) is None


@pytest.mark.parametrize(
    ("recall", "noise", "answer"),
    [(0.9, WOBBLE, HOLDS), (0.3, WOBBLE, FAILS), (0.6, CHANCE, OPEN)],
)
def test_balance_helps(recall: float, noise: Sequence[float], answer: str) -> None:
    plain, even = (
        over(WOBBLE, accuracy=0.97 + b, selection={"class_shares": (0.1, 1.0), "balance": bool(b)})
        for b in (0, 1)
    )
    recalls = [0.6] * 5 + [recall + e for e in noise]
    assert judged("balance-helps", [*plain, *even], _recalls([*plain, *even], recalls)) == answer


@pytest.mark.parametrize(("apart", "answer"), [(1e-4, HOLDS), (0.5, FAILS)])
def test_one_optimum(apart: float, answer: str) -> None:
    base = np.random.default_rng(0).normal(size=(4, 3))
    runs = [
        run(initial_std=1.0, seed=seed, weights=base * (1 + apart * seed)) for seed in range(2)
    ]  # fmt: skip
    assert judged("one-optimum", runs) == answer
    assert judged("one-optimum", [run(seed=0), run(seed=1)]) is None


@pytest.mark.parametrize(("end", "answer"), [(0.51, HOLDS), (2.0, FAILS)])
def test_start_is_forgotten(end: float, answer: str) -> None:
    runs = [run(losses=(1.0, 0.5), initial_std=1.0, seed=0),
            run(losses=(5.0, end), initial_std=1.0, seed=1)]  # fmt: skip
    assert judged("start-is-forgotten", runs) == answer


def _with_momentum(steps: Sequence[int], quick: Sequence[int]) -> list[RunOutcome]:
    return [
        run(losses=[1.0] * n + [0.5] * (400 - n), loss=0.5, momentum=momentum, seed=seed, every=1)
        for momentum, counts in ((0.0, steps), (0.9, quick))
        for seed, n in enumerate(counts)
    ]


@pytest.mark.parametrize(
    ("plain", "quick", "quicker", "as_rate"),
    [
        ((200, 201, 199), (20, 20, 20), HOLDS, HOLDS),
        ((40, 41, 39), (20, 20, 20), HOLDS, FAILS),
        ((20, 20, 20), (200, 201, 199), FAILS, FAILS),
        ((20, 200, 60), (60, 60, 60), OPEN, OPEN),
    ],
)
def test_momentum(
    plain: tuple[int, ...], quick: tuple[int, ...], quicker: str, as_rate: str
) -> None:
    runs = _with_momentum(plain, quick)
    assert judged("momentum-is-quicker", runs) == quicker
    assert judged("momentum-as-rate", runs) == as_rate


def test_every_verdict_is_tested_here() -> None:
    with open(__file__, encoding="utf-8") as file:
        source = file.read()
    assert not [name for name in VERDICTS if f'"{name}"' not in source]
