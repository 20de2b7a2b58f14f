"""From runs to the charts of their curves, and where in a report each is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onelayer.report import linked, style
from onelayer.report.document import Block, Interactive
from onelayer.report.figure import file_stem
from onelayer.report.figures import scales
from onelayer.report.linked import Chart, Line, Pane
from onelayer.report.sections.material import Material, kept_step
from onelayer.study import Replicates, RunOutcome, SectionChoice
from onelayer.training import StopReason

KINDS = {"loss-curves": "loss", "accuracy-curves": "accuracy"}
"""What the kinds of sections that draw the curves of runs draw."""

MOST_ALONE = 6
"""Of so many runs each has its own chart; more share one, with a choice among them."""

MOST_POINTS = 240_000
"""So many have the charts of all runs together."""


@dataclass(frozen=True, eq=False)
class Shown:
    """Runs whose curves are one chart: a run, replicates, or many runs to choose from."""

    group: Replicates | None
    runs: tuple[RunOutcome, ...]

    @property
    def is_many(self) -> bool:
        """Whether it is runs to choose from."""
        return self.group is None and len(self.runs) > 1

    @property
    def names(self) -> list[str]:
        """Return the names of the runs."""
        return [run.name for run in self.runs]

    @property
    def anchor(self) -> str:
        """What links to the chart name."""
        return file_stem("curves", *self.names)


def shown_in(material: Material, choice: SectionChoice) -> list[Shown]:
    """Return what a section shows: replicates together, many others together, few each alone."""
    together = material.together(material.runs(choice))
    alone = tuple(runs[0] for group, runs in together if group is None)
    groups = [Shown(group, runs) for group, runs in together if group is not None]
    if len(alone) > MOST_ALONE:
        return [*groups, Shown(None, alone)]
    return [Shown(group, runs) for group, runs in together]


def shown_before(material: Material, choice: SectionChoice, shown: Shown) -> Shown | None:
    """Return what an earlier section shows and holds the curves of the same runs, if one does."""
    sections = material.outcome.study.sections
    earlier = sections[: next((i for i, s in enumerate(sections) if s is choice), 0)]
    names = {*shown.names}
    for section in earlier:
        if section.kind in KINDS:
            for other in shown_in(material, section):
                if names <= {*other.names}:
                    return other
    return None


def curves(
    material: Material,
    choice: SectionChoice,
    shown: Shown,
    still: Sequence[Block],
    seen: Mapping[str, Callable[[RunOutcome], str]],
) -> Interactive:
    """Return the curves of runs for a hand, or what leads to them where they are already.

    Parameters
    ----------
    material, choice, shown
        All that is known, the section, and whose curves.
    still
        The section's own curves for paper and where scripts are off.
    seen
        "loss" and "accuracy" to what is seen in those of a run, plain text.
    """
    own = KINDS[choice.kind]
    if (before := shown_before(material, choice, shown)) is not None:
        link = {"before": f"The {own} is drawn with the run's other curves, over the same steps:",
                "link": "show it", "anchor": before.anchor}  # fmt: skip
        return Interactive("elsewhere", link, tuple(still))
    asked = {own} | {
        KINDS[section.kind] for section in material.outcome.study.sections
        if section.kind in KINDS and {*shown.names} <= {r.name for r in material.runs(section)}
    }  # fmt: skip
    kinds = [kind for kind in KINDS.values() if kind in asked]
    several = [shown.runs] if shown.group is not None else [(run,) for run in shown.runs]
    charts = [
        Chart(_name(shown, runs, kinds), _caption(shown, runs, kinds, seen),
              tuple(pane(runs, kind) for kind in kinds), marks(runs))
        for runs in several
    ]  # fmt: skip
    return linked.interactive(charts, still, most=most_points(material), anchor=shown.anchor)


def _caption(
    shown: Shown,
    runs: Sequence[RunOutcome],
    kinds: Sequence[str],
    seen: Mapping[str, Callable[[RunOutcome], str]],
) -> str:
    if shown.group is not None:
        return f"A line for each of {shown.group.over}."
    return " ".join(seen[kind](runs[0]) for kind in kinds)


def most_points(material: Material) -> int:
    """Return how many points the chart of a run may have."""
    return MOST_POINTS // max(4, len(material.outcome.runs))


def pane(runs: Sequence[RunOutcome], kind: str) -> Pane:
    """Return the losses or the accuracies of a run, or of replicates."""
    lines = [line for run in runs for line in (_losses(run) if kind == "loss" else accuracies(run))]
    if kind != "loss":
        return Pane("accuracy (%)", tuple(lines))
    if len(runs) > 1:
        lines = [line for line in lines if not line.pale]
    values = np.concatenate([line.values for line in lines])
    return Pane("loss", tuple(lines), scales.high_values_flatten(values))


def _losses(run: RunOutcome) -> list[Line]:
    batches, history, curve = run.record.batches_per_epoch, run.history, run.curve
    return [
        Line("training loss", style.TRAINING, run.label, batches,
             history["step"].to_numpy(), history["train_loss"].to_numpy(), pale=True),
        Line("validation loss", style.VALIDATION, run.label, batches,
             curve["step"].to_numpy(), curve["val_loss"].to_numpy()),
    ]  # fmt: skip


def accuracies(run: RunOutcome) -> list[Line]:
    """Return the training and the validation accuracy of a run, in percent."""
    batches, curve = run.record.batches_per_epoch, run.curve
    return [
        Line(label, colour, run.label, batches, curve["step"].to_numpy(),
             100 * curve[column].to_numpy())
        for label, colour, column in (
            ("training accuracy", style.TRAINING, "train_accuracy"),
            ("validation accuracy", style.VALIDATION, "val_accuracy"),
        )
    ]  # fmt: skip


def marks(runs: Sequence[RunOutcome]) -> tuple[tuple[int, str], ...]:
    """Return the best step and where early stopping came, of a run alone."""
    if len(runs) != 1 or (best := runs[0].record.best) is None:
        return ()
    (run,) = runs
    kept = "best" if kept_step(run) is None else "best, kept"
    found = [(best.step, kept)]
    last = run.record.last
    if run.record.stop_reason is StopReason.PATIENCE and last is not None:
        found.append((last.step, "early stop"))
    return tuple(found)


def _name(shown: Shown, runs: Sequence[RunOutcome], kinds: Sequence[str]) -> str:
    if shown.is_many:
        return runs[0].label
    of = f"{shown.group.called}, {shown.group.over}" if shown.group else runs[0].called
    return f"{' and '.join(kinds).capitalize()} of {of}"
