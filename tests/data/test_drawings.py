from dataclasses import replace

import numpy as np
import pytest

from onelayer.data import load
from onelayer.data.drawings import Frame, prepared, resampled

MNIST = Frame(28, 28, 0.0, 255.0, 255, 1, 20, 20, "longest", 0, "mass")


def strokes(height: int, width: int, seed: int) -> np.ndarray:
    """Lines of ink in the middle of a larger sheet."""
    rng = np.random.default_rng(seed)
    ink = np.zeros((height, width))
    for _ in range(3):
        begin, end = rng.uniform(0.3, 0.7, (2, 2)) * (height, width)
        for t in np.linspace(0, 1, 60):
            row, column = (begin + t * (end - begin)).astype(int)
            ink[row - 3 : row + 3, column - 3 : column + 3] = 1.0
    return ink


def test_the_small_digits_show_how_they_were_made() -> None:
    train, _ = load("digits")
    frame = Frame.of(train.X.reshape(-1, 8, 8))
    assert frame is not None
    assert (frame.paper, frame.ink, frame.steps, frame.cells) == (0, 16, 16, 4)
    assert (frame.box_height, frame.fills, frame.centre) == (32, "height", "box")


@pytest.mark.parametrize("turned", [False, True])
def test_a_box_and_its_centre_are_found(turned: bool) -> None:
    made = np.stack([prepared(strokes(100, 100, seed), MNIST) for seed in range(40)])
    images = (255 - made if turned else made).astype(np.uint8)
    frame = Frame.of(images)
    expected = replace(MNIST, paper=255.0, ink=0.0) if turned else MNIST
    assert frame == expected
    # What is prepared already stays as it is.
    assert frame is not None
    for image in images:
        ink = (image - frame.paper) / (frame.ink - frame.paper)
        assert np.array_equal(prepared(ink, frame), image)


def test_images_without_paper_have_no_frame() -> None:
    rng = np.random.default_rng(0)
    assert Frame.of(rng.integers(0, 256, (50, 8, 8), dtype=np.uint8)) is None
    assert Frame.of(np.zeros((5, 8, 8), np.uint8)) is None


@pytest.mark.parametrize(("shift", "scale"), [((0, 0), 2), ((30, 11), 1), ((5, 40), 3)])
def test_place_and_size_of_a_drawing_do_not_matter(shift: tuple[int, int], scale: int) -> None:
    ink = strokes(80, 80, 1)
    moved = np.zeros((400, 400))
    large = ink.repeat(scale, axis=0).repeat(scale, axis=1)
    moved[shift[0] : shift[0] + len(large), shift[1] : shift[1] + len(large)] = large
    assert np.abs(prepared(moved, MNIST) - prepared(ink, MNIST)).max() <= 1


def test_the_centre_of_mass_comes_to_the_middle() -> None:
    image = prepared(strokes(90, 120, 3), MNIST)
    rows, columns = np.nonzero(image)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    centre = image.sum(axis=1) @ (np.arange(28) + 0.5) / image.sum()
    assert 14 <= centre < 15


def test_a_thin_line_fills_the_height_of_the_small_digits() -> None:
    frame = Frame(8, 8, 0.0, 16.0, 16, 4, 32, 24, "height", 10, "box")
    ink = np.zeros((256, 256))
    ink[40:200, 100:104] = 1
    image = prepared(ink, frame)
    assert image[:, [3, 4]].min() >= 8
    assert image.sum() == 8 * 16 * 10 / 4


def test_no_ink_is_paper() -> None:
    turned = replace(MNIST, paper=255.0, ink=0.0)
    assert np.array_equal(prepared(np.zeros((50, 50)), turned), np.full((28, 28), 255.0))


def test_resampling_keeps_means_and_goes_on_at_edges() -> None:
    image = np.random.default_rng(0).random((12, 9, 3))
    small = resampled(image, (0.0, 4.0, 3), (0.0, 3.0, 3))
    assert np.allclose(small, image.reshape(3, 4, 3, 3, 3).mean(axis=(1, 3)))
    beyond = resampled(image, (-5.0, 1.0, 2), (0.0, 1.0, 9))
    assert np.allclose(beyond, image[[0, 0]])
