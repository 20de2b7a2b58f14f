"""The errors that a user can meet. Each carries one clear message and no traceback is shown."""


class OnelayerError(Exception):
    """The work could not be done. The command line prints the message and exits with 1."""


class InputError(OnelayerError, ValueError):
    """The input or the usage is wrong. The command line prints the message and exits with 2."""
