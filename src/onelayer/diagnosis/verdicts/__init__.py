"""Claims of a course, each with the judge that tests it on the runs of a section."""

from __future__ import annotations

from onelayer.diagnosis.verdicts import (
    batches,
    imbalance,
    noise,
    order,
    rates,
    sizes,
    speeds,
    starts,
)
from onelayer.diagnosis.verdicts.judging import Verdict

VERDICTS: dict[str, Verdict] = {
    "sorting-costs": Verdict(
        "Examples that are sorted by class cost accuracy.", order.sorting_costs
    ),
    "one-shuffle-is-enough": Verdict(
        "One shuffle before training is as good as one in each epoch.", order.one_shuffle
    ),
    "loss-falls-below-the-limit": Verdict(
        "Below the rate that the curvature predicts the loss only falls, above it it goes up and "
        "down.",
        rates.loss_falls_below,
    ),
    "quickest-near-the-limit": Verdict(
        "The quickest rate is near the limit that the curvature predicts.", rates.quickest_near
    ),
    "penalty-bounds-the-rate": Verdict(
        "Runs diverge if and only if their rate is above 1/λ.", rates.penalty_bounds
    ),
    "noise-as-root-of-batch": Verdict(
        "The noise of a batch falls with the root of its size.", batches.noise_as_root
    ),
    "small-batches-ahead": Verdict(
        "After equally many examples, small batches are ahead.", batches.small_ahead
    ),
    "large-batches-ahead": Verdict(
        "After equally many steps, large batches are ahead.", batches.large_ahead
    ),
    "accuracy-survives-noise": Verdict(
        "The accuracy falls by less than the share of wrong labels.", noise.accuracy_survives
    ),
    "penalty-helps": Verdict("A penalty helps against wrong labels.", noise.penalty_helps),
    "early-stopping-helps": Verdict(
        "Early stopping helps against wrong labels.", noise.early_stopping_helps
    ),
    "gap-closes": Verdict(
        "More examples close the gap between training and validation.", sizes.gap_closes
    ),
    "best-penalty-falls": Verdict(
        "The best penalty falls with the number of examples.", sizes.best_penalty_falls
    ),
    "standard-is-quicker": Verdict(
        "Standardised features take fewer steps than uneven ones.", speeds.standard_is_quicker
    ),
    "accuracy-misleads": Verdict(
        "Where a class is rare, the accuracy hides that it is missed.", imbalance.accuracy_misleads
    ),
    "balance-helps": Verdict(
        "Weights that balance the classes find more of the rare one.", imbalance.balance_helps
    ),
    "one-optimum": Verdict(
        "All starts lead to the same weights: J has one minimum.", starts.one_optimum
    ),
    "start-is-forgotten": Verdict("The start is forgotten on the way.", starts.start_is_forgotten),
    "momentum-is-quicker": Verdict(
        "Momentum takes fewer steps at the same rate.", speeds.momentum_is_quicker
    ),
    "momentum-as-rate": Verdict(
        "Momentum μ gains as much as a rate that is 1/(1 − μ) times as large.",
        speeds.momentum_as_rate,
    ),
}


__all__ = ["VERDICTS", "Verdict"]
