"""Look at a finished run folder again, with other checks or another budget."""

from __future__ import annotations

import math
from collections.abc import Collection
from contextlib import nullcontext
from pathlib import Path

from onelayer.diagnosis import Finding, diagnose
from onelayer.errors import InputError
from onelayer.study import RunFolderReader, load_data
from onelayer.workflow.sweep_folder import refuse_sweep
from onelayer.workflow.watch import Stage


def diagnose_folder(
    path: Path,
    *,
    only: Collection[str] = (),
    budget: float = math.inf,
    threads: int | None = None,
    stage: Stage = lambda _text: nullcontext(),
) -> list[Finding]:
    """Return what the checks find in a run folder; nothing in it is changed.

    Parameters
    ----------
    path : Path
    only : collection of str
        Codes of the checks to make, also those that the study mutes; empty: all that it does not.
    budget : float
        Seconds that experiments may take, by the count of their operations.
    stage : function
        Shows which check is looking.

    Raises
    ------
    InputError
        If it is no folder of a study whose runs have ended, its data is no longer the same, or
        there is no check of a code.
    """
    refuse_sweep(path)
    reader = RunFolderReader.load(path)
    outcome = reader.outcome()
    if outcome.missing:
        raise InputError(
            f"{path}: the study is not finished; the command that began it goes on with it."
        )
    with stage(f"Reading {reader.study.data.source}"):
        data = load_data(reader.study)
        now, then = data.facts()["sha256"], reader.data["sha256"]
    if now != then:
        raise InputError(
            f"{path}: {reader.study.data.source} holds other examples than when the study was "
            "run: experiments would speak of other data. Run the study again."
        )
    mute = () if only else reader.study.mute
    return diagnose(
        outcome, data, only=only, mute=mute, budget=budget, threads=threads,
        watch=lambda check: stage(f"{check.kind.code} {check.kind.title}"),
    )  # fmt: skip
