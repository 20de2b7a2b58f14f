"""Cases that were made, kept as they come: what is interrupted goes on from there."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Place:
    """Where a case stands: which plant at which strength, or which healthy run.

    Attributes
    ----------
    code : str
        Of the check; empty for a healthy run.
    fault : str
        The plant's name; empty for a healthy run.
    strength : float
    run, seed : int
    """

    code: str
    fault: str
    strength: float
    run: int
    seed: int


@dataclass(frozen=True)
class Made:
    """What came of a case.

    Attributes
    ----------
    place : Place
    source : str
    found, warned, right : bool
        Of a planted fault: whether it was found, with a warning, and rightly named.
    alarms : list of [code, statement]
        What was warned of in a healthy run.
    seconds : float
        Of one core.
    """

    place: Place
    source: str
    found: bool
    warned: bool
    right: bool
    alarms: list[list[str]]
    seconds: float


class Journal:
    """A file of one line a case, of this version of checks and plants alone.

    Parameters
    ----------
    path : Path or None
        None: nothing is kept.
    """

    def __init__(self, path: Path | None) -> None:
        self._path, self._version = path, _version()
        self.made: dict[Place, Made] = {}
        if path is None or not path.exists():
            return
        for line in path.read_text("utf-8").splitlines():
            try:
                values = json.loads(line)
            except ValueError:  # the line at which it was interrupted
                continue
            if values.pop("version") == self._version:
                made = Made(**values | {"place": Place(**values["place"])})
                self.made[made.place] = made

    def add(self, made: Made) -> None:
        """Keep a case."""
        self.made[made.place] = made
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"version": self._version} | asdict(made)) + "\n")

    def remove(self) -> None:
        """Remove the file, once tables hold what was in it."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _version() -> int:
    """Return a number that changes with any line of checks, plants, and what they rest on."""
    crc = 0
    package = HERE.parents[1] / "src" / "onelayer"
    others = ("report", "cli", "live", "dask", "workflow", "estimators")
    for path in sorted([*package.rglob("*.py"), *HERE.glob("*.py")]):
        if path.is_relative_to(package) and path.relative_to(package).parts[0] in others:
            continue
        crc = zlib.crc32(path.read_bytes(), crc)
    return crc
