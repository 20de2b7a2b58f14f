"""Kill a study at random moments, again and again, and compare what it leaves in the end.

Each round begins a study and kills its process until it has ended by itself; some kills follow one
another so closely that nothing was done between them. Prints how many kills there were, and ends
with 1 if a folder differs from that of an undisturbed study.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STUDY = """
name = "killed"
[data]
source = "digits"
[defaults]
batch_size = 4
max_epochs = 60
evaluations_per_epoch = 300
[[runs]]
name = "stack"
l2 = [0.0, 0.1, 0.01]
[[runs]]
name = "pair"
model = "logistic"
classes = [2, 3]
early_stopping = { patience = 4000 }
dtype = "float64"
[[sections]]
kind = "l2-accuracy"
runs = ["stack"]
"""


def bits(folder: Path) -> dict[str, bytes]:
    """Return the content of all files but those that hold times."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("environment.json", "manifest.json")
    }


def main() -> int:
    """Kill until there were enough kills."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    source = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "killed.toml").write_text(STUDY)
        command = [sys.executable, "-m", "onelayer", "study", str(place / "killed.toml"), "--quiet"]
        for _ in range(2):  # the first one compiles
            subprocess.run([*command, "--out", str(place / "whole"), "--force"], check=True)
        began = time.monotonic()
        subprocess.run([*command, "--out", str(place / "whole"), "--force"], check=True)
        seconds, expected = time.monotonic() - began, bits(place / "whole")
        kills, rounds, wrong = 0, 0, 0
        while kills < arguments.kills:
            out = place / f"out-{rounds}"
            rounds += 1
            while True:
                process = subprocess.Popen([*command, "--out", str(out)])
                twice = source.random() < 0.3
                try:
                    process.wait(source.uniform(0.0, 0.3 if twice else 1.1) * seconds)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    kills += 1
                    continue
                break
            same = bits(out) == expected
            wrong += not same
            print(f"{kills} kills, round {rounds}: {'same bits' if same else 'OTHER BITS'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
