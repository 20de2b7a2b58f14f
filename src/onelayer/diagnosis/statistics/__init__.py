"""Intervals, tests and trends.

Not taken from SciPy: importing its parts takes up to a second and 50 MB, and nothing else in a
study needs them. The tests compare with it; `benchmarks/statistics_simulated.py` simulates what
each covers.
"""

from onelayer.diagnosis.statistics.best import set_of_best
from onelayer.diagnosis.statistics.intervals import difference_interval, wilson_interval
from onelayer.diagnosis.statistics.paired import PairedAccuracies, holm, paired_mean_interval
from onelayer.diagnosis.statistics.trend import Trend, trend

__all__ = [
    "PairedAccuracies",
    "Trend",
    "difference_interval",
    "holm",
    "paired_mean_interval",
    "set_of_best",
    "trend",
    "wilson_interval",
]
