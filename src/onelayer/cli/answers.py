"""The end of a study in the terminal: its answers."""

from __future__ import annotations

from rich.padding import Padding
from rich.text import Text

from onelayer.cli.terminal import Terminal, visible
from onelayer.diagnosis import Finding
from onelayer.diagnosis.answers import answers
from onelayer.diagnosis.evidence import Evidence
from onelayer.study import Outcome


def print_answers(console: Terminal, outcome: Outcome, findings: list[Finding]) -> None:
    """Print what the study found, each with its question."""
    for answer in answers(Evidence(outcome, tuple(findings))):
        console.print(Text(answer.question, style="bold"))
        verdict = f"{answer.verdict}. " if answer.verdict else ""
        console.print(Padding(Text(visible(f"{verdict}{answer.sentence}")), (0, 0, 0, 2)))
