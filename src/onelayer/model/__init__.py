"""The mathematics of single-layer networks: losses, objective, gradient, derivations."""

from onelayer.model.gradcheck import TOLERANCE, GradientCheck, check_gradients
from onelayer.model.losses import LOSSES, Loss, sigmoid, softmax
from onelayer.model.objective import Objective, Sums
from onelayer.model.parameters import ModelName, Parameters, n_outputs

__all__ = [
    "LOSSES",
    "TOLERANCE",
    "GradientCheck",
    "Loss",
    "ModelName",
    "Objective",
    "Parameters",
    "Sums",
    "check_gradients",
    "n_outputs",
    "sigmoid",
    "softmax",
]
