import numpy as np
import pytest
from diagnosis_material import as_strict_json, data_of, outcome_of, run_outcome, trained
from l2_material import sweep

from onelayer.data import Dataset
from onelayer.diagnosis import Answer, Context, Severity
from onelayer.diagnosis.checks.weights import geary_c, likeness, look, noise
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measures.pictures import WeightNoise

RNG = np.random.default_rng(0)
WHITE = RNG.normal(size=(28, 28))
DATA = data_of(n_features=784)
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


def test_noise_is_a_root_mean_square_over_the_pictures() -> None:
    """Twice as much is twice the difference of neighbours, and not its square."""
    weights = np.stack([WHITE.ravel(), RAMP.ravel()], axis=1)
    mean = (geary_c(WHITE) + geary_c(RAMP)) / 2
    assert noise(weights, ImageShape(28, 28)) == pytest.approx(np.sqrt(mean))


def test_noise_sees_rows_and_columns_of_oblong_pictures() -> None:
    """Stripes along the rows of a 4 by 16 picture are noise if it is taken for 16 by 4."""
    stripes = np.repeat(RNG.normal(size=(4, 1)), 16, axis=1)
    along = noise(stripes.reshape(-1, 1), ImageShape(4, 16))
    assert along**2 == pytest.approx(_naive_geary(stripes))
    assert along != pytest.approx(noise(stripes.reshape(-1, 1), ImageShape(16, 4)), rel=0.05)


def test_likeness_is_the_mean_cosine() -> None:
    a = np.array([[1.0, 1.0], [0.0, 1.0]])
    b = np.array([[2.0, -3.0], [0.0, -3.0]])
    assert likeness(a, b) == pytest.approx(0)  # 1 and -1
    assert likeness(a, a) == pytest.approx(1)
    assert np.isnan(likeness(a, np.zeros((2, 2))))


def test_each_run_of_its_own_has_its_answer() -> None:
    rough = run_outcome("rough", weights=np.repeat(WHITE.reshape(-1, 1), 3, axis=1))
    smooth = run_outcome("smooth", weights=np.repeat(RAMP.reshape(-1, 1), 3, axis=1), seed=1)
    findings = look(Context(outcome_of(rough, smooth, image_shape=[28, 28]), DATA))
    assert [f.runs for f in findings] == [("rough",), ("smooth",)]
    assert [f.answer for f in findings] == [Answer.FOUND, Answer.CLEAR]
    as_strict_json(findings)
    for finding, image in zip(findings, (WHITE, RAMP), strict=True):
        assert (finding.code, finding.check) == ("OL104", "weights")
        assert finding.severity is Severity.INFO
        assert isinstance(finding.measurement, WeightNoise)
        (own,) = finding.measurement.pictures
        assert own.geary_c == pytest.approx(geary_c(image))
        assert own.noise == pytest.approx(np.sqrt(own.geary_c))
        assert own.minimum_noise is None  # of λ = 0 it is not sought
        assert f"(λ = 0) {own.noise:.2f}." in finding.statement


def images(n: int, seed: int) -> Dataset:
    """Two classes whose means are a ramp and its mirror image, behind noise of each pixel."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    ramp = np.add.outer(np.arange(8.0), np.arange(8.0)).ravel() / 7 - 1
    X = np.where(y[:, None], ramp, -ramp) * 0.3 + rng.normal(size=(n, 64))
    return Dataset(X, y, range(2), (8, 8))


def test_a_sweep_says_that_strong_penalties_leave_the_class_means() -> None:
    context = trained(images(150, 0), images(50, 1), sweep((10.0, 1e-3), solver="optimum"))
    (finding,) = look(context)
    assert finding.runs == ("l2=10", "l2=0.001")
    assert isinstance(finding.measurement, WeightNoise)
    strong, weak = finding.measurement.pictures
    assert strong.likeness == pytest.approx(1, abs=0.01)
    assert weak.likeness < 0.9
    assert strong.noise == pytest.approx(finding.measurement.limit_noise, abs=0.01)
    assert weak.minimum_noise == pytest.approx(weak.noise, abs=0.01)
    assert "The stronger the penalty, the smoother they are at the minimum" in finding.statement
    assert "l2=10 are likest to that, with a cosine of 1.00" in finding.statement


def test_a_penalty_that_makes_noise_is_said_to() -> None:
    """Where the means of the classes are noise, a strong penalty leaves noise."""
    rng = np.random.default_rng(3)
    y = np.arange(150) % 2
    smooth = np.repeat(rng.normal(size=(150, 1)), 64, axis=1) * 3
    white = np.where(y[:, None], 1, -1) * rng.normal(size=64)
    part = Dataset(white + smooth, y, range(2), (8, 8))
    (finding,) = look(trained(part, part, sweep((10.0, 0.1), solver="optimum")))
    assert finding.answer is Answer.FOUND
    assert "They are about as noisy with each penalty at the minimum." in finding.statement


def test_huge_weights_are_as_noisy_as_small_ones() -> None:
    weights = np.repeat(WHITE.reshape(-1, 1), 3, axis=1)
    shape = ImageShape(28, 28)
    assert noise(1e300 * weights, shape) == pytest.approx(noise(weights, shape))
    assert likeness(1e300 * weights, weights) == pytest.approx(1)


def test_is_silent_on_weights_without_noise_or_sense() -> None:
    flat = run_outcome("flat", weights=np.zeros((784, 1)))
    broken = run_outcome("broken", weights=np.zeros((784, 1)))
    assert look(Context(outcome_of(flat, broken, image_shape=[28, 28]), DATA)) == []


def test_does_not_apply_where_features_are_no_pixels() -> None:
    run = run_outcome(weights=WHITE.reshape(-1, 1))
    assert look(Context(outcome_of(run, image_shape=None), DATA)) == []


def test_each_channel_of_a_colour_is_a_picture() -> None:
    """White noise in one of three channels: the mean of the squares is a third of it."""
    colours = np.stack([WHITE, RAMP, RAMP], axis=2).reshape(-1, 1)
    shape = ImageShape(28, 28, 3)
    assert noise(colours, shape) ** 2 == pytest.approx((geary_c(WHITE) + 2 * geary_c(RAMP)) / 3)
    run = run_outcome(weights=colours)
    data = data_of(n_features=3 * 784)
    (finding,) = look(Context(outcome_of(run, image_shape=[28, 28, 3]), data))
    assert isinstance(finding.measurement, WeightNoise)
    assert finding.measurement.pictures[0].noise == pytest.approx(noise(colours, shape))


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
