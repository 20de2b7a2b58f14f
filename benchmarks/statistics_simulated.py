"""What the intervals and tests of the findings cover, simulated; writes docs/statistics.md.

    python benchmarks/statistics_simulated.py [--repetitions 4000] [--out docs/statistics.md]

Every number follows from the seeds alone. An interval should cover what it is said to in 95% of
cases (93% to 97% is aimed at), and a test reject a true hypothesis in at most 5%.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.statistics import (
    PairedAccuracies,
    calibration,
    difference_interval,
    evaluation_noise,
    holm,
    paired_mean_interval,
    set_of_best,
    trend,
    wilson_interval,
)

Draw = Callable[[np.random.Generator], bool]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Experiment:
    """Something that is simulated many times.

    Attributes
    ----------
    kind : str
        "coverage" of an interval, "size" of a test (how often it rejects what is true), or "power"
        (how often it rejects what is false).
    method : str
    setting : str
    draw : function
        From a generator to whether the interval covered, or the test rejected.
    cost : int
        One in so many repetitions is made, where one takes long.
    """

    kind: str
    method: str
    setting: str
    draw: Draw
    cost: int = 1

    def rate(self, repetitions: int) -> float:
        """Return in what share of the repetitions it did."""
        rng = np.random.default_rng(zlib.crc32(f"{self.method}: {self.setting}".encode()))
        number = max(repetitions // self.cost, 1)
        return sum(self.draw(rng) for _ in range(number)) / number


def holds(interval: tuple[float, float], value: float) -> bool:
    """Whether a value lies in an interval, but for rounding."""
    return interval[0] - 1e-9 <= value <= interval[1] + 1e-9


def proportions() -> Iterator[Experiment]:
    """Accuracies, one and two on different examples."""
    for n in (30, 200, 2000):
        for p in (0.6, 0.9, 0.98):

            def one(rng: np.random.Generator, n: int = n, p: float = p) -> bool:
                return holds(wilson_interval(rng.binomial(n, p) / n, n), p)

            def two(rng: np.random.Generator, n: int = n, p: float = p) -> bool:
                first, second = rng.binomial(3 * n, p) / (3 * n), rng.binomial(n, p - 0.02) / n
                return holds(difference_interval(first, 3 * n, second, n), 0.02)

            yield Experiment("coverage", "Wilson's interval", f"n = {n}, accuracy {p:g}", one)
            yield Experiment(
                "coverage", "Newcombe's interval of independent accuracies",
                f"n = {3 * n} and {n}, accuracies {p:g} and {p - 0.02:g}", two,
            )  # fmt: skip


def pairs() -> Iterator[Experiment]:
    """Two accuracies on the same examples."""
    for n in (100, 600, 10_000):
        for discordant in (0.02, 0.1, 0.3):
            for difference in (0.0, 0.2):
                shift = difference * discordant  # of what tells them apart
                p = [(discordant + shift) / 2, (discordant - shift) / 2, 1 - discordant]

                def drawn(
                    rng: np.random.Generator, n: int = n, p: list[float] = p
                ) -> PairedAccuracies:
                    return PairedAccuracies(n, *map(int, rng.multinomial(n, p)[:2]))

                def covers(
                    rng: np.random.Generator,
                    drawn: Callable[[np.random.Generator], PairedAccuracies] = drawn,
                    shift: float = shift,
                ) -> bool:
                    return holds(drawn(rng).interval(), shift)

                def rejects(
                    rng: np.random.Generator,
                    drawn: Callable[[np.random.Generator], PairedAccuracies] = drawn,
                ) -> bool:
                    return drawn(rng).p_value <= 0.05

                setting = f"n = {n}, {discordant:.0%} told apart, difference {shift:g}"
                kind = "power" if shift else "size"
                yield Experiment("coverage", "Tango's interval", setting, covers)
                yield Experiment(kind, "McNemar's mid-p", setting, rejects)


def mean_losses() -> Iterator[Experiment]:
    """Mean differences of losses an example, which have long tails on one side or on both."""
    shapes: dict[str, Callable[[np.random.Generator, int], Floats]] = {
        "normal": lambda rng, n: rng.normal(size=n),
        "exponential": lambda rng, n: rng.exponential(size=n) - 1,
        "log-normal (1)": lambda rng, n: rng.lognormal(0, 1, n) - np.exp(0.5),
        "softmax losses": loss_differences,
        "Student's t, 3": lambda rng, n: rng.standard_t(3, n),
    }
    for name, shape in shapes.items():
        for n in (50, 200, 2000):

            def covers(
                rng: np.random.Generator,
                n: int = n,
                shape: Callable[[np.random.Generator, int], Floats] = shape,
            ) -> bool:
                return holds(paired_mean_interval(shape(rng, n), np.zeros(n)), 0.0)

            yield Experiment("coverage", "Interval of a difference of mean losses",
                             f"{name}, n = {n}", covers)  # fmt: skip


@cache
def many_loss_differences() -> Floats:
    """Return the differences of two models' losses, one bolder than the other."""
    rng = np.random.default_rng(0)
    margin = rng.normal(3, 2.5, 400_000)
    differences = np.logaddexp(0, -1.5 * margin) - np.logaddexp(0, -margin)
    centred: Floats = differences - differences.mean()
    return centred


def loss_differences(rng: np.random.Generator, n: int) -> Floats:
    """Return some of them."""
    drawn: Floats = rng.choice(many_loss_differences(), n)
    return drawn


def several() -> Iterator[Experiment]:
    """Several models on the same examples, the first the best or as good as any."""

    def models(rng: np.random.Generator, k: int, n: int, ahead: float) -> list[NDArray[np.bool_]]:
        easy = rng.random(n)
        accuracies = [0.9] + [0.9 - ahead] * (k - 1)
        return [easy + rng.normal(0, 0.05, n) < accuracy for accuracy in accuracies]

    for k in (2, 5, 20):
        for n in (200, 2000):

            def covers(rng: np.random.Generator, k: int = k, n: int = n) -> bool:
                return 0 in set_of_best(models(rng, k, n, 0.0))

            def alone(rng: np.random.Generator, k: int = k, n: int = n) -> bool:
                return set_of_best(models(rng, k, n, 0.03)) == [0]

            def rejects(rng: np.random.Generator, k: int = k, n: int = n) -> bool:
                first, *others = models(rng, k, n, 0.0)
                found = [PairedAccuracies.of(first, other).p_value for other in others]
                return min(holm(found)) <= 0.05

            setting = f"{k} models, n = {n}"
            yield Experiment("coverage", "Set that holds the best", setting + ", all equal",
                             covers, cost=k)  # fmt: skip
            yield Experiment("power", "Set that holds the best alone",
                             setting + ", the best 3 points ahead", alone, cost=k)  # fmt: skip
            yield Experiment("size", "Holm's correction, comparisons fixed beforehand",
                             setting + ", all equal", rejects, cost=k)  # fmt: skip


def trends() -> Iterator[Experiment]:
    """Slopes of curves whose noise is correlated."""

    def noise(rng: np.random.Generator, n: int, correlation: float) -> Floats:
        steps = rng.normal(size=n)
        steps[0] /= np.sqrt(1 - correlation**2)
        for i in range(1, n):
            steps[i] += correlation * steps[i - 1]
        return steps

    for n in (10, 20, 50, 200, 1000):
        for correlation in (0.0, 0.3, 0.6, 0.9):
            x = np.linspace(0, 1, n)

            def covers(
                rng: np.random.Generator, n: int = n, r: float = correlation, x: Floats = x
            ) -> bool:
                found = trend(x, noise(rng, n, r) - 2 * x)
                return holds((found.low, found.high), -2.0)

            def rejects(
                rng: np.random.Generator, n: int = n, r: float = correlation, x: Floats = x
            ) -> bool:
                return trend(x, noise(rng, n, r) - 4 * x).direction == -1

            setting = f"{n} evaluations, correlation {correlation:g}"
            yield Experiment("coverage", "Interval of a trend", setting, covers, cost=4)
            yield Experiment("power", "Trend",
                             f"{setting}, a fall of 4 deviations", rejects, cost=4)  # fmt: skip


def calibrations() -> Iterator[Experiment]:
    """Confidences that promise too much, too little or what they hold."""
    shapes: dict[str, Callable[[np.random.Generator, int], Floats]] = {
        "accuracy 92%": lambda rng, n: rng.beta(8, 0.7, n),
        "accuracy 75%": lambda rng, n: rng.uniform(0.5, 1, n),
        "accuracy 98%": lambda rng, n: rng.beta(30, 0.6, n),
    }
    for name, shape in shapes.items():
        for boldness in (1.0, 1.3, 2.0, 0.5):

            def drawn(
                rng: np.random.Generator,
                n: int,
                shape: Callable[[np.random.Generator, int], Floats] = shape,
                boldness: float = boldness,
            ) -> tuple[Floats, Floats]:
                p = np.clip(shape(rng, n), 1e-9, 1 - 1e-9)
                return 1 / (1 + (1 / p - 1) ** boldness), p

            for n in (100, 600, 5000):
                confidences, p = drawn(np.random.default_rng(0), 300_000)
                gap = float(np.mean(confidences - p))
                count = min(n // 20, 15)
                parts = np.array_split(np.argsort(confidences), count)
                error = float(np.sqrt(np.mean([np.mean((confidences - p)[i]) ** 2 for i in parts])))

                def covers(
                    rng: np.random.Generator,
                    n: int = n,
                    which: str = "gap_interval",
                    value: float = gap,
                    drawn: Callable[..., tuple[Floats, Floats]] = drawn,
                ) -> bool:
                    c, p = drawn(rng, n)
                    return holds(getattr(calibration(c, rng.random(n) < p), which), value)

                def covers_error(
                    rng: np.random.Generator,
                    n: int = n,
                    value: float = error,
                    covers: Draw = covers,
                ) -> bool:
                    return covers(rng, n, "error_interval", value)  # type: ignore[call-arg]

                setting = f"{name}, log-odds times {boldness:g}, n = {n}"
                yield Experiment("coverage", "Confidence less accuracy", setting, covers, cost=2)
                yield Experiment("coverage", "Calibration error", setting, covers_error, cost=2)


def noises() -> Iterator[Experiment]:
    """Yield noise of curves from evaluation to evaluation."""
    for n in (10, 50, 250):

        def covers(rng: np.random.Generator, n: int = n) -> bool:
            x = np.linspace(0, 1, n)
            curve = np.exp(-2 * x) / 10 + rng.normal(0, 0.01, n)
            return holds(evaluation_noise(curve).interval, 0.01)

        yield Experiment("coverage", "Noise from evaluation to evaluation",
                         f"{n} evaluations about a falling curve", covers)  # fmt: skip


def experiments() -> list[Experiment]:
    """Return all of them."""
    return [
        *proportions(), *pairs(), *mean_losses(), *several(), *trends(), *calibrations(), *noises(),
    ]  # fmt: skip


COVERS = {
    "Wilson's interval": "the accuracy on all examples of which these are a random sample "
    "(Wilson, 1927)",
    "Newcombe's interval of independent accuracies": "the difference of two accuracies on "
    "different examples (Newcombe, 1998, method 10 of eleven for independent proportions)",
    "Tango's interval": "the difference of two models' accuracies, both on the same examples "
    "(Tango, 1998)",
    "McNemar's mid-p": "rejects that two models are right equally often (Fagerland et al., 2013)",
    "Interval of a difference of mean losses": "the mean difference of two models' losses on the "
    "same examples; Student's t through Hall's transformation (Hall, 1992)",
    "Set that holds the best": "holds the truly best of several models, though the one that looks "
    "best was picked by looking (Hsu, 1984, with McNemar's test and Bonferroni's bound)",
    "Set that holds the best alone": "has no other member",
    "Holm's correction, comparisons fixed beforehand": "rejects any of several true hypotheses "
    "(Holm, 1979)",
    "Interval of a trend": "the slope of a line about which the curve has correlated noise: "
    "Theil and Sen's slope, with the variance of Hamed and Rao (1998)",
    "Trend": "says that the curve falls",
    "Confidence less accuracy": "the mean confidence less the accuracy",
    "Calibration error": "the root mean squared difference of confidence and accuracy over bins of "
    "equal size, less what chance adds (Kumar et al., 2019)",
    "Noise from evaluation to evaluation": "the standard deviation of independent normal noise "
    "about a smooth curve (Gasser et al., 1986)",
}


def markdown(rates: dict[Experiment, float], repetitions: int) -> str:
    """Return the page."""
    lines = [
        "# What the intervals and tests of the findings cover",
        "",
        f"Simulated by `benchmarks/statistics_simulated.py` with up to {repetitions:,} repetitions "
        "a line; reproducible by its seeds. Intervals are of 95%, tests of 5%: a coverage should "
        "lie between 93% and 97%, a size be at most 5%. Where little can be known, such as of few "
        "discordant pairs, coverages above and sizes below are what discrete data allows.",
    ]
    for method in dict.fromkeys(e.method for e in rates):
        own = [e for e in rates if e.method == method]
        low, high = min(rates[e] for e in own), max(rates[e] for e in own)
        kinds = ", ".join(dict.fromkeys(e.kind for e in own))
        lines += [
            "",
            f"## {method}",
            "",
            f"{COVERS[method][0].upper()}{COVERS[method][1:]}. From {low:.1%} to {high:.1%}.",
            "",
            f"| setting | {kinds} |",
            "|---|---:|",
        ]
        many = len({e.kind for e in own}) > 1
        lines += [f"| {e.setting} | {rates[e]:.1%}{f' ({e.kind})' if many else ''} |" for e in own]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Simulate, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=4000)
    parser.add_argument("--out", type=Path, default=Path("docs/statistics.md"))
    arguments = parser.parse_args()
    rates = {}
    for experiment in experiments():
        rates[experiment] = experiment.rate(arguments.repetitions)
        print(f"{experiment.kind:8} {rates[experiment]:7.3f}  {experiment.method}: "
              f"{experiment.setting}", flush=True)  # fmt: skip
    arguments.out.write_text(markdown(rates, arguments.repetitions))


if __name__ == "__main__":
    main()
