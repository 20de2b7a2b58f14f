"""What exports to other libraries have in common."""

from onelayer.errors import InputError
from onelayer.inference.classifier import Classifier


def refuse_multilabel(classifier: Classifier) -> None:
    """Refuse a model that no other format has a place for yet.

    Raises
    ------
    InputError
    """
    if classifier.model == "multilabel":
        raise InputError(
            "model: it is multilabel, and only softmax and logistic models are exported; use it by "
            "Classifier.load."
        )
