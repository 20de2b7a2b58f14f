"""What each section says is true of the runs that it is about, and not said where it is not."""

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from outcome_material import (
    SMOOTH,
    diverged,
    falling,
    figures_in,
    findings_on,
    rates,
    report_on,
    said_in,
    section_on,
    stopped,
    study_of,
    sweep,
    tables_of,
    words,
    wrong_batch,
)

from onelayer.diagnosis import Answer, Finding, diagnose, finding_from_json
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.report import compose
from onelayer.report.document import Answers, FigureBlock, Interactive, Note, Section
from onelayer.report.sections import BUILDERS, Material, build
from onelayer.study import Outcome, RunOutcome, SectionChoice
from onelayer.training import StopReason


@pytest.fixture(scope="module")
def real() -> Outcome:
    """Two runs that were really trained: one of the batches has the wrong labels."""
    return wrong_batch()[0]


@pytest.fixture(scope="module")
def real_findings(real: Outcome) -> list[Finding]:
    return diagnose(real, wrong_batch()[1], only=["OL101", "OL102", "OL103", "OL107"])


def shown(kind: str, outcome: Outcome, findings: list[Finding]) -> Section:
    """A section on all runs of an outcome."""
    names = () if kind in OF_NO_RUNS else tuple(run.name for run in outcome.runs)
    choice = SectionChoice.model_validate({"kind": kind, "runs": names})
    return build(Material(outcome, tuple(findings)), choice)


def lead_of(outcome: Outcome) -> str:
    return words(report_on(outcome).lead)


def figures_of(section: Section) -> list[str]:
    return figures_in(section.blocks)


OF_NO_RUNS = ("derivation", "gradient-check", "claims")
OF_ALL_RUNS = ("mistakes", "draw")


def test_a_section_whose_runs_have_no_results_says_so() -> None:
    kinds = [kind for kind in BUILDERS if kind not in OF_NO_RUNS]
    waits = study_of([falling("done")], kinds, names=["waits"], missing=[falling("waits").run])
    for kind, said in all_said_in(waits).items():
        assert "No results to show: runs waits." in said, kind
        assert "done" not in said, kind
    for kind, said in all_said_in(study_of([falling("done")], kinds, names=[])).items():
        unnamed = "No results to show: runs none named." in said
        assert unnamed == (kind not in OF_ALL_RUNS), kind


def all_said_in(outcome: Outcome) -> dict[str, str]:
    """What each section says, by its kind."""
    material = Material(outcome, tuple(findings_on(outcome)))
    return {each.kind: said_in(build(material, each)) for each in outcome.study.sections}


def test_a_report_from_the_file_of_findings_is_the_same() -> None:
    runs = [stopped("early"), diverged("bad"), *sweep("l2"), falling("plain", shuffle=False)]
    outcome = study_of(runs)
    findings = findings_on(outcome)
    content = json.loads(json.dumps([f.as_json() for f in findings], allow_nan=False))
    read = [finding_from_json(values) for values in content]
    first, second = (
        [said_in(section) for chapter in compose(outcome, some).chapters
         for section in chapter.sections]
        for some in (findings, read)
    )  # fmt: skip
    assert len(first) >= len(BUILDERS)
    assert first == second


def test_the_head_says_how_many_models_were_trained_and_on_what() -> None:
    assert "No model has been trained yet" in lead_of(study_of([]))
    assert "1 model with a single layer was trained" in lead_of(study_of([falling("a")]))
    two = lead_of(study_of([falling("a"), falling("b")]))
    assert "2 models with a single layer were trained" in two
    assert "on 1,000 examples of made up and evaluated on 500 others" in two
    pair = falling("pair", n_train=200, n_validation=90, classes=(0, 1))
    part = lead_of(study_of([falling("a"), pair]))
    assert "on up to 1,000 examples of made up and evaluated on up to 500 others" in part


def test_the_head_names_what_is_missing_and_what_went_wrong() -> None:
    waits = [falling(name).run for name in ("x", "y", "z")]
    said = lead_of(study_of([diverged("bad"), falling("good")], missing=waits))
    assert "Not trained yet: x, y and z." in said
    assert "A run that diverged or was interrupted (bad). " in said
    fine = lead_of(study_of([falling("good")]))
    assert "Not trained yet" not in fine
    assert "diverged" not in fine


def test_the_head_answers_in_a_sentence_each(real: Outcome, real_findings: list[Finding]) -> None:
    lead = compose(real, real_findings).lead
    said = words(lead)
    assert "Does a batch cause the dips? Yes. After batch 4 of file the accuracy falls by" in said
    assert "above the lowest within" in said
    assert "better on training examples than on examples of the same kind" in said
    assert "Sharp dips of the validation accuracy (file). Shuffle the examples." in said
    (cards,) = [block.cards for block in lead if isinstance(block, Answers)]
    assert all(card.text.endswith(".") for card in cards)
    assert len(cards) <= 5
    assert all(card.picture is not None and card.to is not None for card in cards)
    # Warnings are folded away: they are no answers.
    assert not [block for block in lead if isinstance(block, Note)]


def test_loss_of_a_model_that_began_knowing_nothing() -> None:
    said = said_in(section_on("loss-curves", [falling("a")]))
    assert "The training loss of a begins at 0.5000; a model that knows nothing has ln 3" in said
    assert "over its last 10 batches its mean is 0.5000. Its validation" in said
    assert "single batches" not in said
    assert "goes from 0.9000 after step 0 to 0.3046 after step 78; the best is 0.3046" in said
    history = falling("a").history.with_columns(train_loss=np.linspace(np.log(3), 0.2, 79))
    said = said_in(section_on("loss-curves", [replace(falling("a"), history=history)]))
    assert "begins at 1.0986, the value of a model that knows nothing (ln 3 = 1.0986)" in said
    assert ", single batches lie between 0.2000 and 0.3" in said


def test_loss_of_a_diverged_run_is_no_number() -> None:
    history = diverged("bad").history.with_columns(train_loss=np.array([0.9] * 8 + [np.inf]))
    said = said_in(section_on("loss-curves", [replace(diverged("bad"), history=history)]))
    assert "it was no longer finite in the end" in said
    assert "to not finite after step 8; the best is 0.8000, after step 2" in said
    assert "not finite" not in said_in(section_on("loss-curves", [falling("good")]))


def test_each_run_has_its_own_curves() -> None:
    for kind, name in (("loss-curves", "loss"), ("accuracy-curves", "accuracy")):
        section = section_on(kind, [falling("a"), stopped("b")])
        assert figures_of(section) == [f"{name}-a", f"{name}-b"]


def hands_of(section: Section) -> list[Interactive]:
    return [block for block in section.blocks if isinstance(block, Interactive)]


def test_loss_and_accuracy_of_a_run_are_one_chart_and_no_second_drawing() -> None:
    kinds = ["loss-curves", "accuracy-curves", "loss-curves"]
    document = report_on(study_of([falling("a"), stopped("b")], kinds))
    loss, accuracy, again = map(hands_of, document.chapters[0].sections)
    assert [each.kind for each in loss] == ["curves", "curves"]
    for chart in loss:
        (data,) = chart.data["charts"]
        assert [pane["title"] for pane in data["panes"]] == ["loss", "accuracy (%)"]
    assert [each.kind for each in (*accuracy, *again)] == ["elsewhere"] * 4
    assert [each.data["anchor"] for each in accuracy] == [each.anchor for each in loss]
    assert figures_of(document.chapters[0].sections[1]) == ["accuracy-a", "accuracy-b"]
    # A study that asks for one of the two has one.
    (alone,) = hands_of(section_on("accuracy-curves", [falling("a")]))
    (data,) = alone.data["charts"]
    assert [pane["title"] for pane in data["panes"]] == ["accuracy (%)"]


def test_best_and_early_stop_are_marked_in_the_chart() -> None:
    (chart,) = hands_of(section_on("loss-curves", [stopped("a")]))
    (data,) = chart.data["charts"]
    marks = [{"step": 54, "text": "best, kept"}, {"step": 60, "text": "early stop"}]
    assert data["marks"] == marks
    (chart,) = hands_of(section_on("loss-curves", [falling("a")]))
    assert [mark["text"] for mark in chart.data["charts"][0]["marks"]] == ["best"]


def test_many_runs_share_a_chart_and_a_drawing() -> None:
    runs = [falling(f"r{i}", seed=i, l2=i / 10) for i in range(20)]
    section = section_on("loss-curves", runs)
    (chart,) = hands_of(section)
    assert [data["name"] for data in chart.data["charts"]] == [run.name for run in runs]
    assert len(figures_of(section)) == 1
    assert "Of 20 runs r0 reaches the lowest validation loss" in words(section.answer)
    assert len(words(section.answer)) < 400


@pytest.mark.parametrize("kind", ["loss-curves", "shuffling", "weights", "l2-accuracy"])
def test_a_run_that_is_named_twice_is_shown_once(kind: str) -> None:
    runs = sweep("l2")
    twice = section_on(kind, runs, names=["l2", "l2[l2=0.1]"])
    assert said_in(twice) == said_in(section_on(kind, runs, names=["l2"]))


def test_the_best_step_is_marked_where_early_stopping_kept_it() -> None:
    for kind in ("loss-curves", "accuracy-curves"):
        assert "the best evaluation at step 54 is marked" in said_in(
            section_on(kind, [stopped("a")])
        )
        assert "is marked" not in said_in(section_on(kind, [falling("a")]))


def test_accuracy_says_where_it_was_highest() -> None:
    accuracies = np.linspace(0.5, 0.8, 40)
    accuracies[10] = 0.95
    said = said_in(section_on("accuracy-curves", [falling("a", val_accuracy=accuracies)]))
    assert "At the last of 40 evaluations a has 90.00% of the training and 80.00%" in said
    assert "highest validation accuracy is 95.00%, after step 20" in said
    assert "The weights that are kept have 90.00% and 80.00%." in said


def test_kept_is_said_of_the_best_where_early_stopping_keeps_it() -> None:
    (rows, _patiences) = tables_of(section_on("early-stopping", [stopped("early")]))
    assert [row[:3] for row in rows] == [["early", "best, kept", "54"], ["early", "last", "60"]]
    section = section_on("early-stopping", [falling("plain")])
    (rows,) = tables_of(section)
    assert [row[1] for row in rows] == ["best", "last"]
    assert "kept" not in said_in(section)
    assert "Trained without early stopping: plain." in said_in(section)
    assert "Trained without" not in said_in(section_on("early-stopping", [stopped("early")]))


def test_early_stopping_is_told_of_each_run() -> None:
    late = stopped("late", stop_reason=StopReason.MAX_EPOCHS)
    said = said_in(section_on("early-stopping", [stopped("early"), late]))
    assert "Early stopping ended the run early at step 60" in said
    assert "Early stopping never came in the run late" in said
    alone = said_in(section_on("early-stopping", [stopped("early"), late], names=["late"]))
    assert "the run early" not in alone


def test_runs_that_are_not_shown_are_not_spoken_of() -> None:
    """A diverged run alone has no findings of these checks, and gets nobody else's."""
    runs = [diverged("bad"), stopped("early"), *sweep("l2")]
    for kind in ("early-stopping", "overfitting", "weight-norm", "l2-accuracy"):
        said = said_in(section_on(kind, runs, names=["bad"]))
        assert "early" not in said.replace("early stopping", "")
        assert "l2[" not in said


def test_overfitting_is_told_of_each_run_that_came_to_its_end(
    real: Outcome, real_findings: list[Finding]
) -> None:
    section = shown("overfitting", real, real_findings)
    (rows,) = tables_of(section)
    assert [row[0] for row in rows] == ["file", "mixed"]
    said = said_in(section)
    assert "file has " in said
    assert "mixed has " in said
    assert "did not come to its end" not in said
    broken = section_on("overfitting", [diverged("bad")])
    assert "training did not come to its end: bad." in said_in(broken)
    assert tables_of(broken) == []


def test_dips_are_shown_with_the_batch_its_examples_and_what_was_tried(
    real: Outcome, real_findings: list[Finding]
) -> None:
    section = shown("shuffling", real, real_findings)
    said = said_in(section)
    assert "file ends at" in said
    assert "; after the batch behind its dips it is as low as" in said
    assert "mixed ends at" in said
    assert "nothing to compare" not in said
    # The curve at every step stands at the head of the report.
    assert figures_of(section) == ["shuffling-file_mixed", "fall-by-batch-file"]
    (head,) = (b for b in compose(real, real_findings).lead if isinstance(b, Interactive))
    assert [b.figure.name for b in head.still if isinstance(b, FigureBlock)] == ["dips-file"]
    tried, examples = tables_of(section)
    assert all(128 <= int(row[0]) < 160 for row in examples)  # of batch 4
    assert [row[0] for row in tried][:2] == [
        "as it was", "its batches in another sequence in each epoch",
    ]  # fmt: skip
    assert float(tried[0][1]) > 2 * float(tried[3][1])
    assert "It is the composition of the batch" in said
    assert "mixed is shuffled anew in each epoch" in said


def test_patiences_are_shown_beside_the_runs_own(
    real: Outcome, real_findings: list[Finding]
) -> None:
    _, patiences, _ = tables_of(shown("early-stopping", real, real_findings))
    assert [row[0] for row in patiences] == ["1", "2", "5", "10", "20", "50", "100"]


def test_claims_are_judged_by_what_was_found(real: Outcome, real_findings: list[Finding]) -> None:
    (rows,) = tables_of(shown("claims", real, real_findings))
    verdicts = {claim: verdict for claim, verdict, _ in rows}
    assert verdicts["A problematic batch causes the dips."] == "holds"
    assert verdicts["Shuffling removes them."] == "holds"
    assert verdicts["L2 smooths the weights."] == "is not asked"
    evidence = {claim: text for claim, _, text in rows}
    assert evidence["L2 smooths the weights."] == "No run of this study can show it."
    order = [
        replace(f, measurement=replace(f.measurement, verdict="order"))
        if isinstance(f.measurement, AccuracyDips) and f.measurement.culprit else f
        for f in real_findings
    ]  # fmt: skip
    (rows,) = tables_of(shown("claims", real, order))
    assert rows[0][1] == "does not hold"
    assert "it is the order" in rows[0][2]


@pytest.mark.parametrize(("shuffle", "order"), [(True, "shuffled"), (False, "file order")])
def test_runs_of_one_order_are_not_compared(shuffle: bool, order: str) -> None:
    said = said_in(section_on("shuffling", [falling("a", shuffle=shuffle)]))
    assert f"All runs here have one order, {order}: there is nothing to compare." in said


def test_gradients_are_shown_for_every_objective() -> None:
    section = section_on("gradient-check", [], names=[])
    (rows,) = tables_of(section)
    assert len(rows) == 6
    assert "the gradients are right" in said_in(section)


def test_weights_of_the_least_and_the_most_penalized_run() -> None:
    none, some, much = (falling(f"l{i}", l2=l2) for i, l2 in enumerate((0.0, 0.1, 1.0)))
    much = replace(much, model=falling("x", weights=SMOOTH).model)
    said = said_in(section_on("weights", [some, much, none]))
    assert "what does the penalty do to them?" in said
    assert "times as much for λ = 0 as for λ = 1, relative to the spread" in said
    section = section_on("weights", [some, much, none])
    assert "λ = 0.1" not in words(section.blocks)
    (hands,) = (block for block in section.blocks if isinstance(block, Interactive))
    assert [stop["label"] for stop in hands.data["stops"]] == ["λ = 0", "λ = 0.1", "λ = 1"]
    assert hands.data["along"] == "λ"


def test_a_penalty_that_is_the_same_for_all_is_not_asked_about() -> None:
    said = said_in(section_on("weights", [falling("a"), falling("b", seed=1, weights=SMOOTH)]))
    assert "What do the weights look like?" in said
    assert "penalty" not in said.partition("\n")[0]
    assert "times as much for a as for b" in said
    assert re.search(r"The noise is \d\.\d\d for a and \d\.\d\d for b\.", said)
    assert "λ = 0" not in said
    alone = said_in(section_on("weights", [falling("a")]))
    assert "times as much" not in alone


def test_weights_that_are_no_pictures_are_not_drawn() -> None:
    note = "Weights are drawn where features are pixels and all models have the same outputs."
    for runs, facts in (
        ([falling("a")], {"image_shape": None}),
        ([falling("a")], {"image_shape": [4, 4]}),  # four numbers a pixel
        ([falling("a"), falling("b", classes=(3, 4, 5))], {}),
        ([falling("a", weights=np.zeros((64, 3)))], {}),
    ):
        section = section_on("weights", runs, **facts)
        assert note in said_in(section)
        assert not figures_of(section)


def test_each_sweep_over_the_penalty_has_its_answer() -> None:
    runs = [*sweep("a"), *sweep("b", norms=(0.5, 1.0, 2.0), learning_rate=0.5)]
    section = section_on("l2-accuracy", runs)
    assert len(figures_of(section)) == 6
    tables = tables_of(section)
    assert len(tables) == 4  # of each sweep the differences, and the accuracies
    said = said_in(section)
    assert "Which penalty gives the best validation accuracy?" in said
    assert [[row[0] for row in rows] for rows in tables[:2]] == [
        [f"{base}[l2={l2}]" for l2 in (1.0, 0.1, 0.01)] for base in "ab"
    ]
    assert said.count("Of the runs with λ = 1, 0.1 and 0.01 the best validation accuracy") == 2
    assert "Not compared" not in said
    section = section_on("weight-norm", runs)
    assert len(figures_of(section)) == 2
    said = said_in(section)
    assert said.count("Inverse proportion (a slope within 0.1 of −1) begins at about λ = ") == 2
    assert "also beyond the runs' penalties" in said


def test_one_penalty_is_drawn_and_said_to_be_too_few() -> None:
    section = section_on("weight-norm", [*sweep("a")[:1], falling("plain")])
    assert len(figures_of(section)) == 1
    assert "Of a[l2=1.0] and plain only one has a λ above zero" in said_in(section)
    assert "proportional to" not in words(section.answer)


def test_runs_that_are_not_compared_are_named() -> None:
    runs = [*sweep("a"), diverged("bad", l2=10.0), falling("other", learning_rate=0.5)]
    assert "Not compared: bad and other." in said_in(section_on("l2-accuracy", runs))
    assert "Not compared: other." in said_in(section_on("weight-norm", runs))


@pytest.mark.parametrize("kind", ["l2-accuracy", "weight-norm"])
def test_a_sweep_over_something_else_is_not_asked_about_the_penalty(kind: str) -> None:
    section = section_on(kind, rates())
    assert section.question is None
    assert not figures_of(section)
    assert "Not compared: rate[learning_rate=0.01], rate[learning_rate=0.1] and" in said_in(section)


def test_a_sweep_over_the_learning_rate_says_which_run_is_best() -> None:
    section = section_on("sweep-accuracy", [*rates(), diverged("bad", learning_rate=9.0)])
    said = said_in(section)
    assert "λ" not in said
    assert "penalty" not in said
    assert "kept is 95.00%, by rate[learning_rate=0.1]; the worst 80.00%, by" in said
    (rows,) = tables_of(section)
    assert [row[0] for row in rows][-1] == "bad"
    assert "diverged" in rows[-1][-1]
    alike = said_in(section_on("sweep-accuracy", [falling("a"), falling("b", seed=1)]))
    assert "a and b all keep weights of 90.00% accuracy." in alike
    assert "the worst" not in alike
    alone = said_in(section_on("sweep-accuracy", [falling("a"), diverged("bad")]))
    assert "none can be called best" in alone


def seeds(base: str, accuracies: tuple[float, ...], **options: Any) -> list[RunOutcome]:
    return [
        falling(f"{base}[seed={i}]", seed=i, val_accuracy=accuracy, **options)
        for i, accuracy in enumerate(accuracies)
    ]


@pytest.mark.parametrize("kind", ["loss-curves", "accuracy-curves"])
def test_replicates_have_one_figure_and_one_answer(kind: str) -> None:
    runs = [*seeds("a", (0.90, 0.92, 0.94)), falling("b")]
    built = section_on(kind, runs)
    assert len(figures_of(built)) == 2
    said = words(built.answer)
    assert "The weights that a keeps have a validation loss of" in said
    assert "92.00% ± 2.00% of the validation examples right" in said
    assert "(mean ± standard deviation of 3 seeds)" in said
    assert "a[seed=0]" not in said


def test_a_sweep_of_replicates_is_judged_by_their_means() -> None:
    runs = [
        *seeds("a", (0.90, 0.98)), *seeds("b", (0.95, 0.96), learning_rate=0.5),
    ]  # fmt: skip
    said = words(section_on("sweep-accuracy", runs).answer)
    assert "the best validation accuracy" in said.lower()
    assert "is 95.50%, by b (mean of 2 seeds)" in said
    assert "the worst 94.00%, by a (mean of 2 seeds)" in said


def minimum(run: RunOutcome) -> RunOutcome:
    """The run as a minimum that was found without a step."""
    record = replace(
        run.record, best=None, last=None, steps=0, evaluations=0, stop_reason=StopReason.CONVERGED
    )
    return replace(run, record=record, history=run.history.clear())


def test_minima_are_shown_by_their_weights_alone() -> None:
    runs = [minimum(run) for run in sweep("l2")]
    names = [run.name for run in runs]
    for kind in ("weights", "weight-norm"):
        assert figures_of(section_on(kind, runs, names=names))
    accuracy = section_on("l2-accuracy", runs, names=names)
    assert [name[:11] for name in figures_of(accuracy)] == ["accuracy-ag", "l2-differen"]
    table, differences = tables_of(accuracy)
    assert len(differences) == 4
    assert len(table) == 3
    assert all(row[6] == "–" for row in table)  # without steps there is no noise of steps
    assert "No results to show" in said_in(section_on("loss-curves", runs, names=names))


def test_minima_stand_beside_runs_by_steps() -> None:
    first, *others = sweep("l2")
    runs = [minimum(first), *others]
    names = [run.name for run in runs]
    accuracy = section_on("l2-accuracy", runs, names=names)
    assert len(figures_of(accuracy)) == 3
    assert len(tables_of(accuracy)[0]) == 3


def test_everything_that_was_looked_for_is_listed(
    real: Outcome, real_findings: list[Finding]
) -> None:
    chapters = {chapter.title: chapter for chapter in compose(real, real_findings).chapters}
    (section,) = chapters["What was looked for"].sections
    rows, others = tables_of(section)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    dips = "OL102", "Sharp dips of the validation accuracy"
    assert [*dips, "file"] in [[code, title, runs] for code, title, _, runs in rows]
    assert [*dips, "clear", "mixed"] in others
    said = said_in(section)
    found = [finding for finding in real_findings if finding.answer is Answer.FOUND]
    assert found
    whole = "\n".join(said_in(s) for c in chapters.values() for s in c.sections)
    for finding in found:
        assert finding.statement in whole
        assert f"How sure?\nMethod: {finding.how_sure.method}" in whole
    # What another section says is not said again, but its section is named.
    numbered = {
        f"{c}.{s}": said_in(each)
        for c, chapter in enumerate(chapters.values(), start=1)
        for s, each in enumerate(chapter.sections, start=1)
    }
    for code, title, place, _ in rows:
        own = [f.statement for f in found if (f.code, f.title) == (code, title)]
        assert any(
            statement in (said if place == "below" else numbered[place]) for statement in own
        )
    (told,) = (f.statement for f in found if f.code == "OL102")
    assert (told in said) == ([*dips, "below", "file"] in rows)
    assert [chapter.title for chapter in compose(real, []).chapters] == ["How it was done"]
    clear = next(f for f in real_findings if f.answer is Answer.CLEAR)
    assert clear.statement not in said
