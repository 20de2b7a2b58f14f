"""Turn what pydantic says into one line with the key's path and what is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from pydantic import ValidationError

from onelayer.errors import InputError


def unknown_key(where: str, path: str, allowed: Sequence[str]) -> InputError:
    """Return the error for a key that does not exist."""
    close = get_close_matches(path.rpartition(".")[2], allowed, 1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return InputError(f"{where}: {path}: unknown key.{hint} Allowed: {', '.join(allowed)}.")


def refuse(error: ValidationError, where: str, path: str) -> InputError:
    """Return an error with a clause for each thing that is wrong."""
    clauses = []
    for problem in error.errors(include_url=False):
        # Positions inside a union of types carry the type's name, which says nothing to a user.
        location = [str(p) for p in problem["loc"] if not str(p).startswith(("tuple", "function"))]
        key = ".".join(filter(None, [path, *location]))
        allowed = problem["msg"].removeprefix("Value error, ")
        allowed = allowed.replace("Input should be", "must be").replace("Extra inputs are not", "is not")
        clauses.append(f"{key}: {problem['input']!r} was given; {allowed[0].lower()}{allowed[1:]}.")
    return InputError(f"{where}: " + " ".join(dict.fromkeys(clauses)))
