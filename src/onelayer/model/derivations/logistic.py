"""The gradient of logistic regression, and its loss in a form that stays finite.

Source: C. M. Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.2.
"""

from collections.abc import Iterator
from typing import Final

import sympy

from onelayer.model.derivations.derivation import Derivation, Identity, step

EXAMPLES: Final = 2
"""N, the number of examples in the claims about the mean loss."""

FEATURES: Final = 2
"""d, the number of features in all claims."""


def sigmoid(z: sympy.Expr) -> sympy.Expr:
    """σ(z) as defined."""
    return 1 / (1 + sympy.exp(-z))


def cross_entropy(y: sympy.Expr, probability: sympy.Expr) -> sympy.Expr:
    """Loss of one example as defined."""
    return -(y * sympy.log(probability) + (1 - y) * sympy.log(1 - probability))


def symbol_matrix(name: str, rows: int, columns: int) -> sympy.Matrix:
    """Matrix of real symbols, (rows, columns), indices counted from 1."""
    return sympy.Matrix(
        rows, columns, lambda r, c: sympy.Symbol(f"{name}_{r + 1}{c + 1}", real=True)
    )


def symbol_column(name: str, rows: int) -> sympy.Matrix:
    """Column of real symbols, (rows, 1), index counted from 1."""
    return sympy.Matrix(rows, 1, lambda r, _: sympy.Symbol(f"{name}_{r + 1}", real=True))


def mean_loss(X: sympy.Matrix, y: sympy.Matrix, w: sympy.Matrix, b: sympy.Expr) -> sympy.Expr:
    """C as defined, from X (N, d), y (N, 1), w (d, 1) and b."""
    z = X * w
    n_examples = X.rows
    return sum(cross_entropy(y[n], sigmoid(z[n] + b)) for n in range(n_examples)) / n_examples


y, z, b = sympy.symbols("y z b", real=True)
y_hat = sympy.Symbol("ŷ", real=True)
x, w = symbol_column("x", FEATURES), symbol_column("w", FEATURES)
X, Y = symbol_matrix("x", EXAMPLES, FEATURES), symbol_column("y", EXAMPLES)

score = x.dot(w) + b  # z of one example
probability = sigmoid(score)  # ŷ of one example
scores = X * w + b * sympy.ones(EXAMPLES, 1)
probabilities = scores.applyfunc(sigmoid)


@step(
    formula="(partial C^n)/(partial w_j) = (partial C^n)/(partial hat(y))"
    " (partial hat(y))/(partial z) (partial z)/(partial w_j)",
    reason="A weight acts on the loss of one example only through the score z, and the score only"
    " through ŷ. So the chain rule gives a product of three factors.",
    how="SymPy differentiates the loss directly, and the three factors one by one",
)
def chain_rule() -> Iterator[Identity]:
    outer = sympy.diff(cross_entropy(y, y_hat), y_hat).subs(y_hat, probability)
    middle = sympy.diff(sigmoid(z), z).subs(z, score)
    for j in range(FEATURES):
        direct = sympy.diff(cross_entropy(y, probability), w[j])
        yield Identity(direct, outer * middle * sympy.diff(score, w[j]), f"j = {j + 1}")


@step(
    formula="(partial z)/(partial w_j) = x_j, quad (partial z)/(partial b) = 1",
    reason="The score is linear in the weights and the bias. The bias has the slope of a weight"
    " whose feature is always 1.",
    how="SymPy differentiates z",
)
def score_slope() -> Iterator[Identity]:
    for j in range(FEATURES):
        yield Identity(sympy.diff(score, w[j]), x[j], f"j = {j + 1}")
    yield Identity(sympy.diff(score, b), sympy.Integer(1), "bias")


@step(
    formula="(partial hat(y))/(partial z) = sigma'(z) = e^(-z)/(1 + e^(-z))^2"
    " = sigma(z) (1 - sigma(z)) = hat(y) (1 - hat(y))",
    reason="The quotient rule gives the fraction. It factors, because"
    " e to the power −z, divided by 1 plus the same, is 1 − σ(z).",
    how="SymPy differentiates σ(z)",
)
def sigmoid_slope() -> Iterator[Identity]:
    slope = sympy.diff(sigmoid(z), z)
    yield Identity(slope, sympy.exp(-z) / (1 + sympy.exp(-z)) ** 2, "the fraction")
    yield Identity(slope, sigmoid(z) * (1 - sigmoid(z)), "the product")


@step(
    formula="(partial C^n)/(partial hat(y)) = -(y/hat(y) - (1 - y)/(1 - hat(y)))"
    " = -(y - hat(y))/(hat(y) (1 - hat(y)))",
    reason="The derivative of ln ŷ is 1/ŷ and that of ln(1 − ŷ) is −1/(1 − ŷ)."
    " The second form puts both over one denominator.",
    how="SymPy differentiates C of one example with respect to ŷ",
)
def loss_slope() -> Iterator[Identity]:
    slope = sympy.diff(cross_entropy(y, y_hat), y_hat)
    yield Identity(slope, -(y / y_hat - (1 - y) / (1 - y_hat)), "two fractions")
    yield Identity(slope, -(y - y_hat) / (y_hat * (1 - y_hat)), "one fraction")


@step(
    formula="(partial C^n)/(partial w_j) = -(y - hat(y))/(hat(y) (1 - hat(y)))"
    " dot hat(y) (1 - hat(y)) dot x_j = -(y - hat(y)) x_j",
    reason="The slope of σ is the denominator of the slope of the loss, so the two cancel."
    " What is left is the error times the feature.",
    how="SymPy differentiates C of one example with respect to each weight",
)
def example_gradient() -> Iterator[Identity]:
    p = probability
    for j in range(FEATURES):
        slope = sympy.diff(cross_entropy(y, p), w[j])
        product = -(y - p) / (p * (1 - p)) * (p * (1 - p)) * x[j]
        yield Identity(slope, product, f"j = {j + 1}, the product")
        yield Identity(slope, -(y - p) * x[j], f"j = {j + 1}, cancelled")


@step(
    formula="(partial C)/(partial w_j) = 1/N sum_(n=1)^N (partial C^n)/(partial w_j)"
    " = -1/N sum_(n=1)^N (y^n - hat(y)^n) x_j^n",
    reason="The loss C is the mean over the examples, and the derivative of a mean is the mean of"
    " the derivatives.",
    how="SymPy differentiates C with respect to each weight",
)
def mean_gradient() -> Iterator[Identity]:
    loss = mean_loss(X, Y, w, b)
    for j in range(FEATURES):
        total = sum((Y[n] - probabilities[n]) * X[n, j] for n in range(EXAMPLES))
        yield Identity(sympy.diff(loss, w[j]), -total / EXAMPLES, f"j = {j + 1}")


@step(
    formula="nabla_w C = -1/N X^top (y - hat(y))",
    reason="Row n of X holds the features of example n, so entry j of the product is the sum of the"
    " previous step.",
    how="SymPy differentiates C with respect to each weight and multiplies the matrices",
)
def matrix_form() -> Iterator[Identity]:
    loss = mean_loss(X, Y, w, b)
    gradient = -X.T * (Y - probabilities) / EXAMPLES
    for j in range(FEATURES):
        yield Identity(sympy.diff(loss, w[j]), gradient[j], f"j = {j + 1}")


@step(
    formula="(partial C)/(partial b) = -1/N sum_(n=1)^N (y^n - hat(y)^n)",
    reason="The bias is the weight of a constant feature 1. With a column of ones appended to X and"
    " b appended to w, the matrix form gives the derivative for the bias too.",
    how="SymPy differentiates C with respect to b and compares with the matrix form",
)
def bias_gradient() -> Iterator[Identity]:
    slope = sympy.diff(mean_loss(X, Y, w, b), b)
    errors = Y - probabilities
    yield Identity(slope, -sum(errors) / EXAMPLES, "the sum")
    extended = X.row_join(sympy.ones(EXAMPLES, 1))
    yield Identity(slope, (-extended.T * errors / EXAMPLES)[FEATURES], "the column of ones")


@step(
    formula="C^n = ln(1 + e^z) - z y",
    reason="Here −ln ŷ is ln(1 + e^z) − z, and −ln(1 − ŷ) is ln(1 + e^z)."
    " The first counts y times and the second 1 − y times.",
    how="SymPy splits the logarithms of the definition",
)
def loss_from_score() -> Iterator[Identity]:
    stated = sympy.log(1 + sympy.exp(z)) - z * y
    yield Identity(cross_entropy(y, sigmoid(z)), stated, "every z")


@step(
    formula="C^n = max(z, 0) - z y + ln(1 + e^(-abs(z)))",
    reason="For z ≥ 0 the factor e^z is taken out of the logarithm; for z < 0 nothing changes."
    " No exponent is above 0, so the loss stays finite for every finite score.",
    how="SymPy compares with the definition for z > 0, z = 0 and z < 0",
)
def safe_loss() -> Iterator[Identity]:
    cases = {
        "z > 0": sympy.Symbol("z", positive=True),
        "z = 0": sympy.Integer(0),
        "z < 0": sympy.Symbol("z", negative=True),
    }
    for case, score in cases.items():
        stated = sympy.Max(score, 0) - score * y + sympy.log(1 + sympy.exp(-sympy.Abs(score)))
        yield Identity(cross_entropy(y, sigmoid(score)), stated, case)


DERIVATION: Final = Derivation(
    name="logistic",
    title="The gradient of logistic regression",
    statement="C(w) = 1/N sum_(n=1)^N C^n, quad"
    " C^n = -(y^n ln hat(y)^n + (1 - y^n) ln(1 - hat(y)^n))",
    notation=(
        ("N", "number of examples"),
        ("d", "number of features"),
        ("x_j^n", "feature j of example n; an upper n is an index, not a power"),
        ("y^n", "label of example n: 1 for the positive class, 0 for the other"),
        ("w_j, thick b", "weight of feature j, and the bias"),
        ("z^n = sum_(j=1)^d w_j x_j^n + b", "score of example n"),
        ("hat(y)^n = sigma(z^n) = 1/(1 + e^(-z^n))", "probability of the positive class"),
        ("C^n", "loss of example n: its cross-entropy; other n are left out beside it"),
        ("X, thick y, thick hat(y)", "features (N × d), labels (N) and probabilities (N)"),
    ),
    steps=(
        chain_rule,
        score_slope,
        sigmoid_slope,
        loss_slope,
        example_gradient,
        mean_gradient,
        matrix_form,
        bias_gradient,
        loss_from_score,
        safe_loss,
    ),
    result="nabla_w C = -1/N X^top (y - hat(y))",
    sizes=f"N = {EXAMPLES} examples and d = {FEATURES} features",
)
