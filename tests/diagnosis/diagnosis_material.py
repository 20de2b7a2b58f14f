"""Made-up outcomes of studies: runs with the curves that a test plants."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onelayer.data import Dataset, Scaling
from onelayer.diagnosis import Context, Finding, finding_from_json
from onelayer.inference import Classifier
from onelayer.model import ModelName
from onelayer.study import Outcome, Run, RunOutcome, Selection, Study, StudyData, outcome_in_memory
from onelayer.study.schema import DataChoice
from onelayer.training import (
    Evaluation,
    Final,
    History,
    RunRecord,
    StopReason,
    TrainConfig,
    train_many,
)


def run_outcome(
    name: str = "run",
    val_loss: ArrayLike = (0.5,),
    *,
    val_accuracy: ArrayLike = 0.9,
    train_accuracy: ArrayLike = 0.9,
    weight_norm: ArrayLike = 1.0,
    every: int = 2,
    batches_per_epoch: int = 10,
    steps: int | None = None,
    stop_reason: StopReason = StopReason.MAX_EPOCHS,
    message: str = "all epochs done",
    n_train: int = 1000,
    n_validation: int = 1000,
    classes: tuple[int, ...] | None = None,
    weights: NDArray[np.floating] | None = None,
    final: Final | None = None,
    **options: Any,
) -> RunOutcome:
    """A run with an evaluation after each `every`-th step; single numbers hold for all of them."""
    losses = np.atleast_1d(np.asarray(val_loss, float))
    columns = [
        np.broadcast_to(np.asarray(c, float), losses.shape).tolist()
        for c in (losses, val_accuracy, train_accuracy, weight_norm)
    ]
    evaluations = [
        Evaluation(i * every, i * every // batches_per_epoch, *row)
        for i, row in enumerate(zip(*columns, strict=True))
    ]
    if steps is None:
        steps = evaluations[-1].step + 1 if evaluations else 0
    finite = np.flatnonzero(np.isfinite(losses))
    best = finite[np.argmin(losses[finite])] if len(finite) else None
    history = History(batches_per_epoch, np.full(steps, 0.5), tuple(evaluations))
    last = evaluations[-1] if evaluations else None
    config = TrainConfig(**options)
    outputs = (0, 1, 2) if classes is None else classes
    arrays = np.zeros((4, 3)) if weights is None else np.asarray(weights, np.float64)
    record = RunRecord(
        name=name,
        config=config,
        classes=outputs,
        n_train=n_train,
        n_validation=n_validation,
        steps=steps,
        batches_per_epoch=batches_per_epoch,
        evaluations=len(evaluations),
        stop_reason=stop_reason,
        message=message,
        best=None if best is None else evaluations[best],
        last=last,
        final=final or (
            Final(last.val_loss, last.val_accuracy, 0.4, last.train_accuracy, last.weight_norm)
            if last
            else Final(None, None, None, None, 0.0)
        ),
    )  # fmt: skip
    kind: ModelName = "softmax" if arrays.shape[1] > 1 else "logistic"
    names = tuple(range(max(2, arrays.shape[1])))
    model = Classifier(kind, arrays, np.zeros(arrays.shape[1]), names, Scaling(1.0, 0.0))
    run = Run(name=name, selection=Selection(classes=classes), config=config)
    return RunOutcome(run, record, history.frame(name), model)


def outcome_of(*runs: RunOutcome, image_shape: list[int] | None = None) -> Outcome:
    study = Study(
        name="made-up",
        title="Made up",
        seed=0,
        data=DataChoice(),
        runs=tuple(run.run for run in runs),
        sections=(),
    )
    """Facts of images are those of `image_shape`: height, width and perhaps channels."""
    data: dict[str, Any] = {"image_shape": image_shape and image_shape[:2]}
    data["n_features"] = int(np.prod(image_shape or [4]))
    return Outcome(study, data, runs)


def data_of(n: int = 12, labels: Sequence[int] = (0, 1, 2), n_features: int = 4) -> StudyData:
    rng = np.random.default_rng(0)
    y = np.resize(np.array(labels), n)
    part = Dataset(rng.normal(size=(n, n_features)), y, classes=range(3))
    return StudyData(DataChoice(train=n, validation=n), part, part)


def trained_run(train: Dataset, validation: Dataset, **options: Any) -> Context:
    """A study of one run, named run, that is really trained."""
    result = train_many(train, validation, [TrainConfig.model_validate(options)])[0]
    return Context(*outcome_in_memory(train, validation, {"run": result}))


def trained(
    train: Dataset, validation: Dataset, configs: Mapping[str, TrainConfig], **how: Any
) -> Context:
    """What checks look at after these runs were really trained."""
    results = train_many(train, validation, list(configs.values()))
    return Context(
        *outcome_in_memory(train, validation, dict(zip(configs, results, strict=True))), **how
    )


def as_strict_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """What findings.json would hold; NaN and infinity are errors, and it can be read again."""
    content: list[dict[str, Any]] = json.loads(
        json.dumps([f.as_json() for f in findings], allow_nan=False)
    )
    read = [finding_from_json(values) for values in content]
    assert [f.kind for f in read] == [f.kind for f in findings]
    assert [f.as_json() for f in read] == content
    return content


def evidence_of(finding: Finding) -> dict[str, Any]:
    """The numbers that findings.json would hold."""
    evidence: dict[str, Any] = as_strict_json([finding])[0]["evidence"]
    return evidence
