"""In what two studies differ, by meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onelayer.study.schema import Study

MOST_NAMED = 5

Path = tuple[str, ...]
"""Where a value stands in a resolved study, such as `("runs", "l2[l2=0.1]", "config", "l2")`."""


def differences(there: Study, asked: Study) -> list[str]:
    """Return a clause for each value in which two resolved studies differ, the first few."""
    clauses = [
        f"{'.'.join(path)} is {_shown(old)}, not {_shown(new)}"
        for path, old, new in values_that_differ(there, asked)
    ]
    if len(clauses) > MOST_NAMED:
        clauses = [*clauses[:MOST_NAMED], f"and {len(clauses) - MOST_NAMED} more"]
    return clauses


def values_that_differ(first: Study, second: Study) -> list[tuple[Path, Any, Any]]:
    """Return each value in which two resolved studies differ: where it stands, and both of them.

    None stands for a value that is not there.
    """
    one, other = dict(_values(first)), dict(_values(second))
    paths = dict.fromkeys([*one, *other])
    return [(path, one.get(path), other.get(path)) for path in paths
            if one.get(path) != other.get(path)]  # fmt: skip


def _values(study: Study) -> Iterator[tuple[Path, Any]]:
    """Yield every value of a study by its path."""

    def visit(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
        if isinstance(value, dict):
            for key, member in value.items():
                yield from visit((*path, key), member)
        else:
            yield path, value

    table = study.model_dump(mode="json", exclude={"runs", "sections"})
    table["runs"] = {run.name: run.model_dump(mode="json", exclude={"name"}) for run in study.runs}
    table["sections"] = {
        str(i): section.model_dump(mode="json") for i, section in enumerate(study.sections)
    }
    return visit((), table)


def _shown(value: Any) -> str:
    return "absent" if value is None else repr(value)
