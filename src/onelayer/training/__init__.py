"""How an objective is minimised: configuration, the training loop, its record and its ends."""

from onelayer.engines import EngineName
from onelayer.training.checkpoint import Checkpoint
from onelayer.training.classifier import as_classifier
from onelayer.training.config import TrainConfig, fitting_solver, overridden, table_of
from onelayer.training.convergence import Convergence
from onelayer.training.data import RunData
from onelayer.training.events import Began, Ended, Evaluated, Event, Listener, Searched, Steps
from onelayer.training.final import Final
from onelayer.training.history import COLUMNS, Evaluation, History, history_schema
from onelayer.training.interrupt import stop_on_interrupt
from onelayer.training.loop import train, train_many
from onelayer.training.minimum import Minimum
from onelayer.training.options import Option, option_of
from onelayer.training.record import RunRecord
from onelayer.training.result import TrainResult
from onelayer.training.schedule import Schedule, evaluation_every
from onelayer.training.state import OtherTrainingError, RunState, encode_states, read_states
from onelayer.training.stopping import StopReason
from onelayer.training.tables import Averaging, EarlyStopping, RateSchedule
from onelayer.training.warm_up import warm_up
from onelayer.training.weights import ExampleWeights

__all__ = [
    "COLUMNS",
    "Averaging",
    "Began",
    "Checkpoint",
    "Convergence",
    "EarlyStopping",
    "Ended",
    "EngineName",
    "Evaluated",
    "Evaluation",
    "Event",
    "ExampleWeights",
    "Final",
    "History",
    "Listener",
    "Minimum",
    "Option",
    "OtherTrainingError",
    "RateSchedule",
    "RunData",
    "RunRecord",
    "RunState",
    "Schedule",
    "Searched",
    "Steps",
    "StopReason",
    "TrainConfig",
    "TrainResult",
    "as_classifier",
    "encode_states",
    "evaluation_every",
    "fitting_solver",
    "history_schema",
    "option_of",
    "overridden",
    "read_states",
    "stop_on_interrupt",
    "table_of",
    "train",
    "train_many",
    "warm_up",
]
