"""What a reader takes home, from what was measured, and the works that the methods rest on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from onelayer.diagnosis import Answer
from onelayer.diagnosis.checks.early_stopping import EarlyStop
from onelayer.diagnosis.checks.shuffling_speed import ShufflingSpeed
from onelayer.diagnosis.claims import first, furthest_ahead
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.diagnosis.measures.l2_accuracies import SweepAccuracies
from onelayer.diagnosis.measures.l2_norms import SweepNorms
from onelayer.diagnosis.words import number, percent, points
from onelayer.report.document import Block, Paragraph, Section
from onelayer.report.inline import literal
from onelayer.report.sections.material import Material
from onelayer.training import TrainConfig


def learned(material: Material) -> Section | None:
    """Return the lessons of what was found; None where there are none."""
    said = [text for lesson in LESSONS if (text := lesson(material)) is not None]
    if not said:
        return None
    blocks: tuple[Block, ...] = tuple(Paragraph(literal(text)) for text in said)
    return Section("What to take home", None, blocks)


def _look_at_every_step(material: Material) -> str | None:
    have = first(material, AccuracyDips)
    if have is None or have[1].culprit is None:
        return None
    dips, culprit = have[1], have[1].culprit
    rare = dips.evaluation_meets_batch_every
    seen = f"every {dips.evaluation_every} steps" if dips.evaluation_every > 1 else "every step"
    text = (
        f"A curve shows only what is evaluated: with an evaluation {seen}, one batch in "
        f"{dips.batches_per_epoch} that costs {points(culprit.fall)} comes into view every "
        f"{rare:,} steps."
    )
    if len(dips.interventions) > 3:
        own, anew = dips.interventions[0], dips.interventions[3]
        if anew.fall <= own.fall / 2:
            text += (
                f" In the first {dips.tried_epochs} epochs alone it costs {points(own.fall)}; with "
                f"the examples shuffled in each epoch, {points(anew.fall)}."
            )
    return text


def _shuffle_for_evenness(material: Material) -> str | None:
    have = first(material, ShufflingSpeed)
    if have is None:
        return None
    end = have[1].at_steps[-1]
    against = f"{number(end.shuffled_loss)} shuffled and {number(end.own_loss)} in its own order"
    after = f"after {end.step:,} steps the validation loss is {against}"
    if have[0].answer is Answer.FOUND:
        return f"Shuffling speeds convergence here: {after}."
    if have[0].answer is Answer.CLEAR:
        return f"Shuffling does not speed convergence here: {after}."
    return f"Whether shuffling speeds convergence cannot be told here: {after}."


def _patience(material: Material) -> str | None:
    have = first(material, EarlyStop)
    if have is None or have[1].loss_given_up is None:
        return None
    stop = have[1]
    return (
        f"What early stopping costs is seen only where a run goes on: "
        f"{material.called(have[0].runs[0])} ended after {stop.steps:,} steps, and keeps a "
        f"validation loss {percent(stop.loss_given_up or 0.0, 1)} above the lowest of "
        f"{stop.continued_steps:,} steps."
    )


def _gap_is_not_memory(material: Material) -> str | None:
    have = furthest_ahead(material)
    if have is None:
        return None
    gap = have[1].gap
    return (
        "A gap between training and validation accuracy has two parts. Here it is "
        f"{points(gap.train_accuracy - gap.val_accuracy)}. One part is memory: in a second "
        "training that leaves out a fifth of the examples, the others are "
        f"{points(gap.memory)} ahead of that fifth. The rest is chance, or validation examples "
        "that are harder or easier."
    )


def _l2(material: Material) -> str | None:
    have = first(material, SweepAccuracies)
    if have is None or not have[1].from_largest:
        return None
    fall = max(have[1].from_largest, key=lambda step: step.at_minimum)
    return (
        f"What a penalty does is seen at the minimum of its objective: from λ = {fall.smaller:g} "
        f"to {fall.l2:g} the validation accuracy there falls by {points(fall.at_minimum)}; at the "
        f"ends of the runs by {points(fall.at_end)}, with the noise of the steps and unfinished "
        "training in it."
    )


def _norm(material: Material) -> str | None:
    have = first(material, SweepNorms)
    if have is None or have[1].proportional_from is None:
        return None
    return (
        "The norm falls in inverse proportion to λ only for strong penalties: here from about "
        f"λ = {have[1].proportional_from:.2g} on."
    )


LESSONS: Final[tuple[Callable[[Material], str | None], ...]] = (
    _look_at_every_step, _shuffle_for_evenness, _patience, _gap_is_not_memory, _l2, _norm,
)  # fmt: skip


def references(material: Material) -> Section | None:
    """Return the works that this page's methods rest on; None where there are none."""
    works = sorted({*_works(material)}, key=_surname)
    if not works:
        return None
    return Section("References", None, tuple(Paragraph(literal(work)) for work in works))


def _surname(work: str) -> tuple[str, str]:
    """Return what a work is sorted by: the surname of its first author."""
    authors = re.split("[,:]", work, maxsplit=1)[0]
    return re.sub(r"^(?:[A-Z][.-] ?)+", "", authors), work


_OF_CODES: Final = {
    "R. G. Newcombe: Interval estimation for the difference between independent proportions: "
    "comparison of eleven methods. Statistics in Medicine 17, 1998. (Gaps between parts.)":
        ("OL103",),
    "E. B. Wilson: Probable inference, the law of succession, and statistical inference. Journal "
    "of the American Statistical Association 22, 1927. (Intervals of one accuracy.)":
        ("OL103", "OL207"),
    "T. Tango: Equivalence test and confidence interval for the difference in proportions for the "
    "paired-sample design. Statistics in Medicine 17, 1998. (Models on the same examples.)":
        ("OL101", "OL105"),
    "S. Holm: A simple sequentially rejective multiple test procedure. Scandinavian Journal of "
    "Statistics 6, 1979. (Several comparisons at once.)": ("OL105",),
    "R. C. Geary: The contiguity ratio and statistical mapping. The Incorporated Statistician 5, "
    "1954. (Noise of the pictures.)": ("OL104",),
    "A. Kumar, P. Liang, T. Ma: Verified uncertainty calibration. NeurIPS 2019. (Calibration.)":
        ("OL304",),
    "C. Northcutt, L. Jiang, I. Chuang: Confident learning: estimating uncertainty in dataset "
    "labels. Journal of Artificial Intelligence Research 70, 2021. (Suspicious labels.)":
        ("OL210",),
    "J. B. Copas: Binary regression models for contaminated data. Journal of the Royal Statistical "
    "Society B 50, 1988. (Labels that are wrong at random.)": ("OL210",),
    "J. C. Hsu: Constrained simultaneous confidence intervals for multiple comparisons with the "
    "best. Annals of Statistics 12, 1984. (Runs that may be the best.)": ("OL302",),
    "D. Lopez-Paz, M. Oquab: Revisiting classifier two-sample tests. ICLR 2017. (Parts of "
    "different kinds.)": ("OL209",),
    "R. Pyke: Spacings. Journal of the Royal Statistical Society B 27, 1965. (Identifiers.)":
        ("OL204",),
}  # fmt: skip

_OF_SOURCES: Final = {
    "mnist": "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to "
    "document recognition. Proceedings of the IEEE 86, 1998. (The digits of MNIST.)",
    "digits": "E. Alpaydin, C. Kaynak: Cascading classifiers. Kybernetika 34, 1998. (The digits "
    "of 8 by 8 pixels.)",
}

_BISHOP: Final = (
    "C. M. Bishop: Pattern Recognition and Machine Learning. Springer, 2006. (The derivations.)"
)
_POLYAK_JUDITSKY: Final = (
    "B. T. Polyak, A. B. Juditsky: Acceleration of stochastic approximation by averaging. SIAM "
    "Journal on Control and Optimization 30, 1992. (Averages of the iterates.)"
)
_SUTSKEVER: Final = (
    "I. Sutskever, J. Martens, G. Dahl, G. Hinton: On the importance of initialization and "
    "momentum in deep learning. ICML 2013. (Momentum.)"
)


def _works(material: Material) -> Iterator[str]:
    codes = {f.code for f in material.findings if f.measurement is not None}
    yield from (work for work, of in _OF_CODES.items() if codes & {*of})
    study = material.outcome.study
    if any(section.kind == "derivation" for section in study.sections):
        yield _BISHOP
    source = material.outcome.data["source"]
    if source in _OF_SOURCES:
        yield _OF_SOURCES[source]
    configs: list[TrainConfig] = [run.config for run in study.runs]
    if any(config.averaging is not None for config in configs):
        yield _POLYAK_JUDITSKY
    if any(config.momentum for config in configs):
        yield _SUTSKEVER
