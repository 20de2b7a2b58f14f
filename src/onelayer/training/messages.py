"""Turn what pydantic says into one line with the key's path and what is allowed.

A study file and the command line spell values as TOML does, scripts as Python does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from onelayer.errors import Argument, InputError
from onelayer.words import shortened

_ABSENT = object()
"""Stands for a value that was not given."""

_MOST_CLAUSES = 5
"""More than these are not read, and the first are corrected first."""

_PHRASES = {
    "missing": "must be given",
    "extra_forbidden": "is no key here",
    "string_too_short": "must not be empty",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be {true} or {false}",
    "string_type": "must be a string",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "string_pattern_mismatch": "must begin with a letter or digit, and hold only letters, digits, "
    "'_', '-' and '.' (no space, no slash)",
    "too_short": "must list at least {min_length}",
}


def unknown_key(where: str | Argument, path: str, allowed: Sequence[str]) -> InputError:
    """Return the error for a key that does not exist."""
    close = get_close_matches(path.rpartition(".")[2], allowed, 1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return InputError(where, f": {path}: unknown key.{hint} Allowed: {', '.join(allowed)}.")


def refuse(
    error: ValidationError,
    where: str,
    path: str,
    spell: Callable[[object], str] = repr,
    name: Callable[[str], str | Argument] = str,
) -> InputError:
    """Return an error with a clause for each key that is wrong.

    Parameters
    ----------
    where : str
        What the message begins with; empty where the keys say it.
    spell : function
        How values are written where these come from.
    name : function
        How keys are named there.
    """
    spelled = {"true": spell(True), "false": spell(False)}
    given: dict[str, Any] = {}
    allowed: dict[str, list[str]] = {}
    for problem in error.errors(include_url=False):
        if problem["type"] == "too_short" and len(problem["input"]) >= problem["ctx"]["min_length"]:
            continue  # it counts valid members only, and those that are not are listed themselves
        key = ".".join(filter(None, [path, *_location(problem["loc"])]))
        phrase = _PHRASES.get(problem["type"], problem["msg"])
        phrase = phrase.format(**spelled, **problem.get("ctx", {}))
        phrase = phrase.removeprefix("Value error, ").replace("Input should be", "must be")
        # A rule on several keys names them itself.
        no_value = problem["type"] == "missing" or not problem["loc"]
        given.setdefault(key, _ABSENT if no_value else problem["input"])
        # Each member of a union of types has a problem of its own at the same key.
        allowed.setdefault(key, []).append(phrase[0].lower() + phrase[1:])
    parts: list[str | Argument] = [f"{where}: "] if where else []
    for key, value in list(given.items())[:_MOST_CLAUSES]:
        said = " or ".join(dict.fromkeys(allowed[key])).replace(" or must be ", " or ")
        what = "" if value is _ABSENT else f"{shortened(spell(value), 60)} was given; "
        parts += [name(key), f": {what}{said}. "]
    if len(given) > _MOST_CLAUSES:
        parts.append(f"And {len(given) - _MOST_CLAUSES:,} more are wrong.")
    elif isinstance(parts[-1], str):
        parts[-1] = parts[-1].rstrip()
    return InputError(*parts)


def _location(loc: tuple[int | str, ...]) -> list[str]:
    """Return a position without the type's name that follows an index in a union of types."""
    return [str(p) for i, p in enumerate(loc) if i == 0 or not isinstance(loc[i - 1], int)]


def as_toml(value: object) -> str:
    """Return a value as TOML spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {as_toml(part)}' for key, part in value.items())}}}"
    return repr(list(value) if isinstance(value, tuple) else value)
