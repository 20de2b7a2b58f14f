"""Trained models that predict, can be kept in a file, and exported to other libraries."""

from onelayer.inference.by_class import ClassMetrics
from onelayer.inference.classifier import Classifier
from onelayer.inference.describe import Description, FeatureWeight, OutputWeights, describe
from onelayer.inference.evaluation import CalibrationBin, Metrics
from onelayer.inference.multilabel import LabelMetrics
from onelayer.inference.weights_table import weights_table

__all__ = [
    "CalibrationBin",
    "ClassMetrics",
    "Classifier",
    "Description",
    "FeatureWeight",
    "LabelMetrics",
    "Metrics",
    "OutputWeights",
    "describe",
    "weights_table",
]
