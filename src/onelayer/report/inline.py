"""Inline text: plain text with code between backticks and math between dollar signs.

A dollar sign opens math only when the next character is no space, and closes it only when the
character before is no space and the next is no digit (the rule of Pandoc's Markdown), so that
"$5 or $6" stays text. A backslash before a backtick or a dollar sign makes it an ordinary
character. Nothing else is special.
"""

import re
from dataclasses import dataclass
from typing import Literal

_SPAN = re.compile(
    r"\\(?P<literal>[`$])"
    r"|`(?P<code>[^`\n]+)`"
    r"|\$(?=\S)(?P<math>[^$\n]*[^$\s])\$(?!\d)"
)


@dataclass(frozen=True)
class Span:
    """A stretch of inline text of one kind."""

    kind: Literal["text", "code", "math"]
    text: str


def parse(text: str) -> tuple[Span, ...]:
    """Split inline text into spans; neighbouring plain text is one span."""
    spans: list[Span] = []
    plain = ""
    end = 0
    for match in _SPAN.finditer(text):
        plain += text[end : match.start()]
        end = match.end()
        if match["literal"]:
            plain += match["literal"]
            continue
        if plain:
            spans.append(Span("text", plain))
            plain = ""
        if match["code"]:
            spans.append(Span("code", match["code"]))
        else:
            spans.append(Span("math", match["math"]))
    plain += text[end:]
    if plain:
        spans.append(Span("text", plain))
    return tuple(spans)


def literal(text: str) -> str:
    """Return inline text that shows ``text`` as it is, whatever signs it holds."""
    return re.sub(r"[`$]", r"\\\g<0>", text)


def code(text: str) -> str:
    """Return inline text that shows ``text`` as code, or as it is where it cannot be code."""
    return literal(text) if re.search(r"[`\n]", text) or not text else f"`{text}`"


def plain(text: str) -> str:
    """Return the characters of inline text without its marks, for places that show text only."""
    return "".join(span.text for span in parse(text))
