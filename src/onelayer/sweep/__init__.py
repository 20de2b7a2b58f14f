"""Many candidates, trained together: their grid, what they are scored on, and the choice."""

from onelayer.sweep.candidates import (
    Candidate,
    is_negated,
    plain_name,
    results_table,
    summary,
)
from onelayer.sweep.folds import Fold, at_rows, cross_validation
from onelayer.sweep.grid import AXES, Grid, penalty_of
from onelayer.sweep.recipes import dinov2_heads, dinov2_ranges, lbfgs_penalties
from onelayer.sweep.scores import LOG_LOSS, Score, log_scores, score_named
from onelayer.sweep.search import SweepResult, sweep
from onelayer.sweep.task import Sample, Task

__all__ = [
    "AXES",
    "LOG_LOSS",
    "Candidate",
    "Fold",
    "Grid",
    "Sample",
    "Score",
    "SweepResult",
    "Task",
    "at_rows",
    "cross_validation",
    "dinov2_heads",
    "dinov2_ranges",
    "is_negated",
    "lbfgs_penalties",
    "log_scores",
    "penalty_of",
    "plain_name",
    "results_table",
    "score_named",
    "summary",
    "sweep",
]
