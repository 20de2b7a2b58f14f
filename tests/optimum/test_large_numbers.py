"""Penalties, weights and values near the edge of what numbers can hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from onelayer import LogisticRegression
from onelayer.data import Dataset
from onelayer.errors import InputError
from onelayer.model import Objective
from onelayer.optimum import minimise

RNG = np.random.default_rng(0)
X = RNG.standard_normal((100, 3)).astype(np.float32)
Y = (X[:, 0] + RNG.standard_normal(100) > 0).astype(int)


@pytest.mark.parametrize("penalize_bias", [False, True])
@pytest.mark.parametrize("unit", [1.0, 1e-20])
def test_under_a_huge_penalty_weights_are_zero(unit: float, penalize_bias: bool) -> None:
    data = Dataset(X * np.float32(unit), Y)
    (found,) = minimise(data, [Objective("logistic", 1e40, penalize_bias)])
    assert found.reason == "certified"
    share = 0.5 if penalize_bias else Y.mean()
    entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert found.value == pytest.approx(entropy, rel=1e-6)


def test_a_penalty_whose_square_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match=r"l2: 1e\+300 was given.*at most 1e\+40"):
        minimise(Dataset(X, Y), [Objective("logistic", 1.0), Objective("logistic", 1e300)])


def test_weights_whose_sum_is_no_number_are_refused() -> None:
    with pytest.raises(InputError, match="sample_weight: the weights are so large"):
        LogisticRegression().fit(X, Y, sample_weight=np.full(100, 1e308))


def test_a_column_of_values_that_cannot_be_scaled_is_named() -> None:
    table = pd.DataFrame({"age": X[:, 0].astype(float), "income": X[:, 1].astype(float) * 1e305})
    with pytest.raises(InputError, match="values of the column 'income' are too large"):
        LogisticRegression(scale="standard").fit(table, Y)
