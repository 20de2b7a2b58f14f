"""`onelayer gradcheck`: analytic against numeric gradients."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from onelayer.data import load
from onelayer.diagnosis import check_on
from onelayer.errors import OnelayerError
from onelayer.model import TOLERANCE, GradientCheck


def run_gradcheck_command(source: str) -> None:
    """Print the table; see `onelayer gradcheck --help`."""
    train, _ = load(source)
    checks = check_on(train)
    Console().print(_table(checks))
    print(f"Worst relative error over {checks[0].points} random weights each, in float64.")
    failed = [check for check in checks if not check.passed]
    if failed:
        worst = failed[0]
        raise OnelayerError(
            f"{len(failed)} of {len(checks)} gradients are off by more than {TOLERANCE:g}: for "
            f"{worst.objective} the analytic derivative is {worst.analytic:.9g}, the numeric one "
            f"{worst.numeric:.9g}."
        )
    print(f"All within {TOLERANCE:g}.")


def _table(checks: list[GradientCheck]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model")
    table.add_column("l2", justify="right")
    table.add_column("bias in penalty")
    for heading in ("worst error", "analytic", "numeric"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for check in checks:
        table.add_row(
            check.objective.model,
            f"{check.objective.l2:g}",
            "yes" if check.objective.penalize_bias else "no",
            f"{check.worst_error:.1e}",
            f"{check.analytic:.6g}",
            f"{check.numeric:.6g}",
            "ok" if check.passed else "WRONG",
        )
    return table
