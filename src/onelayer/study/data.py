"""Load a study's data: counts first, a run's subset of classes after."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from onelayer.data import Dataset, fingerprint, load_parts
from onelayer.data.labels import Label
from onelayer.errors import InputError
from onelayer.study.schema import DataChoice, Run, Study


@dataclass(frozen=True, eq=False)
class StudyData:
    """The training and the validation examples of a study.

    Attributes
    ----------
    choice : DataChoice
        With the counts that were really taken.
    notes : tuple of str
        What the user should know about the choice.
    """

    choice: DataChoice
    train: Dataset
    validation: Dataset
    notes: tuple[str, ...] = ()
    _of_classes: dict[tuple[Label, ...], tuple[Dataset, Dataset]] = field(default_factory=dict)

    def of(self, run: Run) -> tuple[Dataset, Dataset]:
        """Return the examples of a run's classes, in file order: copied once for all such runs.

        Raises
        ------
        InputError
            If the data has no such class, or a part has no example of them.
        """
        if run.classes is None:
            return self.train, self.validation
        if run.classes not in self._of_classes:
            try:
                parts = [d.subset_of_classes(run.classes) for d in (self.train, self.validation)]
            except InputError as error:
                raise InputError(f"runs.{run.name}.classes: {error}") from None
            self._of_classes[run.classes] = parts[0], parts[1]
        return self._of_classes[run.classes]

    def facts(self) -> dict[str, object]:
        """Return what results.json says of the data."""
        prints = [fingerprint(part.X, part.y) for part in (self.train, self.validation)]
        return {
            **self.choice.model_dump(),
            "n_features": self.train.n_features,
            "classes": list(self.train.classes),
            "image_shape": list(self.train.image_shape) if self.train.image_shape else None,
            "scaling": {"scale": self.train.scaling.scale, "offset": self.train.scaling.offset},
            "sha256": hashlib.sha256("".join(prints).encode()).hexdigest(),
        }


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
    taken: dict[str, Dataset] = {}
    notes = []
    for (key, count), part in zip(asked.items(), parts, strict=True):
        if count is not None and count > part.n_examples:
            said = (
                f"data.{key}: {count:,} examples were asked for, the source has {part.n_examples:,}"
            )
            if key not in limits:
                raise InputError(
                    f"{said}. Ask for at most that many, or leave the key out for all."
                )
            notes.append(f"{said}: all are taken.")
        some = part.first(min(count or part.n_examples, part.n_examples))
        # A copy of what is needed lets go of the rest.
        taken[key] = part if some is part else replace(some, X=some.X.copy())
    choice = DataChoice(
        source=study.data.source, **{key: part.n_examples for key, part in taken.items()}
    )
    return StudyData(choice, taken["train"], taken["validation"], tuple(notes))
