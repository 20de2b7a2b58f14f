"""Groups reach the splitter, and metadata whoever has requested it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.metrics import accuracy_score, get_scorer, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from onelayer.errors import InputError
from onelayer.estimators import SoftmaxRegressionCV

X, y = load_digits(n_class=3, return_X_y=True)
X, y = X[:240] / 16, y[:240]
GROUPS = np.random.default_rng(0).integers(0, 6, len(y))
WEIGHTS = np.random.default_rng(1).uniform(0.1, 4, len(y))
FAST: dict[str, Any] = {"l2": [0, 0.01], "max_epochs": 8, "batch_size": 32, "dtype": "float64"}

pytestmark = pytest.mark.filterwarnings("ignore:The best:UserWarning")


@pytest.fixture(name="_routing")
def fixture_routing() -> Iterator[None]:
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def scores(sweep: SoftmaxRegressionCV) -> list[list[float]]:
    found: list[list[float]] = sweep.results_["scores"].to_list()
    return found


# Groups -----------------------------------------------------------------------------------------

SPLITTERS = [
    GroupKFold(3),
    StratifiedGroupKFold(3),
    LeaveOneGroupOut(),
    GroupShuffleSplit(3, random_state=0),
]


@pytest.mark.parametrize("splitter", SPLITTERS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("make", [np.asarray, list])
def test_groups_reach_the_splitter(splitter: Any, routing: bool, make: Any) -> None:
    listed = list(splitter.split(X, y, GROUPS))
    expected = SoftmaxRegressionCV(cv=listed, **FAST).fit(X, y)
    with sklearn.config_context(enable_metadata_routing=routing):
        sweep = SoftmaxRegressionCV(cv=splitter, **FAST).fit(X, y, groups=make(GROUPS))
    assert scores(sweep) == scores(expected)
    assert sweep.coef_.tobytes() == expected.coef_.tobytes()


def test_groups_are_those_of_the_examples_that_count() -> None:
    weights = np.arange(len(y)) % 4
    kept = weights > 0
    sweep = SoftmaxRegressionCV(cv=GroupKFold(3), **FAST)
    full = scores(clone(sweep).fit(X, y, weights, groups=GROUPS))
    alone = scores(clone(sweep).fit(X[kept], y[kept], weights[kept], groups=GROUPS[kept]))
    np.testing.assert_allclose(full, alone, rtol=1e-9)


@pytest.mark.parametrize("splitter", SPLITTERS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("routing", [False, True])
def test_missing_groups_are_named(splitter: Any, routing: bool) -> None:
    name = type(splitter).__name__
    with (
        sklearn.config_context(enable_metadata_routing=routing),
        pytest.raises(InputError, match=f"cv: {name} divides groups of examples, and none were"),
    ):
        SoftmaxRegressionCV(cv=splitter, **FAST).fit(X, y)


def test_groups_that_do_not_fit_are_refused() -> None:
    sweep = SoftmaxRegressionCV(cv=GroupKFold(3), **FAST)
    with pytest.raises(InputError, match=r"groups: the shape is \(7,\); give one .* 240 examples"):
        sweep.fit(X, y, groups=GROUPS[:7])
    with pytest.raises(InputError, match="groups: they divide folds, and X_val or cv=None leave"):
        sweep.fit(X, y, X_val=X, y_val=y, groups=GROUPS)
    with pytest.raises(InputError, match="leave groups out"):
        SoftmaxRegressionCV(cv=None, **FAST).fit(X, y, groups=GROUPS)


def test_what_is_for_nobody_is_refused() -> None:
    sweep = SoftmaxRegressionCV(cv=3, **FAST)
    with pytest.raises(InputError, match=r"fit: patients: .*enable_metadata_routing=True"):
        sweep.fit(X, y, patients=GROUPS)
    sweep.fit(X, y)
    with pytest.raises(InputError, match=r"score: groups: .*enable_metadata_routing=True"):
        sweep.score(X, y, groups=GROUPS)
    with sklearn.config_context(enable_metadata_routing=True):
        with pytest.raises(TypeError, match=r"patients.*not routed to any object"):
            sweep.fit(X, y, patients=GROUPS)
        with pytest.raises(TypeError, match=r"groups.*not routed to any object"):
            sweep.fit(X, y, groups=GROUPS)
        with pytest.raises(TypeError, match=r"groups.*not routed to any object"):
            sweep.score(X, y, groups=GROUPS)


# Weights of scorers -----------------------------------------------------------------------------


def expected_scores(weights: Any) -> list[float]:
    """Return the scores of models of the second candidate, each trained on its fold alone."""
    found = []
    for train, test in KFold(3).split(X):
        fold_weights = np.zeros(len(y))
        fold_weights[train] = WEIGHTS[train]
        model = SoftmaxRegressionCV(**FAST | {"l2": 0.01, "batch_size": 1000}, scoring="accuracy")
        model.fit(X, y, fold_weights, X_val=X[test], y_val=y[test])
        right = model.predict(X[test]) == y[test]
        found.append(np.average(right, weights=None if weights is None else weights[test]))
    return found


@pytest.mark.parametrize("make", [np.asarray, list])
@pytest.mark.parametrize("requested", [True, False, "importance"])
@pytest.mark.usefixtures("_routing")
def test_a_scorer_is_given_the_weights_that_it_requests(requested: Any, make: Any) -> None:
    scorer = get_scorer("accuracy").set_score_request(sample_weight=requested)
    sweep = SoftmaxRegressionCV(cv=KFold(3), scoring=scorer, **FAST | {"batch_size": 1000})
    importance = np.random.default_rng(2).uniform(0.1, 4, len(y))
    more = {"importance": make(importance)} if requested == "importance" else {}
    sweep.fit(X, y, sample_weight=make(WEIGHTS), **more)
    by = {True: WEIGHTS, False: None, "importance": importance}[requested]
    assert scores(sweep)[1] == pytest.approx(expected_scores(by), rel=1e-12)
    right = sweep.predict(X) == y
    given = {"importance": importance} if requested == "importance" else {"sample_weight": WEIGHTS}
    assert sweep.score(X, y, **given) == pytest.approx(np.average(right, weights=by))


@pytest.mark.usefixtures("_routing")
def test_a_scorer_must_say_whether_it_takes_weights() -> None:
    sweep = SoftmaxRegressionCV(cv=3, scoring="accuracy", **FAST)
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        sweep.fit(X, y, sample_weight=WEIGHTS)
    sweep.fit(X, y)
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        sweep.score(X, y, sample_weight=WEIGHTS)


@pytest.mark.parametrize("routing", [False, True])
def test_weights_count_in_the_log_loss_in_any_case(routing: bool) -> None:
    with sklearn.config_context(enable_metadata_routing=routing):
        sweep = SoftmaxRegressionCV(cv=None, **FAST).fit(X, y, sample_weight=WEIGHTS)
        plain = SoftmaxRegressionCV(cv=None, **FAST).fit(X, y)
        weighted = sweep.score(X, y, sample_weight=WEIGHTS)
    assert scores(sweep) != scores(plain)
    losses = -sweep.predict_log_proba(X)[np.arange(len(y)), y]
    assert weighted == pytest.approx(-np.average(losses, weights=WEIGHTS))


@pytest.mark.parametrize("routing", [False, True])
def test_weights_of_the_examples_that_score_are_those_of_the_scorer(routing: bool) -> None:
    scorer = make_scorer(accuracy_score)
    with sklearn.config_context(enable_metadata_routing=routing):
        if routing:
            scorer.set_score_request(sample_weight=True)
        sweep = SoftmaxRegressionCV(scoring=scorer, **FAST | {"max_epochs": 1})
        sweep.fit(X[:100], y[:100], WEIGHTS[:100], X_val=X[100:], y_val=y[100:],
                  sample_weight_val=WEIGHTS[100:])  # fmt: skip
        assert sweep.best_score_ == sweep.score(X[100:], y[100:], WEIGHTS[100:])
        assert sweep.best_score_ != sweep.score(X[100:], y[100:])


def test_without_routing_a_scorer_that_takes_no_weights_is_given_none() -> None:
    def share_right(model: Any, X: Any, y: Any) -> float:
        return float((model.predict(X) == y).mean())

    sweep = SoftmaxRegressionCV(cv=KFold(3), scoring=share_right, **FAST | {"batch_size": 1000})
    sweep.fit(X, y, sample_weight=WEIGHTS)
    assert scores(sweep)[1] == pytest.approx(expected_scores(None))


# Routers around and within ----------------------------------------------------------------------


@pytest.mark.usefixtures("_routing")
def test_a_pipeline_hands_everything_on() -> None:
    scorer = get_scorer("accuracy").set_score_request(sample_weight="importance")
    splitter = GroupKFold(3).set_split_request(groups="patients")
    sweep = SoftmaxRegressionCV(cv=splitter, scoring=scorer, **FAST)
    sweep.set_fit_request(sample_weight=True)
    pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), clone(sweep))
    pipeline.fit(X, y, sample_weight=WEIGHTS, patients=GROUPS, importance=WEIGHTS[::-1])
    scaled = StandardScaler().fit_transform(X)
    alone = sweep.fit(scaled, y, WEIGHTS, patients=GROUPS, importance=WEIGHTS[::-1])
    assert scores(pipeline[-1]) == scores(alone)
    weighted = pipeline.score(X, y, importance=WEIGHTS)
    assert weighted == np.average(pipeline.predict(X) == y, weights=WEIGHTS)


@pytest.mark.usefixtures("_routing")
def test_a_search_around_a_sweep() -> None:
    sweep = SoftmaxRegressionCV(cv=GroupKFold(2), **FAST)
    search = GridSearchCV(sweep, {"scale": ["none", "minmax"]}, cv=GroupKFold(2))
    search.fit(X, y, groups=GROUPS)
    assert search.best_score_ < 0  # minus the log loss, which chose within the sweep, too


@pytest.mark.usefixtures("_routing")
def test_a_splitter_is_given_whatever_it_requests() -> None:
    class ByTime(KFold):  # type: ignore[misc] # untyped
        def split(self, X: Any, y: Any = None, groups: Any = None, times: Any = None) -> Any:
            assert len(times) == len(X) == len(y)
            assert groups is None
            return [(np.flatnonzero(times < 5), np.flatnonzero(times >= 5))]

    splitter = ByTime().set_split_request(times=True)
    times = np.arange(len(y)) % 8
    sweep = SoftmaxRegressionCV(cv=splitter, **FAST).fit(X, y, times % 3, times=times)
    listed = [(np.flatnonzero(times < 5), np.flatnonzero(times >= 5))]
    assert scores(sweep) == scores(SoftmaxRegressionCV(cv=listed, **FAST).fit(X, y, times % 3))
