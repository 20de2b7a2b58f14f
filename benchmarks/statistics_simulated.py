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
from functools import cache, partial
from itertools import product
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp

from onelayer.diagnosis.experiments.other_seeds import JUDGE, SHOW, rises_from_lowest
from onelayer.diagnosis.statistics import (
    PairedAccuracies,
    calibration,
    choice_optimism,
    counts_differ,
    difference_interval,
    evaluation_noise,
    holm,
    mean_interval,
    paired_mean_interval,
    set_of_best,
    trend,
    wilson_interval,
)

Rng = np.random.Generator
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Experiment:
    """Something that is simulated many times.

    Attributes
    ----------
    kind : str
        "coverage" of an interval, "size" of a test (how often it rejects what is true), or "power"
        (how often it rejects what is false).
    method, setting : str
    draw : function
        From a generator to whether the interval covered, or the test rejected.
    cost : int
        One in so many repetitions is made, where one takes long.
    """

    kind: str
    method: str
    setting: str
    draw: Callable[[Rng], bool]
    cost: int = 1

    def rate(self, repetitions: int) -> float:
        """Return in what share of the repetitions it did."""
        rng = np.random.default_rng(zlib.crc32(f"{self.method}: {self.setting}".encode()))
        number = max(repetitions // self.cost, 1)
        return sum(self.draw(rng) for _ in range(number)) / number


def holds(interval: tuple[float, float], value: float) -> bool:
    """Whether a value lies in an interval, but for rounding."""
    return interval[0] - 1e-9 <= value <= interval[1] + 1e-9


def one_accuracy(rng: Rng, n: int, p: float) -> bool:
    """Whether Wilson's interval covers."""
    return holds(wilson_interval(rng.binomial(n, p) / n, n), p)


def two_accuracies(rng: Rng, n: int, p: float) -> bool:
    """Whether Newcombe's interval covers a difference of 2 points on different examples."""
    first, second = rng.binomial(3 * n, p) / (3 * n), rng.binomial(n, p - 0.02) / n
    return holds(difference_interval(first, 3 * n, second, n), 0.02)


def proportions() -> Iterator[Experiment]:
    """Yield accuracies, one and two on different examples."""
    for n, p in product((30, 200, 2000), (0.6, 0.9, 0.98)):
        yield Experiment("coverage", "Wilson's interval", f"n = {n}, accuracy {p:g}",
                         partial(one_accuracy, n=n, p=p))  # fmt: skip
    for n, p in product((30, 200, 2000), (0.6, 0.9, 0.98)):
        yield Experiment("coverage", "Newcombe's interval of independent accuracies",
                         f"n = {3 * n} and {n}, accuracies {p:g} and {p - 0.02:g}",
                         partial(two_accuracies, n=n, p=p))  # fmt: skip


def pair(rng: Rng, n: int, discordant: float, difference: float) -> PairedAccuracies:
    """Return two models on n examples, so many of which tell them apart."""
    p = [(discordant + difference) / 2, (discordant - difference) / 2, 1 - discordant]
    return PairedAccuracies(n, *map(int, rng.multinomial(n, p)[:2]))


def pairs() -> Iterator[Experiment]:
    """Yield two accuracies on the same examples."""
    settings = [
        (f"n = {n}, {discordant:.0%} told apart, difference {share * discordant:g}",
         share, {"n": n, "discordant": discordant, "difference": share * discordant})
        for n, discordant, share in product((100, 600, 10_000), (0.02, 0.1, 0.3), (0.0, 0.2))
    ]  # fmt: skip
    for setting, _, own in settings:
        yield Experiment(
            "coverage", "Tango's interval", setting,
            lambda rng, own=own: holds(pair(rng, **own).interval(), own["difference"]),
        )  # fmt: skip
    for setting, share, own in settings:
        yield Experiment(
            "power" if share else "size", "McNemar's mid-p", setting,
            lambda rng, own=own: pair(rng, **own).p_value <= 0.05,
        )  # fmt: skip


@cache
def many_loss_differences() -> Floats:
    """Return the differences of two models' losses, one bolder than the other."""
    margin = np.random.default_rng(0).normal(3, 2.5, 400_000)
    differences: Floats = np.logaddexp(0, -1.5 * margin) - np.logaddexp(0, -margin)
    return differences - differences.mean()


LOSSES: dict[str, Callable[[Rng, int], Floats]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "exponential": lambda rng, n: rng.exponential(size=n) - 1,
    "log-normal (1)": lambda rng, n: rng.lognormal(0, 1, n) - np.exp(0.5),
    "two logistic models": lambda rng, n: rng.choice(many_loss_differences(), n),
    "Student's t, 3": lambda rng, n: rng.standard_t(3, n),
}
"""Differences of losses an example, with long tails on one side or on both, and mean 0."""


def mean_losses() -> Iterator[Experiment]:
    """Yield mean differences of losses."""
    for (name, shape), n in product(LOSSES.items(), (50, 200, 2000)):
        yield Experiment(
            "coverage", "Interval of a difference of mean losses", f"{name}, n = {n}",
            lambda rng, n=n, shape=shape: holds(
                paired_mean_interval(shape(rng, n), np.zeros(n)), 0.0
            ),
        )  # fmt: skip


def models(rng: Rng, k: int, n: int, ahead: float, alike: float = 0.05) -> list[NDArray[np.bool_]]:
    """Return models on the same examples, the first ahead of the others, which are equal."""
    easy = rng.random(n)
    shifts = [0.0] + [ahead] * (k - 1)
    return [easy + rng.normal(0, alike, n) < 0.9 - shift for shift in shifts]


def first_is_in(rng: Rng, k: int, n: int) -> bool:
    """Whether one that is as good as the others is in the set that holds the best."""
    return 0 in set_of_best(models(rng, k, n, 0.0))


def first_is_alone(rng: Rng, k: int, n: int) -> bool:
    """Whether one that is better than the others is in it alone."""
    return set_of_best(models(rng, k, n, 0.03)) == [0]


def any_differs(rng: Rng, k: int, n: int, picked: bool) -> bool:
    """Whether Holm's test finds one that is not as good."""
    correct = models(rng, k, n, 0.0)
    best = int(np.argmax([c.sum() for c in correct])) if picked else 0
    others = [c for i, c in enumerate(correct) if i != best]
    return min(holm([PairedAccuracies.of(correct[best], c).p_value for c in others])) <= 0.05


def true_accuracy(shift: float, alike: float = 0.05) -> float:
    """Return the accuracy of one of these models on all examples: the mean of min(t + s z, 1)."""
    a = (0.1 + shift) / alike
    normal = NormalDist()
    return 0.9 - shift - alike * (normal.pdf(a) - a * (1 - normal.cdf(a)))


@cache
def true_optimism(k: int, n: int, ahead: float) -> float:
    """Return by how much the best looks too good, in the mean."""
    rng = np.random.default_rng(0)
    between = true_accuracy(0.0) - true_accuracy(ahead)
    found = []
    for _ in range(2000):
        accuracies = [m.mean() for m in models(rng, k, n, ahead)]
        best = int(np.argmax(accuracies))
        # Less what the first looks too good, which is nothing in the mean.
        found.append(accuracies[best] - accuracies[0] + (between if best else 0.0))
    return float(np.mean(found))


EQUAL_MANY = 40_000


def likelihood_ratios(seen: Floats, lead: float) -> Floats:
    """Return log likelihood ratios of one model, any, so far ahead, over all equal; (n, k)."""
    exponents = lead * (seen - seen.mean(axis=1, keepdims=True))
    return logsumexp(exponents, axis=1)


@cache
def best_test(k: int) -> tuple[float, float]:
    """Return the lead with the least optimism that is told, and which ratios speak against it."""
    rng = np.random.default_rng(0)
    errors = rng.standard_normal((EQUAL_MANY, k))
    one = np.eye(k)[0]

    def optimism(lead: float) -> float:
        picked = np.argmax(errors + lead * one, axis=1)
        # Less the errors of the one ahead, which are nothing in the mean.
        return float((errors[np.arange(EQUAL_MANY), picked] - errors[:, 0]).mean())

    lead = brentq(lambda lead: optimism(lead) - TOLD, 1, 8)
    ratios = likelihood_ratios(rng.standard_normal((EQUAL_MANY, k)) + lead * one, lead)
    return lead, float(np.quantile(ratios, 0.025))


def best_test_finds(rng: Rng, k: int) -> bool:
    """Whether the most powerful test finds that equal models are not one ahead of the others."""
    lead, critical = best_test(k)
    return bool(likelihood_ratios(rng.standard_normal((1, k)), lead)[0] < critical)


def several() -> Iterator[Experiment]:
    """Yield several models on the same examples."""
    sizes = [(k, n, f"{k} models, n = {n}") for k, n in product((2, 5, 20), (200, 2000))]
    for k, n, setting in sizes:
        yield Experiment("coverage", "Set that holds the best", f"{setting}, all equal",
                         partial(first_is_in, k=k, n=n), cost=max(k // 5, 1))  # fmt: skip
    for k, n, setting in sizes:
        yield Experiment("power", "Set that holds the best alone", f"{setting}, 3 points ahead",
                         partial(first_is_alone, k=k, n=n), cost=max(k // 5, 1))  # fmt: skip
    for picked, method in ((False, HOLM), (True, HOLM_PICKED)):
        for k, n, setting in sizes:
            yield Experiment("size", method, f"{setting}, all equal",
                             partial(any_differs, k=k, n=n, picked=picked),
                             cost=max(k // 5, 1))  # fmt: skip
    for (k, n, setting), ahead in product(sizes, (0.0, 0.03)):
        yield Experiment(
            "coverage", "Optimism of a choice", f"{setting}, {100 * ahead:g} points ahead",
            lambda rng, k=k, n=n, ahead=ahead: holds(
                choice_optimism(models(rng, k, n, ahead)).interval, true_optimism(k, n, ahead)
            ), cost=8,
        )  # fmt: skip

    for k in (10, 20, 40):
        yield Experiment("power", BEST_TEST, f"{k} equal models", partial(best_test_finds, k=k))


BEST_TEST = "The best test of an optimism"
TOLD = 0.01
"""Standard deviations of an accuracy: 0.05 points where 60 examples tell models apart by 5."""

HOLM = "Holm's correction, comparisons fixed beforehand"
HOLM_PICKED = "Holm's correction, one picked as the best"


def correlated(rng: Rng, n: int, correlation: float) -> Floats:
    """Return noise of which each value is in part the last one."""
    noise = rng.normal(size=n)
    noise[0] /= np.sqrt(1 - correlation**2)
    for i in range(1, n):
        noise[i] += correlation * noise[i - 1]
    return noise


def slope_covered(rng: Rng, n: int, correlation: float) -> bool:
    """Whether the interval of a trend covers the slope."""
    x = np.linspace(0, 1, n)
    found = trend(x, correlated(rng, n, correlation) - 2 * x)
    return holds((found.low, found.high), -2.0)


def fall_found(rng: Rng, n: int, correlation: float) -> bool:
    """Whether a fall by 4 deviations is seen."""
    x = np.linspace(0, 1, n)
    return trend(x, correlated(rng, n, correlation) - 4 * x).direction == -1


def trends() -> Iterator[Experiment]:
    """Yield slopes of curves whose noise is correlated."""
    settings = list(product((10, 20, 50, 200, 1000), (0.0, 0.3, 0.6, 0.9)))
    for n, r in settings:
        yield Experiment("coverage", "Interval of a trend", f"{n} evaluations, correlation {r:g}",
                         partial(slope_covered, n=n, correlation=r), cost=4)  # fmt: skip
    for n, r in settings:
        yield Experiment("power", "Trend",
                         f"{n} evaluations, correlation {r:g}, a fall of 4 deviations",
                         partial(fall_found, n=n, correlation=r), cost=4)  # fmt: skip


def rise_found(rng: Rng, n: int, correlation: float, by: float) -> bool:
    """Whether curves are said to rise that fall at first, and then rise by so many deviations."""
    x = np.arange(n)
    level = 5 * np.exp(-x / 4) + by * np.clip((x - n / 4) / (n / 4), 0, 1)
    curves = 20 + level + [correlated(rng, n, correlation) for _ in range(SHOW + 1 + JUDGE)]
    rises, _, _ = rises_from_lowest(curves[: SHOW + 1], curves[SHOW + 1 :])
    return mean_interval(rises)[0] > 0


def rises() -> Iterator[Experiment]:
    """Yield curves of runs that differ by their seeds."""
    for by, (n, r) in product((0.0, 1.0), product((30, 100, 300), (0.0, 0.3, 0.6))):
        yield Experiment(
            "power" if by else "size", RISE,
            f"{n} evaluations, correlation {r:g}{f', a rise of {by:g} deviation' if by else ''}",
            partial(rise_found, n=n, correlation=r, by=by), cost=4,
        )  # fmt: skip


RISE = "Rise of other seeds"


PROBABILITIES: dict[str, Callable[[Rng, int], Floats]] = {
    "accuracy 75%": lambda rng, n: rng.uniform(0.5, 1, n),
    "accuracy 92%": lambda rng, n: rng.beta(8, 0.7, n),
    "accuracy 98%": lambda rng, n: rng.beta(30, 0.6, n),
}
"""Of the class that is predicted to be the right one."""


def bold(rng: Rng, n: int, shape: str, times: float) -> tuple[Floats, Floats]:
    """Return confidences whose log-odds are so many times the true ones, and the probabilities."""
    p = np.clip(PROBABILITIES[shape](rng, n), 1e-9, 1 - 1e-9)
    return 1 / (1 + (1 / p - 1) ** times), p


@cache
def true_calibration(n: int, shape: str, times: float) -> dict[str, float]:
    """Return the gap, and the error over as many bins as n examples have."""
    confidences, p = bold(np.random.default_rng(0), 300_000, shape, times)
    parts = np.array_split(np.argsort(confidences), min(n // 20, 15))
    error = np.sqrt(np.mean([np.mean((confidences - p)[part]) ** 2 for part in parts]))
    return {"gap": float(np.mean(confidences - p)), "error": float(error)}


def calibration_covered(rng: Rng, which: str, n: int, shape: str, times: float) -> bool:
    """Whether the interval of the gap, or of the error, covers."""
    confidences, p = bold(rng, n, shape, times)
    found = calibration(confidences, rng.random(n) < p)
    return holds(getattr(found, f"{which}_interval"), true_calibration(n, shape, times)[which])


def calibrations() -> Iterator[Experiment]:
    """Yield confidences that promise too much, too little or what they hold."""
    for method, which in (("Confidence less accuracy", "gap"), ("Calibration error", "error")):
        for shape, times, n in product(PROBABILITIES, (1.0, 1.3, 2.0, 0.5), (100, 600, 5000)):
            yield Experiment(
                "coverage", method, f"{shape}, log-odds times {times:g}, n = {n}",
                partial(calibration_covered, which=which, n=n, shape=shape, times=times), cost=2,
            )  # fmt: skip


def noise_covered(rng: Rng, n: int) -> bool:
    """Whether the interval of the noise about a falling curve covers."""
    curve = np.exp(-2 * np.linspace(0, 1, n)) / 10 + rng.normal(0, 0.01, n)
    return holds(evaluation_noise(curve).interval, 0.01)


def noises() -> Iterator[Experiment]:
    """Yield noise of curves from evaluation to evaluation."""
    for n in (10, 50, 250):
        yield Experiment("coverage", "Noise from evaluation to evaluation",
                         f"{n} evaluations about a falling curve",
                         partial(noise_covered, n=n))  # fmt: skip


COUNTS = "Class counts of two parts"


def shares_differ(rng: Rng, n: int, k: int, left: float) -> bool:
    """Whether the counts of k classes in n and n / 2 examples differ; of the first some is left."""
    shares = np.full(k, 1 / k)
    fewer = np.where(np.arange(k) == 0, left, 1.0) / k
    table = np.stack([rng.multinomial(n, shares), rng.multinomial(n // 2, fewer / fewer.sum())])
    return counts_differ(table) <= 0.05


def class_counts() -> Iterator[Experiment]:
    """Yield tests of the class counts of two parts."""
    for n, k in product((200, 1000), (2, 10, 50)):
        for left, kind in ((1.0, "size"), (0.5, "power")):
            yield Experiment(
                kind, COUNTS, f"{k} classes, {n} and {n // 2} examples"
                + (", half of one class left out" if left < 1 else ""),
                partial(shares_differ, n=n, k=k, left=left),
            )  # fmt: skip


def experiments() -> list[Experiment]:
    """Return all of them."""
    return [
        *proportions(), *pairs(), *mean_losses(), *several(), *trends(), *rises(), *calibrations(),
        *noises(), *class_counts(),
    ]  # fmt: skip


SAYS = {
    "Wilson's interval": "Covers the accuracy on all examples of which these are a random sample "
    "(Wilson, 1927).",
    "Newcombe's interval of independent accuracies": "Covers the difference of two accuracies on "
    "different examples (Newcombe, 1998, method 10).",
    "Tango's interval": "Covers the difference of two models' accuracies, both on the same "
    "examples (Tango, 1998). Where few tell the models apart it is wide.",
    "McNemar's mid-p": "Rejects that two models are right equally often (Fagerland, Lydersen and "
    "Laake, 2013).",
    "Interval of a difference of mean losses": "Covers the mean difference of two models' losses "
    "on the same examples: Student's t through Hall's transformation (Hall, 1992).",
    "Set that holds the best": "Holds the truly best of several models, though the one that looks "
    "best was picked by looking (Hsu, 1984, with McNemar's test and Bonferroni's bound).",
    "Set that holds the best alone": "Has no other member.",
    HOLM: "Rejects any of several true hypotheses (Holm, 1979).",
    HOLM_PICKED: "The same, where the model that all are compared with was picked as the best by "
    "looking: more than 5%, which is why findings use the set that holds the best.",
    "Optimism of a choice": "Covers the mean, over choices, of how much too good the best of "
    "several looks (halves that choose and report; above, a jackknife, which errs on the wide "
    "side; below, the least optimism that explains the estimate or, of others that look equal, "
    "the lead). Where one model is ahead and the optimism small, the estimate is too large by some "
    "tenths of a point.",
    BEST_TEST: "The most that any test of 2.5% can find: that equal models are not one so far "
    "ahead of equal others that the optimism is a hundredth of an accuracy's standard deviation. "
    "By the ratio of their likelihoods (Neyman and Pearson, 1933), of normal accuracies whose "
    "covariance is known.",
    "Interval of a trend": "Covers the slope of a line about which the curve has correlated noise: "
    "Theil and Sen's slope, with the variance of Hamed and Rao (1998). It is too wide for ten "
    "evaluations, and somewhat too narrow for a correlation of 0.9.",
    "Trend": "Says that the curve falls.",
    RISE: f"Says that the curves of {JUDGE} seeds end above where {SHOW + 1} others are lowest, "
    "over five evaluations; one-sided, of 2.5%. The curves fall at first; the rise is over the "
    "second quarter.",
    "Confidence less accuracy": "Covers the mean confidence less the accuracy: a score interval "
    "of calibration in the large (Cox, 1958).",
    "Calibration error": "Covers the root mean squared difference of confidence and accuracy over "
    "bins of equal size, without what chance adds (Kumar, Liang and Ma, 2019). Where there is none "
    "it ends at 0, and covers in 97.5% and more.",
    COUNTS: "Rejects that two parts have the same class shares: chi², and Fisher's test of each "
    "class against the others, both with Bonferroni's bound.",
    "Noise from evaluation to evaluation": "Covers the standard deviation of independent normal "
    "noise about a smooth curve (Gasser, Sroka and Jennen-Steinmetz, 1986).",
}


def markdown(rates: dict[Experiment, float], repetitions: int) -> str:
    """Return the page."""
    lines = [
        "# What the intervals and tests of the findings cover",
        "",
        f"Simulated by `benchmarks/statistics_simulated.py` with up to {repetitions:,} repetitions "
        "a line; reproducible by its seeds. Intervals are of 95%, tests of 5%: coverage is aimed "
        "to lie between 93% and 97%, and a size to be at most 5%. Coverage outside is bold. Lines "
        "of what takes long have a quarter or an eighth of the repetitions: of 250, a rate of 95% "
        "is uncertain by 2.7 points.",
        "",
        "| method | | least | most | settings |",
        "|---|---|---:|---:|---:|",
    ]
    groups: dict[tuple[str, str], list[Experiment]] = {}
    for experiment in rates:
        groups.setdefault((experiment.method, experiment.kind), []).append(experiment)
    for (method, kind), own in groups.items():
        found = [rates[e] for e in own]
        lines.append(f"| {method} | {kind} | {min(found):.1%} | {max(found):.1%} | {len(own)} |")
    for method in dict.fromkeys(method for method, _ in groups):
        lines += ["", f"## {method}", "", SAYS[method], "", "| setting | | |", "|---|---|---:|"]
        for e in (e for e in rates if e.method == method):
            outside = e.kind == "coverage" and not 0.93 <= rates[e] <= 0.97
            shown = f"**{rates[e]:.1%}**" if outside else f"{rates[e]:.1%}"
            lines.append(f"| {e.setting} | {e.kind} | {shown} |")
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
