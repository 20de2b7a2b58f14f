"""The report's process: it gets ready while the main process trains, then makes the report.

Half of what a report takes is the same whatever the results: importing its libraries, verifying its
derivations. A process of its own does that from the first moment on. It touches no file: it hands
over the report's files, and the main process writes them.

The two talk over one pipe. The main process says which study it is, then what came of it; the other
answers once, with the files or with the error that kept it from making them. A pipe without a main
process at its other end means that there is nobody to make a report for.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from onelayer.errors import OnelayerError

if TYPE_CHECKING:
    from onelayer.diagnosis import Finding
    from onelayer.study import Outcome, Study


class ReportProcess:
    """A process that makes one report. Use it in a `with` statement, at whose end it ends."""

    def __init__(self) -> None:
        # Spawned, as everywhere but on Linux: a fork would share the state of threads.
        context = multiprocessing.get_context("spawn")
        self._pipe, far_end = context.Pipe()
        self._process = context.Process(target=_make_report, args=(far_end,), daemon=True)
        with _interrupts_wait():
            self._process.start()
        far_end.close()

    def __enter__(self) -> ReportProcess:
        """Return the process, which has begun."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the process, whatever it is at; there is nothing that it could leave unfinished."""
        self._pipe.close()
        self._process.kill()
        self._process.join()
        self._process.close()

    def prepare(self, study: Study) -> None:
        """Let the process do all it can before there are results; return at once."""
        self._send(study)

    def files(self, outcome: Outcome, findings: list[Finding]) -> dict[str, bytes]:
        """Return the report's files as `onelayer.report.render` does. Call `prepare` before.

        Raises
        ------
        Exception
            What was raised in the process; OnelayerError if it ended without a word.
        """
        self._send((outcome, [finding.as_json() for finding in findings]))
        try:
            answer: dict[str, bytes] | BaseException = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            raise OnelayerError(
                f"The process that makes the report ended with code {self._process.exitcode}; "
                "perhaps memory ran out. The results are kept: the same command goes on from there."
            ) from None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _send(self, message: object) -> None:
        # If nobody listens any more, there is an answer that says why.
        with suppress(OSError):
            self._pipe.send(message)


def _make_report(pipe: Connection) -> None:
    """Be the report's process."""
    # Ctrl-C reaches every process of a terminal; the main process alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    # In a life of seconds there is little garbage, and looking for it takes a twentieth of them.
    gc.disable()
    with suppress(EOFError, BrokenPipeError):
        try:
            # Here and not above, since the main process must not wait for it.
            from onelayer import report
            from onelayer.diagnosis import finding_from_json

            report.prepare(pipe.recv())
            outcome, found = pipe.recv()
            findings = [finding_from_json(values) for values in found]
            pipe.send(report.render(report.compose(outcome, findings)))
        except (EOFError, BrokenPipeError):
            raise
        except BaseException as error:
            error.add_note(traceback.format_exc())
            pipe.send(error)


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back, also from processes begun meanwhile, where the system can."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Would be started with the first process otherwise, and let Ctrl-C through from then on.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
