from typing import Any

import pytest
from pydantic import ValidationError

from onelayer.model import Objective
from onelayer.training import Averaging, EarlyStopping, RateSchedule, TrainConfig
from onelayer.training.messages import refuse


def test_options_are_those_of_the_contract() -> None:
    assert list(TrainConfig.model_fields) == [
        "model", "solver", "learning_rate", "batch_size", "max_epochs", "l2", "penalize_bias",
        "order", "window", "block_size", "shuffle", "seed", "drop_last", "evaluations_per_epoch",
        "early_stopping", "momentum", "nesterov", "averaging", "schedule", "warmup_steps",
        "max_steps", "initial_std", "optimum", "features", "examples_per_class", "draw",
        "tolerance", "dtype",
    ]  # fmt: skip
    assert list(EarlyStopping.model_fields) == ["patience", "min_delta"]
    assert list(Averaging.model_fields) == ["kind", "decay", "start"]
    assert list(RateSchedule.model_fields) == ["kind", "every", "factor", "floor"]


def test_defaults_that_the_definitions_fix() -> None:
    config = TrainConfig()
    assert config.dtype == "float32"
    assert config.drop_last is False
    assert config.penalize_bias is False
    assert config.early_stopping is None
    assert config.l2 == 0
    assert EarlyStopping().min_delta == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("model", "perceptron"),
        ("model", None),
        ("learning_rate", 0.0),
        ("learning_rate", -0.1),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("learning_rate", "fast"),
        ("batch_size", 0),
        ("batch_size", -1),
        ("batch_size", 1.5),
        ("batch_size", "all"),
        ("batch_size", None),
        ("max_epochs", 0),
        ("max_epochs", float("inf")),
        ("l2", -1e-9),
        ("l2", float("nan")),
        ("l2", float("inf")),
        ("l2", [0.1, 0.2]),
        ("penalize_bias", "maybe"),
        ("shuffle", 2),
        ("seed", -1),
        ("seed", 2**63),
        ("drop_last", None),
        ("evaluations_per_epoch", 0),
        ("evaluations_per_epoch", -0.5),
        ("early_stopping", True),
        ("early_stopping", 10),
        ("early_stopping", {"patience": 0}),
        ("early_stopping", {"patience": 2.5}),
        ("early_stopping", {"min_delta": -0.1}),
        ("early_stopping", {"min_delta": float("nan")}),
        ("early_stopping", {"min_delta": float("inf")}),
        ("early_stopping", {"tolerance": 1}),
        ("dtype", "float16"),
        ("momentum", 1.0),
        ("momentum", -0.1),
        ("momentum", float("nan")),
        ("nesterov", True),
        ("averaging", True),
        ("averaging", "median"),
        ("averaging", {}),
        ("averaging", {"kind": "mean", "decay": 0.9}),
        ("averaging", {"kind": "mean", "start": -1}),
        ("averaging", {"kind": "exponential", "decay": 1.0}),
        ("averaging", {"kind": "exponential", "every": 3}),
        ("schedule", "linear"),
        ("schedule", "step"),
        ("schedule", {"kind": "step", "every": 0}),
        ("schedule", {"kind": "step", "every": 2.5}),
        ("schedule", {"kind": "step", "every": 2, "factor": 0.0}),
        ("schedule", {"kind": "step", "every": 2, "factor": 1.5}),
        ("schedule", {"kind": "inverse"}),
        ("schedule", {"kind": "inverse", "every": 2, "factor": 0.5}),
        ("schedule", {"kind": "cosine", "every": 3}),
        ("schedule", {"kind": "cosine", "floor": 1.5}),
        ("schedule", {"kind": "one_cycle", "floor": 0.5}),
        ("warmup_steps", -1),
        ("max_steps", 0),
        ("initial_std", -1.0),
        ("initial_std", float("inf")),
        ("lr", 0.1),
    ],
)
def test_bad_options_are_refused_by_name(option: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        TrainConfig(**{option: value})
    assert [problem["loc"][0] for problem in refused.value.errors()] == [option]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("batch_size", "128"),
        ("batch_size", True),
        ("learning_rate", "0.1"),
        ("learning_rate", True),
        ("shuffle", "yes"),
        ("shuffle", 1),
        ("early_stopping", {"patience": "3"}),
    ],
)
def test_wrong_types_are_refused_even_where_they_could_be_read(option: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        TrainConfig(**{option: value})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("learning_rate", 1),
        ("l2", 0),
        ("batch_size", 1),
        ("max_epochs", 1),
        ("seed", 2**63 - 1),
        ("evaluations_per_epoch", 1),
        ("evaluations_per_epoch", 0.25),
    ],
)
def test_limits_are_allowed(option: str, value: float) -> None:
    assert getattr(TrainConfig.model_validate({option: value}), option) == value


def test_early_stopping_false_lifts_a_default() -> None:
    assert TrainConfig.model_validate({"early_stopping": False}).early_stopping is None
    given = TrainConfig.model_validate({"early_stopping": {"patience": 1, "min_delta": 0.5}})
    assert given.early_stopping == EarlyStopping(patience=1, min_delta=0.5)


def test_tables_of_a_kind_are_given_in_a_word_and_fill_in_what_the_kind_takes() -> None:
    config = TrainConfig.model_validate({"schedule": "cosine", "averaging": "exponential"})
    assert config.schedule == RateSchedule(kind="cosine", floor=0.0)
    assert config.averaging == Averaging(kind="exponential", decay=0.999, start=0)
    step = TrainConfig.model_validate({"schedule": {"kind": "step", "every": 5}}).schedule
    assert step is not None
    assert (step.every, step.factor, step.floor) == (5, 0.1, None)
    assert (str(config.schedule), str(step)) == ("cosine", "step,every=5")
    for lifted in (False, None, "constant", {"kind": "constant"}):
        assert TrainConfig.model_validate({"schedule": lifted}).schedule is None
    for lifted in (False, None, "none"):
        assert TrainConfig.model_validate({"averaging": lifted}).averaging is None
    assert TrainConfig.model_validate({"momentum": 0.9, "nesterov": True}).nesterov


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nesterov": True}, "nesterov: True was given; it needs momentum, such as 0.9."),
        ({"schedule": "step"}, "schedule.every: must be given."),
        ({"averaging": {"decay": 0.9}}, "averaging.kind: must be given."),
        (
            {"schedule": {"kind": "one_cycle", "floor": 0.5}},
            "schedule.floor: 0.5 was given; one_cycle takes none.",
        ),
        (
            {"schedule": "linear"},
            "schedule.kind: 'linear' was given; must be 'step', 'inverse', 'cosine' or "
            "'one_cycle'.",
        ),
    ],
)
def test_messages_say_where_and_what(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TrainConfig.model_validate(options)
    assert str(refuse(refused.value, "", "")) == message


def test_config_is_immutable_hashable_and_equal_by_value() -> None:
    config = TrainConfig(early_stopping=EarlyStopping(patience=3))
    assert {config: 1}[TrainConfig(early_stopping=EarlyStopping(patience=3))] == 1
    with pytest.raises(ValidationError):
        config.l2 = 1.0
    with pytest.raises(ValidationError):
        config.early_stopping.patience = 1  # type: ignore[union-attr]


def test_config_survives_json() -> None:
    config = TrainConfig(
        model="logistic", l2=0.1, early_stopping=EarlyStopping(patience=3), momentum=0.5,
        averaging=Averaging(kind="mean", start=7), schedule=RateSchedule(kind="inverse", every=9),
    )  # fmt: skip
    assert TrainConfig.model_validate_json(config.model_dump_json()) == config
    assert TrainConfig.model_validate(config.model_dump(mode="json")) == config


def test_objective_is_the_configured_one() -> None:
    config = TrainConfig(model="logistic", l2=0.25, penalize_bias=True)
    assert config.objective == Objective("logistic", 0.25, penalize_bias=True)


@pytest.mark.parametrize(
    ("given", "order", "shuffle"),
    [
        ({}, "epoch", True),
        ({"shuffle": True}, "epoch", True),
        ({"shuffle": False}, "file", False),
        ({"order": None, "shuffle": False}, "file", False),
        ({"order": "file"}, "file", False),
        ({"order": "class"}, "class", False),
        ({"order": "once"}, "once", True),
        ({"order": "batches", "shuffle": True}, "batches", True),
    ],
)
def test_order_and_shuffle_follow_from_each_other(
    given: dict[str, Any], order: str, shuffle: bool
) -> None:
    config = TrainConfig.model_validate(given)
    assert (config.order, config.shuffle) == (order, shuffle)
    assert TrainConfig.model_validate(config.model_dump()) == config


@pytest.mark.parametrize(("order", "shuffle"), [("file", True), ("epoch", False)])
def test_orders_that_contradict_shuffle(order: str, shuffle: bool) -> None:
    with pytest.raises(ValidationError, match=f"order: {order} was given, and shuffle = "):
        TrainConfig.model_validate({"order": order, "shuffle": shuffle})
