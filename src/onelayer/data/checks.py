"""Checks of arguments that several modules of this package share."""

import operator

from onelayer.errors import InputError


def check_integer(
    value: object, name: str, minimum: int, maximum: int | None = None, *, why: str = ""
) -> int:
    """Return `value` as an int when it is a whole number in the allowed range.

    Parameters
    ----------
    value : object
        What was given. Python and NumPy integers pass; bools, floats and strings do not.
    name : str
        The argument or key that the message names.
    minimum, maximum : int, int or None
        Both ends are allowed. None means that there is no upper end.
    why : str
        Where the upper end comes from, for the message.

    Raises
    ------
    InputError
        If `value` is no integer or lies outside the range.
    """
    allowed = f"of {minimum} or more" if maximum is None else f"from {minimum} to {maximum}"
    advice = f"{why + '; ' if why else ''}give a whole number {allowed}."
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise InputError(f"{name}: {value!r} is not a whole number; {advice}")
    if number < minimum or (maximum is not None and number > maximum):
        raise InputError(f"{name}: {number} is out of range; {advice}")
    return number
