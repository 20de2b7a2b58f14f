"""OL103: overfitting, taken apart: the gap between the parts, harm, and where the run was going."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.checks.overfitting_words import on_the_end, on_the_gap, on_the_minimum
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.continued import (
    Scored,
    held_out_rows,
    scored,
    without_held_out,
)
from onelayer.diagnosis.experiments.other_seeds import over_other_seeds
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measures.loss_end import MIN_EVALUATIONS, LossEnd, loss_end, rise_above
from onelayer.diagnosis.measures.overfitting import AtMinimum, Gap, OtherSeeds, Overfitting
from onelayer.diagnosis.statistics import (
    difference_interval,
    paired_mean_interval,
    wilson_interval,
)
from onelayer.diagnosis.subjects.stepped import ended_runs
from onelayer.diagnosis.words import percent
from onelayer.model import Parameters
from onelayer.study import RunOutcome

MUCH_MEMORY = 0.05
"""So much higher is the accuracy on training examples where memory is worth telling."""

HELD_OUT = 0.2
"""So many of the training examples are left out of a second training, to be asked after it."""


def look(context: Context) -> list[Finding]:
    """Report on each run that was trained by steps and came to an end of its own."""
    runs = ended_runs(context)
    able = [run for run in runs if _obstacle(run) is None]
    models = _models(context, able)
    ends = {run.name: loss_end(run) for run in able}
    minima = {name: _at_minimum(own, ends[name].lowest) for name, own in models.items()}
    # Early stopping keeps the best evaluation, and where going on helps, a level end above the
    # lowest is the noise of the steps: there is no harm to be sure of.
    doubtful = [
        run for run in able
        if ends[run.name].is_doubtful and not _keeps_best(run) and not _helps(minima[run.name])
    ]  # fmt: skip
    seeds = over_other_seeds(context, doubtful)
    return [
        _finding(
            context, run, models[run.name], ends[run.name], minima[run.name], seeds.get(run.name)
        )
        if run.name in models
        else CHECK.not_applicable((run.name,), f"The run {run.called} {_obstacle(run)}.")
        for run in runs
    ]


def _obstacle(run: RunOutcome) -> str | None:
    """Return why a run cannot be asked, if that is so."""
    config = run.record.config
    if run.curve.height < MIN_EVALUATIONS or run.record.last is None:
        return (
            "has too few evaluations to tell where its validation loss was going: at least "
            f"{MIN_EVALUATIONS} are needed"
        )
    if config.model == "multilabel":
        return "has several labels an example, and is not looked at"
    if config.features is not None or config.examples_per_class is not None:
        return "is trained on some features or on drawn examples, and is not made again here"
    return None


@dataclass(frozen=True, eq=False)
class _Models:
    """A run's models, each on the training and on the validation examples.

    Attributes
    ----------
    kept, second : (Scored, Scored)
        What the run keeps, and what it comes to without a fifth of its examples.
    minimum : (Scored, Scored) or None
    certified : bool
        Whether the minimum is known to be one.
    """

    kept: tuple[Scored, Scored]
    second: tuple[Scored, Scored]
    minimum: tuple[Scored, Scored] | None
    certified: bool


def _models(context: Context, runs: list[RunOutcome]) -> dict[str, _Models]:
    """Make the models of all runs, those on the same batches together, and score them at once."""
    # Without a penalty the minimum may be infinitely far, and takes long to be near.
    minima = context.minima(run for run in runs if run.record.config.l2 > 0)
    groups: dict[Any, list[RunOutcome]] = defaultdict(list)
    for run in runs:
        groups[run.run.selection, run.record.config.shared].append(run)
    found: dict[str, _Models] = {}
    for members in groups.values():
        second = without_held_out(context, members, HELD_OUT)
        models = {("kept", r.name): Parameters(r.model.weights, r.model.bias) for r in members}
        models |= {("second", name): parameters for name, parameters in second.items()}
        models |= {
            ("minimum", r.name): minima[r.name].parameters for r in members if r.name in minima
        }
        compared = [i for i, (what, _) in enumerate(models) if what != "second"]
        parts = [
            scored(
                context, members[0], list(models.values()), validation=validation,
                losses_of=compared if validation else (),
            )
            for validation in (False, True)
        ]  # fmt: skip
        both = dict(zip(models, zip(*parts, strict=True), strict=True))
        for run in members:
            minimum = minima.get(run.name)
            found[run.name] = _Models(
                both["kept", run.name], both["second", run.name],
                both.get(("minimum", run.name)),
                minimum is not None and minimum.reason == "certified",
            )  # fmt: skip
    return found


def _keeps_best(run: RunOutcome) -> bool:
    return run.record.config.early_stopping is not None


def _helps(minimum: AtMinimum | None) -> bool:
    """Return whether going on to the minimum lowers the validation loss."""
    return minimum is not None and minimum.against_end[1] < 0


def _finding(
    context: Context,
    run: RunOutcome,
    models: _Models,
    end: LossEnd,
    at_minimum: AtMinimum | None,
    others: OtherSeeds | None,
) -> Finding:
    gap = _gap(context, run, models.second)
    measurement = Overfitting(
        gap=gap,
        val_loss_slope_per_epoch=end.slope.slope,
        val_loss_slope_interval=(end.slope.low, end.slope.high),
        tail_evaluations=end.evaluations,
        lowest_step=end.lowest_step,
        rise_above_lowest=end.rise,
        minimum=at_minimum,
        other_seeds=others,
    )
    statement = " ".join(
        [
            on_the_gap(run, gap),
            on_the_end(end, others),
            *([] if at_minimum is None else [on_the_minimum(run, at_minimum)]),
        ]
    )
    tried = [f"trained again without {percent(HELD_OUT, 0)} of the training examples"]
    tried += [] if at_minimum is None else ["the minimum of the objective"]
    tried += [] if others is None else [f"trained again with {others.seeds} other seeds"]
    if (end.rose or (others is not None and others.rose)) and not _keeps_best(run):
        return CHECK.found(
            (run.name,), statement, measurement, tried=tried,
            advice="Stop early, or raise l2: the weights that are kept are those of the end.",
        )  # fmt: skip
    if gap.memory_interval[0] >= MUCH_MEMORY:
        return CHECK.found(
            (run.name,), statement, measurement, severity=Severity.INFO, tried=tried,
            advice="The training accuracy is no measure of this model. More examples, fewer "
            "features or a larger l2 leave less to memory.",
        )  # fmt: skip
    return CHECK.clear((run.name,), statement, measurement, tried=tried)


def _gap(context: Context, run: RunOutcome, second: tuple[Scored, Scored]) -> Gap:
    final = run.record.final
    assert final.train_accuracy is not None
    assert final.val_accuracy is not None
    held = np.zeros(run.record.n_train, bool)
    held[held_out_rows(context, run, HELD_OUT)] = True
    on_train, on_validation = second[0].right, second[1].right
    shares = [
        (float(right.mean()), len(right))
        for right in (on_train[~held], on_train[held], on_validation)
    ]
    return Gap(
        final.train_accuracy,
        final.val_accuracy,
        wilson_interval(final.val_accuracy, run.record.n_validation),
        shares[0][0] - shares[1][0],
        difference_interval(*shares[0], *shares[1]),
        shares[1][0] - shares[2][0],
        difference_interval(*shares[1], *shares[2]),
    )


def _at_minimum(models: _Models, lowest: float) -> AtMinimum | None:
    if models.minimum is None:
        return None
    on_train, on_validation = models.minimum
    loss = float(on_validation.losses.mean())
    return AtMinimum(
        models.certified,
        loss,
        float(on_validation.right.mean()),
        float(on_train.right.mean()),
        rise_above(loss, lowest),
        paired_mean_interval(on_validation.losses, models.kept[1].losses),
    )


CHECK = Check(
    Overfitting,
    look,
    "Three questions apart: what the gap is made of, by a second training that leaves a random "
    "fifth of the training examples out; whether the validation loss turned up, by its trend with "
    "correlated noise and, where noise hides that, by the same run with other seeds; and where the "
    "run was going, by the minimum of its objective.",
    ("a second run with four fifths of the examples learns as the first did",),
    covers="95%, of the trend 99%; of the validation accuracy over all examples of which the "
    "validation examples are a random sample; of memory and parts over all examples like those of "
    "both samples; of "
    "the trend over the noise from evaluation to evaluation; of other seeds over all seeds",
)
