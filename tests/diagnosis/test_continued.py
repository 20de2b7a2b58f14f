"""A run that goes on: what it had come to on the way is what a shorter one comes to."""

import numpy as np
from diagnosis_material import trained_run

from onelayer.data import Dataset
from onelayer.diagnosis.experiments.continued import TIMES, continued
from onelayer.training import EarlyStopping, train_many


def test_after_fewer_steps_it_is_the_shorter_run() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 6))
    y = (X @ rng.normal(size=6) + 2 * rng.normal(size=120) > 0).astype(int)
    train, validation = Dataset(X[:80], y[:80]), Dataset(X[80:], y[80:])
    context = trained_run(
        train, validation, model="logistic", learning_rate=0.5, batch_size=8, max_epochs=200,
        evaluations_per_epoch=4, early_stopping={"patience": 2},
    )  # fmt: skip
    (run,) = context.outcome.runs
    longer = continued(context, run)
    for times in (2, 4, TIMES):
        steps = times * run.record.steps
        config = run.record.config.model_copy(
            update={"max_steps": steps, "early_stopping": EarlyStopping(patience=10**9)}
        )
        (shorter,) = train_many(train, validation, [config], evaluate_train=False)
        found = longer.after(times)
        assert found.history == shorter.history
        assert repr(found.best) == repr(shorter.best)
        assert repr(found.last) == repr(shorter.last)
        assert found.weights.tobytes() == shorter.weights.tobytes()
    assert repr(longer.after(2).best) != repr(longer.result.best)
