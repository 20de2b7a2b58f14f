"""The studies that come with the package, and the file of one's own to begin with."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from onelayer.errors import InputError

_FOLDER = resources.files("onelayer.study") / "studies"
_TEMPLATE = resources.files("onelayer.study") / "template.toml"
_SUFFIX = ".toml"


@dataclass(frozen=True)
class BuiltIn:
    """What there is to say of a built-in study before it is run.

    Attributes
    ----------
    name, question : str
    seconds : int
        About how long it takes on the digits, with two cores.
    """

    name: str
    question: str
    seconds: int


def built_in_names() -> list[str]:
    """Return the names of the built-in studies, in alphabetical order."""
    stems = {entry.name.removesuffix(_SUFFIX) for entry in _FOLDER.iterdir()}
    return sorted(stem for stem in stems if "." not in stem)


def built_in_studies() -> list[BuiltIn]:
    """Return the built-in studies, the whole one first."""
    studies = []
    for name in built_in_names():
        content = tomllib.loads((_FOLDER / f"{name}{_SUFFIX}").read_text("utf-8"))
        studies.append(BuiltIn(name, content["question"], content["seconds"]))
    return sorted(studies, key=lambda study: study.name != "gradient-descent")


def template() -> str:
    """Return a study file with comments, that runs as it is."""
    return _TEMPLATE.read_text("utf-8")


def read_study_file(study: str, source: str | None = None) -> tuple[dict[str, Any], str]:
    """Return the content of a built-in study or of a TOML file, and what to call it in messages.

    Parameters
    ----------
    study : str
        A built-in study's name, or a path.
    source : str, optional
        The data that is taken in place of the study's own. A built-in study may have a file for
        one source alone, `<study>.<source>.toml`; it is taken where the data is that.

    Raises
    ------
    InputError
        If there is no such study, or the file cannot be read or is not TOML.
    """
    try:
        if study in built_in_names():
            content = tomllib.loads((_FOLDER / f"{study}{_SUFFIX}").read_text("utf-8"))
            own = _FOLDER / f"{study}.{source or content['data']['source']}{_SUFFIX}"
            if own.is_file():
                content = tomllib.loads(own.read_text("utf-8"))
            return content, study
        return tomllib.loads(Path(study).read_text("utf-8-sig")), study
    except FileNotFoundError:
        raise InputError(
            f"{study}: no such study file, and not a built-in study "
            f"({', '.join(built_in_names())})."
        ) from None
    except OSError as error:
        raise InputError(f"{study}: cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"{study}: is not UTF-8 text; a study file is TOML.") from None
    except ValueError as error:  # TOML's, or that of a number with thousands of digits
        raise InputError(f"{study}: is not valid TOML: {error}.") from None
    except RecursionError:
        raise InputError(
            f"{study}: is nested too deeply; a study file has tables of lists."
        ) from None
