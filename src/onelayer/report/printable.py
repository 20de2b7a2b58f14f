"""Text that can be printed: characters that no file format or renderer takes are spelled out."""

import re
from typing import Any, Final

# Control characters, the separators of lines and paragraphs, marks that turn the direction of
# writing (a name could pass for another by them), half pairs of UTF-16, and the two that are no
# characters. XML takes few of them, and the renderer of the drawings ends the process over others.
_UNPRINTABLE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
# The same in the text of JSON, where a backslash begins an escape, and a pair is one character.
_ESCAPE: Final = re.compile(
    r"\\(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)"
)
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def printable(text: str, keep: str = "") -> str:
    r"""Return the text with its unprintable characters spelled out: ``"\x00"`` as ``\x00``.

    Texts that differ stay different, but for those that already hold such a spelling.

    Parameters
    ----------
    text
        Any text.
    keep
        Unprintable characters that are wanted, such as line breaks.
    """
    return _UNPRINTABLE.sub(
        lambda found: found[0] if found[0] in keep else _spelled(found[0]), text
    )


def printable_values(value: Any, keep: str = "") -> Any:
    """Return dictionaries and lists with every text in them printable, keys apart."""
    if isinstance(value, dict):
        return {key: printable_values(item, keep) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [printable_values(item, keep) for item in value]
    return printable(value, keep) if isinstance(value, str) else value


def printable_json(text: str) -> str:
    """Return JSON text, on one line, with every text in it printable."""
    return _UNPRINTABLE.sub(lambda raw: _in_json(raw[0]), _ESCAPE.sub(_of_escape, text))


def _of_escape(escape: re.Match[str]) -> str:
    sign = escape[1]
    character = chr(int(sign[1:], 16)) if len(sign) == 5 else _SHORT.get(sign, "")
    return _in_json(character) if _UNPRINTABLE.fullmatch(character) else escape[0]


def _in_json(character: str) -> str:
    return _spelled(character).replace("\\", r"\\")


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
