"""Run a study: train what is not yet trained, and keep every result as it comes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from onelayer.data import Dataset, fingerprint
from onelayer.errors import InputError
from onelayer.study.data import StudyData
from onelayer.study.folder import RunFolder
from onelayer.study.outcome import Outcome
from onelayer.study.schema import Label, Run, Study
from onelayer.training import (
    Ended,
    Event,
    Schedule,
    as_classifier,
    stop_on_interrupt,
    train_many,
)

Observer = Callable[[Run, Event], None]
"""Who wants to see a study go on is told of each event of a run; when a run has ended, its results
are on disk."""


def open_study(study: Study, data: StudyData, folder: RunFolder, *, force: bool = False) -> None:
    """Begin a study in a folder, or take it up there.

    `study.data` must be the choice that `data` was loaded by. With `force` a run folder is emptied
    first.

    Raises
    ------
    InputError
        If a run and the data do not fit together, or the folder cannot be used. Nothing has been
        written or removed then.
    """
    for run in study.runs:
        _check_fit(run, data.of(run)[0])
    folder.open(study, data.facts(), force=force)


def run_study(
    study: Study,
    data: StudyData,
    folder: RunFolder,
    observer: Observer,
    *,
    threads: int | None = None,
) -> Outcome:
    """Train the runs that the folder does not hold yet, those on the same classes together.

    The folder is one that :func:`open_study` opened for the same study and data.

    Ctrl-C ends the runs under way as ``interrupted`` and starts no others; `Outcome.missing` then
    names what is left, and the same calls on the same folder do it.
    """
    groups: dict[tuple[Label, ...] | None, list[Run]] = {}
    for run in study.runs:
        if run.name not in folder.done:
            groups.setdefault(run.classes, []).append(run)
    with stop_on_interrupt() as stop:
        for runs in groups.values():
            if not stop.is_set():
                _run_group(study, runs, data.of(runs[0]), folder, observer, threads, stop)
    return folder.outcome(study)


def _check_fit(run: Run, train_set: Dataset) -> None:
    """Refuse what training would refuse, before the folder is touched."""
    try:
        Schedule.of(run.config, train_set.n_examples)
    except InputError as error:
        raise InputError(f"runs.{run.name}: {error}") from None
    if run.config.model == "logistic" and train_set.n_classes != 2:
        raise InputError(
            f"runs.{run.name}.classes: logistic regression takes two classes, the data has "
            f"{train_set.n_classes}: {', '.join(map(str, train_set.classes))}. List two of them."
        )


def _run_group(
    study: Study,
    runs: Sequence[Run],
    parts: tuple[Dataset, Dataset],
    folder: RunFolder,
    observer: Observer,
    threads: int | None,
    stop: threading.Event,
) -> None:
    train_set, validation_set = parts
    facts = {
        **study.data.model_dump(),
        "fingerprint": fingerprint(train_set.X, train_set.y),
    }

    def hear(event: Event) -> None:
        run = runs[event.run]
        if isinstance(event, Ended):
            model = as_classifier(event.result, name=run.name, data=facts)
            folder.add(study, run, event.result, model)
        observer(run, event)

    train_many(
        train_set, validation_set, [run.config for run in runs], threads, listen=hear, stop=stop
    )
