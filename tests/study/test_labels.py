"""What people call the runs of a study."""

import tomllib

import pytest

from onelayer.errors import InputError
from onelayer.study import Study, resolve
from onelayer.study.file import to_toml


def study(text: str, *overrides: str) -> Study:
    return resolve(tomllib.loads(text), "own.toml", overrides=overrides)


def labels(text: str, *overrides: str) -> list[str | None]:
    return [run.label for run in study(text, *overrides).runs]


SWEEP = '[[runs]]\nname = "l2"\nl2 = [1.0, 0.1]\n'


def test_a_label_of_the_study_stands_and_comes_back_from_the_resolved_file() -> None:
    one = study('[[runs]]\nname = "a"\nlabel = "file order"\n' + SWEEP)
    assert [run.label for run in one.runs] == ["file order", "λ = 1", "λ = 0.1"]
    assert resolve(tomllib.loads(to_toml(one)), "again") == one
    assert study(to_toml(one), 'runs.a.label="in order"').runs[0].label == "in order"


def test_members_of_a_sweep_are_called_by_what_is_swept() -> None:
    assert labels(SWEEP) == ["λ = 1", "λ = 0.1"]
    assert labels(SWEEP, "seed=[3, 4]")[:2] == ["λ = 1, seed 3", "λ = 0.1, seed 3"]
    named = SWEEP.replace('"l2"\n', '"l2"\nlabel = "strong"\n', 1)
    assert labels(named) == ["strong, λ = 1", "strong, λ = 0.1"]


def test_replicates_beside_other_runs_are_called_by_their_name() -> None:
    drawn = '[defaults]\nexamples = 9\ndraw = [0, 1]\n[[runs]]\nname = "plain"\n'
    assert labels(drawn) == ["draw 0", "draw 1"]
    both = labels(drawn + SWEEP)
    assert both[:3] == ["plain, draw 0", "plain, draw 1", "λ = 1, draw 0"]
    named = drawn.replace('"plain"', '"plain"\nlabel = "no penalty"')
    assert labels(named + SWEEP)[0] == "no penalty, draw 0"


def test_other_runs_are_called_by_the_fewest_values_that_no_other_has() -> None:
    head = '[[runs]]\nname = "a"\nshuffle = false\n[[runs]]\nname = "b"\nmomentum = 0.9\n'
    assert labels(head) == ["file order", "shuffled"]
    assert labels(head + '[[runs]]\nname = "c"\nl2 = 0.1\n') == [
        "file order", "momentum 0.9", "λ = 0.1",
    ]  # fmt: skip
    pair = '[[runs]]\nname = "p"\nmodel = "logistic"\nclasses = [2, 3]\n'
    assert labels(head + pair) == ["file order", "momentum 0.9", "2 against 3"]
    assert labels('[[runs]]\nname = "alone"\n') == ["alone"]
    assert labels('[[runs]]\nname = "a"\n[[runs]]\nname = "b"\n') == ["a", "b"]  # nothing differs


def test_two_sweeps_of_the_same_values_are_told_apart() -> None:
    both = SWEEP + SWEEP.replace('"l2"', '"other"') + "learning_rate = 0.5\n"
    found = labels(both)
    assert len({*found}) == 4
    assert found[0] == "λ = 1, learning rate 0.01"


@pytest.mark.parametrize("label", ['""', "3", '"' + "x" * 201 + '"'])
def test_a_label_that_is_none_is_refused_with_its_path(label: str) -> None:
    with pytest.raises(InputError, match=r"own.toml: runs.a.label: "):
        study(f'[[runs]]\nname = "a"\nlabel = {label}\n')


def test_labels_differ() -> None:
    with pytest.raises(InputError, match="'x' stands twice; labels must differ"):
        study('[[runs]]\nname = "a"\nlabel = "x"\n[[runs]]\nname = "b"\nlabel = "x"\n')
