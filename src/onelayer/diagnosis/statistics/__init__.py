"""Intervals, tests and trends.

Distributions are those of `scipy.special`. Tests compare with `scipy.stats`, which takes up to a
second and 50 MB to import. `benchmarks/statistics_simulated.py` simulates what each covers.
"""

from onelayer.diagnosis.statistics.best import set_of_best
from onelayer.diagnosis.statistics.calibration import Calibration, ReliabilityBin, calibration
from onelayer.diagnosis.statistics.extremes import extremes
from onelayer.diagnosis.statistics.intervals import (
    difference_interval,
    mean_interval,
    wilson_interval,
)
from onelayer.diagnosis.statistics.noise import (
    EvaluationNoise,
    accuracy_noise,
    evaluation_noise,
    paired_accuracy_noise,
)
from onelayer.diagnosis.statistics.optimism import Optimism, choice_optimism
from onelayer.diagnosis.statistics.paired import PairedAccuracies, holm, paired_mean_interval
from onelayer.diagnosis.statistics.trend import Trend, trend
from onelayer.diagnosis.statistics.two_samples import (
    counts_differ,
    fisher,
    log_choose,
    mann_whitney,
)

__all__ = [
    "Calibration",
    "EvaluationNoise",
    "Optimism",
    "PairedAccuracies",
    "ReliabilityBin",
    "Trend",
    "accuracy_noise",
    "calibration",
    "choice_optimism",
    "counts_differ",
    "difference_interval",
    "evaluation_noise",
    "extremes",
    "fisher",
    "holm",
    "log_choose",
    "mann_whitney",
    "mean_interval",
    "paired_accuracy_noise",
    "paired_mean_interval",
    "set_of_best",
    "trend",
    "wilson_interval",
]
