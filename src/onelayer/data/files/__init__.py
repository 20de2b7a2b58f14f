"""Users' own files as examples, and predictions as files.

Not imported by `onelayer.data`: tables and images need large libraries.
"""

from onelayer.data.files.examples import Examples
from onelayer.data.files.missing import complete, feature_means
from onelayer.data.files.predictions import formulas, write_predictions, writing_predictions
from onelayer.data.files.read import read_examples

__all__ = [
    "Examples",
    "complete",
    "feature_means",
    "formulas",
    "read_examples",
    "write_predictions",
    "writing_predictions",
]
