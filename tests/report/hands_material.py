"""A study of a few images with the sections that a hand can use."""

from dataclasses import replace
from functools import cache

import numpy as np

from onelayer.data import Dataset, load
from onelayer.diagnosis import Finding, diagnose
from onelayer.report import compose
from onelayer.report.document import Document
from onelayer.study import Outcome, SectionChoice, Selection, StudyData, outcome_in_memory
from onelayer.training import TrainConfig, train_many

STEPS = {"learning_rate": 0.05, "batch_size": 16, "max_epochs": 4}
KINDS = ("draw", "mistakes")


def study_of(train: Dataset, validation: Dataset, *models: str) -> tuple[Outcome, list[Finding]]:
    """Train models, and look at their mistakes and at moved images."""
    configs = [TrainConfig.model_validate({**STEPS, "model": model}) for model in models]
    results = dict(zip(models, train_many(train, validation, configs), strict=True))
    outcome, data = outcome_in_memory(train, validation, results)
    return _with_sections(outcome), diagnose(outcome, data, only=["OL305", "OL306"])


@cache
def digits() -> tuple[Outcome, list[Finding], Dataset]:
    """Softmax on all digits, logistic on two of them; and the validation examples."""
    train, validation = load("digits")
    two = train.subset_of_classes([2, 3]), validation.subset_of_classes([2, 3])
    outcome, data = outcome_in_memory(
        train, validation,
        {"softmax": train_many(train, validation, [TrainConfig.model_validate(STEPS)])[0]},
    )  # fmt: skip
    config = TrainConfig.model_validate({**STEPS, "model": "logistic"})
    other, _ = outcome_in_memory(*two, {"two": train_many(*two, [config])[0]})
    (run,) = other.runs
    run = replace(run, run=run.run.model_copy(update={"selection": Selection(classes=(2, 3))}))
    runs = (*outcome.runs, run)
    study = outcome.study.model_copy(update={"runs": tuple(each.run for each in runs)})
    both = _with_sections(Outcome(study, outcome.data, runs))
    data = StudyData(data.choice, train, validation)
    return both, diagnose(both, data, only=["OL305", "OL306"]), validation


def colours() -> tuple[Outcome, list[Finding], Dataset]:
    """Two models of small images in colour, whose classes have names that HTML could read."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 240)
    X = rng.integers(0, 256, (240, 6, 6, 3), dtype=np.uint8)
    X[..., 0] = np.clip(X[..., 0] // 2 + 50 * y[:, None, None], 0, 255)
    names = np.array(["<b>sea</b>", "red & `blue`"])[y]
    train, validation = Dataset(X[:160], names[:160]), Dataset(X[160:], names[160:])
    return *study_of(train, validation, "softmax", "logistic"), validation


def document_of(outcome: Outcome, findings: list[Finding]) -> Document:
    """Return the report."""
    return compose(outcome, findings)


def _with_sections(outcome: Outcome) -> Outcome:
    sections = tuple(SectionChoice.model_validate({"kind": kind}) for kind in KINDS)
    study = outcome.study.model_copy(update={"sections": sections})
    return Outcome(study, outcome.data, outcome.runs)
