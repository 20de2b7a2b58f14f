"""Results that were never in a folder, as a study has them."""

from __future__ import annotations

from collections.abc import Mapping

from onelayer.data import Dataset
from onelayer.study.data import StudyData
from onelayer.study.outcome import Outcome, RunOutcome
from onelayer.study.schema import DataChoice, Run, Study
from onelayer.training import RunRecord, TrainResult, as_classifier


def outcome_in_memory(
    train: Dataset, validation: Dataset, results: Mapping[str, TrainResult], name: str = "in-memory"
) -> tuple[Outcome, StudyData]:
    """Return what a study of these runs would have, and its data.

    Parameters
    ----------
    train, validation : Dataset
        The examples that all runs were trained and validated on.
    results : mapping of str to TrainResult
        By the run's name.
    """
    choice = DataChoice(
        source=name, train=train.n_examples, validation=validation.n_examples
    )  # fmt: skip
    data = StudyData(choice, train, validation)
    runs = {key: Run(name=key, config=result.config) for key, result in results.items()}
    study = Study(name=name, title=name, data=choice, runs=tuple(runs.values()), sections=())
    outcomes = []
    for key, result in results.items():
        model = as_classifier(result, name=key, data={"source": name})
        record = RunRecord.from_json(model.record)
        outcomes.append(RunOutcome(runs[key], record, result.history.frame(key), model))
    return Outcome(study, data.facts(), tuple(outcomes)), data
