"""The minimum of an objective, and how near to it some parameters are."""

from onelayer.optimum.certificate import ClassMeans, excess_bound
from onelayer.optimum.preconditioner import Sample
from onelayer.optimum.result import Optimum
from onelayer.optimum.solver import check_minimum, minimise

__all__ = ["ClassMeans", "Optimum", "Sample", "check_minimum", "excess_bound", "minimise"]
