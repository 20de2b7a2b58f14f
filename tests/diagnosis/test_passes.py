"""How many passes searches for minima may take."""

from typing import Any

import pytest
from diagnosis_material import data_of, outcome_of, run_outcome

from onelayer.diagnosis import Context
from onelayer.diagnosis.experiments import optima


@pytest.mark.parametrize(("seconds", "expected"), [(1.0, [(3, 100)]), (1e-9, [(1, 100), (2, 40)])])
def test_penalties_that_no_run_has_take_fewer_passes_on_much_data(
    monkeypatch: pytest.MonkeyPatch, seconds: float, expected: list[tuple[int, int]]
) -> None:
    asked: list[tuple[int, int]] = []
    search = Context.search

    def noted(self: Context, *args: Any, **options: Any) -> Any:
        asked.append((len(args[1]), options["max_passes"]))
        return search(self, *args, **options)

    monkeypatch.setattr(Context, "search", noted)
    monkeypatch.setattr(optima, "SECONDS", seconds)
    run = run_outcome(model="softmax", l2=0.1)
    found = optima.at_minima(Context(outcome_of(run), data_of(30)), run, [0.1, 0.01, 0.0])
    assert asked[: len(expected)] == expected
    assert set(found) == {0.1, 0.01, 0.0}
