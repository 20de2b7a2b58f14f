"""What fitted estimators show: numbers as tables, and their drawings.

Altair is loaded when a chart is asked for.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from onelayer.data.optional import needs
from onelayer.errors import InputError
from onelayer.inference import weights_table
from onelayer.sweep import is_negated, plain_name

if TYPE_CHECKING:
    import polars as pl

    from onelayer.report.svg import Drawing


class _Display:
    """A table, and a drawing of it."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def frame(self) -> pl.DataFrame:
        """Return the numbers, as a table."""
        return self._frame

    def chart(self) -> Drawing:
        """Return the drawing, an Altair chart in the house style."""
        raise NotImplementedError

    def _repr_mimebundle_(self, *args: Any, **options: Any) -> Any:
        try:
            chart = self.chart()
        except InputError as error:  # a notebook would print a traceback
            return {"text/plain": str(error)}
        return chart._repr_mimebundle_(*args, **options)


def _chart_needs() -> AbstractContextManager[None]:
    return needs("A chart", "study")


class LossCurveDisplay(_Display):
    """Training and validation loss over the steps of an estimator's last fit.

    `frame` has the columns of `onelayer.training.COLUMNS`, one row a step.
    """

    def __init__(self, frame: pl.DataFrame, best_step: int | None) -> None:
        super().__init__(frame)
        self._best_step = best_step

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self:
        """Return the display of a fitted estimator."""
        check_is_fitted(estimator)
        best = estimator.best_
        name = type(estimator).__name__
        return cls(estimator.history_.frame(name), None if best is None else best.step)

    def chart(self) -> Drawing:
        """Return the curves; the best evaluation is marked."""
        with _chart_needs():
            from onelayer.report import drawings
        return drawings.loss_curves(self._frame, self._best_step)


class WeightsDisplay(_Display):
    """The weights of an estimator: pictures for images, otherwise the largest by name.

    `frame` has ``class, feature, weight, coef``, one row a weight. `weight` is that of the scaled
    feature, which can be compared between features; `coef` that of the value as it is.
    """

    def __init__(
        self, frame: pl.DataFrame, image_shape: tuple[int, int] | None, top: int, label: str
    ) -> None:
        super().__init__(frame)
        self._image_shape, self._top, self._label = image_shape, top, label

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, image_shape: tuple[int, int] | None = None, top: int = 20
    ) -> Self:
        """Return the display of a fitted estimator.

        Parameters
        ----------
        estimator
            Logistic regression has weights of its second class only.
        image_shape : (int, int), optional
            Height and width in pixels, where the features are those of an image.
        top : int
            How many features are shown, those with the largest weights, if they are no image.

        Raises
        ------
        InputError
            If the shape does not fit the features, or `top` is less than 1.
        """
        check_is_fitted(estimator)
        n_features = estimator.coef_.shape[1]
        if image_shape is not None and int(np.prod(image_shape)) != n_features:
            raise InputError(
                f"image_shape: {image_shape} does not fit the {n_features} features; give height "
                "and width in pixels."
            )
        if top < 1:
            raise InputError(f"top: {top} was given; at least 1 feature must be shown.")
        frame = weights_table(estimator.classifier_)
        return cls(frame, image_shape, top, f"λ = {estimator.l2_:g}")

    def chart(self) -> Drawing:
        """Return pictures, bars (one output) or a heat map (several)."""
        with _chart_needs():
            from onelayer.diagnosis.image_shape import ImageShape
            from onelayer.report import drawings

        if self._image_shape is not None:
            shape = ImageShape(*self._image_shape)
            return drawings.weight_pictures(self._frame, shape, self._label)
        return drawings.largest_weights(self._frame, self._top)


class SweepDisplay(_Display):
    """The score of each candidate of a sweep, with its standard error over the folds.

    `frame` is the estimator's `results_`.
    """

    def __init__(self, frame: pl.DataFrame, score_name: str) -> None:
        super().__init__(frame)
        self._score_name = score_name

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self:
        """Return the display of a fitted `SoftmaxRegressionCV`."""
        check_is_fitted(estimator)
        if not hasattr(estimator, "results_"):
            raise InputError("SweepDisplay shows a fitted SoftmaxRegressionCV.")
        return cls(estimator.results_, estimator.score_name_)

    def chart(self) -> Drawing:
        """Return the curves; losses are drawn as such, the best candidate is marked."""
        with _chart_needs():
            from onelayer.report import drawings
        negated = is_negated(self._score_name)
        return drawings.sweep(self._frame, plain_name(self._score_name), negated=negated)
