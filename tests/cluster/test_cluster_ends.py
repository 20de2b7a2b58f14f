"""Schedulers, workers and clients that are gone while models are trained."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import distributed
import pytest
from cli_helpers import call
from cluster_material import examples, source, until

from onelayer.cli import cluster as cli_cluster
from onelayer.cli.study import run_study_command
from onelayer.data import block_dataset
from onelayer.engines.cluster import Cluster, ClusterSource, state
from onelayer.errors import InputError, OnelayerError
from onelayer.inference import Classifier
from onelayer.study import read_study_file, resolve
from onelayer.training import Evaluated, Event, TrainConfig, train
from onelayer.workflow import cluster as workflow_cluster
from onelayer.workflow.cluster import opened_cluster
from onelayer.workflow.study import check_orders

pl = pytest.importorskip("polars")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start processes, and end them."""
    running: list[subprocess.Popen[str]] = []
    # They must know the sources of these tests, and what these import.
    here = Path(__file__).parent
    paths = [str(here), str(here.with_name("cli")), os.environ.get("PYTHONPATH", "")]
    known = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}

    def begin(*command: str, **how: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-m", *command], text=True, env=known, **how)
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


@pytest.fixture
def scheduler(start: Start, tmp_path: Path) -> tuple[Any, str]:
    """The process of a scheduler, and its address."""
    file = tmp_path / "scheduler.json"
    quiet = {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    process = start(
        "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
        "--scheduler-file", str(file), **quiet,
    )  # fmt: skip
    until(lambda: file.exists() and file.read_text().endswith("}"))  # and is written
    address: str = json.loads(file.read_text())["address"]
    return process, address


@pytest.fixture
def worker(start: Start, scheduler: tuple[Any, str]) -> Any:
    """The process of a worker that nobody restarts."""
    return start(
        "dask", "worker", scheduler[1], "--no-nanny", "--nthreads", "1", "--no-dashboard",
        stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def table_of(n: int, folder: Path) -> str:
    """Write examples in a few row groups; return the file."""
    X, y = examples(n)
    table = pl.DataFrame({f"x{i}": X[:, i] for i in range(X.shape[1])} | {"label": y})
    table.write_parquet(folder / "data.parquet", row_group_size=150)
    return str(folder / "data.parquet")


CONFIG = TrainConfig(order="blocks", batch_size=16, max_epochs=4000, learning_rate=0.1)


def at_first_evaluation(call: Callable[[], object]) -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        if isinstance(event, Evaluated) and event.evaluation.step == 0:
            call()

    return listen


@pytest.mark.usefixtures("worker")
def test_a_scheduler_that_is_gone(
    scheduler: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = logging.handlers.BufferingHandler(1000)
    monkeypatch.setattr(workflow_cluster, "SECONDS_TO_CONNECT", 120)
    with opened_cluster(scheduler[1]) as cluster:
        logging.getLogger("distributed.client").addHandler(logged)
        data = block_dataset(ClusterSource(source(), cluster))
        begin: list[float] = []

        def end() -> None:
            scheduler[0].kill()
            begin.append(time.monotonic())

        with pytest.raises(OnelayerError, match=r"The scheduler of the cluster, tcp://.* is gone"):
            train(data, data, CONFIG, 1, engine="reference", listen=at_first_evaluation(end))
        assert time.monotonic() - begin[0] < 120
    logging.getLogger("distributed.client").removeHandler(logged)
    assert not logged.buffer  # a traceback, on the screen of a command


def test_workers_that_are_gone(
    scheduler: tuple[Any, str], worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end() -> None:
        monkeypatch.setattr(state, "SECONDS_FOR_WORKERS", 4)
        worker.kill()

    connect: Any = distributed.Client
    with connect(scheduler[1], timeout=120) as client:
        client.wait_for_workers(1, timeout=120)
        data = block_dataset(ClusterSource(source(), Cluster(client)))
        with pytest.raises(OnelayerError, match=r"has no worker after 4 s\. Start one, with: dask"):
            train(data, data, CONFIG, 1, engine="reference", listen=at_first_evaluation(end))
        with pytest.raises(OnelayerError, match="has no worker"):
            Cluster(client)


@pytest.mark.usefixtures("worker")
def test_a_client_that_is_interrupted_or_killed(
    start: Start, scheduler: tuple[Any, str], tmp_path: Path
) -> None:
    command = [
        "onelayer", "sweep", table_of(600, tmp_path), "--l2", "0.001,0.1", "--max-epochs", "60",
        "--evaluations-per-epoch", "1",
    ]  # fmt: skip
    there = [*command, "--cluster", scheduler[1], "--out", str(tmp_path / "out")]
    checkpoint = tmp_path / "out" / ".checkpoint"
    client: Any = distributed.Client(scheduler[1], timeout=120)  # type: ignore[no-untyped-call]
    with client:
        first = start(*there, stderr=subprocess.PIPE)
        until(lambda: bool(client.run_on_scheduler(_steps)))
        first.send_signal(signal.SIGINT)
        _, said = first.communicate(timeout=300)
        assert first.returncode == 1, said
        assert "Interrupted" in said
        until(lambda: not client.run_on_scheduler(_tasks))
        assert [*checkpoint.parent.glob("*checkpoint*")], said
        second = start(*there, stderr=subprocess.PIPE)
        until(lambda: bool(client.run_on_scheduler(_steps)))
        second.kill()
        second.communicate()
        until(lambda: not client.run_on_scheduler(_tasks))
        last = start(*there, stderr=subprocess.PIPE)
        _, said = last.communicate(timeout=300)
        assert last.returncode == 0, said
        assert "goes on from the last checkpoint" in said
    here = call(*command[1:], "--memory", "1GB", "--out", str(tmp_path / "here"))
    assert here.code == 0, here.err
    one, other = (
        Classifier.load(tmp_path / name / "model.safetensors") for name in ("out", "here")
    )
    assert one.weights.tobytes() == other.weights.tobytes()


def _tasks(dask_scheduler: Any) -> list[str]:
    return [key for key in dask_scheduler.tasks if "onelayer" in str(key)]


def _steps(dask_scheduler: Any) -> list[str]:
    return [key for key in dask_scheduler.tasks if "onelayer-steps" in str(key)]


def test_ctrl_c_in_a_terminal(start: Start, tmp_path: Path) -> None:
    data, out = table_of(300, tmp_path), tmp_path / "model.safetensors"
    command = start(
        "onelayer", "fit", data, "--out", str(out), "--max-epochs", "4000",
        "--cluster", "local:1", stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert command.stderr is not None
    said = iter(command.stderr)
    assert re.fullmatch(r"Cluster local:1: 1 thread; (its )?dashboard.*\n", next(said))
    assert any("examples to train" in line for line in said)
    checkpoint = out.with_name(f".{out.name}.checkpoint")
    until(lambda: checkpoint.exists() or command.poll() is not None)  # in the midst of training
    os.killpg(command.pid, signal.SIGINT)  # as a terminal does: to its workers, too
    end = list(said)
    assert command.wait(120) == 1
    assert "Interrupted after" in end[-1]
    assert len(end) <= 2


def test_commands_do_on_a_cluster_what_they_do_elsewhere(tmp_path: Path) -> None:
    data, model, other = table_of(300, tmp_path), tmp_path / "a.safetensors", tmp_path / "b"
    where = ["--cluster", "local:1"]
    other.mkdir()

    def run(*command: str) -> str:
        ended = call(*command)
        assert ended.code == 0, ended.err
        return ended.out

    run("fit", data, "--out", str(model), "--l2", "0.01", *where)
    run("fit", data, "--out", str(other / "a.safetensors"), "--l2", "0.01", "--memory", "1GB")
    assert model.read_bytes() == (other / "a.safetensors").read_bytes()
    classifier, (X, y) = Classifier.load(model), examples(300)
    measured = json.loads(run("evaluate", str(model), data, "--json", *where))
    assert measured["log_loss"] == classifier.evaluate(X, y).log_loss
    run("predict", str(model), data, "--out", str(tmp_path / "a.csv"), *where)
    assert pl.read_csv(tmp_path / "a.csv")["label"].to_list() == classifier.predict(X).tolist()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://127.0.0.1:1", "there is no scheduler of Dask at tcp://127.0.0.1:1; start one"),
        ("local:0", "'local:0' was given; give the address of a scheduler, such as tcp://"),
        ("localhost", "'localhost' was given"),
    ],
)
def test_addresses_that_are_none(address: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow_cluster, "SECONDS_TO_CONNECT", 1)
    with pytest.raises(InputError) as found, opened_cluster(address):
        pass
    assert said in str(found.value)


def test_an_address_of_another_server() -> None:
    """Such as that of the dashboard: what it says is taken for the length of a message."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"

        def answer() -> None:
            connected, _ = server.accept()
            with connected:
                connected.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9)
                connected.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(InputError, match=r"there is no scheduler of Dask at tcp"):
            opened_cluster(address).__enter__()
        thread.join(60)


def test_a_study_in_another_order_is_refused() -> None:
    table, where = read_study_file("gradient-descent")
    check_orders(resolve(table, where, overrides=["order=blocks"]))
    with pytest.raises(
        InputError, match=r"runs\.binary has the order epoch, and runs on a cluster"
    ):
        check_orders(resolve(table, where))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("locl:2", "'locl:2' was given"),
        ("local:2", "has the order epoch, and runs on a cluster"),
    ],
)
def test_a_study_is_refused_before_anything_is_read_or_started(given: str, said: str) -> None:
    nothing: Any = None
    with pytest.raises(InputError, match=said):
        run_study_command(
            "gradient-descent", nothing, source=None, out=None, overrides=[], threads=1,
            cluster=given, force=False, as_json=False, show=False, quiet=True,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("has_bokeh", "said"),
    [(True, "; dashboard: http://there"), (False, "; its dashboard needs bokeh: pip")],
)
def test_the_dashboard_is_said_where_there_is_one(
    has_bokeh: bool, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = SimpleNamespace(threads=2, client=SimpleNamespace(dashboard_link="http://there"))
    monkeypatch.setattr(workflow_cluster, "opened_cluster", lambda _: nullcontext(there))
    monkeypatch.setattr(cli_cluster, "find_spec", lambda _: has_bokeh or None)
    with (
        cli_cluster.on_cluster("local:2", quiet=False),
        cli_cluster.on_cluster("tcp://there:8786", quiet=False),
    ):
        pass
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"Cluster local:2: 2 threads{said}")
    assert second == "Cluster tcp://there:8786: 2 threads; dashboard: http://there"


@pytest.mark.parametrize("what", ["import onelayer.dask", "opened_cluster('local:1').__enter__()"])
def test_without_dask(what: str) -> None:
    script = (
        "import sys; sys.modules['dask'] = sys.modules['distributed'] = None\n"
        "from onelayer.workflow.cluster import opened_cluster\n"
        f"try: {what}\nexcept Exception as error: print(type(error).__name__, error)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert re.search(
        r"InputError .* needs the library \w+; install .*onelayer\[dask\]", said.stdout
    )
