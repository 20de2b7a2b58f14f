"""How an objective is lowered: configuration, the training loop, its record and its ends."""

from onelayer.training.classifier import as_classifier
from onelayer.training.config import EarlyStopping, TrainConfig
from onelayer.training.engines import EngineName, warm_up
from onelayer.training.history import SCHEMA, Evaluation, History
from onelayer.training.interrupt import stop_on_interrupt
from onelayer.training.loop import Progress, available_cores, train, train_many
from onelayer.training.result import TrainResult
from onelayer.training.schedule import Schedule
from onelayer.training.stopping import StopReason
from onelayer.training.weighting import ExampleWeights

__all__ = [
    "SCHEMA",
    "EarlyStopping",
    "EngineName",
    "Evaluation",
    "ExampleWeights",
    "History",
    "Progress",
    "Schedule",
    "StopReason",
    "TrainConfig",
    "TrainResult",
    "as_classifier",
    "available_cores",
    "stop_on_interrupt",
    "train",
    "train_many",
    "warm_up",
]
