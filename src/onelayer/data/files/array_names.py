"""Which arrays of a file that holds several are the features, and which the labels."""

from collections.abc import Sequence

from onelayer.data.files.examples import Request
from onelayer.errors import Argument, InputError
from onelayer.words import first_few

FEATURES = ("x", "features", "data", "images")
LABELS = ("y", "labels", "targets", "target")
"""What the arrays of a file are called, in any case; in a file with both parts with the part's
name before or after: x_train, train_images."""


def names_of_arrays(arrays: Sequence[str], request: Request) -> tuple[str, str | None]:
    """Return the names of the features and of the labels among the arrays of a file.

    The labels are None where the file has none and need not, or another file holds them. Where it
    does, the only array is the features, whatever its name.

    Raises
    ------
    InputError
        If none is called so, or more than one could be meant.
    """
    features = _pick(arrays, FEATURES, request)
    if features is None and request.labels is not None and len(arrays) == 1:
        features = arrays[0]
    if features is None:
        raise _no_array(FEATURES, "features", arrays, request.source)
    if request.labels is not None:
        return features, None
    labels = _pick(arrays, LABELS, request)
    if labels is None and request.must_hold_labels:
        raise _no_array(LABELS, "labels", arrays, request.source)
    return features, labels


def _pick(arrays: Sequence[str], names: tuple[str, ...], request: Request) -> str | None:
    """Return the one array that is called by one of `names`, None where there is none."""
    part = request.part
    for wanted in (
        [f"{name}_{part}" for name in names] + [f"{part}_{name}" for name in names],
        list(names),
    ):
        found = [array for array in arrays if array.lower() in wanted]
        if len(found) > 1:
            raise InputError(
                f"{request.source}: the arrays {first_few(found)} could all be meant; "
                f"keep one that is called {names[0]}."
            )
        if found:
            return found[0]
    return None


def _no_array(names: tuple[str, ...], what: str, arrays: Sequence[str], source: str) -> InputError:
    more = (", or give them with ", Argument("labels", "FILE")) if what == "labels" else ()
    return InputError(
        f"{source}: no array with {what}: none is called {', '.join(names)}; it holds "
        f"{first_few(arrays) or 'none'}. Save them under such a name",
        *more,
        ".",
    )
