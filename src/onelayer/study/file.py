"""Apply overrides to the content of a study file, and resolve it into a `Study`."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from pydantic import BaseModel, ValidationError

from onelayer.data.sources import SOURCES
from onelayer.errors import Argument, InputError
from onelayer.study.labels import with_labels
from onelayer.study.replicates import question
from onelayer.study.schema import DataChoice, Head, Run, Study, option_names
from onelayer.study.section_choice import SECTION_KINDS, SectionChoice
from onelayer.study.selection import Selection
from onelayer.training import TrainConfig, overridden, table_of
from onelayer.training.checks import check_classes
from onelayer.training.feature_ranges import is_list_of_ranges
from onelayer.training.idle import why_idle, without_idle
from onelayer.training.messages import as_toml, refuse, unknown_key
from onelayer.words import first_few

OPTIONS = option_names(TrainConfig)
_TABLES = {name: option_names(table) for name in OPTIONS if (table := table_of(name))}
_TOP = (*option_names(Head), "data", "defaults", "sources", "runs", "sections")
SELECTION = tuple(name for name in option_names(Selection) if name not in OPTIONS)
"""What a study file says of a run's examples; `draw` is an option of training too."""
_FOR_ALL = (*OPTIONS, *SELECTION)
_RUN_KEYS = ("name", "label", *SELECTION, *OPTIONS)
_OF_DATA = tuple(name for name in option_names(DataChoice) if name != "source")
_LISTS = ("classes", "class_shares")
"""Options whose value is a list; a list of lists makes a sweep."""
LONGEST_WORD = 200
"""Characters of a `--set` that is no TOML; more would fill a message."""
_SOURCE_KEYS = (*_OF_DATA, *_FOR_ALL)

Table = dict[str, Any]
M = TypeVar("M", bound=BaseModel)


def read_resolved(content: bytes, where: str) -> Study:
    """Return the study of which `to_toml` made this content.

    Raises
    ------
    InputError
        If it is no such content.
    """
    try:
        return resolve(tomllib.loads(content.decode()), where)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{where}: is no study file: {error}.") from None


def resolve(
    content: Mapping[str, Any],
    where: str,
    *,
    source: str | None = None,
    overrides: Sequence[str] = (),
) -> Study:
    """Fill in defaults, apply overrides, spell out sweeps and check everything.

    Parameters
    ----------
    content : mapping
        A study file's content. It is not changed.
    where : str
        The file's name, for messages.
    source : str, optional
        The data to take in place of the study's own.
    overrides : sequence of str
        ``key=value``: a path in the file (``data.train=1000``, ``runs.binary.l2=0.1``), or a
        training option, which then holds for every run. Values are TOML; a bare word is a string.

    Raises
    ------
    InputError
        With the key's path and what is allowed.
    """
    table: Table = tomllib.loads(tomli_w.dumps(content))  # a deep copy that owes nothing to it
    _check_shape(table, where)
    everywhere: Table = {}
    for override in overrides:
        _apply(override, table, everywhere)
    for name, allowed in _TABLES.items():
        if isinstance(own := everywhere.get(name), dict):
            _check_keys(own, Argument("set"), name, allowed)
    if source is not None:
        table.setdefault("data", {})["source"] = source
    _check_shape(table, where)

    name = table.get("name", Path(where).stem)
    title, seed = table.get("title", name), table.get("seed", 0)
    first = seed[0] if isinstance(seed, list) and seed else seed  # a list is for the runs
    head = _validated(
        Head,
        {
            "name": name,
            "title": title,
            "question": table.get("question"),
            "seconds": table.get("seconds"),
            "seed": first,
            "mute": table.get("mute", []),
        },
        where,
        "",
    )
    given_data: Table = table.get("data", {})
    named = {key: value for key, value in given_data.items() if key == "source"}
    chosen = _validated(DataChoice, named, where, "data").source
    for known in table.get("sources", {}):
        close = get_close_matches(known, SOURCES, 1)
        if close and known not in SOURCES and known != chosen and not Path(known).exists():
            raise InputError(f"{where}: sources.{known}: is no source. Did you mean '{close[0]}'?")
    for_source: Table = table.get("sources", {}).get(chosen, {})
    set_keys = {override.partition("=")[0].strip() for override in overrides}
    for key in _OF_DATA:
        if key in for_source and f"data.{key}" not in set_keys:
            given_data |= {key: for_source[key]}
        for_source.pop(key, None)
    data = _validated(DataChoice, given_data, where, "data")
    shared: Table = {"seed": seed} | table.get("defaults", {})
    expanded = [
        _expand(overridden(overridden(shared, for_source), given), everywhere, where)
        for given in table["runs"]
    ]
    runs = tuple(itertools.chain(*expanded))
    if not overrides:  # which may have made options of the file idle
        for given, members in zip(table["runs"], expanded, strict=True):
            _refuse_idle(given, members, where, f"runs.{given['name']}")
        _refuse_idle({"seed": seed}, runs, where, "")
        _refuse_idle(table.get("defaults", {}), runs, where, "defaults")
        _refuse_idle(for_source, runs, where, f"sources.{chosen}")
    _refuse_idle(everywhere, runs, Argument("set"), "")
    runs = tuple(run.model_copy(update={"config": without_idle(run.config)}) for run in runs)
    names = [run.name for run in runs]
    for twice in sorted({n for n in names if names.count(n) > 1}):
        raise InputError(f"{where}: runs: the name '{twice}' stands twice; names must differ.")
    folded = [n.casefold() for n in names]
    for name_ in sorted(n for n in names if folded.count(n.casefold()) > 1):
        raise InputError(
            f"{where}: runs: the name '{name_}' differs from another in capitals alone, and some "
            "systems keep one file for both; take another name."
        )
    runs = _with_labels(runs, table["runs"], where)
    sections = tuple(
        _validated(SectionChoice, section, where, f"sections[{i}]")
        for i, section in enumerate(table.get("sections", ()))
    )
    study = Study(
        **head.model_dump(), data=data, runs=runs, sections=sections or _default_sections(runs)
    )
    for i, section in enumerate(sections):
        for run in section.runs:
            if not study.named((run,)):
                known = first_few(dict.fromkeys([r.base for r in runs] + names), str)
                raise InputError(
                    f"{where}: sections[{i}].runs: there is no run '{run}'; there are: {known}."
                )
    return study


def to_toml(study: Study) -> str:
    """Return the resolved study as a study file that gives the same study again."""
    table: Table = study.model_dump(mode="json", exclude_none=True, exclude={"runs"})
    table["runs"] = [
        {"name": run.name}
        | ({"label": run.label} if run.label else {})
        | run.config.model_dump(mode="json", exclude_none=True)
        | run.selection.table()
        for run in study.runs
    ]
    table["sections"] = [s.model_dump(mode="json", exclude_defaults=True) for s in study.sections]
    return tomli_w.dumps(table)


def _check_shape(table: Table, where: str) -> None:
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
    _check_keys(table.get("data", {}), where, "data", option_names(DataChoice))
    for i, section in enumerate(table.get("sections", [])):
        _check_keys(section, where, f"sections[{i}]", option_names(SectionChoice))
        if "kind" not in section:
            kinds = ", ".join(SECTION_KINDS)
            raise InputError(f"{where}: sections[{i}].kind: each section needs one of {kinds}.")
    if not table.get("runs"):
        raise InputError(f"{where}: runs: a study needs at least one [[runs]] table.")
    _check_options(table.get("defaults", {}), where, "defaults", _FOR_ALL)
    for source, options in table.get("sources", {}).items():
        _check_options(options, where, f"sources.{source}", _SOURCE_KEYS)
    for i, run in enumerate(table["runs"]):
        if not isinstance(run.get("name"), str):
            raise InputError(f"{where}: runs[{i}].name: each run needs a name, a string.")
        _check_options(run, where, f"runs.{run['name']}", _RUN_KEYS)


def _check_options(options: Any, where: str, path: str, allowed: Sequence[str]) -> None:
    _check_keys(options, where, path, allowed)
    for name, keys in _TABLES.items():
        if isinstance(own := options.get(name), dict):
            _check_keys(own, where, f"{path}.{name}", keys)


def _check_keys(options: Any, where: str | Argument, path: str, allowed: Sequence[str]) -> None:
    if not isinstance(options, dict):
        raise InputError(where, f": {path}: must be a table.")
    for option in options:
        if option not in allowed:
            raise unknown_key(where, f"{path}.{option}", allowed)


def _apply(override: str, table: Table, everywhere: Table) -> None:
    key, equals, text = override.partition("=")
    path = key.strip().split(".")
    if not equals or not all(path):
        raise InputError(Argument("set", override), ": must have the form key=value.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # also of numbers that are too long
        value = text.strip()[:LONGEST_WORD]
    target = table
    if path[0] in _FOR_ALL:
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
            f": unknown key; allowed: an option of runs ({', '.join(_FOR_ALL)}), "
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


def _expand(options: Table, everywhere: Table, where: str) -> list[Run]:
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
    for name_ in _TABLES.keys() & options.keys():  # a table is swept by its keys
        if isinstance(own := options[name_], dict):
            swept |= {f"{name_}.{key}": v for key, v in own.items() if isinstance(v, list)}
    for key, listed in swept.items():
        if not listed:
            raise InputError(f"{where}: {path}.{key}: an empty list makes no run.")
    return [
        _member(name, options, dict(zip(swept, values, strict=True)), where)
        for values in itertools.product(*swept.values())
    ]


def _refuse_idle(given: Table, runs: Sequence[Run], where: str | Argument, path: str) -> None:
    """Refuse an option that has no effect in any of the runs that it is given for."""
    for name, value in given.items():
        if name not in OPTIONS or value == TrainConfig.model_fields[name].default:
            continue
        if name == "seed" and not isinstance(value, list):  # which is of all runs
            continue
        why = [why_idle(run.config, name) for run in runs]
        if all(why):
            key = f"{path}.{name}" if path else name
            raise InputError(where, f": {key}: has no effect, since {why[0]}; leave it out.")


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
    config = _validated(
        TrainConfig, {k: v for k, v in chosen.items() if k not in SELECTION}, where, path
    )
    selection = _validated(
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
    run = _validated(
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


def _with_labels(runs: tuple[Run, ...], tables: list[Table], where: str) -> tuple[Run, ...]:
    given = {table["name"]: table["label"] for table in tables if "label" in table}
    first = {run.base: run for run in reversed(runs)} | {run.name: run for run in runs}
    for name, label in given.items():  # as a run takes it
        own = first[name].model_dump() | {"label": label}
        given[name] = str(_validated(Run, own, where, f"runs.{name}").label)
    labelled = with_labels(runs, given)
    labels = [run.label for run in labelled]
    for run in labelled:
        if labels.count(run.label) > 1:
            raise InputError(
                f"{where}: runs.{run.name}.label: {run.label!r} stands twice; labels must differ."
            )
    return labelled


def _spell(key: str, value: object) -> str:
    if isinstance(value, tuple):  # no colon: the name is also that of a file
        return "..".join(map(str, value))
    if value is None:
        return "all" if key == "features" else "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _validated(model: type[M], table: Table, where: str, path: str) -> M:
    # Strict, so that "0.1", 8.0 or true are no numbers; but TOML has lists only, and no tuples.
    table = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    try:
        return model.model_validate(table, strict=True)
    except ValidationError as error:
        raise refuse(error, where, path, as_toml) from None


def _default_sections(runs: tuple[Run, ...]) -> tuple[SectionChoice, ...]:
    """Return curves for each run or sweep, for a study that says nothing of sections."""
    sections: list[SectionChoice] = []
    for base in dict.fromkeys(run.base for run in runs):
        members = [run for run in runs if run.base == base]
        groups = len({question(run) for run in members})
        over_l2 = groups == len(members) and len({run.config.l2 for run in members}) > 1
        sweep = ["l2-accuracy" if over_l2 else "sweep-accuracy"]
        kinds = ["loss-curves", "accuracy-curves"] if groups == 1 else sweep
        if len(members) == 1 and members[0].config.early_stopping:
            kinds.append("early-stopping")
        chapter: str | None = base
        for kind in kinds:
            sections.append(
                SectionChoice.model_validate({"kind": kind, "runs": (base,), "chapter": chapter})
            )
            chapter = None
    return tuple(sections)
