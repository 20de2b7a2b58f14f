"""The runs that a table of a study file stands for: one, or those of a sweep."""

from __future__ import annotations

import itertools

from onelayer.errors import InputError
from onelayer.study.checks import SELECTION, TABLES, Table, validated
from onelayer.study.schema import Run
from onelayer.study.selection import Selection
from onelayer.training import TrainConfig, overridden
from onelayer.training.checks import check_classes
from onelayer.training.feature_ranges import is_list_of_ranges

_LISTS = ("classes", "class_shares")
"""Options whose value is a list; a list of lists makes a sweep."""


def expand(options: Table, everywhere: Table, where: str) -> list[Run]:
    """Return a run for each combination of the options that are lists."""
    for key, value in everywhere.items():
        own = options.get(key)
        if isinstance(value, dict) and isinstance(own, str):  # averaging = "exponential"
            own = {"kind": own}
        both = isinstance(own, dict) and isinstance(value, dict)  # early_stopping.patience=3
        options = overridden(options, {key: own | value if both else value})
    name = options.pop("name")
    options.pop("label", None)
    path = f"runs.{name}"
    swept = {key: value for key, value in options.items() if _is_swept(key, value)}
    for name_ in TABLES.keys() & options.keys():  # a table is swept by its keys
        if isinstance(own := options[name_], dict):
            swept |= {f"{name_}.{key}": v for key, v in own.items() if isinstance(v, list)}
    for key, listed in swept.items():
        if not listed:
            raise InputError(f"{where}: {path}.{key}: an empty list makes no run.")
    return [
        _member(name, options, dict(zip(swept, values, strict=True)), where)
        for values in itertools.product(*swept.values())
    ]


def _is_swept(key: str, value: object) -> bool:
    if key == "features":
        return is_list_of_ranges(value)
    if key in _LISTS:
        return isinstance(value, list) and any(isinstance(own, list) for own in value)
    return isinstance(value, list)


def _member(name: str, options: Table, values: Table, where: str) -> Run:
    """Return the run of a sweep that takes these values; without any, the run alone."""
    path, chosen = f"runs.{name}", options
    for key, value in values.items():
        option, _, part = key.partition(".")
        chosen = chosen | {option: chosen[option] | {part: value} if part else value}
    config = validated(
        TrainConfig, {k: v for k, v in chosen.items() if k not in SELECTION}, where, path
    )
    selection = validated(
        Selection, {k: v for k, v in chosen.items() if k in SELECTION}, where, path
    )
    spelled = []
    for key in values:
        option, _, part = key.partition(".")
        value = getattr(selection if option in SELECTION else config, option)
        value = getattr(value, part) if part else value
        spelled.append(f"{part or option}={_spell(key, value)}")
    if selection.is_drawn:
        selection = selection.model_copy(update={"draw": config.draw})
        if config.examples_per_class is None:  # nothing is drawn in training
            config = config.model_copy(update={"draw": 0})
    elif config.draw and config.examples_per_class is None:
        own = f"{name}[{','.join(spelled)}]" if spelled else name
        raise InputError(
            f"{where}: runs.{own}.draw: {config.draw} was given, and nothing is drawn: it needs "
            "examples, label_noise above 0, class_shares or examples_per_class."
        )
    run = validated(
        Run,
        {
            "name": f"{name}[{','.join(spelled)}]" if spelled else name,
            "selection": selection,
            "config": config,
        },
        where,
        path,
    )
    if selection.classes is not None:
        check_classes(config.model, selection.classes, f"{where}: {path}.classes")
    return run


def _spell(key: str, value: object) -> str:
    if isinstance(value, tuple):  # no colon: the name is also that of a file
        return "..".join(map(str, value))
    if value is None:
        return "all" if key == "features" else "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
