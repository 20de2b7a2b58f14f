"""`onelayer data pack`: one shuffle on disk, into blocks."""

from __future__ import annotations

import time
from pathlib import Path

from onelayer.cli import signals
from onelayer.cli.bar import MeasuredBar
from onelayer.cli.progress import say
from onelayer.cli.terminal import Terminal, print_json
from onelayer.data.blocks import PackedBlocks
from onelayer.words import bytes_in_words, number_of
from onelayer.workflow.pack import pack_files

_STAGES = {"deal": "reading", "gather": "writing blocks"}


class PackingBar(MeasuredBar):
    """A bar for each pass, with how many bytes a second it goes through."""

    def __init__(self, console: Terminal) -> None:
        super().__init__(console, "rate")
        self._stage, self._began, self._first = "", 0.0, 0

    def tell(self, stage: str, examples: int, n_examples: int, done: int) -> None:
        """Take note of what is done."""
        if stage != self._stage:
            self._stage, self._began, self._first = stage, time.monotonic(), done
            self._task = self.add_task(_STAGES[stage], total=n_examples, rate="")
        seconds = time.monotonic() - self._began
        rate = f"{bytes_in_words(int((done - self._first) / seconds))}/s" if seconds else ""
        self.update(self._task, completed=examples, rate=rate)


def run_pack_command(
    source: str,
    out: Path,
    *,
    target: str | None,
    block_length: int | None,
    seed: int,
    memory: str | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the command; see `onelayer data pack --help`."""
    console = Terminal(quiet=quiet)
    with PackingBar(console) as bar, signals.listening() as stop:
        packed = pack_files(
            source, out, target=target, block_length=block_length, seed=seed, memory=memory,
            force=force, tell=bar.tell, stop=stop,
        )  # fmt: skip
    say(console, f"{_about(packed)}: {out}")
    if as_json:
        known = packed.manifest.model_dump(mode="json", exclude={"files", "stored"})
        print_json({"folder": str(out), **known, "fingerprint": packed.fingerprint})


def _about(packed: PackedBlocks) -> str:
    lengths = packed.block_lengths
    blocks = "1 block" if len(lengths) == 1 else f"{len(lengths):,} blocks of {lengths[0]:,}"
    return (
        f"{number_of(packed.n_examples, 'example')} of {number_of(packed.n_features, 'feature')} "
        f"and {number_of(len(packed.classes), 'class')}, shuffled, in {blocks}"
    )
