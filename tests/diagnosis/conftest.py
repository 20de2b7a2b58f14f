"""Whatever a check finds in these tests has a figure."""

from typing import Any

import pytest

from onelayer.diagnosis import Check, Finding
from onelayer.diagnosis.checks import CHECKS


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
            assert repr(again.exhibits()) == repr(shown)  # NaN is not equal to itself
        return finding

    monkeypatch.setattr(Check, "found", found)
