"""Only `onelayer.storage` changes the file system: what it does there survives a crash."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "onelayer"

OF_OS = {"replace", "rename", "renames", "remove", "unlink", "rmdir", "removedirs", "mkdir",
         "makedirs", "truncate", "open", "link", "symlink", "write", "fsync", "mkfifo"}  # fmt: skip
METHODS = {"write_text", "write_bytes", "unlink", "mkdir", "rmdir", "touch", "symlink_to",
           "hardlink_to", "rename"}  # fmt: skip
"""Of paths. `replace` is left out: strings have it too, with two arguments where paths have one."""
TO_A_FILE = {"write_parquet", "write_csv", "write_json", "write_ndjson", "write_ipc", "save",
             "savez", "savez_compressed", "savetxt", "tofile", "save_file", "dump",
             "to_csv", "to_parquet", "to_json"}  # fmt: skip
STREAMS = {"file", "content", "sys.stdout"}
"""Names for what is written to and is no path."""
MODULES = {"shutil", "tempfile"}


def writes(source: str) -> Iterator[str]:
    """Yield the calls that change the file system past `onelayer.storage`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            caught = any(alias.name.partition(".")[0] in MODULES for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            caught = node.module in MODULES or (node.module == "os" and bool(OF_OS & names))
        else:
            caught = isinstance(node, ast.Call) and _is_write(node)
        if caught:
            yield ast.unparse(node)


def _is_write(call: ast.Call) -> bool:
    given = [ast.unparse(a) for a in (*call.args, *(k.value for k in call.keywords))]
    if isinstance(call.func, ast.Name):
        return call.func.id == "open" and _mode_writes(call)
    if not isinstance(call.func, ast.Attribute):
        return False
    owner, name = ast.unparse(call.func.value), call.func.attr
    if owner == "os":
        return name in OF_OS and not (name == "write" and given[0] in ("1", "2"))  # a terminal
    if owner in ("self", "folder") and name.startswith("write_") and len(given) == 2:
        return False  # a folder of this project, whose methods are seen here as well
    if name in METHODS:
        # Of a data frame, `rename` takes a mapping; of a name space or a stream nothing has these.
        return not (name == "rename" and any(a.startswith(("{", "dict(", "lambda")) for a in given))
    if name == "replace":
        return owner != "dataclasses" and len(given) == 1 and not call.keywords
    if name == "open":
        return _mode_writes(call)
    where = given[1:2] if name == "dump" else given[:1]
    return name in TO_A_FILE and bool(where) and where[0] not in STREAMS


def _mode_writes(call: ast.Call) -> bool:
    constants = [a.value for a in call.args if isinstance(a, ast.Constant)]
    named = [k.value for k in call.keywords if k.arg == "mode"]
    constants += [value.value for value in named if isinstance(value, ast.Constant)]
    return any(
        isinstance(mode, str) and set(mode) <= set("rwaxbt+U") and set(mode) & set("wax+")
        for mode in constants
    )


HARMLESS = {
    "cli/terminal.py: os.open(os.devnull, os.O_WRONLY)",
    "cli/terminal.py: os.open(os.devnull, os.O_RDWR)",
    "data/blocks/packs/whole_files.py: os.open(path, os.O_RDONLY | os.O_CLOEXEC | _PAST_CACHE)",
    "data/files/panics.py: import tempfile",  # of a file without a name
    "data/files/panics.py: os.write(screen, written)",
    "workflow/fit.py: classifier.save(out)",  # of this project: it goes through storage
}


def test_only_storage_writes() -> None:
    found = {
        f"{path.relative_to(PACKAGE).as_posix()}: {call}"
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] != "storage"
        for call in writes(path.read_text("utf-8"))
    }
    assert found == HARMLESS
    assert list(writes((PACKAGE / "storage" / "calls.py").read_text("utf-8")))


@pytest.mark.parametrize(
    ("line", "caught"),
    [
        ("open(path, 'w')", True),
        ("open(path, mode='xb')", True),
        ("path.open('ab')", True),
        ("path.open('r+b')", True),
        ("open(path, 'rb')", False),
        ("open(path, encoding='utf-8')", False),
        ("path.open()", False),
        ("Path('x').write_text('a')", True),
        ("path.write_bytes(b'')", True),
        ("folder.write_bytes(name, b'')", False),
        ("folder.write_bytes(b'')", True),
        ("os.replace(a, b)", True),
        ("os.rename(a, b)", True),
        ("from os import replace", True),
        ("path.rename(other)", True),
        ("path.replace(other)", True),
        ("text.replace('a', 'b')", False),
        ("frame.rename({'a': 'b'})", False),
        ("path.unlink(missing_ok=True)", True),
        ("path.parent.mkdir(parents=True)", True),
        ("path.touch()", True),
        ("import shutil", True),
        ("from shutil import copy", True),
        ("import tempfile", True),
        ("frame.write_parquet(path)", True),
        ("frame.write_parquet(file)", False),
        ("frame.write_csv()", False),
        ("np.save(path, array)", True),
        ("np.savez(file, array)", False),
        ("array.tofile(path)", True),
        ("json.dump(document, sys.stdout)", False),
        ("json.dump(document, handle)", True),
    ],
)
def test_a_write_past_storage_is_caught(line: str, caught: bool) -> None:
    assert bool(list(writes(line))) is caught
