"""Sweeps with cross-validation: what folds cost, and scikit-learn's own searches."""

from __future__ import annotations

import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV, SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

from measure import interleaved, medians
from onelayer import SoftmaxRegressionCV
from onelayer.data import load

N_TRAIN, FOLDS = 20_000, 3
CS = (1e-3, 1e-2, 1e-1)


def pixels() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return training and validation images in [-1, 1] as float32, with their labels."""
    train_set, validation = load("mnist", train=N_TRAIN, validation=10_000)
    X, vX = (d.scaling.apply(d.X, np.float32) for d in (train_set, validation))
    return X, train_set.y, vX, validation.y


def cost_of_folds() -> list[tuple[str, float, float, str]]:
    """Time 16 candidates with 5 folds against the 16 on one held-out share."""
    X, y, _, _ = pixels()
    grid = {"l2": np.logspace(-6, -1, 8), "learning_rate": (0.01, 0.03), "max_epochs": 5}
    rows = []
    for name, more in (("", {}), (", evaluated five times an epoch", {"early_stopping": 100})):
        contenders = {
            "5 folds": lambda more=more: SoftmaxRegressionCV(cv=5, **grid, **more).fit(X, y),
            "no folds": lambda more=more: SoftmaxRegressionCV(
                cv=None, validation_fraction=0.2, **grid, **more
            ).fit(X, y),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the best lies at the edge
            times = medians(interleaved(contenders))
        detail = ", ".join(f"{k} {v:.2f} s" for k, v in times.items())
        ratio = times["5 folds"] / times["no folds"]
        rows.append((f"8. 16 candidates, 5 folds against none{name}", ratio, 5.5, detail))
    return rows


def scikit_learn_searches() -> list[tuple[str, float, float, str]]:
    """Time our sweep against scikit-learn's, at equal or better validation log loss."""
    X, y, vX, vy = pixels()
    double, validation = X.astype(np.float64), vX.astype(np.float64)
    sgd = SGDClassifier(loss="log_loss", random_state=0)
    alphas = {"alpha": [1 / (C * N_TRAIN) for C in CS]}
    searches = {
        "LogisticRegressionCV": LogisticRegressionCV(
            Cs=CS, cv=FOLDS, scoring="neg_log_loss", max_iter=1000, n_jobs=2
        ),
        "GridSearchCV(SGDClassifier)": GridSearchCV(
            sgd, alphas, cv=FOLDS, scoring="neg_log_loss", n_jobs=2
        ),
    }
    # What reaches its loss: the two peers end far apart.
    options = {
        "LogisticRegressionCV": {"max_epochs": 62, "learning_rate": 0.015},
        "GridSearchCV(SGDClassifier)": {"max_epochs": 20, "learning_rate": 0.01},
    }
    rows = []
    with warnings.catch_warnings():
        for category in (UserWarning, FutureWarning, ConvergenceWarning):
            warnings.simplefilter("ignore", category)
        for name, search in searches.items():
            ours = SoftmaxRegressionCV(l2=(1e-5, 1e-4, 1e-3), cv=FOLDS, **options[name])
            own = medians(interleaved({"onelayer": lambda ours=ours: ours.fit(X, y)}))["onelayer"]
            own_loss = float(log_loss(vy, ours.predict_proba(vX)))
            start = time.perf_counter()
            search.fit(double, y)
            peer = time.perf_counter() - start
            peer_loss = float(log_loss(vy, search.predict_proba(validation)))
            detail = (
                f"{name} {peer:.1f} s, log loss {peer_loss:.4f}; onelayer {own:.2f} s, log loss "
                f"{own_loss:.4f}, {'no worse' if own_loss <= peer_loss else 'WORSE'}; "
                f"3 penalties, {FOLDS} folds, {N_TRAIN:,} images"
            )
            rows.append((f"9. sweep against {name}", peer / own, 10, detail))
    return rows
