"""The 8 x 8 digits that come with scikit-learn."""

import numpy as np
from sklearn.datasets import load_digits as _load_digits

from onelayer.data.dataset import Dataset
from onelayer.data.scaling import Scaling

N_TRAIN = 1200


def load_digits() -> tuple[Dataset, Dataset]:
    """Return the first 1,200 digits as the training part, the other 597 as the validation part.

    The pixels are uint8 from 0 to 16, scaled to [-1, 1]; images are 8 by 8.
    """
    digits = _load_digits()
    images, labels = digits.images.astype(np.uint8), digits.target
    scaling = Scaling.from_range(0, 16)
    classes = range(10)
    return (
        Dataset(images[:N_TRAIN], labels[:N_TRAIN], classes=classes, scaling=scaling),
        Dataset(images[N_TRAIN:], labels[N_TRAIN:], classes=classes, scaling=scaling),
    )
