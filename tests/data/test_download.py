import contextlib
import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from onelayer.data import get_mnist
from onelayer.data.download import MNIST, RemoteFile
from onelayer.errors import InputError, OnelayerError

CONTENT = {"one": b"first file " * 50, "two": bytes(range(256)) * 20}
FILES = tuple(
    RemoteFile(name, hashlib.sha256(data).hexdigest(), len(data)) for name, data in CONTENT.items()
)
PACKED = {f"/{name}.gz": gzip.compress(data, mtime=0) for name, data in CONTENT.items()}

Answer = Callable[[BaseHTTPRequestHandler], None]


class Mirror:
    """A server on the loopback address that answers every request with one function."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[str] = []
        self.stopped = threading.Event()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.requests.append(self.path)
                self.stopped = mirror.stopped
                # The client gives up on most of these servers, as it should.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.stopped.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer], Mirror]]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    mirrors: list[Mirror] = []

    def start(answer: Answer) -> Mirror:
        mirrors.append(Mirror(answer))
        return mirrors[-1]

    yield start
    for each in mirrors:
        each.close()


Start = Callable[[Answer], Mirror]


def send(handler: BaseHTTPRequestHandler, data: bytes, length: int | None = -1) -> None:
    handler.send_response(200)
    if length is not None:
        handler.send_header("Content-Length", str(len(data) if length < 0 else length))
    handler.end_headers()
    handler.wfile.write(data)


def correct(handler: BaseHTTPRequestHandler) -> None:
    send(handler, PACKED[handler.path])


def not_found(handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(404)


def trickle_body(handler: Any) -> None:
    send(handler, b"", length=500)
    while not handler.stopped.wait(0.02):
        handler.wfile.write(b"x")


def trickle_header(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Header: ")
    while not handler.stopped.wait(0.02):
        handler.wfile.write(b"x")


def silent(handler: Any) -> None:
    handler.stopped.wait(120)


def endless(handler: Any) -> None:
    send(handler, b"", length=None)
    while not handler.stopped.is_set():
        handler.wfile.write(bytes(1 << 16))


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    data = PACKED[handler.path]
    send(handler, data[:20], length=len(data))


def cut_off_unannounced(handler: BaseHTTPRequestHandler) -> None:
    send(handler, PACKED[handler.path][:20], length=None)


def lie(handler: BaseHTTPRequestHandler) -> None:
    name = handler.path.strip("/").removesuffix(".gz")
    send(handler, gzip.compress(b"x" * len(CONTENT[name]), mtime=0))


def too_long(handler: BaseHTTPRequestHandler) -> None:
    name = handler.path.strip("/").removesuffix(".gz")
    data = gzip.compress(CONTENT[name] + bytes(300_000), mtime=0)
    # Who inflates it to the end finds a wrong checksum; it must be given up before.
    send(handler, data[:-8] + bytes(8))


def too_short(handler: BaseHTTPRequestHandler) -> None:
    send(handler, gzip.compress(b"short", mtime=0))


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"220 this is another protocol\r\n")


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*")) if folder.exists() else []


def test_files_are_downloaded_verified_and_kept(mirror: Start, tmp_path: Path) -> None:
    server = mirror(correct)
    folder = get_mnist(tmp_path / "new" / "cache", [server.url], files=FILES)
    assert folder == tmp_path / "new" / "cache"
    assert leftovers(folder) == ["one.gz", "two.gz"]
    for name, data in CONTENT.items():
        assert gzip.decompress((folder / f"{name}.gz").read_bytes()) == data
    assert server.requests == ["/one.gz", "/two.gz"]

    get_mnist(folder, [server.url], files=FILES)
    assert server.requests == ["/one.gz", "/two.gz"]


@pytest.mark.parametrize(
    "wrong",
    [b"", b"junk", gzip.compress(b"other", mtime=0), PACKED["/one.gz"][:-1], CONTENT["two"]],
)
def test_wrong_cached_file_is_replaced(mirror: Start, tmp_path: Path, wrong: bytes) -> None:
    server = mirror(correct)
    get_mnist(tmp_path, [server.url], files=FILES)
    (tmp_path / "one.gz").write_bytes(wrong)
    get_mnist(tmp_path, [server.url], files=FILES)
    assert server.requests == ["/one.gz", "/two.gz", "/one.gz"]
    assert (tmp_path / "one.gz").read_bytes() == PACKED["/one.gz"]


def test_file_compressed_anew_is_the_same_file(mirror: Start, tmp_path: Path) -> None:
    (tmp_path / "one.gz").write_bytes(gzip.compress(CONTENT["one"], 1, mtime=0))
    server = mirror(correct)
    get_mnist(tmp_path, [server.url], files=FILES)
    assert server.requests == ["/two.gz"]


FAULTS = [
    (trickle_body, "too slow: [0-9]+ bytes in"),
    (trickle_header, "too slow: 0 bytes in"),
    (silent, "too slow"),
    (endless, "sends more than"),
    (cut_off, "the connection ended after 20 of"),
    (cut_off_unannounced, "the gzip data is damaged"),
    (lie, "wrong content: SHA-256"),
    (too_long, "wrong content: more bytes"),
    (too_short, "wrong content: 5 bytes"),
    (not_found, "the server answered 404"),
    (no_http, "BadStatusLine|RemoteDisconnected"),
]


@pytest.mark.parametrize(("fault", "reason"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_faulty_mirror_is_named_and_left_for_the_next(
    mirror: Start, tmp_path: Path, fault: Answer, reason: str
) -> None:
    bad = mirror(fault)
    start = time.monotonic()
    with pytest.raises(OnelayerError, match=f"{bad.url}: {reason}") as caught:
        get_mnist(tmp_path, [bad.url], files=FILES, timeout=0.5)
    assert time.monotonic() - start < 60
    assert not isinstance(caught.value, InputError)
    assert "one.gz: every mirror failed" in str(caught.value)
    assert "ONELAYER_DATA" in str(caught.value)
    assert "digits" in str(caught.value)
    assert leftovers(tmp_path) == []

    good = mirror(correct)
    get_mnist(tmp_path, [bad.url, good.url + "/"], files=FILES, timeout=1)
    assert leftovers(tmp_path) == ["one.gz", "two.gz"]
    # The second file does not wait for the faulty mirror again.
    assert bad.requests == ["/one.gz", "/one.gz"]


def test_rate_is_what_counts_not_the_total_time(mirror: Start, tmp_path: Path) -> None:
    def steady(handler: BaseHTTPRequestHandler) -> None:
        data = PACKED[handler.path]
        send(handler, b"", length=len(data))
        for i in range(0, len(data), 2):
            handler.wfile.write(data[i : i + 2])
            time.sleep(0.05)

    server = mirror(steady)
    start = time.monotonic()
    get_mnist(tmp_path, [server.url], files=FILES[:1], timeout=0.5, min_rate=10)
    assert time.monotonic() - start > 0.5
    with pytest.raises(OnelayerError, match="too slow"):
        get_mnist(tmp_path / "2", [server.url], files=FILES[:1], timeout=0.5, min_rate=1e6)


def test_no_server_at_all(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        urls = [f"http://127.0.0.1:{unused.getsockname()[1]}/{path}" for path in "ab"]
        with pytest.raises(OnelayerError) as caught:
            get_mnist(tmp_path, urls, files=FILES, timeout=5)
    for url in urls:
        assert f"{url}: cannot be reached" in str(caught.value)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(("mirrors", "reason"), [([], "no mirrors"), (["nonsense"], "unknown url")])
def test_mirrors_that_are_none(tmp_path: Path, mirrors: list[str], reason: str) -> None:
    with pytest.raises(OnelayerError, match=reason):
        get_mnist(tmp_path, mirrors, files=FILES)


def test_progress(mirror: Start, tmp_path: Path) -> None:
    calls: list[tuple[str, int, int | None]] = []
    threads: set[threading.Thread] = set()

    def note(name: str, received: int, total: int | None) -> None:
        calls.append((name, received, total))
        threads.add(threading.current_thread())

    get_mnist(tmp_path, [mirror(correct).url], note, files=FILES)
    for path, data in PACKED.items():
        own = [(received, total) for name, received, total in calls if name == path[1:]]
        assert own[0] == (0, len(data))
        assert own[-1] == (len(data), len(data))
        assert own == sorted(own)
    assert threads == {threading.current_thread()}


def test_interruption_leaves_nothing(mirror: Start, tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get_mnist(tmp_path, [mirror(correct).url], interrupt, files=FILES)
    assert leftovers(tmp_path) == []


def test_failed_write_leaves_nothing(
    mirror: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OnelayerError, match=r"one.gz: cannot be written: No space left"):
        get_mnist(tmp_path, [mirror(correct).url], files=FILES)
    assert leftovers(tmp_path) == []


def test_cache_that_is_no_folder(mirror: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OnelayerError, match="is a file; name a folder"):
        get_mnist(tmp_path / "file", [mirror(correct).url], files=FILES)


def test_default_folder_is_the_users_cache(
    mirror: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    folder = get_mnist(mirrors=[mirror(correct).url], files=FILES)
    assert folder == tmp_path / "onelayer" / "mnist"
    assert leftovers(folder) == ["one.gz", "two.gz"]


def test_sizes_of_mnist_follow_from_its_counts() -> None:
    images, labels = 16 + 60_000 * 28 * 28, 8 + 60_000
    test_images, test_labels = 16 + 10_000 * 28 * 28, 8 + 10_000
    assert [file.size for file in MNIST] == [images, labels, test_images, test_labels]
    assert all(len(file.sha256) == 64 for file in MNIST)
