"""Made-up material with the shapes of a real study."""

import numpy as np
import polars as pl

from onelayer.diagnosis.image_shape import ImageShape
from onelayer.report import thumbnails
from onelayer.report.document import (
    Answers,
    Card,
    Chapter,
    DerivationBlock,
    Document,
    FigureBlock,
    Fold,
    Formula,
    Note,
    Paragraph,
    Section,
    Table,
)
from onelayer.report.figures import WeightRow, loss_curves, weight_pictures
from onelayer.report.style import TRAINING


def history(
    run: str,
    *,
    steps: int = 1000,
    start: float = 0.69,
    end: float = 0.11,
    accuracy: float = 0.96,
    dip_every: int = 0,
    seed: int = 0,
) -> pl.DataFrame:
    """One row a step, an evaluation every 6 steps, 31 batches an epoch."""
    rng = np.random.default_rng(seed)
    step = np.arange(steps)
    curve = end + (start - end) * np.exp(-step / (0.12 * steps))
    train = np.maximum(curve * (1 + 0.25 * rng.standard_normal(steps)), 1e-3)
    evaluated = step % 6 == 0
    val_accuracy = accuracy - 0.3 * np.exp(-step / (0.05 * steps))
    val_accuracy += 0.0008 * rng.standard_normal(steps)
    if dip_every:
        val_accuracy = val_accuracy - np.where(step % dip_every < 6, 0.03, 0.0)

    def where_evaluated(values: np.ndarray) -> list[float | None]:
        return [float(v) if e else None for v, e in zip(values, evaluated, strict=True)]

    return pl.DataFrame(
        {
            "run": [run] * steps,
            "step": step,
            "epoch": step // 31,
            "train_loss": train,
            "val_loss": where_evaluated(curve * 1.08 + 0.01),
            "val_accuracy": where_evaluated(np.clip(val_accuracy, 0, 1)),
            "train_accuracy": where_evaluated(np.clip(val_accuracy + 0.006, 0, 1)),
            "weight_norm": where_evaluated(3 * (1 - np.exp(-step / (0.3 * steps)))),
        },
        schema_overrides={"val_loss": pl.Float64},
    )


def weights(side: int, outputs: int, *, roughness: float, seed: int = 0) -> np.ndarray:
    """Soft blobs with noise over them, (side * side, outputs)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / (side - 1)
    columns = []
    for _ in range(outputs):
        picture = np.zeros((side, side))
        for sign in (1, -1, 1, -1):
            cy, cx = rng.uniform(0.2, 0.8, 2)
            picture += sign * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 0.02)
        picture += roughness * rng.standard_normal((side, side))
        columns.append(picture.ravel())
    return np.stack(columns, axis=1)


def weight_rows(side: int = 28, outputs: int = 10) -> list[WeightRow]:
    return [
        WeightRow("λ = 0", weights(side, outputs, roughness=0.3), 0.3128),
        WeightRow("λ = 1", 0.04 * weights(side, outputs, roughness=0.02), 0.0213),
    ]


DERIVATION = DerivationBlock(
    title="The gradient of logistic regression",
    statement=(
        # Wider than a phone, and in one line.
        "$C(w) = 1/N sum_(n=1)^N C^n, quad C^n = -(y^n ln hat(y)^n + (1 - y^n) ln(1 - hat(y)^n))$"
    ),
    notation=(("x_n", "features of example $n$"), ("hat(y)_n = sigma(w^top x_n)", "probability")),
    steps=(
        (
            "C(w) = -1/N sum_(n=1)^N [y_n ln hat(y)_n + (1 - y_n) ln(1 - hat(y)_n)]",
            "Definition of the mean cross-entropy, in words long enough to need a second line.",
            "SymPy differentiates it: 3 identities confirmed.",
        ),
        (
            "(partial C)/(partial z_n) = sigma'(z_n) = 1/N (hat(y)_n - y_n), quad z = 1",
            "Chain rule.",
            "SymPy multiplies the factors: 1 identity confirmed.",
        ),
        ('y = cases(1 &"if" k = i, 0 &"else")', "By cases.", "SymPy tries both: 2 identities."),
    ),
    result="nabla_w C(w) = -1/N X^top (y - hat(y))",
    verified="SymPy confirmed all steps.",
)


def answers() -> Answers:
    """Two answers, one with a drawing."""
    drawn = thumbnails.curves((([(0, 1), (1, 2)], TRAINING),), left=("loss", TRAINING))
    return Answers(
        (
            Card("Does it hold?", "Yes", "By $x^2$ and `code`.", drawn, (1, 1)),
            Card("Is it drawn?", "", "No."),
        )
    )


def table() -> Table:
    """A table that is wider than a phone."""
    columns = ("run", "model", "steps", "validation loss", "validation accuracy", "stopped by")
    row = ("binary-with-a-long-name", "logistic", "1,039", "0.1021", "96.52 %", "patience")
    return Table(columns, (row, row), "All runs; the best step is in `results.json`.")


def full_document() -> Document:
    """Every kind of block, twice where two could clash."""
    long = "a_1 + b_1 + " * 30 + "c"
    loss = loss_curves(history("binary"), "binary", best_step=978)
    pictures = weight_pictures(weight_rows(8), ImageShape(8, 8), list("0123456789"))
    return Document(
        title="Gradient descent on handwritten digits",
        subtitle="What one layer learns",
        lead=(Paragraph("With $lambda = 0.001$ the accuracy is 96.5 %."), answers(), table()),
        chapters=(
            Chapter(
                "Two against three",
                (
                    Section(
                        "Gradient",
                        "Is the gradient right, and does $J$ go down?",
                        (Formula("J(w) = C(w) + lambda norm(w)^2"), Formula(long), DERIVATION),
                        (Paragraph("Yes: $-1/N X^top (y - hat(y))$."),),
                    ),
                    Section(
                        "Loss",
                        None,
                        (
                            FigureBlock(loss, "Column `train_loss` of the history."),
                            FigureBlock(loss, "The same again."),
                            Note("info", "A note with `code`."),
                            Note("warning", "A warning."),
                            Fold("How sure?", (Paragraph("Quite."),), "findings.json"),
                        ),
                    ),
                ),
            ),
            Chapter("Weights", (Section("Pictures", "How?", (FigureBlock(pictures, "So."),)),)),
        ),
        facts=(("Data", "`mnist`"), ("Content", "`" + "0123456789abcdef" * 4 + "`")),
        footer="Made by onelayer.",
    )
