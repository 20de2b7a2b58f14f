"""Set two finished run folders side by side."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from pathlib import Path

from onelayer.data.sources import FOLDER_VARIABLE
from onelayer.diagnosis import finding_from_json
from onelayer.diagnosis.pairs import pairs_of
from onelayer.errors import InputError, OnelayerError
from onelayer.report.compare import Side, compare
from onelayer.report.document import Document
from onelayer.study import FINDINGS, RunFolderReader, StudyData, load_data
from onelayer.words import shortened
from onelayer.workflow.sweep_folder import refuse_sweep
from onelayer.workflow.watch import Stage

_LONGEST = 40


def compare_folders(
    first: Path, second: Path, *, stage: Stage = lambda _text: nullcontext()
) -> Document:
    """Return the page of two run folders; nothing in them is changed.

    Raises
    ------
    InputError
        If they are one folder, or one of them is none, is not finished, or a file in it was
        changed.
    """
    with stage("Reading the folders"):
        readers = [_finished(path) for path in (first, second)]
        if first.samefile(second):
            raise InputError(f"{first} and {second} are one folder; name two.")
        names = _names(first, second)
        one, other = (
            Side(
                name, reader.outcome(),
                tuple(map(finding_from_json, json.loads(reader.folder.read(FINDINGS)))),
            )
            for name, reader in zip(names, readers, strict=True)
        )  # fmt: skip
    data, notes = None, [_OTHERS]
    if readers[0].data["sha256"] == readers[1].data["sha256"]:
        with stage(f"Reading {readers[0].study.data.source}"):
            data, notes = _at_hand(readers[0])
    return compare(one, other, pairs_of(one.outcome, other.outcome, data), notes)


def _finished(path: Path) -> RunFolderReader:
    refuse_sweep(path)
    reader = RunFolderReader.load(path)
    if not reader.is_finished:
        raise InputError(
            f"{path}: the study is not finished; the command that began it goes on with it."
        )
    return reader


def _names(first: Path, second: Path) -> tuple[str, str]:
    """Return what the two are called: by their folders' names, or by where these part."""
    one, other = first.resolve(), second.resolve()
    names = one.name, other.name
    if names[0] == names[1]:
        names = f"{one.parent.name}/{one.name}", f"{other.parent.name}/{other.name}"
    short = tuple(shortened(name, _LONGEST) for name in names)
    if short[0] == short[1]:
        return str(one), str(other)
    return short[0], short[1]


_OTHERS = (
    "The fingerprints of the data differ, so the models answered other examples: accuracies are "
    "compared as those of two samples (Newcombe's interval), and what comes of other models "
    "cannot be told from what comes of other examples."
)

_PAIRED = (
    "The fingerprints of the data agree, and the examples are at hand: where a run is on the same "
    "classes in both, its two models are compared example by example (paired: Tango's interval "
    "for accuracies, Hall's for losses)."
)


def _at_hand(reader: RunFolderReader) -> tuple[StudyData | None, list[str]]:
    """Return the examples of a study where they can be read without a download, and a note."""
    source = reader.study.data.source
    why = "they would have to be downloaded"
    if source != "mnist" or os.environ.get(FOLDER_VARIABLE):
        try:
            data = load_data(reader.study)
            if data.facts()["sha256"] == reader.data["sha256"]:
                return data, [_PAIRED]
            why = f"{source} holds others by now"
        except (OnelayerError, OSError):
            why = f"{source} cannot be read here"
    return None, [
        f"The fingerprints of the data agree, but the examples are not at hand ({why}), so "
        "accuracies are compared as those of two samples (Newcombe's interval). Models that mostly "
        "agree differ less by chance than that: with the examples at hand the intervals are "
        "narrower."
    ]
