"""Apply overrides to the content of a study file, and resolve it into a `Study`."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomli_w

from onelayer.data.sources import SOURCES
from onelayer.errors import Argument, InputError
from onelayer.study.checks import (
    OF_DATA,
    OPTIONS,
    TABLES,
    Table,
    check_keys,
    check_shape,
    validated,
)
from onelayer.study.expansion import expand
from onelayer.study.labels import with_labels
from onelayer.study.overrides import apply
from onelayer.study.replicates import question
from onelayer.study.schema import DataChoice, Head, Run, Study
from onelayer.study.section_choice import SectionChoice
from onelayer.training import TrainConfig, overridden
from onelayer.training.idle import why_idle, without_idle
from onelayer.words import first_few


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
    check_shape(table, where)
    everywhere: Table = {}
    for override in overrides:
        apply(override, table, everywhere)
    for name, allowed in TABLES.items():
        if isinstance(own := everywhere.get(name), dict):
            check_keys(own, Argument("set"), name, allowed)
    if source is not None:
        table.setdefault("data", {})["source"] = source
    check_shape(table, where)

    name = table.get("name", Path(where).stem)
    title, seed = table.get("title", name), table.get("seed", 0)
    first = seed[0] if isinstance(seed, list) and seed else seed  # a list is for the runs
    head = validated(
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
    chosen = validated(DataChoice, named, where, "data").source
    for known in table.get("sources", {}):
        close = get_close_matches(known, SOURCES, 1)
        if close and known not in SOURCES and known != chosen and not Path(known).exists():
            raise InputError(f"{where}: sources.{known}: is no source. Did you mean '{close[0]}'?")
    for_source: Table = table.get("sources", {}).get(chosen, {})
    set_keys = {override.partition("=")[0].strip() for override in overrides}
    for key in OF_DATA:
        if key in for_source and f"data.{key}" not in set_keys:
            given_data |= {key: for_source[key]}
        for_source.pop(key, None)
    data = validated(DataChoice, given_data, where, "data")
    shared: Table = {"seed": seed} | table.get("defaults", {})
    expanded = [
        expand(overridden(overridden(shared, for_source), given), everywhere, where)
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
        validated(SectionChoice, section, where, f"sections[{i}]")
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


def _with_labels(runs: tuple[Run, ...], tables: list[Table], where: str) -> tuple[Run, ...]:
    given = {table["name"]: table["label"] for table in tables if "label" in table}
    first = {run.base: run for run in reversed(runs)} | {run.name: run for run in runs}
    for name, label in given.items():  # as a run takes it
        own = first[name].model_dump() | {"label": label}
        given[name] = str(validated(Run, own, where, f"runs.{name}").label)
    labelled = with_labels(runs, given)
    labels = [run.label for run in labelled]
    for run in labelled:
        if labels.count(run.label) > 1:
            raise InputError(
                f"{where}: runs.{run.name}.label: {run.label!r} stands twice; labels must differ."
            )
    return labelled


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
