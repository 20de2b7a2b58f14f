"""Write a run folder, one transaction after another: what it lists is there."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import polars as pl

from onelayer.errors import Argument, InputError
from onelayer.json_values import json_lines
from onelayer.storage import Folder
from onelayer.study.differences import differences
from onelayer.study.file import to_toml
from onelayer.study.reader import (
    HISTORY,
    PAGE,
    RESULTS,
    STUDY,
    RunFolderReader,
    history_part,
    model_file,
    results_document,
)
from onelayer.study.schema import Run, Study
from onelayer.training import Checkpoint, RunRecord, RunState, TrainResult, as_classifier

CHECKPOINT = "checkpoint.safetensors"


class RunFolderWriter:
    """A run folder that grows as runs end. Use it in a `with` statement: one process has it.

    Parameters
    ----------
    folder : Folder
        Locked for this process.
    study : Study
    data : dict
        The facts of its data.
    records : tuple of RunRecord
        Of the runs that are done.
    """

    def __init__(
        self,
        folder: Folder,
        study: Study,
        data: dict[str, Any],
        records: tuple[RunRecord, ...],
    ) -> None:
        self._folder, self._study, self._data = folder, study, data
        self._records = {record.name: record for record in records}
        self._ended: dict[str, bytes] = {}
        facts = {"study": to_toml(study), "data": data}
        self._checkpoint = Checkpoint(folder.path / CHECKPOINT, facts)

    @classmethod
    def open(
        cls,
        path: Path,
        study: Study,
        data: dict[str, Any],
        *,
        force: bool = False,
    ) -> Self:
        """Begin a study in a folder, or take it up there.

        With `force` the files of the study that is there are removed first.

        Raises
        ------
        InputError
            If the folder holds a finished study, another study or something else, a file in it is
            damaged or was edited, or another process works in it. Nothing has been changed then.
        """
        folder = Folder.lock(path)
        try:
            if force and folder.names:
                Checkpoint(path / CHECKPOINT, {}).remove()
                folder.clear()
            records: tuple[RunRecord, ...] = ()
            if folder.names:
                records = _taken_up(folder, study, data)
            elif folder.is_new and (foreign := next(folder.foreign(), None)):
                raise InputError(
                    f"{path}: holds {foreign.name} and is not a run folder; name another folder."
                )
            writer = cls(folder, study, data, records)
            folder.sweep_up()
            if not folder.names:
                folder.commit({STUDY: to_toml(study).encode(), RESULTS: writer.results()})
        except BaseException:
            folder.close()
            raise
        return writer

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Let other processes have the folder."""
        self._folder.close()

    @property
    def path(self) -> Path:
        """Where the folder is."""
        return self._folder.path

    @property
    def done(self) -> frozenset[str]:
        """Names of the runs whose results are kept."""
        return frozenset(self._records)

    def states(self, runs: list[Run]) -> list[RunState | None]:
        """Return where each run stands; None: at its start."""
        states = self._checkpoint.load({run.name: run.config for run in runs})
        return [states.get(run.name) for run in runs]

    def keep(self, states: Mapping[str, RunState], *, now: bool = False) -> None:
        """Write the results of the runs that have ended, and now and then a checkpoint."""
        self.flush()
        self._checkpoint.keep(states, now=now)

    def add(self, run: Run, result: TrainResult) -> None:
        """Take a run's results, to be written with those of others that end at the same step."""
        facts = {key: self._data[key] for key in ("source", "train", "validation", "sha256")}
        changes = {k: v for k, v in run.selection.table().items() if k != "classes"}
        origin = {"study": self._study.name, **facts, **changes}
        model = as_classifier(result, name=run.name, label=run.label or "", data=origin)
        self._ended |= {
            model_file(run.name): model.to_bytes(),
            history_part(run.name): _parquet(result.history.frame(run.name)),
        }
        self._records[run.name] = RunRecord.from_json(model.record)

    def flush(self) -> None:
        """Write what was taken."""
        if self._ended:
            # The list comes last: what it lists is there.
            self._folder.commit(self._ended | {RESULTS: self.results()})
            self._ended = {}

    def complete(self) -> None:
        """Write the history of all runs as one table, once all are done."""
        parts = [history_part(run.name) for run in self._study.runs]
        if HISTORY not in self._folder.names:
            frames = [pl.read_parquet(io.BytesIO(self._folder.read(part))) for part in parts]
            self._folder.commit({HISTORY: _parquet(pl.concat(frames))}, remove=parts)
        self._checkpoint.remove()

    def finish(self, files: Mapping[str, bytes]) -> None:
        """Write what follows from the results, the page among it: the study is finished."""
        self._folder.commit(files)

    def reader(self) -> RunFolderReader:
        """Return what the folder holds."""
        return RunFolderReader.of(self._folder)

    def results(self) -> bytes:
        """Return the content of results.json."""
        records = tuple(self._records[r.name] for r in self._study.runs if r.name in self._records)
        return json_bytes(results_document(self._study, self._data, records))


def json_bytes(content: object) -> bytes:
    """Return JSON in UTF-8; NaN is an error, since other readers refuse it."""
    return f"{json_lines(content)}\n".encode()


def _taken_up(folder: Folder, study: Study, data: dict[str, Any]) -> tuple[RunRecord, ...]:
    """Return the records of the runs that are done, if this study can be taken up here."""
    folder.verify()  # better now than after hours of training
    reader = RunFolderReader.of(folder)
    replace = (
        " Name another folder with ", Argument("out"), ", or replace it with ",
        Argument("force", "True"), ".",
    )  # fmt: skip
    if differs := differences(reader.study, study):
        raise InputError(
            f"{folder.path}: holds a study with other settings: {'; '.join(differs)}.", *replace
        )
    if differs := [key for key in data if reader.data.get(key) != data[key]]:
        raise InputError(
            f"{folder.path}: was begun on other data: {', '.join(differs)} differ.", *replace
        )
    if reader.is_finished:
        raise InputError(
            f"{folder.path}: holds this study, finished. Open {folder.path / PAGE}, or run it "
            "again with ",
            Argument("force", "True"),
            ".",
        )
    return reader.records


def _parquet(frame: pl.DataFrame) -> bytes:
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()
