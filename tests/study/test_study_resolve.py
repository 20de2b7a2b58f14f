"""From a study file to a study: defaults, sources, sweeps, overrides, and back to a file."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_helpers import content

from onelayer.data import Dataset, Scaling
from onelayer.errors import InputError
from onelayer.study import (
    Run,
    Selection,
    Study,
    check_study,
    data,
    load_data,
    read_study_file,
    resolve,
    to_toml,
)
from onelayer.training import Averaging, EarlyStopping, RateSchedule, TrainConfig
from onelayer.training.idle import without_idle


def configs(table: dict[str, Any], *overrides: str, source: str | None = None) -> dict[str, Any]:
    study = resolve(table, "my.toml", overrides=overrides, source=source)
    return {run.name: run.config for run in study.runs}


# Who overrides whom -----------------------------------------------------------------------------


def test_run_overrides_source_overrides_defaults_overrides_built_in() -> None:
    table = content(
        {"name": "plain"},
        {"name": "own", "batch_size": 3},
        defaults={"batch_size": 1, "max_epochs": 7},
        sources={"digits": {"batch_size": 2}, "mnist": {"batch_size": 9}},
    )
    here = configs(table)
    assert here["plain"] == TrainConfig(batch_size=2, max_epochs=7)
    assert here["own"] == TrainConfig(batch_size=3, max_epochs=7)
    assert configs(table, source="mnist")["plain"].batch_size == 9
    assert configs(table, source="./elsewhere")["plain"].batch_size == 1


def test_seed_at_the_top_holds_for_every_run_that_has_none_of_its_own() -> None:
    table = content({"name": "a"}, {"name": "b", "seed": 5}, seed=3)
    assert {name: config.seed for name, config in configs(table).items()} == {"a": 3, "b": 5}


def test_false_lifts_early_stopping_that_is_a_default() -> None:
    table = content(
        {"name": "a"},
        {"name": "b", "early_stopping": False},
        defaults={"early_stopping": {"patience": 4}},
    )
    here = configs(table)
    assert here["a"].early_stopping == EarlyStopping(patience=4)
    assert here["b"].early_stopping is None


def test_source_gives_counts_unless_they_are_set() -> None:
    table = content(
        data={"train": 20000, "validation": 10000},
        sources={"digits": {"train": 100, "validation": 50}},
    )
    here = resolve(table, "my.toml").data
    assert (here.source, here.train, here.validation) == ("digits", 100, 50)
    there = resolve(table, "my.toml", source="mnist").data
    assert (there.source, there.train, there.validation) == ("mnist", 20000, 10000)
    one = resolve(table, "my.toml", overrides=["data.train=30"]).data
    assert (one.train, one.validation) == (30, 50)


# Sweeps -----------------------------------------------------------------------------------------


def test_list_makes_a_sweep_with_a_name_for_each_value() -> None:
    here = configs(content({"name": "l2", "l2": [1, 0.1, 1e-5]}))
    assert {name: config.l2 for name, config in here.items()} == {
        "l2[l2=1.0]": 1.0, "l2[l2=0.1]": 0.1, "l2[l2=1e-05]": 1e-5,
    }  # fmt: skip


def test_two_lists_make_their_product_the_last_one_fastest() -> None:
    here = configs(content({"name": "s", "shuffle": [True, False], "l2": [1.0, 0.5]}))
    assert list(here) == [
        "s[shuffle=true,l2=1.0]", "s[shuffle=true,l2=0.5]",
        "s[shuffle=false,l2=1.0]", "s[shuffle=false,l2=0.5]",
    ]  # fmt: skip
    assert [(c.shuffle, c.l2) for c in here.values()] == [
        (True, 1.0), (True, 0.5), (False, 1.0), (False, 0.5),
    ]  # fmt: skip


def test_the_rule_of_early_stopping_can_be_swept() -> None:
    table = content(
        {"name": "s", "l2": [0.0, 0.1], "early_stopping": {"patience": [5, 10], "min_delta": 0.01}}
    )
    found = configs(table)
    assert list(found) == [f"s[l2={p},patience={n}]" for p in ("0.0", "0.1") for n in (5, 10)]
    rules = [c.early_stopping for c in found.values()]
    assert [(rule.patience, rule.min_delta) for rule in rules if rule] == [
        (5, 0.01),
        (10, 0.01),
    ] * 2
    assert list(configs(content({"name": "a"}), "early_stopping.min_delta=[0.0,0.5]")) == [
        "a[min_delta=0.0]", "a[min_delta=0.5]",
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"runs\.a\.early_stopping\.patience: an empty list"):
        configs(content({"name": "a", "early_stopping": {"patience": []}}))


def test_schedules_and_averages_can_be_swept_as_words_and_by_their_keys() -> None:
    table = content(
        {"name": "s", "schedule": ["constant", "cosine", {"kind": "step", "every": 9}]},
        {"name": "a", "averaging": {"kind": "exponential", "decay": [0.9, 0.99]}},
        {"name": "k", "schedule": {"kind": ["cosine", "one_cycle"]}, "max_steps": [5, 7]},
    )
    found = configs(table)
    assert list(found) == [
        "s[schedule=none]", "s[schedule=cosine]", "s[schedule=step,every=9]",
        "a[decay=0.9]", "a[decay=0.99]",
        "k[max_steps=5,kind=cosine]", "k[max_steps=5,kind=one_cycle]",
        "k[max_steps=7,kind=cosine]", "k[max_steps=7,kind=one_cycle]",
    ]  # fmt: skip
    assert found["s[schedule=none]"].schedule is None
    assert found["s[schedule=step,every=9]"].schedule == RateSchedule(kind="step", every=9)
    assert found["a[decay=0.9]"].averaging == Averaging(kind="exponential", decay=0.9)


def test_a_kind_in_a_word_is_a_table_to_what_overrides_it() -> None:
    table = content({"name": "a"}, defaults={"averaging": "exponential", "schedule": "cosine"})
    found = configs(table, "averaging.decay=0.5", "schedule=constant")["a"]
    assert found.averaging == Averaging(kind="exponential", decay=0.5)
    assert found.schedule is None
    assert configs(table, "averaging=mean")["a"].averaging == Averaging(kind="mean")
    with pytest.raises(InputError, match=r"set: averaging\.decy: unknown key"):
        configs(table, "averaging.decy=0.5")


def test_list_in_defaults_or_on_the_command_line_sweeps_every_run() -> None:
    table = content({"name": "a"}, {"name": "b", "seed": 9}, defaults={"seed": [0, 1]})
    assert list(configs(table)) == ["a[seed=0]", "a[seed=1]", "b"]
    assert list(configs(content(), "l2=[0.5, 0.25]")) == ["a[l2=0.5]", "a[l2=0.25]"]


def test_section_names_a_whole_sweep_or_one_member() -> None:
    sections = [{"kind": "weights", "runs": ["l2", "l2[l2=0.1]"]}]
    study = resolve(content({"name": "l2", "l2": [1.0, 0.1]}, sections=sections), "my.toml")
    names = [run.name for run in study.named(study.sections[0].runs)]
    assert names == ["l2[l2=1.0]", "l2[l2=0.1]", "l2[l2=0.1]"]


def test_study_without_sections_shows_every_run() -> None:
    table = content(
        {"name": "a", "early_stopping": {"patience": 3}},
        {"name": "s", "l2": [1, 2]},
        {"name": "r", "learning_rate": [0.1, 0.2]},
    )
    study = resolve(table, "my.toml")
    assert [(s.kind, s.runs) for s in study.sections] == [
        ("loss-curves", ("a",)), ("accuracy-curves", ("a",)), ("early-stopping", ("a",)),
        ("l2-accuracy", ("s",)), ("sweep-accuracy", ("r",)),
    ]  # fmt: skip


# --set ------------------------------------------------------------------------------------------

TWO = content({"name": "a"}, {"name": "b", "l2": 0.5, "early_stopping": {"patience": 9}})


def test_bare_option_holds_for_all_runs_also_over_their_own() -> None:
    assert [c.l2 for c in configs(TWO, "l2=0.25").values()] == [0.25, 0.25]
    assert [c.model for c in configs(TWO, "model=logistic").values()] == ["logistic"] * 2
    assert [c.shuffle for c in configs(TWO, " shuffle = false ").values()] == [False, False]


def test_option_of_one_run() -> None:
    assert [c.l2 for c in configs(TWO, "runs.a.l2=0.25").values()] == [0.25, 0.5]


def test_run_whose_name_holds_dots_can_be_named() -> None:
    table = content({"name": "a"}, {"name": "a.b"})
    assert [c.l2 for c in configs(table, "runs.a.b.l2=3", "runs.a.l2=2").values()] == [2.0, 3.0]


def test_option_in_defaults_leaves_what_a_run_says() -> None:
    assert [c.l2 for c in configs(TWO, "defaults.l2=0.25").values()] == [0.25, 0.5]


def test_option_of_a_source_holds_on_that_source_only() -> None:
    assert configs(TWO, "sources.digits.batch_size=3")["a"].batch_size == 3
    assert configs(TWO, "sources.mnist.batch_size=3")["a"].batch_size == 20


def test_nested_option_keeps_what_stands_beside_it() -> None:
    table = content({"name": "a", "early_stopping": {"patience": 9, "min_delta": 0.5}})
    expected = EarlyStopping(patience=3, min_delta=0.5)
    assert configs(table, "early_stopping.patience=3")["a"].early_stopping == expected
    assert configs(table, "runs.a.early_stopping.patience=3")["a"].early_stopping == expected
    table = content(defaults={"early_stopping": {"patience": 9, "min_delta": 0.5}})
    assert configs(table, "runs.a.early_stopping.patience=3")["a"].early_stopping == expected
    assert configs(table, "early_stopping=false")["a"].early_stopping is None


def test_seed_is_that_of_the_study_and_of_every_run() -> None:
    study = resolve(TWO | {"seed": 1}, "my.toml", overrides=["seed=4"])
    assert study.seed == 4
    assert [run.config.seed for run in study.runs] == [4, 4]


def test_data_name_and_title() -> None:
    overrides = ["data.train=33", "data.source=mnist", "name=other", "title=Some words"]
    study = resolve(TWO, "my.toml", overrides=overrides)
    assert (study.data.train, study.data.source) == (33, "mnist")
    assert (study.name, study.title) == ("other", "Some words")


def test_data_on_the_command_line_wins_over_set() -> None:
    assert resolve(TWO, "f", source="mnist", overrides=["data.source=x"]).data.source == "mnist"


def test_later_override_wins() -> None:
    assert configs(TWO, "l2=1", "l2=2")["a"].l2 == 2


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("l2", "set=l2: must have the form key=value."),
        ("=1", "set==1: must have the form key=value."),
        ("data.=1", "set=data.=1: must have the form key=value."),
        ("runs.c.l2=1", "set=runs.c.l2=1: there is no run 'c'; there are: a, b."),
        ("runs.a=1", "set=runs.a=1: unknown key; allowed: an option of runs (model, "),
        ("l3=1", "set=l3=1: unknown key; allowed: an option of runs (model, "),
        ("sections=[]", "set=sections=[]: unknown key; allowed: "),
        ("name.x=1", "set=name.x=1: 'name' is not a table."),
        ("data=5", "my.toml: data: must be a table, [data]."),
        ("data.trian=5", "my.toml: data.trian: unknown key. Did you mean 'train'?"),
        ("runs.a.sed=5", "my.toml: runs.a.sed: unknown key. Did you mean 'seed'?"),
        ("defaults.sed=5", "my.toml: defaults.sed: unknown key. Did you mean 'seed'?"),
        ("sources.digits.sed=5", "my.toml: sources.digits.sed: unknown key. Did you mean 'seed'?"),
        ("early_stopping.x=5", "set: early_stopping.x: unknown key. Allowed: patience"),
        ("l2=abc", "my.toml: runs.a.l2: 'abc' was given; must be a number."),
        ("l2=", "my.toml: runs.a.l2: '' was given; must be a number."),
        ("seed=-1", "my.toml: seed: -1 was given;"),
        ("l2=[]", "my.toml: runs.a.l2: an empty list makes no run."),
    ],
)
def test_bad_override_is_refused(override: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve(TWO, "my.toml", overrides=[override])
    assert str(caught.value).startswith(said)


# Back to a file ---------------------------------------------------------------------------------


def again(study: Study) -> Study:
    return resolve(tomllib.loads(to_toml(study)), "elsewhere.toml")


@pytest.mark.parametrize("source", ["digits", "mnist", "some/folder"])
def test_built_in_study_as_resolved_gives_the_same_study(source: str) -> None:
    study = resolve(*read_study_file("gradient-descent"), source=source, overrides=["seed=7"])
    assert again(study) == study


positive = st.floats(1e-300, 1e300)
stopping = st.none() | st.builds(
    EarlyStopping, patience=st.integers(1, 10**6), min_delta=st.floats(0, 1e300)
)
averaging = st.builds(Averaging, kind=st.just("mean"), start=st.none() | st.integers(0, 9))
averaging |= st.builds(Averaging, kind=st.just("exponential"), decay=st.floats(0, 0.99))
schedules = st.builds(RateSchedule, kind=st.just("cosine"), floor=st.floats(0, 1))
schedules |= st.builds(
    RateSchedule, kind=st.sampled_from(["step", "inverse"]), every=st.integers(1, 9)
)
training = st.builds(
    TrainConfig,
    model=st.just("softmax"), learning_rate=positive, batch_size=st.integers(1, 10**9),
    max_epochs=st.integers(1, 10**9), l2=st.floats(0, 1e300), penalize_bias=st.booleans(),
    shuffle=st.booleans(), seed=st.integers(0, 2**63 - 1), drop_last=st.booleans(),
    evaluations_per_epoch=st.integers(1, 10**6), early_stopping=stopping,
    dtype=st.sampled_from(["float32", "float64"]), momentum=st.floats(0, 0.99),
    averaging=st.none() | averaging, schedule=st.none() | schedules,
    warmup_steps=st.integers(0, 9), max_steps=st.none() | st.integers(1, 10**9),
    initial_std=st.floats(0, 1e300),
).map(without_idle)  # fmt: skip
names = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.,=+\[\]-]{0,20}\Z")
labels = st.integers(-(2**62), 2**62) | st.text(st.characters(exclude_categories=["Cs"]))
classes = st.none() | st.lists(labels, min_size=2, max_size=4, unique=True).map(tuple)


@settings(deadline=None)  # it resolves three times, also where the machine is busy
@given(
    st.lists(  # names that differ in capitals alone are refused
        st.tuples(names, classes, training),
        min_size=1,
        max_size=3,
        unique_by=lambda r: r[0].casefold(),
    ),
    st.text(st.characters(exclude_categories=["Cs"])).filter(str.strip),
    st.integers(0, 2**63 - 1),
    st.none() | st.integers(1, 2**62),
)
def test_any_resolved_study_written_and_resolved_again_is_the_same(
    runs: list[tuple[str, tuple[int | str, ...] | None, TrainConfig]],
    title: str,
    seed: int,
    train: int | None,
) -> None:
    study = Study.model_validate(
        {
            "name": "study",
            "title": title,
            "seed": seed,
            "data": {"source": "digits", "train": train},
            "runs": tuple(
                Run(name=n, selection=Selection(classes=c), config=config) for n, c, config in runs
            ),
            "sections": ({"kind": "loss-curves", "runs": (runs[0][0],), "title": title},),
        }
    )
    labelled = again(study)
    assert all(run.label for run in labelled.runs)
    bare = [run.model_copy(update={"label": None}) for run in labelled.runs]
    assert labelled.model_copy(update={"runs": tuple(bare)}) == study
    assert again(labelled) == labelled


# What has no effect ----------------------------------------------------------------------------

EXACT = {"name": "a", "solver": "optimum"}


@pytest.mark.parametrize(
    ("runs", "top", "said"),
    [
        ([EXACT | {"max_epochs": 3}], {}, "runs.a.max_epochs: has no effect, since the optimum"),
        (
            [{"name": "a", "window": 2}],
            {},
            "runs.a.window: has no effect, since the order is epoch",
        ),
        (
            [{"name": "a", "tolerance": 0.1}],
            {},
            "runs.a.tolerance: has no effect, since it is of a",
        ),
        ([EXACT], {"defaults": {"momentum": 0.5}}, "defaults.momentum: has no effect"),
        ([EXACT], {"sources": {"digits": {"momentum": 0.5}}}, "sources.digits.momentum: has no ef"),
        ([{"name": "a", "shuffle": False}], {"seed": [0, 1]}, "seed: has no effect, since chance"),
        ([EXACT], {"title": " "}, "title: ' ' was given; must not be empty"),
        ([EXACT], {"question": ""}, "question: '' was given; must not be empty"),
        (
            [EXACT],
            {"sources": {"mnst": {"l2": 0.1}}},
            "sources.mnst: is no source. Did you mean",
        ),
        ([EXACT], {"data": {"split_seed": 1}}, "data.split_seed: 1 was given; has no effect where"),
    ],
)
def test_what_has_no_effect_is_refused(runs: list[Any], top: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve({"runs": runs} | top, "f")
    assert str(caught.value).startswith(f"f: {said}")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"averaging": {"kind": "mean", "start": 6}}, "averaging: the start, 6, is after the last"),
        ({"schedule": {"kind": "step", "every": 6}}, "schedule: every 6 steps, and the run has 6"),
        ({"warmup_steps": 6}, "warmup_steps: 6 was given, and the run has 6 steps: the rate would"),
    ],
)
def test_what_begins_after_the_end_is_refused(
    option: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_source(monkeypatch)
    own = {"name": "a", "max_epochs": 2, "batch_size": 2} | option
    study = resolve(content(own, data={}), "f")
    with pytest.raises(InputError, match=f"^runs.a: {said}"):
        check_study(study, load_data(study))
    check_study(resolve(content(own, data={}), "f", overrides=["max_epochs=3"]), load_data(study))


def test_a_minimum_that_is_nowhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    small_source(monkeypatch)
    for run, said in (
        ({"solver": "optimum"}, "The class 3: no example of it counts"),
        ({"optimum": True}, "The class 3: no example of it counts"),
        ({"solver": "optimum", "classes": [1, 2], "l2": 1e41}, "l2: 1e\\+41 was given"),
    ):
        study = resolve(content({"name": "a"} | run, data={"train": 2}, defaults={}), "f")
        with pytest.raises(InputError, match=f"^runs.a: {said}"):
            check_study(study, load_data(study))


def test_an_override_without_effect_is_refused() -> None:
    with pytest.raises(InputError, match=r"^set: momentum: has no effect"):
        resolve({"runs": [EXACT]}, "f", overrides=["momentum=0.5"])


def test_what_has_an_effect_on_one_run_may_stand_for_all() -> None:
    table = {"defaults": {"momentum": 0.5}, "runs": [EXACT, {"name": "b"}]}
    exact, steps = resolve(table, "f").runs
    assert (exact.config.momentum, steps.config.momentum) == (0, 0.5)
    assert resolve({"runs": [{"name": "a", "solver": ["optimum", "sgd"], "max_epochs": 3}]}, "f")
    data = {"split": "random", "split_seed": 1}
    assert resolve({"runs": [EXACT], "sources": {"digits": data}}, "f").data.split_seed == 1


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"kind": "weights", "x": "l2"}, "x: 'l2' was given; has no effect in a section of the ki"),
        ({"kind": "weights", "numbers": ["val_loss"]}, "numbers: ['val_loss'] was given; has no"),
        ({"kind": "losses", "x": "rate"}, "x: 'rate' was given; must be the name of an option"),
        (
            {"kind": "losses", "numbers": ["excess"]},
            "numbers: ['excess'] was given; must be one of",
        ),
        (
            {"kind": "weights", "runs": []},
            "runs: [] was given; a section of the kind 'weights' mus",
        ),
        ({"kind": "claims"}, "runs: ['a'] was given; a section of the kind 'claims' is of no run"),
        ({"kind": "verdicts"}, "verdicts: [] was given; must name the claims that are judged"),
    ],
)
def test_what_a_section_does_not_read_is_refused(section: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve({"runs": [EXACT], "sections": [{"runs": ["a"]} | section]}, "f")
    assert str(caught.value).startswith(f"f: sections[0].{said}")


# Counts -----------------------------------------------------------------------------------------


def small_source(monkeypatch: pytest.MonkeyPatch) -> None:
    train = Dataset(np.arange(24.0).reshape(6, 4), [1, 2, 3] * 2, scaling=Scaling.from_range(0, 9))
    monkeypatch.setattr(data, "load_parts", lambda _source: (train, train.first(3)))


def test_first_examples_of_each_part_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    small_source(monkeypatch)
    loaded = load_data(resolve(content(data={"train": 4, "validation": 2}), "f"))
    assert loaded.train.y.tolist() == [1, 2, 3, 1]
    assert loaded.validation.y.tolist() == [1, 2]
    assert loaded.notes == ()


def test_without_counts_all_are_taken_and_the_choice_says_how_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small_source(monkeypatch)
    loaded = load_data(resolve(content(data={}), "f"))
    assert (loaded.choice.train, loaded.choice.validation) == (6, 3)
    assert loaded.facts()["train"] == 6


def test_more_than_there_are_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    small_source(monkeypatch)
    study = resolve(content(data={"train": 6, "validation": 4}), "f")
    with pytest.raises(InputError, match=r"^data\.validation: 4 examples .* source has 3\. "):
        load_data(study)


def test_counts_meant_for_another_source_are_limits_with_a_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small_source(monkeypatch)
    study = resolve(content(data={"train": 20000, "validation": 2}), "f")
    loaded = load_data(study, limits=("train", "validation"))
    assert (loaded.choice.train, loaded.choice.validation) == (6, 2)
    assert loaded.notes == (
        "data.train: 20,000 examples were asked for, the source has 6: all are taken.",
    )


def test_counts_are_taken_before_a_runs_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    small_source(monkeypatch)
    study = resolve(
        content({"name": "a", "classes": [3, 1]}, data={"train": 4, "validation": 3}), "f"
    )
    train, validation = load_data(study).of(study.runs[0])
    assert (train.y.tolist(), train.classes) == ([1, 3, 1], (3, 1))
    assert validation.y.tolist() == [1, 3]


def test_class_that_the_data_has_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    small_source(monkeypatch)
    study = resolve(content({"name": "a", "classes": [3, 8]}, data={}), "f")
    with pytest.raises(InputError, match=r"^runs\.a\.classes: .*no class 8; .* 1, 2, 3"):
        load_data(study).of(study.runs[0])


def test_digest_tells_other_data_from_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    small_source(monkeypatch)
    digests = [
        load_data(resolve(content(data={"train": n}), "f")).facts()["sha256"] for n in (4, 4, 5)
    ]
    assert digests[0] == digests[1] != digests[2]
