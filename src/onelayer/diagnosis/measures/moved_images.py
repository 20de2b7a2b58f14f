"""Accuracy on images that are moved and scaled; what a page needs to let a reader draw one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from onelayer.data.drawings import Floats, Frame, resampled
from onelayer.data.labels import Label
from onelayer.diagnosis.exhibits import Exhibit, Span, Spans
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.measures.image_sheet import ImageSheet
from onelayer.diagnosis.statistics import wilson_interval

SHIFT, SCALES = 1 / 7, (0.7, 1.3)
"""How far images are moved each way, of their side, and by what they are scaled."""

FINE = 3
"""A moved image has so many times the pixels along a side, as a drawing is finer than an image."""


@dataclass(frozen=True)
class MovedAccuracies:
    """How many images a model has right: as they are, moved, and moved and prepared again.

    The last is None where images have no paper, so that nothing can be cut out.
    """

    run: str
    still: int
    moved: int
    prepared: int | None


@dataclass(frozen=True)
class MovedExample:
    """A moved image: its label, and what is predicted for it, before and after it is prepared."""

    label: Label
    moved: Label
    prepared: Label | None


@dataclass(frozen=True)
class Drawable:
    """What a page needs so that its reader can draw or paint an image.

    Attributes
    ----------
    frame : Frame or None
        How a drawing becomes an image; None where images have no paper to draw on.
    mean : ImageSheet
        The mean of training images.
    labels, examples : tuple of labels, ImageSheet
        Some validation images, class by class.
    norm : float
        Of the examples, the longest distance from paper, or from no light where there is none.
    """

    frame: Frame | None
    mean: ImageSheet
    labels: tuple[Label, ...]
    examples: ImageSheet
    norm: float


@dataclass(frozen=True)
class MovedImages(Measurement):
    """How many moved images models have right.

    Attributes
    ----------
    examples : int
        Validation images that were moved.
    shift : float
        How far at most in each direction, of the side.
    scales : (float, float)
    accuracies : tuple of MovedAccuracies
    best : str
        The run that has most of the images right as they are; `shown` is what it says.
    shown : tuple of MovedExample
    images : ImageSheet
        Of `shown`, moved.
    drawable : Drawable
    """

    code: ClassVar[str] = "OL306"
    check: ClassVar[str] = "moved-images"
    title: ClassVar[str] = "Accuracy that is lost when images are moved"

    examples: int
    shift: float
    scales: tuple[float, float]
    accuracies: tuple[MovedAccuracies, ...]
    best: str
    shown: tuple[MovedExample, ...]
    images: ImageSheet
    drawable: Drawable

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return what the best model has right of images as they are, moved, prepared."""
        best = self.of(self.best)
        if best is None:
            return ()
        counts = (
            ("as they are", best.still),
            ("moved", best.moved),
            ("prepared again", best.prepared),
        )
        shares = [(name, n / self.examples) for name, n in counts if n is not None]
        rows = tuple(
            Span.of(name, share, wilson_interval(share, self.examples)) for name, share in shares
        )
        caption = (
            f"The same {self.examples:,} validation images, moved by up to {100 * self.shift:.0f}% "
            "of the side and scaled; intervals of 95%."
        )
        return (Spans("Images that are moved", caption, "right (%)", rows),)

    def of(self, run: str) -> MovedAccuracies | None:
        """Return the numbers of a run; None where it has none."""
        return next((each for each in self.accuracies if each.run == run), None)


def moved(image: Floats, shift: tuple[float, float], scale: float, *, fine: int = 1) -> Floats:
    """Return an image that is scaled about its middle and then moved.

    Parameters
    ----------
    image : (height, width) or (height, width, channels) array
    shift : (float, float)
        Down and to the right, in pixels.
    scale : float
    fine : int
        How many pixels one becomes along a side.
    """
    rows, columns = (
        (side / 2 - (side / 2 + offset) / scale, 1 / (fine * scale), side * fine)
        for side, offset in zip(image.shape[:2], shift, strict=True)
    )
    return resampled(image, rows, columns)
