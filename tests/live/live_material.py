"""A study that is told of by hand, and how a page of it is asked for."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from onelayer.live import LiveState
from onelayer.study import Study, resolve
from onelayer.training import Began, Evaluated, Schedule, Steps
from onelayer.training.history import Evaluation

STEPS = 1000
TABLE: dict[str, Any] = {
    "name": "told",
    "title": "A study <b>told</b> by hand",
    "data": {"source": "digits"},
    "runs": [{"name": "plain"}, {"name": "l2", "l2": [1.0, 0.1]}],
}
NAMES = ("plain", "l2[l2=1.0]", "l2[l2=0.1]")


def begun() -> tuple[LiveState, Study]:
    """Return the state of a study whose runs have begun."""
    study, state = resolve(TABLE, "told.toml"), LiveState()
    state.begins(study, dict.fromkeys(NAMES, STEPS))
    state.says("Training")
    for number, run in enumerate(study.runs):
        state(run, Began(number, Schedule(100, 10, 10, 10, STEPS), 0))
    return state, study


def make_steps(state: LiveState, study: Study, first: int, last: int) -> None:
    """Tell of steps of all runs, with an evaluation each 10 steps."""
    for number, run in enumerate(study.runs):
        for step in range(first, last, 10):
            losses = 2.3 / (1 + np.arange(step, step + 10) / 100) + 0.1 * number
            state(run, Steps(number, step, losses))
            right = 0.9 - 0.5 / (1 + step / 50) - 0.02 * number
            evaluation = Evaluation(
                step + 9, step // 100, losses[-1] + 0.05, right, right + 0.04, 1.0
            )
            state(run, Evaluated(number, evaluation))


def ask(
    address: str, what: str, method: str = "GET", headers: Mapping[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Return the status, the headers and the body that a path of a server answers."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
    try:
        connection.request(method, what, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
