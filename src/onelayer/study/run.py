"""Run a study: train what is not yet trained, and keep every result as it comes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from onelayer.data import Dataset
from onelayer.errors import InputError
from onelayer.optimum import check_minimum
from onelayer.study.data import StudyData
from onelayer.study.outcome import Outcome
from onelayer.study.schema import Run, Study
from onelayer.study.selection import Selection
from onelayer.study.writer import RunFolderWriter
from onelayer.training import Ended, Event, RunState, Schedule, stop_on_interrupt, train_many
from onelayer.training.checks import check_config, check_targets
from onelayer.training.draws import Draws
from onelayer.training.idle import refuse_too_late

Observer = Callable[[Run, Event], None]
"""Who wants to see a study go on is told of each event of a run."""

Place = Callable[[Dataset], Dataset]
"""From examples in blocks to the same ones where they are trained on; each call places them anew,
so that runs of one block size and the same examples go together."""


def check_study(study: Study, data: StudyData) -> None:
    """Refuse what training would refuse, before a folder is touched.

    Raises
    ------
    InputError
        If a run and the data do not fit together.
    """
    for run in study.runs:
        train_set, _ = data.of(run)
        where = "model" if run.config.model == "multilabel" else "classes"
        check_targets(run.config.model, train_set, f"runs.{run.name}.{where}")
        try:
            check_config(train_set, run.config, None, validates=True)
            rows = Draws(train_set, None).rows(run.config, None)
            n = train_set.n_examples if rows is None else len(rows)
            refuse_too_late(run.config, Schedule.of(run.config, n).max_steps)
            if run.config.seeks_minimum:
                check_minimum(train_set, run.config.objective, rows)
        except InputError as error:
            raise InputError(f"runs.{run.name}: {error}") from None


def run_study(
    study: Study,
    data: StudyData,
    folder: RunFolderWriter,
    observer: Observer,
    *,
    threads: int | None = None,
    stop: threading.Event | None = None,
    place: Place | None = None,
) -> Outcome:
    """Train the runs that the folder does not hold yet, those on the same examples together.

    The folder is one that was opened for the same study and data. `stop` or Ctrl-C ends the runs
    under way and starts no others: `Outcome.missing` then names what is left, and the same calls on
    the same folder go on where it was. `place` says where the examples lie in training.
    """
    groups: dict[tuple[Selection, int], list[Run]] = {}
    for run in study.runs:
        if run.name not in folder.done:
            size = 0 if place is None else run.config.block_size
            groups.setdefault((run.selection, size), []).append(run)
    with stop_on_interrupt(stop) as stop:
        for runs in groups.values():
            if not stop.is_set():
                parts = data.of(runs[0])
                if place is not None:
                    size = runs[0].config.block_size
                    parts = place(parts[0].in_blocks(size)), place(parts[1].in_blocks(size))
                _train_together(runs, parts, folder, observer, threads, stop)
    if len(folder.done) == len(study.runs):
        folder.complete()
    return folder.reader().outcome()


def _train_together(
    runs: list[Run],
    parts: tuple[Dataset, Dataset],
    folder: RunFolderWriter,
    observer: Observer,
    threads: int | None,
    stop: threading.Event,
) -> None:
    def hear(event: Event) -> None:
        if isinstance(event, Ended) and event.result.stop_reason != "interrupted":
            folder.add(runs[event.run], event.result)
        observer(runs[event.run], event)

    def keep(states: Mapping[int, RunState]) -> None:
        go_on = {runs[i].name: s for i, s in states.items() if s.reason is None}
        folder.keep(go_on, now=stop.is_set())

    train_many(
        *parts, [run.config for run in runs], threads, listen=hear, keep=keep,
        states=folder.states(runs), stop=stop,
    )  # fmt: skip
    folder.flush()
