"""What a terminal shows while models train, and how lines for people are broken."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from onelayer.cli.bar import TrainingBar
from onelayer.cli.progress import say
from onelayer.training import Evaluated, Evaluation, Searched, Steps


def terminal(width: int, *, is_terminal: bool = True) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=width, height=20, force_terminal=is_terminal), out


@pytest.mark.parametrize(
    ("text", "width", "is_terminal", "expected"),
    [
        ("ten words", 7, True, "ten \nwords\n"),
        ("ten words", 7, False, "ten words\n"),
        ("ten words", 40, True, "ten words\n"),
        ("to: /a/path/that/is/long", 10, True, "to: /a/path/that/is/long\n"),
        ("[red] a[3]", 40, True, "[red] a[3]\n"),
        ("", 7, True, "\n"),
    ],
)
def test_lines_are_broken_between_words(
    text: str, width: int, is_terminal: bool, expected: str
) -> None:
    console, out = terminal(width, is_terminal=is_terminal)
    say(console, text)
    assert out.getvalue() == expected


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize(
    ("losses", "shown"),
    [
        ([0.5, None, None], "lowest validation loss 0.5000"),
        ([0.5, 0.25, 0.75], "lowest validation loss 0.2500"),
        ([float("nan"), 0.25, float("inf")], "lowest validation loss 0.2500"),
        ([float("nan")], "validation loss inf"),
        ([0.125], "validation loss 0.1250"),
        ([None, None], ""),
    ],
)
def test_the_bar_shows_the_lowest_loss(losses: list[float | None], shown: str, width: int) -> None:
    console, out = terminal(width)
    at = Evaluation(step=9, epoch=0, val_loss=0, val_accuracy=0, train_accuracy=0, weight_norm=0)
    with TrainingBar(console, len(losses), 20) as bar:
        for model, loss in enumerate(losses):
            if loss is not None:
                bar(Evaluated(model, replace(at, val_loss=loss)))
            bar(Steps(model, 0, np.zeros(10)))
        bar.refresh()
        line = out.getvalue().splitlines()[-1]
    assert " 50%" in line
    assert shown in line
    assert ("lowest" in line) == ("lowest" in shown)
    assert "…" not in line


def test_the_bar_shows_the_search_for_a_minimum_until_there_is_a_loss() -> None:
    console, out = terminal(60)
    at = Evaluation(step=9, epoch=0, val_loss=1, val_accuracy=0, train_accuracy=0, weight_norm=0)
    with TrainingBar(console, 1, 20) as bar:
        bar(Searched(0, 34, 0.1))
        bar.refresh()
        assert "the minimum: pass 34" in out.getvalue().splitlines()[-1]
        bar(Evaluated(0, at))
        bar.refresh()
        assert "the minimum" not in out.getvalue().splitlines()[-1]
