"""The figures of a report: functions from frames to a :class:`onelayer.report.figure.Figure`."""

from onelayer.report.figures.accuracy import accuracy_curves
from onelayer.report.figures.against import against
from onelayer.report.figures.comparison import accuracy_comparison, sweep_accuracy
from onelayer.report.figures.confusion import confusion
from onelayer.report.figures.dips import accuracy_at_every_step, fall_by_batch
from onelayer.report.figures.examples import Picture, example_pictures, lines
from onelayer.report.figures.loss import loss_curves
from onelayer.report.figures.many import MOST_LINES, many_curves
from onelayer.report.figures.penalty import (
    accuracy_against_l2,
    difference_against_l2,
    norm_against_l2,
)
from onelayer.report.figures.replicates import replicate_curves
from onelayer.report.figures.sides import both_curves
from onelayer.report.figures.stopping import continued_loss
from onelayer.report.figures.together import losses_together
from onelayer.report.figures.weights import WeightRow, weight_pictures

__all__ = [
    "MOST_LINES",
    "Picture",
    "WeightRow",
    "accuracy_against_l2",
    "accuracy_at_every_step",
    "accuracy_comparison",
    "accuracy_curves",
    "against",
    "both_curves",
    "confusion",
    "continued_loss",
    "difference_against_l2",
    "example_pictures",
    "fall_by_batch",
    "lines",
    "loss_curves",
    "losses_together",
    "many_curves",
    "norm_against_l2",
    "replicate_curves",
    "sweep_accuracy",
    "weight_pictures",
]
