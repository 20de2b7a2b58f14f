"""What people call the runs of a study: what a run has that the others have not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from onelayer.study.replicates import CHANCE
from onelayer.study.schema import LONGEST_LABEL as LONGEST
from onelayer.study.schema import Run
from onelayer.study.selection import Selection
from onelayer.training import TrainConfig

ORDERS: Final = {
    "file": "file order",
    "class": "sorted by class",
    "once": "shuffled once",
    "batches": "batches shuffled",
    "epoch": "shuffled",
    "blocks": "shuffled by blocks",
}

SCALINGS: Final = {
    "source": "as the source has them",
    "raw": "as stored",
    "standard": "standardised",
    "uneven": "uneven",
}
"""What features are, by the way in which they were scaled."""

_WORDS: Final[Mapping[str, Callable[[Any], str]]] = {
    "solver": lambda solver: "exact minimum" if solver == "optimum" else "gradient descent",
    "order": lambda order: ORDERS[order],
    "l2": lambda l2: f"λ = {l2:g}",
    "learning_rate": lambda rate: f"learning rate {rate:g}",
    "batch_size": lambda size: f"batches of {size:,}",
    "classes": lambda classes: "all classes" if classes is None else _against(classes),
    "examples": lambda count: "all examples" if count is None else f"{count:,} examples",
    "label_noise": lambda share: f"{share:.0%} wrong labels" if share else "labels as they are",
    "balance": lambda balance: "balanced" if balance else "as rare as they are",
    "scaling": lambda scaling: f"features {SCALINGS[scaling]}",
    "one_sided": lambda own: "a one-sided batch" if own else "no one-sided batch",
    "class_shares": lambda shares: (
        "all of each class" if shares is None else shares_in_words(shares)
    ),
    "features": lambda own: "all features" if own is None else f"features {own[0]} to {own[1] - 1}",
    "momentum": lambda momentum: f"momentum {momentum:g}" if momentum else "no momentum",
    "nesterov": lambda own: "Nesterov’s form" if own else "plain",
    "model": str,
    "max_epochs": lambda epochs: f"{epochs:,} epoch{'s' * (epochs != 1)}",
    "early_stopping": lambda rule: (
        "no early stopping" if rule is None else f"patience {rule.patience:,}"
    ),
    "seed": lambda seed: f"seed {seed}",
    "draw": lambda draw: f"draw {draw}",
}
"""How a value is said, for what differs most often, in the order in which it is named."""

MOST_PARTS: Final = 3
"""More things than this make a description and no name."""


def shares_in_words(shares: Sequence[float]) -> str:
    """Return how much is left of each class: "5% of the first class"."""
    first, *others = shares
    if all(share == 1 for share in others):
        return f"{100 * first:g}% of the first class"
    return f"{', '.join(f'{100 * share:g}%' for share in shares)} of the classes"


def with_labels(runs: Sequence[Run], given: Mapping[str, str]) -> tuple[Run, ...]:
    """Return the runs, each with a label that no other has.

    A label that a study gives stands; a member of its sweep gets what is its own after it. A run
    without one gets the fewest values that no other run shares: "file order", "λ = 0.1".

    Parameters
    ----------
    runs : sequence of Run
    given : mapping of str to str
        Labels by the name of the run, or of the sweep.
    """
    values = {run.name: _values(run) for run in runs}
    called = {**_called_by_name(runs), **given}
    found = {run.name: own for run in runs if (own := _of_name(run, values[run.name], called))}
    counts = Counter(found.values())
    ours = {run.name for run in runs if given.keys() & {run.name, run.base}}
    found = {name: own for name, own in found.items() if name in ours or counts[own] == 1}
    found |= _distinguishing(values, found)
    found = {name: own.strip() for name, own in found.items() if len(own) <= LONGEST}
    counts = Counter(found.get(run.name, run.name) for run in runs)
    found = {name: own for name, own in found.items() if name in ours or counts[own] == 1}
    found = {**_by_sweep(runs, {run.name for run in runs} - {*found}, values, found), **found}
    return tuple(run.model_copy(update={"label": found.get(run.name, run.name)}) for run in runs)


def _by_sweep(
    runs: Sequence[Run],
    names: Collection[str],
    values: Mapping[str, Mapping[str, Any]],
    taken: Mapping[str, str],
) -> dict[str, str]:
    """Return the name of its sweep and what is its own in it, of runs that have no other label."""
    own = {
        run.name: _of_name(run, values[run.name], {run.base: run.base})
        for run in runs if run.name in names and any(_swept(run))
    }  # fmt: skip
    counts = Counter([*own.values(), *taken.values(), *(run.name for run in runs)])
    return {name: text for name, text in own.items() if counts[text] == 1 and len(text) <= LONGEST}


def _called_by_name(runs: Sequence[Run]) -> dict[str, str]:
    """Return the sweeps that chance alone makes: "draw 0" would not say of what, beside others."""
    by_chance = {run.base for run in runs if any(_swept(run))}
    by_chance -= {run.base for run in runs if {key for key, _ in _swept(run)} - {*CHANCE}}
    return {base: base for base in by_chance} if len({run.base for run in runs}) > 1 else {}


def _of_name(run: Run, values: Mapping[str, Any], given: Mapping[str, str]) -> str:
    """Return what the study calls a run, and what is its own in a sweep."""
    if run.name in given:
        return given[run.name]
    own = [
        _said(key, values[key]) if key in values else f"{key} {spelled}"
        for key, spelled in _swept(run)
    ]
    return ", ".join([given[run.base], *own] if run.base in given else own)


def _distinguishing(
    values: Mapping[str, Mapping[str, Any]], but: Collection[str]
) -> dict[str, str]:
    """Return the fewest values that each of the other runs has for itself."""
    first = next(iter(values.values()))
    texts = {name: {key: repr(value) for key, value in own.items()} for name, own in values.items()}
    differ = [key for key in first if len({own[key] for own in texts.values()}) > 1]
    differ.sort(key=[*_WORDS, *first].index)
    found: dict[str, str] = {}
    for size in range(1, MOST_PARTS + 1):
        for keys in combinations(differ, size):
            if len(found) + len(but) == len(values):
                return found
            kinds = {name: tuple(own[key] for key in keys) for name, own in texts.items()}
            counts = Counter(kinds.values())
            for name, own in values.items():
                if name not in found and name not in but and counts[kinds[name]] == 1:
                    found[name] = ", ".join(_said(key, own[key]) for key in keys)
    return found


def _values(run: Run) -> dict[str, Any]:
    """Return what a run may differ in from others."""
    config = run.config
    own = {name: getattr(config, name) for name in TrainConfig.model_fields if name != "shuffle"}
    chosen = {name: getattr(run.selection, name) for name in Selection.model_fields}
    if not run.selection.is_drawn:
        chosen["draw"] = config.draw
    return own | {"order": config.order} | chosen


def _swept(run: Run) -> list[tuple[str, str]]:
    """Return the options that a member of a sweep has in its name, with their values as there."""
    _, _, inside = run.name.partition("[")
    parts = inside.removesuffix("]").split(",") if inside.endswith("]") else []
    pairs = [part.partition("=") for part in parts if part.partition("=")[2]]
    pairs.sort(key=lambda pair: pair[0] in CHANCE)  # what is chance comes last
    return [("early_stopping" if key == "patience" else key, value) for key, _, value in pairs]


def _said(key: str, value: Any) -> str:
    if (spell := _WORDS.get(key)) is not None:
        return spell(value)
    name = key.replace("_", " ")
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"no {name}" if value is None else f"{name} {value}"


def _against(classes: Sequence[object]) -> str:
    between = " against " if len(classes) == 2 else ", "
    return between.join(str(each) for each in classes)
