"""Load a study's data: the parts first, what each run takes of them after."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from onelayer.data import Dataset, load_parts
from onelayer.data.parts import random_parts
from onelayer.errors import InputError
from onelayer.study.schema import DataChoice, Run, Study
from onelayer.study.selection import Selected, Selection, sha256_of


@dataclass(frozen=True, eq=False)
class StudyData:
    """The training and the validation examples of a study.

    Attributes
    ----------
    choice : DataChoice
        With the counts that were really taken.
    notes : tuple of str
        What the user should know about the choice.
    runs : tuple of Run
        Whose examples `facts` tells of.
    """

    choice: DataChoice
    train: Dataset
    validation: Dataset
    notes: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    _selected: dict[Selection, Selected] = field(default_factory=dict)

    def of(self, run: Run) -> tuple[Dataset, Dataset]:
        """Return the examples of a run, in file order: made once for all such runs.

        Raises
        ------
        InputError
            If the data has no such examples, or too few.
        """
        return self.selected(run).parts

    def selected(self, run: Run) -> Selected:
        """Return the examples of a run, and what was done to them; see `of`."""
        selection = run.selection
        if selection not in self._selected:
            try:
                self._selected[selection] = selection.of(self.train, self.validation)
            except InputError as error:
                raise InputError(f"runs.{run.name}.{error}") from None
        return self._selected[selection]

    def facts(self) -> dict[str, object]:
        """Return what results.json says of the data."""
        return {
            **self.choice.model_dump(),
            "n_features": self.train.n_features,
            "classes": list(self.train.classes),
            "image_shape": list(self.train.image_shape) if self.train.image_shape else None,
            "scaling": {"scale": self.train.scaling.scale, "offset": self.train.scaling.offset},
            "sha256": sha256_of((self.train, self.validation)),
            "selections": self._selections(),
        }

    def _selections(self) -> list[dict[str, Any]]:
        """Return what was done to the examples of runs, beyond a choice of classes."""
        runs: dict[Selection, list[str]] = {}
        for run in self.runs:
            if run.selection.table().keys() - {"classes"}:
                runs.setdefault(run.selection, []).append(run.name)
        first = {run.selection: run for run in reversed(self.runs)}
        return [
            {"runs": names, **selection.table(), **self.selected(first[selection]).facts()}
            for selection, names in runs.items()
        ]


def load_data(study: Study, *, limits: Collection[str] = ()) -> StudyData:
    """Load the examples a study asks for.

    Parameters
    ----------
    study : Study
    limits : collection of "train" and "validation"
        Counts that were written with another source in mind: where a part has fewer examples, all
        are taken, and `notes` says so.

    Raises
    ------
    InputError
        If a part has fewer examples than asked for, or the source cannot be read.
    """
    parts = load_parts(study.data.source)
    asked = {"train": study.data.train, "validation": study.data.validation}
    pooled = study.data.split == "random"
    counts, notes = {}, []
    for (key, count), part in zip(asked.items(), parts, strict=True):
        if count is not None and count > part.n_examples and (not pooled or key in limits):
            said = (
                f"data.{key}: {count:,} examples were asked for, the source has {part.n_examples:,}"
            )
            if key not in limits:
                raise InputError(
                    f"{said}. Ask for at most that many, or leave the key out for all."
                )
            notes.append(f"{said}: all are taken.")
            count = part.n_examples
        counts[key] = count or part.n_examples
    choice, train, validation = _taken(study, parts, counts)
    return StudyData(choice, train, validation, tuple(notes), study.runs)


def _taken(
    study: Study, parts: tuple[Dataset, Dataset], counts: dict[str, int]
) -> tuple[DataChoice, Dataset, Dataset]:
    """Return so many examples of each part, and the choice as it was made."""
    data = study.data
    if data.split == "random":
        seed = study.seed if data.split_seed is None else data.split_seed
        try:
            drawn = random_parts(*parts, counts["train"], counts["validation"], seed)
        except InputError as error:
            raise InputError(f"data.split: {error}") from None
        return data.model_copy(update={**counts, "split_seed": seed}), *drawn
    train, validation = (_first(part, n) for part, n in zip(parts, counts.values(), strict=True))
    return data.model_copy(update=counts), train, validation


def _first(part: Dataset, n: int) -> Dataset:
    some = part.first(n)
    # A copy of what is needed lets go of the rest.
    return part if some is part else replace(some, X=some.X.copy())
