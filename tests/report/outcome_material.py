"""Made-up outcomes of whole studies, and what their reports say in words."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from diagnosis_material import data_of, run_outcome

from onelayer.data import Dataset
from onelayer.diagnosis import Finding, diagnose
from onelayer.report import compose
from onelayer.report.document import (
    Answers,
    Block,
    Document,
    FigureBlock,
    Fold,
    Interactive,
    Note,
    Paragraph,
    Section,
    Table,
)
from onelayer.report.inline import plain
from onelayer.report.sections import BUILDERS, Material, build
from onelayer.study import (
    Outcome,
    Run,
    RunOutcome,
    SectionChoice,
    Study,
    StudyData,
    outcome_in_memory,
)
from onelayer.study.schema import DataChoice
from onelayer.training import EarlyStopping, StopReason, TrainConfig, train_many

STEPS = np.arange(40)
FALLING = 0.3 + 0.6 * np.exp(-STEPS / 8)
RNG = np.random.default_rng(0)
NOISY = RNG.normal(size=(64, 3))
SMOOTH = np.repeat(np.linspace(0, 1, 64)[:, np.newaxis], 3, axis=1)
SHAPE: dict[str, Any] = {"n_train": 1000, "n_validation": 500, "weights": NOISY}


def falling(name: str, **options: Any) -> RunOutcome:
    """A run of 40 evaluations whose loss falls to 0.3."""
    return run_outcome(name, FALLING, **{**SHAPE, **options})


def stopped(name: str, **options: Any) -> RunOutcome:
    """A run that early stopping ended: the best of 31 evaluations is the 28th, after step 54."""
    losses = np.abs(np.arange(31) - 27) / 100 + 0.0657719
    defaults = {"stop_reason": StopReason.PATIENCE, "early_stopping": EarlyStopping(patience=3)}
    return run_outcome(name, losses, **{**SHAPE, **defaults, **options})


def diverged(name: str, **options: Any) -> RunOutcome:
    """A run whose loss stops being finite at its fifth evaluation."""
    return run_outcome(
        name, [0.9, 0.8, 0.9, 1.5, float("nan")], stop_reason=StopReason.DIVERGED,
        message="diverged: the loss was no longer finite at step 8", **{**SHAPE, **options},
    )  # fmt: skip


def sweep(base: str, norms: Sequence[float] = (0.02, 0.2, 2.0), **options: Any) -> list[RunOutcome]:
    """Runs that differ in λ alone: 1, 0.1, 0.01, with accuracies of 90%, 92% and 94%."""
    return [
        falling(f"{base}[l2={l2}]", l2=l2, weight_norm=norm, val_accuracy=accuracy, **options)
        for l2, norm, accuracy in zip((1.0, 0.1, 0.01), norms, (0.90, 0.92, 0.94), strict=False)
    ]


def rates(base: str = "rate") -> list[RunOutcome]:
    """A sweep over the learning rate; the second is the best."""
    return [
        falling(f"{base}[learning_rate={rate}]", learning_rate=rate, val_accuracy=accuracy)
        for rate, accuracy in ((0.01, 0.90), (0.1, 0.95), (0.5, 0.80))
    ]


def renamed(run: RunOutcome, name: str) -> RunOutcome:
    """The run under a name that a study file would not allow."""
    history = run.history.with_columns(run=pl.lit(name))
    made = Run.model_construct(name=name, selection=run.run.selection, config=run.run.config)
    return replace(run, run=made, record=replace(run.record, name=name), history=history)


def study_of(
    runs: Iterable[RunOutcome],
    kinds: Iterable[str] = BUILDERS,
    *,
    names: Sequence[str] | None = None,
    missing: Sequence[Run] = (),
    **facts: Any,
) -> Outcome:
    """A study that shows its runs, or those of the names, in sections of these kinds."""
    runs = tuple(runs)
    shown = tuple(names if names is not None else (run.name for run in runs))
    study = Study.model_construct(
        name="made-up", title="Made up", seed=0, data=DataChoice(),
        runs=(*(run.run for run in runs), *missing),
        sections=tuple(
            SectionChoice.model_construct(kind=kind, runs=shown, derivations=("logistic",))
            for kind in kinds
        ),
    )  # fmt: skip
    data = {
        "source": "made up", "train": 1000, "validation": 500, "n_features": 64,
        "classes": [0, 1, 2], "image_shape": [8, 8], "scaling": {"scale": 1.0, "offset": 0.0},
        "sha256": "0" * 64,
    }  # fmt: skip
    return Outcome(study, data | facts, runs)


def findings_on(outcome: Outcome) -> list[Finding]:
    return diagnose(outcome, data_of(n_features=64), threads=1)


def report_on(outcome: Outcome) -> Document:
    return compose(outcome, findings_on(outcome))


def section_on(kind: str, runs: Iterable[RunOutcome], **how: Any) -> Section:
    outcome = study_of(runs, [kind], **how)
    return build(Material(outcome, tuple(findings_on(outcome))), outcome.study.sections[0])


def words(blocks: Iterable[Block]) -> str:
    """All that blocks say, figures by title, caption and description."""
    said: list[str] = []
    for block in blocks:
        match block:
            case Paragraph(text) | Note(_, text):
                said.append(plain(text))
            case FigureBlock(figure, caption):
                said += [figure.title, figure.alt, plain(caption)]
            case Interactive(still=still):
                said.append(words(still))
            case Table(columns, rows, caption):
                said += [plain(cell) for row in (columns, *rows) for cell in row]
                said.append(plain(caption or ""))
            case Fold(title, inner):
                said += [title, words(inner)]
            case Answers(cards):
                said += [f"{c.question} {c.verdict}. {plain(c.text)}" for c in cards]
    return "\n".join(said)


def said_in(section: Section) -> str:
    """All that a section says."""
    return f"{section.question}\n{words(section.blocks)}\n{words(section.answer)}"


def figures_in(blocks: Iterable[Block]) -> list[str]:
    """The names of the figures in blocks, on paper."""
    names = []
    for block in blocks:
        if isinstance(block, FigureBlock):
            names.append(block.figure.name)
        elif isinstance(block, Interactive):
            names += figures_in(block.still)
        elif isinstance(block, Fold):
            names += figures_in(block.blocks)
    return names


def tables_of(section: Section) -> list[list[list[str]]]:
    """The rows of a section's tables, folded ones too, as plain text."""
    folds = [block.blocks for block in section.blocks if isinstance(block, Fold)]
    blocks = [*section.blocks, *(inner for fold in folds for inner in fold)]
    tables = [block for block in blocks if isinstance(block, Table)]
    return [[[plain(cell) for cell in row] for row in table.rows] for table in tables]


def _two_classes(n: int, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    X = rng.normal(size=(n, 6))
    X[:, 0] += 1.2 * (2 * y - 1)
    return Dataset(X, y)


@cache
def wrong_batch() -> tuple[Outcome, StudyData]:
    """The same run in file order and shuffled, on data of whose batches number 4 is wrong."""
    train, validation = _two_classes(640, 0), _two_classes(300, 9)
    X, y = train.X.copy(), train.y.copy()
    X[128:160, 0], y[128:160] = 1.2, 0
    options = {
        "model": "logistic", "batch_size": 32, "learning_rate": 0.5, "max_epochs": 40,
        "early_stopping": {"patience": 40},
    }  # fmt: skip
    configs = [TrainConfig.model_validate(options | {"order": o}) for o in ("file", "epoch")]
    results = train_many(Dataset(X, y), validation, configs)
    named = dict(zip(("file", "mixed"), results, strict=True))
    return outcome_in_memory(Dataset(X, y), validation, named)
