"""`onelayer study --live`: the page that shows a study while it trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from onelayer.cli import signals
from onelayer.cli.browser import open_page
from onelayer.cli.progress import StudyProgress
from onelayer.cli.terminal import Terminal
from onelayer.errors import Argument, InputError, OnelayerError
from onelayer.live import LiveServer, LiveState, steps_planned
from onelayer.study import PAGE, Run, RunFolderReader, Study, StudyData
from onelayer.training import Event


class LivePage:
    """The page of one study, and what of the command it has to do with.

    Use it in a `with` statement, at whose end the page turns into the report, or says what kept
    the study from having one.

    Parameters
    ----------
    port : int
        0 for any that is free.
    opened : bool
        Whether a browser is to open it.
    """

    def __init__(self, port: int, *, opened: bool) -> None:
        self._opened = opened
        self._state = LiveState()
        self._server = LiveServer(self._state, signals.ask_to_stop, port)
        self._report: Path | None = None

    def __enter__(self) -> LivePage:
        """Serve it."""
        self._server.__enter__()
        if self._opened:
            open_page(self._server.address)
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        """Tell the page how the study ended, and stop serving it once it knows."""
        try:
            if self._report is not None:
                self._server.ends("report", "Done", self._report, expected=self._opened)
            elif isinstance(error, KeyboardInterrupt):
                said = "Interrupted: the same command goes on where it was."
                self._server.ends("interrupted", said)
            else:
                self._server.ends(
                    "interrupted" if signals.stop.is_set() else "failed", _message(error)
                )
        except KeyboardInterrupt:
            pass  # all is done; nobody need wait for the page
        finally:
            self._server.__exit__()

    def progress(self, console: Terminal, *, quiet: bool) -> StudyProgress:
        """Return what shows the study on the terminal, and here; say where that is."""
        progress = _Progress(console, self._state, quiet=quiet)
        progress.say(f"Live: {self._server.address}")
        return progress

    def begins(self, study: Study, data: StudyData, path: Path, *, force: bool) -> None:
        """Show the study's runs: those that its folder has, and those that are to be trained."""
        self._state.begins(study, steps_planned(study, data))
        if not force and path.is_dir():
            with suppress(InputError):  # the study itself refuses it, with its message
                self._state.take_up(RunFolderReader.load(path).outcome().runs)
        self._state.says("Training")

    def has_report(self, path: Path) -> None:
        """Say that the report is in the folder."""
        self._report = path / PAGE


class _Progress(StudyProgress):
    """Shows a study on the terminal and on its page."""

    def __init__(self, console: Terminal, state: LiveState, *, quiet: bool) -> None:
        super().__init__(console, quiet=quiet)
        self._state = state

    def __call__(self, run: Run, event: Event) -> None:
        """Show an event of a run."""
        super().__call__(run, event)
        self._state(run, event)

    @contextmanager
    def stage(self, text: str) -> Iterator[object]:
        """Show that something without a measure of progress is going on."""
        with super().stage(text), self._state.stage(text):
            yield None


def _message(error: BaseException | None) -> str:
    if isinstance(error, OnelayerError):
        return error.worded(Argument.flag)
    return f"The command ended with an error: {error}"
