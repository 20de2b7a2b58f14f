"""Lists as text."""

import pytest

from onelayer.words import listed, shortened


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["a"], "'a'"),
        (["a", "b"], "'a' and 'b'"),
        (("a", "b", 3), "'a', 'b' and 3"),
        (range(10), "0, 1, 2, 3, 4, 5, 6, 7, 8 and 9"),
        (range(11), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1 more"),
        (range(5000), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 4,990 more"),
    ],
)
def test_a_list_for_a_message_is_short(items: object, text: str) -> None:
    assert listed(items) == text  # type: ignore[arg-type]


def test_long_names_are_shortened_and_few() -> None:
    assert listed(["a" * 1000]) == repr("a" * 1000)[:39] + "…" + repr("a" * 1000)[-20:]
    assert len(listed(["a" * 1000] * 10)) < 200
    assert shortened("abc", 3) == "abc"
    assert len(shortened("a" * 100, 50)) == 50


def test_every_one_is_named_where_that_is_asked_for() -> None:
    names = [f"run-{i}" for i in range(30)] + ["x" * 100]
    assert listed(names, str, every=True) == f"{', '.join(names[:-1])} and {'x' * 100}"
    assert listed(["λ = 1"], str, every=True) == "λ = 1"
    assert listed(iter("ab"), str) == "a and b"
