"""What a folder of packed blocks says of itself, in `blocks.json`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from onelayer.errors import Argument, InputError
from onelayer.storage import write_file

MANIFEST = "blocks.json"
FORMAT = 1
"""It rises when a reader must know."""

StoredType = Literal["uint8", "float16", "float32", "float64"]

AGAIN = " Put it back from a copy, or pack the source again with ", Argument("force", "True"), "."


class Manifest(BaseModel):
    """What is known of packed blocks without reading them.

    Attributes
    ----------
    format : int
    n_features : int
    dtype : str
        "uint8", "float16", "float32" or "float64".
    sparse : bool
        Whether the blocks are CSR.
    n_labels : int or None
        Columns of the labels where they are a matrix of 0 and 1.
    classes : tuple of labels
        In order; the blocks hold their numbers.
    class_counts : tuple of int
        Examples of each class (of a matrix of labels: with each label).
    block_lengths : tuple of int
        Examples of each block; all alike but for the last.
    stored : tuple of int
        Values that each block stores, where they are sparse.
    block_length, seed : int
        What the order of the examples follows from.
    source : str
        The fingerprint of what was packed: content, types and division into blocks.
    feature_names : tuple of str, or None
    image_shape : (int, int) or None
        Height and width in pixels, where a row is an image.
    channels : int or None
        Values of a pixel.
    target : str or None
        The column that held the labels.
    files : dict from str to str
        The CRC-32 of each file, in hexadecimal.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal[1] = 1
    n_features: int
    dtype: StoredType
    sparse: bool
    n_labels: int | None
    classes: tuple[bool | int | str, ...]
    class_counts: tuple[int, ...]
    block_lengths: tuple[int, ...]
    stored: tuple[int, ...]
    block_length: int
    seed: int
    source: str
    feature_names: tuple[str, ...] | None
    image_shape: tuple[int, int] | None
    channels: int | None
    target: str | None
    files: dict[str, str]

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        """Refuse blocks that readers could not go through."""
        lengths, counts = self.block_lengths, len(self.block_lengths) if self.sparse else 0
        if not lengths or min(lengths) < 1 or len(self.stored) != counts:
            raise ValueError("the lengths of the blocks do not fit together")
        return self

    @property
    def label_type(self) -> np.dtype[Any]:
        """The type of the classes' numbers in the files."""
        return label_type(len(self.classes), self.n_labels)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of all that is said here, and by the checksums of all content."""
        return hashlib.sha256(_text(self.model_dump(mode="json")).encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Write it into a folder, whole or not at all.

        Raises
        ------
        OnelayerError
            If it cannot be written.
        """
        document = {**self.model_dump(mode="json"), "fingerprint": self.fingerprint}
        write_file(folder / MANIFEST, f"{_text(document, indent=1)}\n".encode())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read that of a folder.

        Raises
        ------
        InputError
            If there is none, or it is damaged, or of another format.
        """
        path = folder / MANIFEST
        try:
            document = json.loads(path.read_bytes())
            if document["format"] != FORMAT:
                raise InputError(
                    f"{path}: has format {document['format']!r}, and this onelayer reads format "
                    f"{FORMAT}; pack the source again with ", Argument("force", "True"), ".",
                )  # fmt: skip
            fingerprint = document.pop("fingerprint")
            manifest = cls.model_validate_json(json.dumps(document))
        except FileNotFoundError:
            raise InputError(
                f"{folder}: holds no packed blocks, as there is no {MANIFEST}; give a folder that "
                "onelayer data pack has written to its end."
            ) from None
        except OSError as error:
            raise unreadable(path, error) from None
        except InputError:
            raise
        except (ValidationError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise InputError(f"{path}: is damaged: {_reason(error)}.", *AGAIN) from None
        if manifest.fingerprint != fingerprint:
            raise InputError(f"{path}: was edited after it was written.", *AGAIN)
        return manifest


def unreadable(path: Path, error: OSError) -> InputError:
    """Return the refusal of a file that the system does not let us read."""
    what = f"{path}: cannot be read: {error.strerror or error}."
    if isinstance(error, PermissionError):
        return InputError(f"{what} Ask its owner for the right to read this folder and its files.")
    return InputError(what, *AGAIN)


def label_type(n_classes: int, n_labels: int | None) -> np.dtype[Any]:
    """Return the smallest type that holds the numbers of the classes."""
    return np.dtype(np.uint8) if n_labels else np.min_scalar_type(max(n_classes - 1, 0))


def _reason(error: Exception) -> str:
    """Return in a few words why a manifest cannot be read."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        return f"{place}: {said}" if place else said
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno} is no JSON"
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return "it is no JSON object"


def _text(document: Any, indent: int | None = None) -> str:
    return json.dumps(document, indent=indent, sort_keys=True)
