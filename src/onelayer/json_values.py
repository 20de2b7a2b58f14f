"""Numbers as JSON has them."""

from __future__ import annotations

import json
import math
from typing import Any


def json_value(value: Any) -> Any:
    """Return a value for JSON: lists for tuples, null for floats that are not finite."""
    if isinstance(value, dict):
        return {key: json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_lines(value: Any, indent: int = 0) -> str:
    """Return values as JSON with an indent of two, in which a list of plain values is one line.

    Raises
    ------
    ValueError
        If a float is not finite, since other readers refuse it.
    """
    inner, items = " " * (indent + 2), None
    if isinstance(value, dict):
        items = [f"{json.dumps(str(k), ensure_ascii=False)}: {json_lines(v, indent + 2)}"
                 for k, v in value.items()]  # fmt: skip
    elif isinstance(value, list | tuple) and any(isinstance(v, dict | list | tuple) for v in value):
        items = [json_lines(v, indent + 2) for v in value]
    if not items:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    lines = f",\n{inner}".join(items)
    return f"{opening}\n{inner}{lines}\n{' ' * indent}{closing}"
