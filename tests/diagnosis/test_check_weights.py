import numpy as np
import pytest
from diagnosis_material import as_strict_json, data_of, outcome_of, run_outcome

from onelayer.diagnosis import Context, Severity
from onelayer.diagnosis.checks.weights import geary_c, look, noise
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.words import number

RNG = np.random.default_rng(0)
WHITE = RNG.normal(size=(28, 28))
RAMP = np.add.outer(np.arange(28.0), np.arange(28.0))


def _naive_geary(image: np.ndarray) -> float:
    """Geary's C from its definition, a sum over all ordered pairs of neighbours."""
    height, width = image.shape
    pairs = [
        (image[i, j], image[k, m])
        for i in range(height)
        for j in range(width)
        for k, m in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1))
        if 0 <= k < height and 0 <= m < width
    ]
    squares = sum((a - b) ** 2 for a, b in pairs)
    deviations = ((image - image.mean()) ** 2).sum()
    return float((image.size - 1) * squares / (2 * len(pairs) * deviations))


@pytest.mark.parametrize("shape", [(28, 28), (3, 5), (1, 9), (9, 1)])
def test_geary_is_the_published_statistic(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(1).normal(size=shape)
    assert geary_c(image) == pytest.approx(_naive_geary(image), rel=1e-12)


def test_geary_of_noise_is_one_and_of_a_ramp_near_zero() -> None:
    assert geary_c(WHITE) == pytest.approx(1, abs=0.1)
    assert geary_c(RAMP) < 0.01
    checkerboard = np.indices((28, 28)).sum(axis=0) % 2
    assert geary_c(checkerboard) == pytest.approx(2, rel=0.01)


def test_geary_does_not_depend_on_scale_or_offset() -> None:
    assert geary_c(3 - 5 * WHITE) == pytest.approx(geary_c(WHITE))
    assert geary_c(WHITE.astype(np.float32)) == pytest.approx(geary_c(WHITE), rel=1e-5)


@pytest.mark.parametrize("image", [np.zeros((8, 8)), np.full((28, 28), 0.1), np.ones((1, 1))])
def test_geary_of_a_flat_picture_is_no_number(image: np.ndarray) -> None:
    assert np.isnan(geary_c(image))


def test_noise_is_the_mean_over_the_pictures() -> None:
    weights = np.stack([WHITE.ravel(), RAMP.ravel()], axis=1)
    assert noise(weights, ImageShape(28, 28)) == pytest.approx((geary_c(WHITE) + geary_c(RAMP)) / 2)


def test_noise_sees_rows_and_columns_of_oblong_pictures() -> None:
    """Stripes along the rows of a 4 by 16 picture are noise if it is taken for 16 by 4."""
    stripes = np.repeat(RNG.normal(size=(4, 1)), 16, axis=1)
    along = noise(stripes.reshape(-1, 1), ImageShape(4, 16))
    assert along == pytest.approx(_naive_geary(stripes))
    assert along != pytest.approx(noise(stripes.reshape(-1, 1), ImageShape(16, 4)), rel=0.05)


def test_reports_the_noise_of_each_run() -> None:
    rough = run_outcome("rough", weights=WHITE.reshape(-1, 1))
    smooth = run_outcome("smooth", weights=RAMP.reshape(-1, 1), l2=0.5)
    findings = look(Context(outcome_of(rough, smooth, image_shape=[28, 28]), data_of()))
    assert [f.runs for f in findings] == [("rough",), ("smooth",)]
    for finding, image, l2 in zip(findings, (WHITE, RAMP), (0.0, 0.5), strict=True):
        assert (finding.code, finding.check) == ("OL104", "weights")
        assert finding.severity is Severity.INFO
        assert as_strict_json([finding])[0]["evidence"] == {
            "geary_c": pytest.approx(geary_c(image)),
            "l2": l2,
        }
        assert f"a noise of {number(geary_c(image))}:" in finding.statement


def test_is_silent_on_weights_without_noise_or_sense() -> None:
    flat = run_outcome("flat", weights=np.zeros((784, 1)))
    broken = run_outcome("broken", weights=np.zeros((784, 1)))
    assert look(Context(outcome_of(flat, broken, image_shape=[28, 28]), data_of())) == []


def test_does_not_apply_where_features_are_no_pixels() -> None:
    run = run_outcome(weights=WHITE.reshape(-1, 1))
    assert look(Context(outcome_of(run, image_shape=None), data_of())) == []


def test_does_not_apply_to_colours() -> None:
    run = run_outcome(weights=WHITE.reshape(-1, 1))
    assert look(Context(outcome_of(run, image_shape=[28, 28]), data_of()))
    assert look(Context(outcome_of(run, image_shape=[14, 14, 4]), data_of())) == []


def test_the_shape_of_an_image() -> None:
    assert ImageShape.of({"image_shape": None, "n_features": 4}) is None
    grey = ImageShape.of({"image_shape": [2, 3], "n_features": 6})
    assert grey == ImageShape(2, 3) == ImageShape.of_grey({"image_shape": [2, 3], "n_features": 6})
    assert str(grey) == "2 × 3 pixels"
    colours = ImageShape.of({"image_shape": [2, 3], "n_features": 18})
    assert colours == ImageShape(2, 3, 3)
    assert colours.n_features == 18
    assert str(colours) == "2 × 3 pixels with 3 channels"
    weights = np.arange(12.0).reshape(6, 2)
    np.testing.assert_array_equal(ImageShape(2, 3).pictures(weights)[1], [[1, 3, 5], [7, 9, 11]])
