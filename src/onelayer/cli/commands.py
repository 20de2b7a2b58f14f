"""A command whose options take one value, unless they say that they may be repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand

from onelayer.errors import Argument, InputError


class Command(TyperCommand):
    """One that refuses an option which is given twice, where the last would be taken silently."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words of a call."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        single = (p for p in given if p.param_type_name == "option" and not p.multiple)
        times = Counter(p.name for p in single if not getattr(p, "is_flag", False))
        for name, count in times.items():
            if count > 1 and name is not None:
                flag = next(p.opts[0] for p in given if p.name == name)
                raise InputError(
                    Argument(flag.removeprefix("--").replace("-", "_")),
                    f": was given {count} times; it takes one value.",
                )
        rest: list[str] = super().parse_args(ctx, args)
        return rest


class Commands(typer.Typer):
    """Commands that all are of that kind, or of the one that is named."""

    def command(self, name: str | None = None, **how: Any) -> Callable[..., Any]:
        """Return what makes a function a command."""
        made: Callable[..., Any] = super().command(name, **{"cls": Command, **how})
        return made
