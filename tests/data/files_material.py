"""Reading as training does it: what is missing is filled with means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.files import Examples, complete, feature_means, read_examples


def imputed(path: Path | str, rows: NDArray[np.int64] | None = None, **how: Any) -> Examples:
    """Return a file's examples, with gaps filled by the means of some of them."""
    found = read_examples(path, gaps=True, **how)
    return complete(found, feature_means(found, rows))
