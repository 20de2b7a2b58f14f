"""Messages about files that are read as a model's training file was."""

from collections.abc import Iterator
from contextlib import contextmanager

from onelayer.errors import Argument, InputError

_GAPS = ("fill them, or train the model with ", Argument("impute", "mean"))
_NO_NUMBERS = ("the model takes numbers there: encode them as for the training",)


@contextmanager
def as_model_takes() -> Iterator[None]:
    """Give the advice that helps where a model has chosen the features.

    They cannot be left out, nor filled with means of these examples.
    """
    try:
        yield
    except InputError as error:
        named = {part.name for part in error.advice if isinstance(part, Argument)}
        if not named & {"impute", "drop"}:
            raise
        raise InputError(*error.fault, advice=_GAPS if "impute" in named else _NO_NUMBERS) from None
