"""`onelayer diagnose`: look at a run folder, and print what was found."""

from __future__ import annotations

from pathlib import Path

from rich.padding import Padding
from rich.text import Text

from onelayer.cli.progress import StudyProgress
from onelayer.cli.terminal import Terminal, print_json
from onelayer.diagnosis import Answer, Finding
from onelayer.words import first_few
from onelayer.workflow.diagnose import diagnose_folder

_STYLES = {
    Answer.FOUND: "bold",
    Answer.CLEAR: "green",
    Answer.CANT_TELL: "dim",
    Answer.NOT_APPLICABLE: "dim",
}


def run_diagnose_command(
    path: Path,
    *,
    only: list[str],
    budget: float | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the command; see `onelayer diagnose --help`."""
    console = Terminal()
    progress = StudyProgress(console, quiet=quiet)
    findings = diagnose_folder(
        path, only=[code.upper() for code in only],
        budget=float("inf") if budget is None else budget,
        threads=threads, stage=progress.stage,
    )  # fmt: skip
    if not quiet:
        _print(console, findings)
    if as_json:
        print_json([finding.as_json() for finding in findings])


def _print(console: Terminal, findings: list[Finding]) -> None:
    """Print what was found first, warnings at its head, and what is clear as a list."""
    ranks = {Answer.FOUND: 0, Answer.CANT_TELL: 1, Answer.CLEAR: 2, Answer.NOT_APPLICABLE: 3}
    told = [f for f in findings if f.answer in (Answer.FOUND, Answer.CANT_TELL)]
    for finding in sorted(told, key=lambda f: (not f.is_warning, ranks[f.answer])):
        _print_one(console, finding)
    for answer in (Answer.CLEAR, Answer.NOT_APPLICABLE):
        rest = [f for f in findings if f.answer is answer]
        titles: dict[str, list[str]] = {}
        for finding in rest:
            titles.setdefault(f"{finding.code} {finding.title}", []).extend(finding.runs)
        if titles:
            console.print(Text(str(answer).capitalize(), style=_STYLES[answer]))
            for title, runs in titles.items():
                of = f" ({first_few(list(dict.fromkeys(runs)), str)})" if runs else ""
                console.print(Padding(f"{title}{of}", (0, 0, 0, 2)))
    counts = [f"{sum(f.answer is a for f in findings)} {a}" for a in ranks]
    seconds = sum({f.code: f.how_sure.seconds for f in findings}.values())
    spent = f" Experiments: about {seconds:.1f} s of work." if seconds else ""
    console.print(f"{', '.join(counts)}.{spent}")


def _print_one(console: Terminal, finding: Finding) -> None:
    head = Text(f"{finding.code} ", style="bold cyan")
    head.append(finding.title, style="bold")
    head.append(f"  {finding.answer}", style="bold red" if finding.is_warning else "dim")
    console.print(head)
    console.print(Padding(finding.statement, (0, 0, 0, 2)))
    if finding.advice:
        console.print(Padding(f"What to do: {finding.advice}", (0, 0, 0, 2)))
    sure = finding.how_sure
    words = [sure.method]
    if sure.covers:
        words.append(f"Intervals: {sure.covers}.")
    if sure.tried:
        words.append(f"Tried: {'; '.join(sure.tried)}.")
    if sure.assumptions:
        words.append(f"Assumed: {'; '.join(sure.assumptions)}.")
    console.print(Padding(Text(f"How sure: {' '.join(words)}", style="dim"), (0, 0, 1, 2)))
