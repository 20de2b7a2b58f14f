"""What a study file may say: its keys, and values that pass the models of `schema`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from onelayer.errors import Argument, InputError
from onelayer.study.schema import DataChoice, Head, option_names
from onelayer.study.section_choice import SECTION_KINDS, SectionChoice
from onelayer.study.selection import Selection
from onelayer.training import TrainConfig, table_of
from onelayer.training.messages import as_toml, refuse, unknown_key

Table = dict[str, Any]
M = TypeVar("M", bound=BaseModel)

OPTIONS = option_names(TrainConfig)
TABLES = {name: option_names(table) for name in OPTIONS if (table := table_of(name))}
"""Options that are tables, with their keys."""
SELECTION = tuple(name for name in option_names(Selection) if name not in OPTIONS)
"""What a study file says of a run's examples; `draw` is an option of training too."""
FOR_ALL = (*OPTIONS, *SELECTION)
"""What can be said of every run at once."""
OF_DATA = tuple(name for name in option_names(DataChoice) if name != "source")
_TOP = (*option_names(Head), "data", "defaults", "sources", "runs", "sections")
_RUN_KEYS = ("name", "label", *SELECTION, *OPTIONS)
_SOURCE_KEYS = (*OF_DATA, *FOR_ALL)


def check_shape(table: Table, where: str) -> None:
    """Refuse unknown keys, and tables that are none, before anything reads them."""
    for key in table:
        if key not in _TOP:
            raise unknown_key(where, key, _TOP)
    for key in ("data", "defaults", "sources"):
        if not isinstance(table.get(key, {}), dict):
            raise InputError(f"{where}: {key}: must be a table, [{key}].")
    for key in ("runs", "sections"):
        entries = table.get(key, [])
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            raise InputError(f"{where}: {key}: must be an array of tables, [[{key}]].")
    check_keys(table.get("data", {}), where, "data", option_names(DataChoice))
    for i, section in enumerate(table.get("sections", [])):
        check_keys(section, where, f"sections[{i}]", option_names(SectionChoice))
        if "kind" not in section:
            kinds = ", ".join(SECTION_KINDS)
            raise InputError(f"{where}: sections[{i}].kind: each section needs one of {kinds}.")
    if not table.get("runs"):
        raise InputError(f"{where}: runs: a study needs at least one [[runs]] table.")
    _check_options(table.get("defaults", {}), where, "defaults", FOR_ALL)
    for source, options in table.get("sources", {}).items():
        _check_options(options, where, f"sources.{source}", _SOURCE_KEYS)
    for i, run in enumerate(table["runs"]):
        if not isinstance(run.get("name"), str):
            raise InputError(f"{where}: runs[{i}].name: each run needs a name, a string.")
        _check_options(run, where, f"runs.{run['name']}", _RUN_KEYS)


def _check_options(options: Any, where: str, path: str, allowed: Sequence[str]) -> None:
    check_keys(options, where, path, allowed)
    for name, keys in TABLES.items():
        if isinstance(own := options.get(name), dict):
            check_keys(own, where, f"{path}.{name}", keys)


def check_keys(options: Any, where: str | Argument, path: str, allowed: Sequence[str]) -> None:
    """Refuse what is no table, or has other keys than the allowed ones."""
    if not isinstance(options, dict):
        raise InputError(where, f": {path}: must be a table.")
    for option in options:
        if option not in allowed:
            raise unknown_key(where, f"{path}.{option}", allowed)


def validated(model: type[M], table: Table, where: str, path: str) -> M:
    """Return the model of a table at this path of the file; refuse what does not fit."""
    # Strict, so that "0.1", 8.0 or true are no numbers; but TOML has lists only, and no tuples.
    table = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    try:
        return model.model_validate(table, strict=True)
    except ValidationError as error:
        raise refuse(error, where, path, as_toml) from None
