"""Which columns of a table are the features, and which is the target."""

import re
from collections.abc import Sequence

from onelayer.data.files.csv_files import no_header_hint
from onelayer.data.files.examples import Request
from onelayer.errors import InputError
from onelayer.words import listed

TARGETS = ("target", "label", "class", "y")
"""What a label column is called, in any case, when no name is given."""

_INDEX = re.compile(r"Unnamed: \d+|__index_level_\d+__")


def choose_columns(
    columns: tuple[str, ...], request: Request
) -> tuple[tuple[str, ...], str | None]:
    """Return the names of the feature columns, in order, and of the target column.

    Raises
    ------
    InputError
        If a named column does not exist, the target is not clear, or no feature is left.
    """
    unknown = [name for name in request.drop if name not in columns]
    if unknown:
        raise InputError(
            f"{request.source}: there is no column {listed(unknown)} to drop; "
            f"the columns are {listed(columns)}."
        )
    kept = tuple(name for name in columns if name not in request.drop)
    target = find_target(kept, request)
    if request.features is not None:
        return _features_of_model(kept, target, request), target
    features = tuple(name for name in kept if name != target)
    if not features:
        raise InputError(
            f"{request.source}: no feature column is left; the columns are {listed(columns)}."
        )
    index = [name for name in features if _INDEX.fullmatch(name)]
    if index:
        raise InputError(
            f"{request.source}: the column {listed(index)} has no name in the file or is a row "
            f"index of pandas; leave it out with --drop {index[0]!r}, or name it."
        )
    return features, target


def find_target(kept: Sequence[str], request: Request) -> str | None:
    """Return the name of the label column, None where there is none and none is needed.

    Raises
    ------
    InputError
        If none is found though it is needed, or more than one could be meant.
    """
    if request.labels is None and request.target in kept:
        return request.target
    taken = request.features or ()
    candidates = [name for name in kept if name.lower() in TARGETS and name not in taken]
    if request.labels is not None:
        if candidates and request.features is None:
            raise InputError(
                f"{request.source}: the column {listed(candidates)} seems to hold labels, and "
                f"{request.labels} is given as well; drop one of the two (--drop)."
            )
        return None
    if request.target is not None:
        if request.need_labels:
            raise InputError(
                f"{request.source}: there is no column {request.target!r}; "
                f"the columns are {listed(kept)}."
            )
        return None
    if len(candidates) == 1:
        return candidates[0]
    if not candidates and not request.need_labels:
        return None
    raise _unclear_target(kept, candidates, request.source)


def _unclear_target(kept: Sequence[str], candidates: Sequence[str], source: str) -> InputError:
    if len(kept) == 1:
        return InputError(
            f"{source}: there is only one column, {kept[0]!r}; give one with the labels and at "
            "least one feature, separated by commas (.csv) or tabs (.tsv)."
        )
    found = (
        f"the columns {listed(candidates)} could all hold the labels"
        if candidates
        else f"no column is called {', '.join(TARGETS)}"
    )
    return InputError(
        f"{source}: {found}; name the label column with --target NAME. "
        f"The columns are {listed(kept)}{no_header_hint(kept)}."
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
            f"{request.source}: {len(missing)} features of the model are missing: "
            f"{listed(missing)}; the columns are {listed(kept)}."
        )
    return features
