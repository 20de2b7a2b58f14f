"""`onelayer report RUN1 RUN2`: two studies side by side."""

from __future__ import annotations

from pathlib import Path

from onelayer.cli.out import check_out
from onelayer.cli.progress import StudyProgress
from onelayer.cli.terminal import Terminal
from onelayer.report.html import to_html
from onelayer.report.pdf import to_pdf
from onelayer.storage import write_file
from onelayer.workflow.compare import compare_folders


def run_compare_command(
    first: Path, second: Path, *, out: Path | None, force: bool, quiet: bool
) -> None:
    """Run the command; see `onelayer report --help`."""
    progress = StudyProgress(Terminal(), quiet=quiet)
    named = out or first.parent / f"{first.resolve().name}-and-{second.resolve().name}.html"
    page = check_out(named, (".html",), force=force, reads=(first, second))
    paper = check_out(page.with_suffix(".pdf"), (".pdf",), force=force)
    document = compare_folders(first, second, stage=progress.stage)
    with progress.stage("Writing the page"):
        written = to_pdf(document), to_html(document).encode()
        for path, content in zip((paper, page), written, strict=True):
            write_file(path, content)
    progress.say(f"Report: {page}")
