"""Which findings of two studies differ, and how."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from onelayer.diagnosis import Answer, Finding

_NOT_LOOKED_FOR = "not looked for"


@dataclass(frozen=True, eq=False)
class TwoFindings:
    """What two studies say to one question about the same runs; None: it was not asked."""

    first: Finding | None
    second: Finding | None

    @property
    def code(self) -> str:
        """Number of the check."""
        return self._any.code

    @property
    def title(self) -> str:
        """What was looked for."""
        return self._any.title

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs of which it speaks."""
        return self._any.runs

    @property
    def said(self) -> tuple[str, str]:
        """What either says."""
        one, other = (
            _NOT_LOOKED_FOR if f is None else f"{str(f.answer).capitalize()}. {f.statement}"
            for f in (self.first, self.second)
        )
        return one, other

    @property
    def found(self) -> tuple[bool, bool]:
        """Whether either found what was looked for."""
        one, other = (f is not None and f.answer is Answer.FOUND for f in (self.first, self.second))
        return one, other

    @property
    def is_same(self) -> bool:
        """Whether both measured the same; what a study calls its runs is no measurement."""
        if self.first is None or self.second is None:
            return False
        one, other = self.first.as_json(), self.second.as_json()
        measured = "evidence" if one["evidence"] or other["evidence"] else "statement"
        return all(one[key] == other[key] for key in ("answer", measured))

    @property
    def _any(self) -> Finding:
        finding = self.first or self.second
        assert finding is not None
        return finding


@dataclass(frozen=True, eq=False)
class Changed:
    """Findings on runs that both studies have, by how they changed.

    Attributes
    ----------
    appeared, gone : tuple of TwoFindings
        Found in the second alone, and in the first alone.
    numbers : tuple of TwoFindings
        Found in both, with other numbers.
    answers : tuple of TwoFindings
        Found in neither, with another answer.
    same : int
        How many say the same in both, or differ in the numbers of what is not there alone.
    """

    appeared: tuple[TwoFindings, ...]
    gone: tuple[TwoFindings, ...]
    numbers: tuple[TwoFindings, ...]
    answers: tuple[TwoFindings, ...]
    same: int

    @property
    def in_words(self) -> str:
        """'2 appeared, 1 is gone, 3 changed in number, ... and 40 are as before'."""
        gone, same = len(self.gone), self.same
        parts = (
            (self.appeared, f"{len(self.appeared)} appeared"),
            (self.gone, f"{gone} {'is' if gone == 1 else 'are'} gone"),
            (self.numbers, f"{len(self.numbers)} changed in number"),
            (self.answers, f"{len(self.answers)} found in neither changed the answer"),
        )
        changed = ", ".join(words for found, words in parts if found) or "none changed"
        return f"{changed}, and {same} {'is' if same == 1 else 'are'} as before"

    def kinds(self, first: str, second: str) -> Sequence[tuple[str, tuple[TwoFindings, ...]]]:
        """Return each kind of change with a title."""
        return (
            (f"Appeared: found in {second} alone.", self.appeared),
            (f"Gone: found in {first} alone.", self.gone),
            ("Found in both, with other numbers.", self.numbers),
            ("Found in neither, with another answer.", self.answers),
        )


def changes(first: Sequence[Finding], second: Sequence[Finding], runs: Collection[str]) -> Changed:
    """Return how findings changed: those that speak of these runs alone, or of no run.

    The same question is one check on the same runs.
    """
    one, other = _by_question(first, runs), _by_question(second, runs)
    appeared, gone, numbers, answers, same = [], [], [], [], 0
    for question in dict.fromkeys([*one, *other]):
        two = TwoFindings(one.get(question), other.get(question))
        match two.found:
            case _ if two.is_same:
                same += 1
            case (False, True):
                appeared.append(two)
            case (True, False):
                gone.append(two)
            case (True, True):
                numbers.append(two)
            case _ if two.first and two.second and two.first.answer is two.second.answer:
                same += 1
            case _:
                answers.append(two)
    return Changed(tuple(appeared), tuple(gone), tuple(numbers), tuple(answers), same)


def _by_question(
    findings: Sequence[Finding], runs: Collection[str]
) -> dict[tuple[object, ...], Finding]:
    questions: dict[tuple[object, ...], Finding] = {}
    seen: dict[tuple[object, ...], int] = {}
    for finding in findings:
        if {*finding.runs} <= {*runs}:
            question = finding.code, finding.runs
            # A check may say several things of the same runs: the first is set beside the first.
            place = seen.get(question, 0)
            seen[question] = place + 1
            questions[(*question, place)] = finding
    return questions
