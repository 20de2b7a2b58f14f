import numpy as np
import pytest
from diagnosis_material import as_strict_json

from onelayer.data import Dataset, load
from onelayer.diagnosis import Answer, Finding, diagnose, finding_from_json
from onelayer.diagnosis.measures.moved_images import MovedImages, moved
from onelayer.study import outcome_in_memory
from onelayer.training import TrainConfig, train_many


def looked(train: Dataset, validation: Dataset, **options: object) -> Finding:
    config = TrainConfig.model_validate({"max_epochs": 10, "learning_rate": 0.05} | options)
    (result,) = train_many(train, validation, [config])
    (found,) = diagnose(*outcome_in_memory(train, validation, {"run": result}), only=["OL306"])
    return found


def test_digits_are_lost_when_moved_and_found_again() -> None:
    train, validation = load("digits")
    found = looked(train, validation.first(400), batch_size=16)
    assert found.answer is Answer.FOUND
    m = found.measurement
    assert isinstance(m, MovedImages)
    own = m.of("run")
    assert own is not None
    assert own.prepared is not None
    assert own.moved < 0.6 * own.still
    assert own.prepared > 0.9 * own.still
    assert m.of("another") is None
    assert len(m.shown) == m.images.count == 12
    assert m.drawable.labels == tuple(sorted([*range(10)] * 2))
    raw = m.drawable.examples.levels.raw(m.drawable.examples.bytes).reshape(20, -1)
    rows = [np.flatnonzero(validation.y == label)[place] for label in range(10) for place in (0, 1)]
    assert np.array_equal(raw, validation.X[rows])
    assert finding_from_json(as_strict_json([found])[0]) == found


def test_what_is_the_same_everywhere_is_not_lost() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    X = (rng.normal(80, 5, (400, 8, 8)) + 80 * y[:, None, None]).astype(np.uint8)
    found = looked(Dataset(X[:200], y[:200]), Dataset(X[200:], y[200:]))
    assert found.answer is Answer.CLEAR
    assert isinstance(found.measurement, MovedImages)
    assert found.measurement.drawable.frame is None
    assert found.measurement.accuracies[0].prepared is None
    assert "cut out" not in found.statement


def test_images_in_colour_are_moved_and_not_prepared() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 120)
    X = rng.integers(0, 256, (120, 6, 6, 3), dtype=np.uint8)
    X[y == 1, 1:4, 1:4, 0] = 255
    found = looked(Dataset(X[:80], y[:80]), Dataset(X[80:], y[80:]))
    assert found.answer is Answer.CANT_TELL  # 40 images
    m = found.measurement
    assert isinstance(m, MovedImages)
    assert (m.drawable.examples.channels, m.drawable.frame) == (3, None)


def test_rows_of_a_table_are_no_images() -> None:
    X = np.random.default_rng(0).random((60, 4))
    data = Dataset(X, np.arange(60) % 2)
    assert looked(data, data).answer is Answer.NOT_APPLICABLE


@pytest.mark.parametrize("shift", [(0.0, 0.0), (1.0, -2.0)])
def test_whole_pixels_move_exactly(shift: tuple[float, float]) -> None:
    image = np.zeros((9, 9))
    image[3:6, 4:6] = [[1, 2], [3, 4], [5, 6]]
    expected = np.roll(image, [int(s) for s in shift], axis=(0, 1))
    assert np.allclose(moved(image, shift, 1.0), expected)
    assert np.allclose(moved(image, shift, 2.0, fine=2).sum(), 16 * image.sum())
