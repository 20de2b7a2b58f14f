"""Published protocols of linear evaluation on frozen embeddings, as configurations and penalties.

Sources: DINOv2's `eval/linear.py` and `eval/log_regression.py` (Oquab et al., "DINOv2: Learning
robust visual features without supervision", 2023); Radford et al., "Learning transferable visual
models from natural language supervision" (CLIP), 2021, section 3.2 and appendix A.3.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from onelayer.errors import Argument, InputError
from onelayer.sweep.grid import penalty_of
from onelayer.training import RateSchedule, TrainConfig
from onelayer.training.feature_ranges import FeatureRange

DINOV2_BASE_RATES = (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1)
"""Learning rates of a batch of 256 examples; those of other batches are in proportion."""


def dinov2_ranges(width: int) -> tuple[FeatureRange, ...]:
    """Return the four sets of features of DINOv2's linear evaluation as ranges.

    An example is stored as five vectors side by side: the class tokens of the last four blocks, the
    last block's last, and the mean of the last block's patch tokens. The sets are the class token
    of the last block, that and the mean, the class tokens of four blocks, those and the mean.

    Parameters
    ----------
    width : int
        How many numbers a token has; an example has 5 `width` features.

    Raises
    ------
    InputError
        If it is not 1 or more.
    """
    if not (isinstance(width, int | np.integer) and width >= 1):
        raise InputError(Argument("width"), f": {width} was given; give an integer, 1 or more.")
    last, mean, end = 3 * width, 4 * width, 5 * width
    return (last, mean), (last, end), (0, mean), (0, end)


def dinov2_heads(
    ranges: Iterable[FeatureRange],
    batch_size: int = 128,
    max_steps: int = 12_500,
    seed: int = 0,
) -> list[TrainConfig]:
    """Return the heads of DINOv2's linear evaluation, which `train_many` trains in one pass.

    Each of 13 learning rates on each range of features, range after range. SGD with momentum 0.9
    and no weight decay, the rate in proportion to the batch and down half a cosine to 0, weights
    that start from a normal distribution with standard deviation 0.01, biases from 0, full batches.
    The best is the head with the highest validation accuracy.

    Parameters
    ----------
    ranges : iterable of (begin, end)
        For each set of features those it reads, as from `dinov2_ranges`: 4 make 52 heads.
    batch_size : int
        On all devices together, where that protocol counts those of one.
    max_steps : int
        There ten epochs of 1,250 steps.
    seed : int
        Of the order of the examples and of the start. Heads on ranges of one length start alike.

    Raises
    ------
    pydantic.ValidationError
        For an impossible value.
    """
    return [
        TrainConfig(
            learning_rate=rate * batch_size / 256,
            batch_size=batch_size,
            max_epochs=max_steps,  # an epoch has a step or more, so that max_steps ends the run
            max_steps=max_steps,
            momentum=0.9,
            schedule=RateSchedule(kind="cosine"),
            initial_std=0.01,
            features=own,
            drop_last=True,
            evaluations_per_epoch=1,
            seed=seed,
        )
        for own in ranges
        for rate in DINOV2_BASE_RATES
    ]


def lbfgs_penalties(n: float, n_classes: int) -> tuple[float, ...]:
    """Return the penalties of the L-BFGS protocol: scikit-learn's C from 1e-6 to 1e5, 45 of them.

    A tenth of the examples is held out and chooses C, and a last training is on all: CLIP's
    protocol, with DINOv2's 45 values, evenly spaced logarithms. `SoftmaxRegressionCV(l2=...,
    cv=None, validation_fraction=0.1)` does it, with the exact minimum in place of L-BFGS.

    Parameters
    ----------
    n : float
        The number of examples of the last training, the held-out ones among them: C weighs the sum
        of the losses, and is the same while the tenth is held out.
    n_classes : int
        The number of classes.

    Raises
    ------
    InputError
        If there are no examples.
    """
    if not n > 0:
        raise InputError(f"n: {n} was given; it must be above 0.")
    return tuple(penalty_of(C, n, n_classes) for C in np.logspace(5, -6, 45).tolist())
