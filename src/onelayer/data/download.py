"""Download MNIST once into the user's cache, and verify what was downloaded."""

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import platformdirs

from onelayer.data.fetch import FetchError, fetch
from onelayer.data.idx import GZIP_ERRORS, inflated
from onelayer.data.idx_folder import TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS
from onelayer.errors import OnelayerError
from onelayer.storage import make_folder, write_file

Progress = Callable[[str, int, int | None], None]
"""Called with the file's name, the bytes so far, and the total (None where it is not known)."""


@dataclass(frozen=True)
class RemoteFile:
    """A file to download, known by its content.

    Parameters
    ----------
    name : str
        Without `.gz`; the mirrors hold it with `.gz`.
    sha256 : str
        Of the decompressed content, in hexadecimal: compressed anew, it is the same file.
    size : int
        Bytes of the decompressed content.
    """

    name: str
    sha256: str
    size: int


MNIST = (
    RemoteFile(
        TRAIN_IMAGES, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 47_040_016
    ),
    RemoteFile(
        TRAIN_LABELS, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 60_008
    ),
    RemoteFile(
        TEST_IMAGES, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 7_840_016
    ),
    RemoteFile(
        TEST_LABELS, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 10_008
    ),
)
"""The canonical MNIST files."""

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

_ADVICE = (
    "Check the network and try again, or put the four files in a folder and set ONELAYER_DATA to "
    "it, or use the built-in data 'digits'."
)


def get_mnist(
    cache: Path | None = None,
    mirrors: Sequence[str] = MIRRORS,
    on_progress: Progress | None = None,
    *,
    files: Sequence[RemoteFile] = MNIST,
    timeout: float = 20.0,
    min_rate: float = 16_384.0,
) -> Path:
    """Return the folder that holds MNIST; download what it lacks.

    A file that is there with the right content is kept. Any other is downloaded, verified and
    then put in place in one step, so that an interrupted download leaves no partial file.

    Parameters
    ----------
    cache : Path, optional
        The folder. By default `mnist` in the user's cache folder of onelayer.
    mirrors : sequence of str
        Addresses of folders with the files. When one fails, the next is tried.
    on_progress : callable, optional
        Called while bytes arrive, with (file name, bytes so far, total or None).
    files : sequence of RemoteFile
        What to download.
    timeout : float
        Seconds that a mirror may be behind `min_rate`; also the socket's timeout.
    min_rate : float
        Bytes a second. The longest time for one file is timeout + its size / min_rate.

    Raises
    ------
    OnelayerError
        If no mirror gives the right file, or it cannot be written.
    """
    folder = platformdirs.user_cache_path("onelayer") / "mnist" if cache is None else Path(cache)
    order = list(mirrors)
    for file in files:
        path = folder / f"{file.name}.gz"
        if _is_cached(path, file):
            continue
        failures: list[str] = []
        for mirror in list(order):
            try:
                data = _download(mirror, file, timeout, min_rate, on_progress)
            except FetchError as error:
                failures.append(f"  {mirror}: {error}")
                # The next file starts with a mirror that has not failed yet.
                order.remove(mirror)
                order.append(mirror)
                continue
            _write(path, data)
            break
        else:
            reasons = "\n".join(failures) or "  no mirrors were given"
            raise OnelayerError(f"{path.name}: every mirror failed.\n{reasons}\n{_ADVICE}")
    return folder


def _is_cached(path: Path, file: RemoteFile) -> bool:
    try:
        with path.open("rb") as stream:
            return _fault(stream, file) is None
    except OSError:
        return False  # not there or not readable: to be downloaded


def _download(
    mirror: str, file: RemoteFile, timeout: float, min_rate: float, on_progress: Progress | None
) -> bytes:
    name = f"{file.name}.gz"

    def report(received: int, total: int | None) -> None:
        if on_progress is not None:
            on_progress(name, received, total)

    data = fetch(
        f"{mirror.rstrip('/')}/{name}",
        # gzip makes data that it cannot compress a little larger, never by a hundredth.
        limit=file.size + file.size // 100 + 1024,
        timeout=timeout,
        min_rate=min_rate,
        on_progress=report,
    )
    fault = _fault(io.BytesIO(data), file)
    if fault is not None:
        raise FetchError(fault)
    return data


def _fault(stream: BinaryIO, file: RemoteFile) -> str | None:
    """Return what is wrong with the content of a file, None when it is right."""
    digest = hashlib.sha256()
    size = 0
    content = inflated(stream)
    try:
        # Up to one byte beyond the known size, however much more there is.
        while chunk := content.read(min(1 << 20, file.size + 1 - size)):
            size += len(chunk)
            digest.update(chunk)
    except GZIP_ERRORS as error:
        return f"the gzip data is damaged ({error})"
    if size != file.size:
        found = "more" if size > file.size else f"{size}"
        return f"wrong content: {found} bytes, expected {file.size}"
    if digest.hexdigest() != file.sha256:
        return f"wrong content: SHA-256 {digest.hexdigest()}, expected {file.sha256}"
    return None


def _write(path: Path, data: bytes) -> None:
    """Write a file so that it is either there as a whole or not at all."""
    try:
        make_folder(path.parent)
        write_file(path, data)
    except OnelayerError as error:
        raise OnelayerError(f"{error} {_ADVICE}") from None
