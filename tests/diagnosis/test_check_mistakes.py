import numpy as np
from diagnosis_material import as_strict_json

from onelayer.data import Dataset, load
from onelayer.diagnosis import Answer, diagnose, finding_from_json
from onelayer.diagnosis.measures.mistakes import MOST_OF_A_PAIR, Mistakes, mistakes_of
from onelayer.study import outcome_in_memory
from onelayer.training import TrainConfig, train_many


def planted(n: int = 200, classes: int = 4) -> tuple[np.ndarray, np.ndarray, Dataset]:
    """Probabilities that are right, but for 30 examples of class 1 that are taken for 2."""
    targets = np.arange(n) % classes
    probabilities = np.full((n, classes), 0.1 / (classes - 1))
    probabilities[np.arange(n), targets] = 0.9
    for place, row in enumerate(np.flatnonzero(targets == 1)[:30]):
        sure = 0.95 - place / 100
        probabilities[row] = (1 - sure) / (classes - 1)
        probabilities[row, 2] = sure
    X = np.random.default_rng(0).integers(0, 200, (n, 6, 5), dtype=np.uint8)
    return probabilities, targets, Dataset(X, targets, classes=range(classes))


def test_planted_mistakes_are_counted_and_the_surest_come_first() -> None:
    probabilities, targets, data = planted()
    found = mistakes_of(probabilities, targets, np.arange(len(targets)) + 1000, data.classes, data)
    assert (found.examples, found.wrong, found.right) == (200, 30, (50, 20, 50, 50))
    ((pair),) = found.pairs
    assert (pair.label, pair.predicted, pair.count) == (1, 2, 30)
    assert found.counts.sum() == 200
    assert found.counts[1].tolist() == [0, 20, 30, 0]
    assert len(found.mistakes) == MOST_OF_A_PAIR
    assert [m.row for m in found.mistakes[:3]] == [1001, 1005, 1009]
    assert found.mistakes[0].probability == 0.95
    assert found.images is not None
    rows = [m.row - 1000 for m in found.mistakes]
    raw = found.images.levels.raw(found.images.bytes).reshape(len(rows), -1)
    assert np.abs(raw - data.X[rows]).max() <= 255 / 31 / 2 + 1e-9
    assert found.images.shown.max() <= 255


def test_of_many_classes_the_most_frequent_pairs_are_kept() -> None:
    rng = np.random.default_rng(0)
    n, classes = 3000, 30
    probabilities = rng.dirichlet(np.ones(classes), n)
    targets = rng.integers(0, classes, n)
    data = Dataset(rng.random((n, 3)), targets, classes=range(classes))
    found = mistakes_of(probabilities, targets, np.arange(n), data.classes, data)
    assert not found.is_whole
    counts = [pair.count for pair in found.pairs]
    assert len(counts) == 20
    assert counts == sorted(counts, reverse=True)
    assert found.images is None
    assert len(found.mistakes) <= 20 * MOST_OF_A_PAIR + MOST_OF_A_PAIR


def test_large_images_are_kept_smaller() -> None:
    rng = np.random.default_rng(0)
    targets = np.zeros(20, int)
    images = rng.integers(0, 256, (20, 130, 90, 3), dtype=np.uint8)
    data = Dataset(images, targets, classes=(0, 1))
    wrong = np.tile([0.2, 0.8], (20, 1))
    found = mistakes_of(wrong, targets, np.arange(20), data.classes, data)
    assert found.images is not None
    sheet = found.images
    assert (sheet.height, sheet.width, sheet.channels, sheet.count) == (44, 30, 3, 12)
    assert abs(sheet.levels.raw(sheet.bytes).mean() - images[:12].mean()) < 1


def test_runs_that_nobody_asks_about_are_left_out_of_a_sweep() -> None:
    train, validation = (part.first(300) for part in load("digits"))
    configs = {f"l2={l2}": TrainConfig(l2=l2, max_epochs=2) for l2 in (0.0, 1.0)}
    results = dict(zip(configs, train_many(train, validation, [*configs.values()]), strict=True))
    outcome, data = outcome_in_memory(train, validation, results)
    (found,) = diagnose(outcome, data, only=["OL305"])
    assert found.runs == ("l2=0.0",)
    assert found.answer is Answer.FOUND
    assert not found.is_warning
    assert isinstance(found.measurement, Mistakes)
    right = outcome["l2=0.0"].record.final.val_accuracy
    assert 1 - found.measurement.wrong / 300 == right
    assert str(found.measurement.wrong) in found.statement
    assert finding_from_json(as_strict_json([found])[0]) == found


def test_without_mistakes_it_is_clear() -> None:
    X = np.repeat(np.eye(2), 30, axis=0)
    data = Dataset(X, np.repeat([0, 1], 30))
    (result,) = train_many(data, data, [TrainConfig(max_epochs=5, batch_size=4)])
    outcome = outcome_in_memory(data, data, {"run": result})
    (found,) = diagnose(*outcome, only=["OL305"])
    assert found.answer is Answer.CLEAR
    assert found.statement == "run has all 60 validation examples right."
