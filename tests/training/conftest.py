"""Training on each engine in turn."""

from functools import partial
from importlib.util import find_spec

import pytest
from training_material import ENGINES, Fit, FitMany

from onelayer.training import EngineName, train, train_many


@pytest.fixture(name="engine", params=ENGINES)
def fixture_engine(request: pytest.FixtureRequest) -> EngineName:
    """Each engine in turn."""
    if request.param == "compiled" and find_spec("numba") is None:
        pytest.skip("the compiled engine needs Numba")
    engine: EngineName = request.param
    return engine


@pytest.fixture(name="fit")
def fixture_fit(engine: EngineName) -> Fit:
    """`train` on one engine."""
    return partial(train, engine=engine)


@pytest.fixture(name="fit_many")
def fixture_fit_many(engine: EngineName) -> FitMany:
    """`train_many` on one engine."""
    return partial(train_many, engine=engine)
