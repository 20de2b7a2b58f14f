"""What is printed: names made visible, streams that cannot fail, numbers that are never cut."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import suppress
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table
from rich.text import Text

from onelayer.words import shortened

LONGEST_LINE = 600
"""Of a message, in characters: longer ones hold somebody's data, and nobody reads them."""

_JOINERS = "\u200c\u200d"
"""They spell words of some languages, and move nothing."""

_NARROWEST_NAME = 4
_ANY_WIDTH = 10_000


def visible(text: str) -> str:
    r"""Return text in which what a terminal would obey is seen: ESC as ``\x1b``, as in Python.

    Those are the characters that are not printable: control characters and line ends, marks that
    turn the direction of writing, halves of pairs (bytes of a file name that are no text).
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in _JOINERS else c.encode("unicode_escape").decode() for c in text
    )


def message(text: str) -> str:
    """Return a message for people: visible, and no line of it longer than anybody reads.

    Further lines are set in, so that a name with a line end in it passes for no message of ours.
    """
    return "\n  ".join(shortened(visible(line), LONGEST_LINE) for line in text.split("\n"))


class Terminal(Console):
    """A console on which strings are printed as they are: no markup, all of it visible.

    Parameters
    ----------
    stderr : bool
        Whether it is standard error; otherwise standard output.
    quiet : bool
        Print nothing.
    """

    def __init__(self, *, stderr: bool = True, quiet: bool = False) -> None:
        super().__init__(stderr=stderr, quiet=quiet, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string as rich text. Every string comes by here, also cells of tables."""
        return super().render_str(visible(text), **options)

    def status(self, status: Any, **options: Any) -> Status:
        """Show that something is going on."""
        return super().status(escape(visible(str(status))), **options)

    def print_table(self, table: Table) -> None:
        """Print a table whose numbers, the columns to the right, are whole whatever the width.

        Where there is little room, headings are broken between words, then names are cut, and at
        last the table is wider than the terminal, which breaks its lines. A title is a line of its
        own, that is not broken at the width of the table.
        """
        if table.title is not None:
            self.print(table.title, style="table.title")
            table.title = None
        room = self.options.update(width=_ANY_WIDTH)
        if self.measure(table, options=room).maximum > self.width:
            numbers = [column for column in table.columns if column.justify == "right"]
            for column in numbers:
                words = [*visible(str(column.header)).split(), *map(str, column.cells)]
                column.width = max(map(cell_len, words))
            names = [column for column in table.columns if column not in numbers]
            edges = len(table.columns) * (table.padding[1] + table.padding[3])
            taken = edges + sum(column.width or 0 for column in numbers)
            for column in names:
                column.max_width = max((self.width - taken) // len(names), _NARROWEST_NAME)
            table.width = max(self.width, taken + _NARROWEST_NAME * len(names))
        self.print(table, crop=False)


def print_json(document: object) -> None:
    """Print a JSON document on standard output; what is not printable is a JSON escape there.

    Raises
    ------
    ValueError
        If it holds NaN or infinity, which other readers refuse.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if not text.isprintable() or not text.isascii():
        text = "".join(c if _may_stand(c, encoding) else json.dumps(c)[1:-1] for c in text)
    print(text)


def _may_stand(character: str, encoding: str) -> bool:
    if not (character.isprintable() or character in f"\n{_JOINERS}"):
        return False
    try:
        return bool(character.encode(encoding))
    except UnicodeEncodeError:
        return False


def open_streams() -> None:
    """Let whatever is printed be printed, with any encoding and with streams that are closed."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            _open_closed(number, name)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _open_closed(number: int, name: str) -> None:
    """Open a stream that was closed, lest a file gets its number and what is printed is written.

    Nobody reads what is printed on a closed standard output: so it is a pipe without a reader.
    """
    if name == "stdout":
        reader, file = os.pipe()
        os.close(reader)
    else:
        file = os.open(os.devnull, os.O_RDWR)
    if file != number:
        os.dup2(file, number)
        os.close(file)
    mode = "r" if name == "stdin" else "w"
    setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def close_streams(code: int) -> int:
    """Write out what was printed; return the exit code, which is 1 where that cannot be done.

    Where the reader has gone, as with ``| head``, that is nothing to talk about.
    """
    for number, stream in ((1, sys.__stdout__), (1, sys.stdout), (2, sys.__stderr__)):
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            code = code or 1
            # Python would flush again at its end, and say that it could not.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
            if not isinstance(error, BrokenPipeError):
                complain(f"Standard output: cannot be written: {error.strerror or error}.")
    return code


def complain(text: str) -> None:
    """Print a message about what went wrong."""
    with suppress(OSError):  # then nobody can be told
        print(f"onelayer: {message(text)}", file=sys.stderr)
