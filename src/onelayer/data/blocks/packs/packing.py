"""What a pack that is under way knows of itself, kept beside its unfinished files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from onelayer.data.blocks.packs.manifest import StoredType
from onelayer.errors import Argument, InputError
from onelayer.storage import write_file
from onelayer.words import bytes_in_words

FOLDER, DEALT = "packing", "dealt.json"

Tell = Callable[[Literal["deal", "gather"], int, int, int], object]
"""Takes the pass, the examples that it has done and those that there are, and the bytes done."""

_OPTIONS = ("block_length", "seed", "classes")


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Plan(_Kept):
    """What is packed, and how: all that the result follows from.

    Attributes
    ----------
    n_examples, n_features : int
    dtype : str
    sparse : bool
    n_labels : int or None
        Columns of the labels, where they are a matrix.
    division : int
        The CRC-32 of the lengths of the source's blocks.
    first : int
        That of the content of its first block.
    stamp : str
        What else the caller knows the state of the source by.
    block_length, seed : int
    classes : tuple of labels, or None
    """

    n_examples: int
    n_features: int
    dtype: StoredType
    sparse: bool
    n_labels: int | None
    division: int
    first: int
    stamp: str
    block_length: int
    seed: int
    classes: tuple[bool | int | str, ...] | None

    @property
    def n_blocks(self) -> int:
        """Blocks of the result."""
        return -(-self.n_examples // self.block_length)

    def length(self, i: int) -> int:
        """Return the examples of a block of the result."""
        return min(self.block_length, self.n_examples - i * self.block_length)


class Dealt(_Kept):
    """What the first pass has done.

    Attributes
    ----------
    plan : Plan
    ends : tuple of int
        For each run the number of the source's blocks that are dealt when it is.
    seen : tuple of labels
        The labels so far, by their numbers in the runs.
    checksums : tuple of int
        Of the source's blocks.
    n_examples, n_bytes : int
        Of the source's blocks.
    """

    plan: Plan
    ends: tuple[int, ...] = ()
    seen: tuple[bool | int | str, ...] = ()
    checksums: tuple[int, ...] = ()
    n_examples: int = 0
    n_bytes: int = 0

    @property
    def n_blocks(self) -> int:
        """Blocks of the source that are dealt."""
        return self.ends[-1] if self.ends else 0

    def write(self, folder: Path) -> None:
        """Write it beside the runs, whole or not at all."""
        write_file(folder / DEALT, self.model_dump_json().encode())

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return what was written, None where nothing was.

        Raises
        ------
        InputError
            If it cannot be used.
        """
        try:
            return cls.model_validate_json(json.dumps(json.loads((folder / DEALT).read_bytes())))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, ValidationError, RecursionError):
            raise unusable(folder) from None

    def check(self, plan: Plan, out: Path) -> None:
        """Refuse to go on with another plan.

        Raises
        ------
        InputError
        """
        before, now = self.plan.model_dump(), plan.model_dump()
        options = [name for name in _OPTIONS if before[name] != now[name]]
        changed = [name for name in before if before[name] != now[name] and name not in _OPTIONS]
        if not changed and not options:
            return
        what = (
            "the source has changed since, or is another one"
            if changed
            else f"{options[0]} was {before[options[0]]!r} and is now {now[options[0]]!r}"
        )
        raise InputError(
            f"{out}: holds an unfinished pack, and {what}. Start anew with ",
            Argument("force", "True"), ", or name another folder.",
        )  # fmt: skip


def unusable(folder: Path) -> InputError:
    """Return the refusal to go on from damaged files."""
    return InputError(
        f"{folder}: the files of an unfinished pack are damaged; remove this folder and start anew "
        "with ", Argument("force", "True"), ".",
    )  # fmt: skip


def too_large(what: str, size: int) -> InputError:
    """Return the refusal of a block, of so many bytes, that the memory is too small for."""
    return InputError(
        f"{what}: has {bytes_in_words(size)}, and packing takes four times that of memory; give ",
        Argument("memory", bytes_in_words(5 * size).replace(" ", "")), " or more, or smaller "
        "blocks.",
    )  # fmt: skip
