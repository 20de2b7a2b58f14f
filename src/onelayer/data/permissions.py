"""Files that the system does not let us read, in words."""

from onelayer.errors import InputError


def may_not_be_read(path: str) -> InputError:
    """Return the refusal of a file or folder that is there and may not be read."""
    return InputError(
        f"{path}: may not be read; check its permissions and those of the folders that it is in."
    )
