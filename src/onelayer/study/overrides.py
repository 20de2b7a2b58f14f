"""What `--set` changes in the content of a study file."""

from __future__ import annotations

import tomllib
from typing import Any

from onelayer.errors import Argument, InputError
from onelayer.study.checks import FOR_ALL, Table
from onelayer.training import overridden
from onelayer.words import first_few

LONGEST_WORD = 200
"""Characters of a `--set` that is no TOML; more would fill a message."""


def apply(override: str, table: Table, everywhere: Table) -> None:
    """Apply ``key=value``: to the file's content, or to the options that hold for every run."""
    key, equals, text = override.partition("=")
    path = key.strip().split(".")
    if not equals or not all(path):
        raise InputError(Argument("set", override), ": must have the form key=value.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # also of numbers that are too long
        value = text.strip()[:LONGEST_WORD]
    target = table
    if path[0] in FOR_ALL:
        _set(everywhere, path, value, override)
        if path != ["seed"]:
            return
    elif path[0] == "runs" and len(path) > 2:
        target, path = _target_run(path, table, override)
        inherited = table.get("defaults", {}).get(path[0])
        if len(path) > 1 and isinstance(inherited, dict):
            target.setdefault(path[0], inherited.copy())
    elif path[0] not in ("name", "title", "question", "mute", "data", "defaults", "sources"):
        raise InputError(
            Argument("set", override),
            f": unknown key; allowed: an option of runs ({', '.join(FOR_ALL)}), "
            "name, title, question, mute, data.KEY, defaults.KEY, sources.SOURCE.KEY, "
            "runs.NAME.KEY.",
        )
    _set(target, path, value, override)


def _target_run(path: list[str], table: Table, override: str) -> tuple[Table, list[str]]:
    """Return the run that a path names, and the rest of the path. A name may hold dots."""
    for end in range(len(path) - 1, 1, -1):
        for run in table["runs"]:
            if run["name"] == ".".join(path[1:end]):
                return run, path[end:]
    known = first_few((run["name"] for run in table["runs"]), str)
    raise InputError(
        Argument("set", override), f": there is no run '{path[1]}'; there are: {known}."
    )


def _set(target: Table, path: list[str], value: Any, override: str) -> None:
    for key in path[:-1]:
        target = target.setdefault(key, {})
        if not isinstance(target, dict):
            raise InputError(Argument("set", override), f": '{key}' is not a table.")
    kept = overridden(target, {path[-1]: value})
    target.clear()
    target.update(kept)
