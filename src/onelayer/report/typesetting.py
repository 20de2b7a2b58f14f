"""The one place that calls Typst: template in, HTML or PDF out, errors in plain words."""

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final, Literal

import typst

from onelayer.errors import OnelayerError

# Typst says this of every HTML export. Only the formulas are taken from it.
_EXPECTED_WARNINGS: Final = ("html export is under active development and incomplete",)
# The clock must not get into the file.
_TIMESTAMP: Final = datetime(2000, 1, 1, tzinfo=UTC)


def template(name: str) -> str:
    """Return the text of a file in this package's ``templates`` folder."""
    return (files("onelayer.report") / "templates" / name).read_text(encoding="utf-8")


def font(name: str) -> str:
    """Return a font of this package's templates as base64."""
    content = (files("onelayer.report") / "templates" / "fonts" / name).read_bytes()
    return base64.b64encode(content).decode()


def parts(folder: str, suffix: str) -> list[str]:
    """Return the names, without suffix, of the files in a folder of ``templates``, if it is one."""
    found = files("onelayer.report") / "templates" / folder
    names = sorted(part.name for part in found.iterdir()) if found.is_dir() else []
    return [name.removesuffix(f".{suffix}") for name in names if name.endswith(f".{suffix}")]


def compile_template(
    name: str, inputs: Mapping[str, object], output: Literal["html", "pdf"]
) -> bytes:
    """Compile a Typst template without system fonts, files or network.

    Parameters
    ----------
    name
        The template's file name.
    inputs
        Values that the template reads as JSON from ``sys.inputs``.
    output
        The format.

    Raises
    ------
    OnelayerError
        If Typst refuses the source or has a warning.
    """
    try:
        result, warnings = typst.compile_with_warnings(
            template(name).encode(),
            format=output,
            ignore_system_fonts=True,
            sys_inputs={key: json.dumps(value) for key, value in inputs.items()},
            timestamp=_TIMESTAMP,
        )
    except typst.TypstError as error:
        raise OnelayerError(f"typesetting {name} failed: {error}") from error
    unexpected = [str(w) for w in warnings if not str(w).startswith(_EXPECTED_WARNINGS)]
    if unexpected:
        raise OnelayerError(f"typesetting {name} gave a warning: {unexpected[0]}")
    return result


def compile_mathematics(
    name: str,
    inputs: Mapping[str, object],
    output: Literal["html", "pdf"],
    formulas: Iterable[str],
) -> bytes:
    """Compile a template whose inputs hold formulas; if it fails over one of them, name it.

    Parameters
    ----------
    name, inputs, output
        As for :func:`compile_template`.
    formulas
        All the Typst math in the inputs.

    Raises
    ------
    OnelayerError
        As for :func:`compile_template`.
    """
    try:
        return compile_template(name, inputs, output)
    except OnelayerError as error:
        # Typst tells the template's line, which is the same for every formula: try each alone.
        for math in formulas:
            reason = _refusal(math)
            if reason:
                raise OnelayerError(f"the formula `{math}` is no Typst math: {reason}") from error
        raise


def _refusal(math: str) -> str | None:
    try:
        compile_template("formulas.typ", {"formulas": [{"math": math, "display": True}]}, "html")
    except OnelayerError as error:
        return str(error.__cause__ or error)
    return None
