"""Which columns of a table are the features, and which is the target."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from onelayer.data.files.csv_files import no_header_hint
from onelayer.data.files.examples import Request
from onelayer.data.files.pandas_index import INDEX
from onelayer.errors import Argument, InputError
from onelayer.words import first_few, number_of

TARGETS = ("target", "label", "class", "y")
"""What a label column is called, in any case, when no name is given."""

_UNNAMED = re.compile(rf"Unnamed: \d+|{INDEX.pattern}")


def choose_columns(
    columns: tuple[str, ...], request: Request, index: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], str | None]:
    """Return the names of the feature columns, in order, and of the target column.

    The columns of a row index are no features, nor are those that are read beside them. A model
    gets its features in any case.

    Raises
    ------
    InputError
        If a named column does not exist, the target is not clear, or no feature is left.
    """
    unknown = [name for name in request.drop if name not in columns]
    if unknown:
        raise InputError(
            f"{request.source}: there is no column {first_few(unknown)} to drop; "
            f"the columns are {first_few(columns)}."
        )
    _check_beside(columns, request)
    aside = {*request.drop, *request.beside} - {*(request.features or ())}
    kept = tuple(name for name in columns if name not in aside)
    target = find_target(kept, request)
    if request.features is not None:
        return _features_of_model(kept, target, request), target
    features = tuple(name for name in kept if name != target and name not in index)
    if not features:
        raise InputError(
            f"{request.source}: no feature column is left; the columns are {first_few(columns)}."
        )
    unnamed = [name for name in features if _UNNAMED.fullmatch(name)]
    if unnamed:
        raise InputError(
            f"{request.source}: the column {first_few(unnamed)} has no name in the file or is a "
            "row index of pandas",
            advice=("leave it out with ", Argument("drop", repr(unnamed[0])), ", or name it"),
        )
    return features, target


def _target_names(columns: Sequence[str], request: Request) -> list[str]:
    """Return the columns that are called as labels are."""
    taken = (*request.drop, *(request.features or ()))
    return [name for name in columns if name.lower() in TARGETS and name not in taken]


def _check_beside(columns: tuple[str, ...], request: Request) -> None:
    """Refuse columns that do not exist, and labels for groups."""
    named = [(Argument("key"), name) for name in request.key]
    if request.groups is not None:
        named.append((Argument("groups"), request.groups))
    for argument, name in named:
        if name not in columns:
            raise InputError(
                argument, f": {request.source} has no column {name!r}; the columns are "
                f"{first_few(columns)}.",
            )  # fmt: skip
    labels = [request.target] if request.target is not None else _target_names(columns, request)
    if request.groups is not None and request.labels is None and labels == [request.groups]:
        raise InputError(
            Argument("groups"), f": the column {request.groups!r} holds the labels; name another."
        )


def find_target(kept: Sequence[str], request: Request) -> str | None:
    """Return the name of the label column, None where there is none and none is needed.

    Raises
    ------
    InputError
        If none is found though it is needed, or more than one could be meant.
    """
    if request.labels is None and request.target in kept:
        return request.target
    candidates = _target_names(kept, request)
    if request.labels is not None:
        if candidates and request.features is None:
            raise InputError(
                f"{request.source}: the column {first_few(candidates)} seems to hold labels, and "
                f"{request.labels} is given as well; drop one of the two (",
                Argument("drop"),
                ").",
            )
        return None
    if request.target is not None:
        if request.need_labels:
            raise InputError(
                f"{request.source}: there is no column {request.target!r}; "
                f"{_like(request.target, kept)}the columns are {first_few(kept)}."
            )
        return None
    if len(candidates) == 1:
        return candidates[0]
    if not candidates and not request.need_labels:
        return None
    raise _unclear_target(kept, candidates, request.source)


def _like(name: str, columns: Sequence[str]) -> str:
    """Return the names that are near to one, as the middle of a message; empty if none is."""
    spelled = {column.lower(): column for column in columns}
    near = [spelled[found] for found in get_close_matches(name.lower(), spelled)]
    return f"did you mean {' or '.join(map(repr, near))}? Otherwise " if near else ""


def _unclear_target(kept: Sequence[str], candidates: Sequence[str], source: str) -> InputError:
    if len(kept) == 1:
        return InputError(
            f"{source}: there is only one column, {kept[0]!r}; give one with the labels and at "
            "least one feature, separated by commas, semicolons or tabs."
        )
    found = (
        f"the columns {first_few(candidates)} could all hold the labels"
        if candidates
        else f"no column is called {', '.join(TARGETS)}"
    )
    return InputError(
        f"{source}: {found}; name the label column with ",
        Argument("target", "NAME"),
        f". The columns are {first_few(kept)}{no_header_hint(kept)}.",
    )


def _features_of_model(
    kept: Sequence[str], target: str | None, request: Request
) -> tuple[str, ...]:
    features = request.features or ()
    if target in features:
        raise InputError(
            f"{request.source}: the target {target!r} is a feature of the model; "
            "name another column."
        )
    present = set(kept)
    missing = [name for name in features if name not in present]
    if missing:
        raise InputError(
            f"{request.source}: lacks {number_of(len(missing), 'feature')} of the model: "
            f"{first_few(missing)}; the columns are {first_few(kept) or 'none'}."
        )
    return features
