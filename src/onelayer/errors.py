"""The errors that a user can meet. Each carries one clear message and no traceback is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Argument(NamedTuple):
    """An argument that a message names: people give it in Python, or as an option of a command.

    Attributes
    ----------
    name : str
        As Python has it.
    value : str
        What is to be given, if the message says that.
    """

    name: str
    value: str = ""

    def __str__(self) -> str:
        """Name it as Python does."""
        return f"{self.name}={self.value}" if self.value else self.name

    def flag(self) -> str:
        """Name it as the command line does."""
        value = "" if self.value == "True" else self.value
        return f"--{self.name.replace('_', '-')} {value}".rstrip()


class OnelayerError(Exception):
    """The work could not be done. The command line prints the message and exits with 1.

    Parameters
    ----------
    *parts : str or Argument
        The message, piece by piece: what is wrong, where, and what to do.
    advice : sequence of str or Argument
        What to do, where another caller has other advice: the message goes on with it, behind a
        semicolon, and ends there.

    Attributes
    ----------
    fault : tuple of str or Argument
        The message without the advice.
    """

    def __init__(self, *parts: str | Argument, advice: Sequence[str | Argument] = ()) -> None:
        self.fault, self.advice = parts, tuple(advice)
        self.parts = (*parts, "; ", *advice, ".") if advice else parts
        super().__init__("".join(map(str, self.parts)))

    def worded(self, name: Callable[[Argument], str]) -> str:
        """Return the message with its arguments named in another way."""
        return "".join(name(p) if isinstance(p, Argument) else p for p in self.parts)


class InputError(OnelayerError, ValueError):
    """The input or the usage is wrong. The command line prints the message and exits with 2."""
