"""JSON that people can read: lists of plain values are one line."""

import json
import math

import pytest

from onelayer.json_values import json_lines


def test_lists_of_plain_values_are_one_line() -> None:
    value = {
        "a": [1, 2.5, None, "λ\n"],
        "b": {"c": [[1, 2], [3]], "d": {}, "e": []},
        "f": [{"g": 1}],
    }
    text = json_lines(value)
    assert json.loads(text) == value
    assert text.splitlines() == [
        "{", '  "a": [1, 2.5, null, "λ\\n"],', '  "b": {', '    "c": [', "      [1, 2],",
        "      [3]", "    ],", '    "d": {},', '    "e": []', "  },", '  "f": [', "    {",
        '      "g": 1', "    }", "  ]", "}",
    ]  # fmt: skip
    assert json_lines([1, 2]) == "[1, 2]"


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        json_lines({"a": [math.nan]})
