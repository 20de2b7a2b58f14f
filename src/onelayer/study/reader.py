"""Read a run folder: finished, unfinished or none at all."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import polars as pl

from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.inference.file import SUFFIX
from onelayer.storage import Folder
from onelayer.study.file import read_resolved
from onelayer.study.outcome import Outcome, RunOutcome
from onelayer.study.replicates import replicates_of
from onelayer.study.schema import Study
from onelayer.training import RunRecord, history_schema

STUDY, RESULTS, HISTORY, FINDINGS, PAGE = (
    "study.toml", "results.json", "history.parquet", "findings.json", "report.html"
)  # fmt: skip
FORMAT = 2
"""Of results.json."""


def model_file(run: str) -> str:
    """Return the name of a run's model in its folder."""
    return f"models/{run}{SUFFIX}"


def history_part(run: str) -> str:
    """Return the name of a run's history while the study is unfinished."""
    return f"history/{run}.parquet"


@dataclass(frozen=True, eq=False)
class RunFolderReader:
    """The content of a run folder, with every checksum verified as it is read.

    Attributes
    ----------
    folder : Folder
    study : Study
        As resolved.
    data : dict
        The facts of its data.
    records : tuple of RunRecord
        Of the runs that have come to an end, in the order of the study.
    """

    folder: Folder
    study: Study
    data: dict[str, Any]
    records: tuple[RunRecord, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open a folder.

        Raises
        ------
        InputError
            If it is no run folder, or a file in it is damaged, was edited or is missing.
        """
        return cls.of(Folder.open(path))

    @classmethod
    def of(cls, folder: Folder) -> Self:
        """Read a folder that is open."""
        if STUDY not in folder.names or RESULTS not in folder.names:
            raise InputError(
                f"{folder.path}: is not a run folder; name a folder that onelayer study wrote."
            )
        study = read_resolved(folder.read(STUDY), str(folder.path / STUDY))
        results = json.loads(folder.read(RESULTS))
        if results.get("format") != FORMAT:
            raise InputError(
                f"{folder.path / RESULTS}: has format {results.get('format')!r}, and this onelayer "
                f"reads format {FORMAT}; run the study again into another folder."
            )
        try:
            records = tuple(RunRecord.from_json(entry) for entry in results["runs"])
        except InputError as error:
            raise InputError(
                f"{folder.path / RESULTS}: {error}, or another version of onelayer wrote it; run "
                "the study again into another folder."
            ) from None
        return cls(folder, study, results["data"], records)

    @property
    def is_finished(self) -> bool:
        """Whether the report is there, which is written last."""
        return PAGE in self.folder.names

    def results(self) -> dict[str, Any]:
        """Return the results document."""
        return results_document(self.study, self.data, self.records)

    def outcome(self) -> Outcome:
        """Return the results of all runs that have come to an end."""
        runs = {run.name: run for run in self.study.runs}
        whole = self._frame(HISTORY) if HISTORY in self.folder.names else None
        return Outcome(
            self.study,
            self.data,
            tuple(
                RunOutcome(
                    runs[record.name],
                    record,
                    self._frame(history_part(record.name)) if whole is None
                    else whole.filter(pl.col("run") == record.name),
                    self._model(record.name),
                )
                for record in self.records
            ),
        )  # fmt: skip

    def _frame(self, name: str) -> pl.DataFrame:
        frame = pl.read_parquet(io.BytesIO(self.folder.read(name)))
        if frame.schema != pl.Schema(history_schema()):
            raise InputError(f"{self.folder.path / name}: has other columns than a history.")
        return frame

    def _model(self, run: str) -> Classifier:
        self.folder.read(model_file(run))  # verifies what is there
        return Classifier.load(self.folder.path / model_file(run))


def results_document(
    study: Study, data: dict[str, Any], records: tuple[RunRecord, ...]
) -> dict[str, Any]:
    """Return the content of results.json, which holds nothing that differs between like runs."""
    return {
        "format": FORMAT,
        "study": study.name,
        "title": study.title,
        "data": data,
        "runs": [record.as_json() for record in records],
        "replicates": [group.as_json() for group in replicates_of(study.runs, records)],
    }
