"""In what two studies differ, by meaning."""

from __future__ import annotations

from typing import Any

from onelayer.study.schema import Study

MOST_NAMED = 5


def differences(there: Study, asked: Study) -> list[str]:
    """Return a clause for each value in which two resolved studies differ, the first few."""
    old, new = _values(there), _values(asked)
    keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
    clauses = [f"{key} is {_shown(old.get(key))}, not {_shown(new.get(key))}" for key in keys]
    if len(clauses) > MOST_NAMED:
        clauses = [*clauses[:MOST_NAMED], f"and {len(clauses) - MOST_NAMED} more"]
    return clauses


def _values(study: Study) -> dict[str, Any]:
    """Return every value of a study by its path."""
    values: dict[str, Any] = {}

    def visit(path: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, member in value.items():
                visit(f"{path}.{key}" if path else key, member)
        else:
            values[path] = value

    table = study.model_dump(mode="json", exclude={"runs", "sections"})
    table["runs"] = {run.name: run.model_dump(mode="json", exclude={"name"}) for run in study.runs}
    table["sections"] = {
        str(i): section.model_dump(mode="json") for i, section in enumerate(study.sections)
    }
    visit("", table)
    return values


def _shown(value: Any) -> str:
    return "absent" if value is None else repr(value)
