"""What is loaded when: nothing that only studies and reports need stands in an estimator's way."""

import subprocess
import sys

import numpy as np
import pytest

from onelayer.errors import InputError
from onelayer.estimators import LossCurveDisplay, SoftmaxRegression, SweepDisplay, WeightsDisplay

OF_STUDIES = ("altair", "vl_convert", "typst", "sympy", "jinja2")


def loaded_by(program: str) -> set[str]:
    """Return the libraries that a fresh process has loaded after a program."""
    program += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_an_estimator_loads_nothing_of_studies() -> None:
    loaded = loaded_by(
        "from onelayer import *\nassert LogisticRegression and SoftmaxRegressionCV\n"
        "import sys\n"
        "assert 'sklearn.model_selection' not in sys.modules\n"
    )
    assert "sklearn" in loaded
    assert loaded.isdisjoint({*OF_STUDIES, "numba"})


def test_importing_an_estimator_loads_no_tables() -> None:
    assert "polars" not in loaded_by("from onelayer import SoftmaxRegression")


def test_fitting_and_predicting_load_nothing_of_studies() -> None:
    loaded = loaded_by(
        "from sklearn.datasets import load_digits\n"
        "from onelayer import SoftmaxRegressionCV\n"
        "X, y = load_digits(return_X_y=True)\n"
        "model = SoftmaxRegressionCV(l2=[0, 1e-3, 1], scale='minmax', max_epochs=5, cv=2)\n"
        "model.fit(X, y).predict_proba(X)\n"
        "model.results_, model._repr_html_()\n"
    )
    assert "numba" in loaded
    assert loaded.isdisjoint(OF_STUDIES)


@pytest.mark.parametrize("library", ["altair", "vl_convert"])
def test_chart_without_its_library_says_what_to_install(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith(("onelayer.report", library))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "onelayer.report.drawings", raising=False)
    monkeypatch.delattr("onelayer.report.drawings", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    model = SoftmaxRegression(max_epochs=1).fit(np.eye(4), [0, 1, 2, 3])
    displays = [
        LossCurveDisplay.from_estimator(model),
        WeightsDisplay.from_estimator(model),
        SweepDisplay(LossCurveDisplay.from_estimator(model).frame(), "accuracy"),
    ]
    for display in displays:
        with pytest.raises(InputError) as caught:
            display.chart()
        said = str(caught.value)
        assert said == (
            f"A chart needs the library {library}; install it with pip install 'onelayer[study]'."
        )
        assert display._repr_mimebundle_() == {"text/plain": said}
