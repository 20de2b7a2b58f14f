"""Whatever a check finds in these tests has a figure."""

from dataclasses import asdict
from typing import Any

import pytest

from onelayer.diagnosis import Check, Finding
from onelayer.diagnosis.checks import CHECKS
from onelayer.diagnosis.exhibits import Exhibit
from onelayer.json_values import json_value


def _plain(shown: tuple[Exhibit, ...]) -> list[Any]:
    """Return exhibits as values that equal themselves: NaN does not."""
    return [json_value(asdict(each)) for each in shown]


@pytest.fixture(autouse=True)
def _found_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Check.found

    def found(check: Check, *args: Any, **options: Any) -> Finding:
        finding = made(check, *args, **options)
        if check in CHECKS:
            assert finding.measurement is not None
            shown = finding.measurement.exhibits()
            assert shown, f"{finding.code} was found, and nothing shows it"
            assert all(each.caption.endswith(".") for each in shown)
            again = type(finding.measurement).from_json(finding.measurement.as_json())
            assert _plain(again.exhibits()) == _plain(shown)
        return finding

    monkeypatch.setattr(Check, "found", found)
