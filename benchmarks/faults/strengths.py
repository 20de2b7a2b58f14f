"""How strong a planted fault is, in words: of each plant, by its check's code and its name."""

from __future__ import annotations

from collections.abc import Callable

Words = Callable[[float], str]


def share(of: str) -> Words:
    """Return words for a share, such as 12% of the images."""
    return lambda s: f"{100 * s:g}% {of}"


def number(before: str, after: str = "", **said: str) -> Words:
    """Return words for a number; `said` has those of single ones: x1 of 1, x0_5 of 0.5."""
    words = {float(key[1:].replace("_", ".")): text for key, text in said.items()}
    return lambda s: words.get(s, f"{before}{s:,g}{after}")


DEVIATIONS = number("", " standard deviations", x1="1 standard deviation")

FEATURES = number(
    "", " features to an example", x0_1="1 feature to 10 examples",
    x0_3="3 features to 10 examples", x1="1 feature to an example",
)  # fmt: skip

WORDS: dict[tuple[str, str], Words] = {
    ("OL001", "rate times penalty too high"): number("", " times the limit", x0_5="half the limit"),
    ("OL003", "learning rate too high, no early stopping"): number(
        "", " times the limit", x1="the limit"
    ),
    ("OL004", "too few epochs"): share("of the validation loss lost"),
    ("OL005", "learning rate too low"): number("", " times lower than a safe one"),
    ("OL006", "a strong penalty"): number("λ = "),
    ("OL007", "early stopping at noise"): share("of the validation loss lost"),
    ("OL008", "classes in blocks"): number(
        "", " batches long", x0_05="1/20 of a batch long", x0_25="1/4 of a batch long",
        x1="1 batch long",
    ),
    ("OL009", "a rare class"): share("of the batches without it"),
    ("OL101", "early stopping far from the end"): share("of the validation loss given up"),
    ("OL102", "a stretch of one class"): share("of the stretch"),
    ("OL102", "two contradicting examples"): number("", " times as long as others"),
    ("OL102", "wrong labels in one batch"): share("of the batch"),
    ("OL103", "features of noise, no penalty, 150 epochs"): FEATURES,
    ("OL103", "trained past its lowest loss"): share("above the lowest"),
    ("OL104", "noise in the images"): DEVIATIONS,
    ("OL105", "a strong λ"): number("largest λ = "),
    ("OL106", "strong λ alone"): number(
        "from ", " times half the largest curvature on",
        x0_1="from a tenth of half the largest curvature on",
        x1="from half the largest curvature on",
    ),
    ("OL107", "an order that slows training"): share("of the validation loss lost"),
    ("OL108", "batches of 4 at a large rate"): number(
        "", " times the greatest rate", x0_1="a tenth of the greatest rate",
        x0_5="half the greatest rate", x2="twice the greatest rate",
    ),
    ("OL108", "features off centre"): DEVIATIONS,
    ("OL201", "half of the features in another unit"): number("", " times as large"),
    ("OL202", "constant in training, not in validation"): share("of the validation examples"),
    ("OL203", "a feature twice"): number("correlation "),
    ("OL204", "row numbers as a feature"): share("of the table's rows"),
    ("OL205", "a feature that is the label"): share("of the examples"),
    ("OL206", "training examples in validation"): share("of validation"),
    ("OL206", "training examples in validation, with noise"): share("of validation"),
    ("OL207", "labels at random"): share("of the commoner class"),
    ("OL208", "a class taken out of training"): share("of its examples"),
    ("OL209", "a class taken out of validation"): share("of its examples"),
    ("OL209", "a quarter of the features shifted in validation"): DEVIATIONS,
    ("OL210", "labels flipped"): share("of all labels"),
    ("OL301", "λ list cut off above, 100 examples"): number("highest λ = 1/"),
    ("OL301", "λ list cut off below"): number("lowest λ = "),
    ("OL302", "candidates alike"): lambda s: f"each λ {100 / s:g}% above the last",
    ("OL303", "candidates on 60 validation examples"): number("", " candidates"),
    ("OL304", "features of noise, λ = 0.00001"): FEATURES,
    ("OL304", "strong penalty"): number("λ = "),
    ("OL305", "a class taken for another"): share("of its examples"),
    ("OL306", "images in their place"): share("of the images"),
}  # fmt: skip
