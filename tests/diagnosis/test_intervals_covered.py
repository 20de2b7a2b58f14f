"""Each check that measures an interval says what it covers, and shows what it measures."""

import dataclasses
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from onelayer.diagnosis import Check, Measurement
from onelayer.diagnosis.checks import CHECKS


def names(kind: Any, seen: set[Any]) -> Iterator[str]:
    """Yield the names of the fields of a measurement, and of what its fields hold."""
    if dataclasses.is_dataclass(kind) and kind not in seen:
        seen.add(kind)
        hints = typing.get_type_hints(kind)
        for field in dataclasses.fields(kind):
            yield field.name
            yield from names(hints[field.name], seen)
    for argument in typing.get_args(kind):
        yield from names(argument, seen)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.kind.code)
def test_intervals_say_what_they_cover(check: Check) -> None:
    measured = [name for name in names(check.kind, set()) if name.endswith("interval")]
    assert check.covers or not measured
    assert not check.covers.endswith(".")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.kind.code)
def test_each_check_has_figures(check: Check) -> None:
    assert check.kind.exhibits is not Measurement.exhibits


def test_a_finding_without_numbers_has_no_intervals() -> None:
    check = next(check for check in CHECKS if check.covers)
    assert check.not_applicable((), "So.").how_sure.covers == ""
