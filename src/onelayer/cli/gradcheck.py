"""`onelayer gradcheck`: analytic against numeric gradients."""

from __future__ import annotations

import numpy as np
from rich.table import Table

from onelayer.cli.terminal import Terminal
from onelayer.data import load
from onelayer.diagnosis import check_on
from onelayer.errors import OnelayerError
from onelayer.model import TOLERANCE, GradientCheck


def run_gradcheck_command(source: str) -> None:
    """Print the table; see `onelayer gradcheck --help`."""
    train, _ = load(source)
    checks = check_on(train)
    worst = max(checks, key=lambda check: np.nan_to_num(check.worst_error, nan=np.inf))
    console = Terminal()
    console.print_table(_table(checks))
    console.print(
        f"Worst relative error: {worst.worst_error:.1e}, of {checks[0].points} random weights "
        f"each, in float64. Allowed: {TOLERANCE:g}.",
        soft_wrap=True,
    )
    failed = [check for check in checks if not check.passed]
    if failed:
        raise OnelayerError(
            f"{len(failed)} of {len(checks)} gradients are off by more than {TOLERANCE:g}: for "
            f"{worst.objective.model} with l2 = {worst.objective.l2:g} the analytic derivative is "
            f"{worst.analytic:.9g}, the numeric one {worst.numeric:.9g}."
        )


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
