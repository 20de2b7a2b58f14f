"""The run folder: every file that a study leaves, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import polars as pl

from onelayer.data.atomic import replace_file
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.inference.file import SUFFIX
from onelayer.study.file import to_toml
from onelayer.study.outcome import Outcome, RunOutcome
from onelayer.study.schema import Run, Study
from onelayer.training import RunRecord, StopReason, TrainResult, history_schema


class RunFolder:
    """A folder with a study's results, which grows as runs end.

    ``results.json`` is written last after each run: what it lists is complete in the other files.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.results: dict[str, Any] = {}
        self.history = pl.DataFrame(schema=history_schema())

    # Opening ------------------------------------------------------------------------------------

    def open(self, study: Study, data: dict[str, Any], *, force: bool = False) -> None:
        """Begin a study here, or take up an unfinished one.

        Raises
        ------
        InputError
            If the folder holds a finished study, another study, or something else.
        """
        replaced = force and self._is_run_folder()
        if replaced:
            self._clear()
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"--out {self.path}: is a file; name a folder.")
        if not replaced and self.path.is_dir() and any(map(_is_content, self.path.iterdir())):
            self._take_up(study, data)
        else:
            self.results = {"study": study.name, "title": study.title, "data": data, "runs": []}
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # First of all files: it is what makes this a run folder.
            self.write_text("study.toml", to_toml(study))
            (self.path / "models").mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(
                f"--out {self.path}: cannot be written to: {error.strerror}. Name another folder."
            ) from None

    def _take_up(self, study: Study, data: dict[str, Any]) -> None:
        if not self._is_run_folder():
            raise InputError(
                f"--out {self.path}: is not empty and not a run folder; name another folder."
            )
        if (self.path / "study.toml").read_bytes() != to_toml(study).encode():
            raise InputError(
                f"{self.path}: holds a study with other settings. Name another folder with --out, "
                "or replace it with --force."
            )
        if self.is_finished:
            raise InputError(
                f"{self.path}: holds this study, finished. Open {self.path / 'report.html'}, or "
                "run it again with --force."
            )
        self._remove_partial()
        begun = self._read_results()
        if begun is not None and begun["data"] != data:
            raise InputError(
                f"{self.path}: was begun on other data. Name another folder with --out, or replace "
                "it with --force."
            )
        runs = begun["runs"] if begun else []
        done = [r for r in runs if r["stop_reason"] != StopReason.INTERRUPTED]
        self.results = {"study": study.name, "title": study.title, "data": data, "runs": done}
        if done:
            self.history = self._read_history([r["name"] for r in done])
            for run in done:
                self._read_model(run["name"])  # better now than after hours of training

    def _is_run_folder(self) -> bool:
        return (self.path / "study.toml").is_file()

    @property
    def is_finished(self) -> bool:
        """Whether the report, which is written last, is there."""
        return (self.path / "report.html").is_file() and (self.path / "report.pdf").is_file()

    @property
    def done(self) -> frozenset[str]:
        """Names of the runs whose results are kept."""
        return frozenset(run["name"] for run in self.results["runs"])

    def _clear(self) -> None:
        """Remove what a study leaves, and nothing else that a user may have put here."""
        self._remove_partial()
        for folder, suffix in (("models", SUFFIX), ("figures", ".svg")):
            for file in (self.path / folder).glob(f"*{suffix}"):
                file.unlink()
        for name in ("report.html", "report.pdf", "results.json", "findings.json",
                     "environment.json", "history.parquet", "study.toml"):  # fmt: skip
            (self.path / name).unlink(missing_ok=True)

    def _remove_partial(self) -> None:
        """Remove what a write that was cut off has left."""
        for partial in self.path.rglob(".*.partial"):
            partial.unlink()

    def _read_results(self) -> dict[str, Any] | None:
        path = self.path / "results.json"
        if not path.exists():
            return None
        try:
            results: dict[str, Any] = json.loads(path.read_bytes())
            for run in results["runs"]:
                RunRecord.from_json(run)
            _ = results["data"]
        except (ValueError, TypeError, KeyError, InputError):
            raise InputError(f"{path}: is damaged. Start anew with --force.") from None
        return results

    def _read_history(self, runs: list[str]) -> pl.DataFrame:
        path = self.path / "history.parquet"
        try:
            history = pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise InputError(f"{path}: cannot be read: {error}. Start anew with --force.") from None
        if history.schema != pl.Schema(history_schema()):
            raise InputError(f"{path}: has other columns than a history. Start anew with --force.")
        return history.filter(pl.col("run").is_in(runs))

    def _read_model(self, run: str) -> Classifier:
        try:
            return Classifier.load(self.path / "models" / f"{run}{SUFFIX}")
        except InputError as error:
            raise InputError(f"{error} Start anew with --force.") from None

    # Writing ------------------------------------------------------------------------------------

    def add(self, study: Study, run: Run, result: TrainResult, model: Classifier) -> None:
        """Write one run's model and history, then list it in results.json."""
        self.write_bytes(f"models/{run.name}{SUFFIX}", model.to_bytes())
        order = {r.name: i for i, r in enumerate(study.runs)}
        frame = pl.concat([self.history, result.history.frame(run.name)])
        self.history = frame.sort(pl.col("run").replace_strict(order), "step")
        self.write_parquet("history.parquet", self.history)

        self.results["runs"].append(dict(model.record))
        self.results["runs"].sort(key=lambda r: order[r["name"]])
        self.write_json("results.json", self.results)

    def write_json(self, name: str, content: object) -> None:
        """Write JSON; NaN is an error, since other readers refuse it."""
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        self.write_text(name, text + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write UTF-8 text."""
        self.write_bytes(name, text.encode())

    def write_parquet(self, name: str, frame: pl.DataFrame) -> None:
        """Write a table."""
        target = self._target(name)
        temporary = target.with_name(f".{target.name}.partial")
        frame.write_parquet(temporary)
        os.replace(temporary, target)

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file so that a reader sees the old content or the new, never a part."""
        replace_file(self._target(name), content)

    def _target(self, name: str) -> Path:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    # Reading ------------------------------------------------------------------------------------

    def outcome(self, study: Study) -> Outcome:
        """Return the results of all runs that are listed."""
        runs = {run.name: run for run in study.runs}
        return Outcome(
            study,
            self.results["data"],
            tuple(self._run_outcome(runs[r["name"]], r) for r in self.results["runs"]),
        )

    def _run_outcome(self, run: Run, result: dict[str, Any]) -> RunOutcome:
        history = self.history.filter(pl.col("run") == run.name)
        return RunOutcome(run, RunRecord.from_json(result), history, self._read_model(run.name))


def _is_content(path: Path) -> bool:
    """Whether a file says something: a write that was cut off does not."""
    return not path.name.endswith(".partial")
