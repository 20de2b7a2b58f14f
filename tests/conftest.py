"""What all tests stand on: a disk that nobody waits for, and for pages a real browser."""

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, expect, sync_playwright

HERE = Path(__file__).parent

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]

FIRST = (
    "training", "engines", "estimators", "optimum", "sweep", "inference", "workflow", "study",
    "live", "cluster", "storage", "", "report", "data", "model", "cli", "diagnosis",
)  # fmt: skip
"""The folders in the order in which workers take tests.

The first worker begins here, a second in the middle. A kernel takes seconds to compile, once for
all: what compiles most stands first, and what compiles nothing from the middle on, so that the
second finds kernels and need not make the same at the same time.
"""

# How long an example takes says nothing on a loaded machine.
settings.register_profile(
    "patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # one of several
        items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    folder, *rest = item.path.relative_to(HERE).parts
    name = folder if rest else ""
    return FIRST.index(name) if name in FIRST else len(FIRST)


@pytest.fixture(scope="session", autouse=True)
def _nothing_to_wait_for() -> Iterator[None]:
    """No test outlives a loss of power. That files are synced is seen by `storage/crashing.py`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)
        yield


@pytest.fixture
def little_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share work among threads that is too little to be worth it, as tests make it."""
    if find_spec("numba") is not None:
        monkeypatch.setattr("onelayer.engines.compiled.totals.LITTLE", 0)
    monkeypatch.setattr("onelayer.optimum.passes.FEW_FEATURES", 0)
    monkeypatch.setattr("onelayer.optimum.newton_way.SHARED", 0)


@pytest.fixture
def by_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no table have few parameters: searches for minima go by passes of an engine."""
    monkeypatch.setattr("onelayer.optimum.whole.MOST_PARAMETERS", 0)


@pytest.fixture(scope="module")  # while it is open, no event loop can run beside it
def browser() -> Iterator[Browser]:
    """Return Debian's Chromium."""
    if PROGRAM is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        expect.set_options(timeout=60_000)  # a loaded machine takes longer than its 5 s
        program = playwright.chromium.launch(executable_path=PROGRAM, args=QUIET)
        yield program
        program.close()
