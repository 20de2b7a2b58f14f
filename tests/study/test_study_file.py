"""What a study file may say, and how it is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from study_helpers import content

from onelayer.errors import InputError
from onelayer.study import SECTION_KINDS, read_study_file, resolve
from onelayer.training import TrainConfig


def refusal(table: dict[str, Any], **more: Any) -> str:
    with pytest.raises(InputError) as caught:
        resolve(table, "my.toml", **more)
    message = str(caught.value)
    assert message.startswith("my.toml: ")
    assert "\n" not in message
    return message.removeprefix("my.toml: ")


def run(**options: Any) -> dict[str, Any]:
    return content({"name": "a"} | options)


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("learning_rate", 0, "greater than 0"),
        ("learning_rate", -0.1, "greater than 0"),
        ("learning_rate", math.nan, "a finite number"),
        ("learning_rate", math.inf, "a finite number"),
        ("learning_rate", "0.1", "a number"),
        ("learning_rate", True, "a number"),
        ("batch_size", 0, "greater than or equal to 1"),
        ("batch_size", 8.0, "a whole number"),
        ("max_epochs", -5, "greater than or equal to 1"),
        ("max_epochs", True, "a whole number"),
        ("l2", -1.0, "greater than or equal to 0"),
        ("l2", math.nan, "a finite number"),
        ("penalize_bias", 1, "true or false"),
        ("shuffle", "yes", "true or false"),
        ("seed", -1, "greater than or equal to 0"),
        ("seed", 2**63, "less than"),
        ("drop_last", "no", "true or false"),
        ("evaluations_per_epoch", 0, "greater than 0"),
        ("early_stopping", True, "a table"),
        ("early_stopping", 10, "a table"),
        ("momentum", 1.0, "less than 1"),
        ("nesterov", True, "needs momentum"),
        ("averaging", 3, "a table"),
        ("averaging", True, "a table"),
        ("schedule", 3, "a table"),
        ("warmup_steps", 2.5, "a whole number"),
        ("max_steps", 0, "greater than or equal to 1"),
        ("initial_std", -0.1, "greater than or equal to 0"),
        ("model", "linear", "'logistic', 'softmax' or 'multilabel'"),
        ("dtype", "float16", "'float32' or 'float64'"),
        ("classes", [1], "at least 2"),
        ("classes", [1, 1], "each class may be listed once"),
        ("classes", 5, "a list"),
    ],
)
def test_impossible_value_is_refused_with_path_and_what_is_allowed(
    option: str, value: Any, allowed: str
) -> None:
    message = refusal(run(**{option: value}))
    assert message.startswith(f"runs.a.{option}: ")
    assert "was given" in message
    assert allowed in message
    assert message.count("was given") == 1


def test_option_of_a_nested_table_has_its_whole_path() -> None:
    message = refusal(run(early_stopping={"patience": 0}))
    assert message.startswith("runs.a.early_stopping.patience: 0 was given")
    message = refusal(run(early_stopping={"patience": 3, "min_delta": -1.0}))
    assert message.startswith("runs.a.early_stopping.min_delta: -1.0 was given")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"averaging": "median"}, "averaging.kind: 'median' was given; must be 'mean' or"),
        ({"averaging": {"decay": 0.5}}, "averaging.kind: must be given."),
        ({"averaging": {"kind": "mean", "decay": 0.5}}, "averaging.decay: 0.5 was given; mean"),
        ({"schedule": "step"}, "schedule.every: must be given."),
        ({"schedule": {"kind": "cosine", "every": 5}}, "schedule.every: 5 was given; cosine takes"),
        ({"schedule": {"kind": "cosine", "floor": 2}}, "schedule.floor: 2 was given; must be less"),
        ({"schedule": {"kind": "cosine", "flor": 0.1}}, "schedule.flor: unknown key. Did you mean"),
    ],
)
def test_tables_of_a_kind_take_what_the_kind_takes(options: dict[str, Any], said: str) -> None:
    assert refusal(run(**options)).startswith(f"runs.a.{said}")


def test_class_of_the_wrong_type_is_named_by_its_place() -> None:
    message = refusal(run(classes=[2, 1.5]))
    assert message == "runs.a.classes.1: 1.5 was given; must be a whole number or a string."


@pytest.mark.parametrize(
    ("table", "path", "hint"),
    [
        (content(run=[]), "run", "runs"),
        (content(data={"sourse": "digits"}), "data.sourse", "source"),
        (content(defaults={"learning_rat": 0.1}), "defaults.learning_rat", "learning_rate"),
        (content(defaults={"name": "a"}), "defaults.name", None),
        (content(sources={"digits": {"trian": 5}}), "sources.digits.trian", "train"),
        (run(shufle=False), "runs.a.shufle", "shuffle"),
        (run(early_stopping={"patienc": 1}), "runs.a.early_stopping.patienc", "patience"),
        (
            content(defaults={"early_stopping": {"delta": 1}}),
            "defaults.early_stopping.delta",
            "min_delta",
        ),
        (
            content(sections=[{"kind": "weights", "run": ["a"]}]),
            "sections[0].run",
            "runs",
        ),
    ],
)
def test_unknown_key_is_refused_with_what_is_allowed(
    table: dict[str, Any], path: str, hint: str | None
) -> None:
    message = refusal(table)
    assert message.startswith(f"{path}: unknown key.")
    assert "Allowed: " in message
    if hint:
        assert f"Did you mean '{hint}'?" in message
        assert hint in message.partition("Allowed: ")[2]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (content(runs=[]), "runs: a study needs at least one [[runs]] table."),
        (content(runs={"name": "a"}), "runs: must be an array of tables, [[runs]]."),
        (content(runs=["a"]), "runs: must be an array of tables, [[runs]]."),
        (content(sections=["weights"]), "sections: must be an array of tables, [[sections]]."),
        (content(data="digits"), "data: must be a table, [data]."),
        (content(defaults=3), "defaults: must be a table, [defaults]."),
        (content(sources=3), "sources: must be a table, [sources]."),
        (content(sources={"digits": 3}), "sources.digits: must be a table."),
        (content({"model": "softmax"}), "runs[0].name: each run needs a name, a string."),
        (content({"name": 3}), "runs[0].name: each run needs a name, a string."),
        (run(l2=[]), "runs.a.l2: an empty list makes no run."),
        (content({"name": "a"}, {"name": "a"}), "runs: the name 'a' stands twice;"),
        (run(l2=[1, 1.0]), "runs: the name 'a[l2=1.0]' stands twice;"),
        (
            run(model="logistic", classes=[1, 2, 3]),
            "runs.a.classes: logistic regression needs two classes, there are 3: 1, 2, 3.",
        ),
        (content(sections=[{"runs": ["a"]}]), "sections[0].kind: each section needs one of "),
        (
            content(sections=[{"kind": "weights", "runs": ["a", "b"]}]),
            "sections[0].runs: there is no run 'b'; there are: a.",
        ),
        (content(sections=[{"kind": "weights", "runs": "a"}]), "sections[0].runs: 'a' was given"),
        (content(data={"source": [1]}), "data.source: [1] was given; must be a string."),
        (content(data={"source": ""}), "data.source: '' was given;"),
        (content(data={"train": 0}), "data.train: 0 was given;"),
        (content(data={"validation": "5"}), "data.validation: '5' was given;"),
        (content(seed=-1), "seed: -1 was given; must be greater than or equal to 0."),
        (content(seed="x"), "seed: 'x' was given; must be a whole number."),
        (content(title=5), "title: 5 was given; must be a string."),
        (content(name=5), "name: 5 was given; must be a string."),
    ],
)
def test_what_is_wrong_is_said_with_its_path(table: dict[str, Any], said: str) -> None:
    assert refusal(table).startswith(said)


@pytest.mark.parametrize("name", ["a b", "a/b", "../a", "", ".a", "ä", "a" * 121])
def test_run_name_that_is_no_file_name_is_refused(name: str) -> None:
    assert refusal(content({"name": name})).startswith(f"runs.{name}.name: ")


def test_run_name_with_a_line_break_is_refused() -> None:
    with pytest.raises(InputError, match="must begin with a letter or digit"):
        resolve(content({"name": "a\n"}), "my.toml")


@pytest.mark.parametrize("name", ["a b", "a/b", "..", "", "a[b]", "a" * 81])
def test_study_name_that_is_no_file_name_is_refused(name: str) -> None:
    assert refusal(content(name=name)).startswith("name: ")


def test_unknown_section_kind_is_refused_with_all_kinds() -> None:
    message = refusal(content(sections=[{"kind": "weight", "runs": ["a"]}]))
    assert message.startswith("sections[0].kind: 'weight' was given; must be ")
    assert all(f"'{kind}'" in message for kind in SECTION_KINDS)


def test_two_wrong_options_are_both_named() -> None:
    message = refusal(run(batch_size=0, l2=-1.0))
    assert "runs.a.batch_size: 0 was given" in message
    assert "runs.a.l2: -1.0 was given" in message


def test_content_is_not_changed() -> None:
    table = content({"name": "a", "l2": [1.0, 0.1]}, sources={"digits": {"train": 50}})
    before = repr(table)
    resolve(table, "my.toml", overrides=["l2=3", "runs.a.batch_size=7", "data.train=9"])
    assert repr(table) == before


# Reading ----------------------------------------------------------------------------------------


def test_built_in_study_is_read_by_its_name() -> None:
    table, where = read_study_file("gradient-descent", "mnist")
    assert where == "gradient-descent"
    study = resolve(table, where, source="mnist")
    assert [run.name for run in study.runs] == [
        "binary", "binary-shuffled", "softmax",
        "l2[l2=1.0]", "l2[l2=0.1]", "l2[l2=0.01]", "l2[l2=0.001]",
    ]  # fmt: skip
    assert study.data.source == "mnist"


def test_file_is_read_as_toml(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[[runs]]\nname = "a"\nl2 = 0.5\n')
    table, where = read_study_file(str(path))
    study = resolve(table, where)
    assert (study.name, study.title, study.seed) == ("mine", "mine", 0)
    assert study.runs[0].config == TrainConfig(l2=0.5)


@pytest.mark.parametrize(
    ("bytes_", "said"),
    [
        (b"name = ", "is not valid TOML: "),
        (b"runs = [\n", "is not valid TOML: "),
        (b"a = 1\na = 2\n", "is not valid TOML: "),
        (b'name = "\xff"', "is not UTF-8 text; a study file is TOML."),
        (b"\x93NUMPY\x01\x00", "is not UTF-8 text; a study file is TOML."),
    ],
)
def test_what_is_not_toml_is_refused(tmp_path: Path, bytes_: bytes, said: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(bytes_)
    with pytest.raises(InputError) as caught:
        read_study_file(str(path))
    assert str(caught.value).startswith(f"{path}: {said}")


def test_missing_file_names_the_built_in_studies(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such study file, .*\(.*gradient-descent, .*\)\.$"):
        read_study_file(str(tmp_path / "none.toml"))


def test_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read: Is a directory"):
        read_study_file(str(tmp_path))


@pytest.mark.parametrize(
    ("defaults", "own", "overrides", "order"),
    [
        ({"shuffle": False}, {}, (), "file"),
        ({"shuffle": False}, {"order": "epoch"}, (), "epoch"),
        ({"order": "file"}, {"shuffle": True}, (), "epoch"),
        ({"order": "class"}, {}, ("shuffle=true",), "epoch"),
        ({}, {"shuffle": False}, ("order=once",), "once"),
        ({}, {"shuffle": False}, ("runs.a.order=batches",), "batches"),
    ],
)
def test_the_nearest_word_on_order_counts(
    defaults: dict[str, Any], own: dict[str, Any], overrides: tuple[str, ...], order: str
) -> None:
    study = resolve(run(**own) | {"defaults": defaults}, "f", overrides=overrides)
    assert [each.config.order for each in study.runs] == [order]


def test_orders_make_a_sweep() -> None:
    study = resolve(run(order=["file", "once"]), "f")
    assert [each.name for each in study.runs] == ["a[order=file]", "a[order=once]"]
    assert [each.config.order for each in study.runs] == ["file", "once"]
