"""The gradient of logistic regression, and its loss in a form that stays finite.

Source: C. M. Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.2.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

import sympy

from onelayer.model.derivations.definitions import (
    EXAMPLES,
    FEATURES,
    X,
    binary_cross_entropy,
    logistic_losses,
    logistic_probabilities,
    mean,
    sigmoid,
    symbol_column,
    x,
)
from onelayer.model.derivations.derivation import Derivation, Identity, step

y, y_hat, z, b = sympy.symbols("y ŷ z b", real=True)  # of one example
w = symbol_column("w", FEATURES)
score = x.dot(w) + b  # z as a function of the weights
probability = sigmoid(score)  # ŷ as a function of the weights

Y = symbol_column("y", EXAMPLES)
losses = logistic_losses(Y, w, b)
errors = Y - logistic_probabilities(w, b)

POPULATION: Final = 4
BATCH_SIZES: Final = (1, 2, 3, 4)
"""So many examples, and so many in a batch, in the claims about batches."""


@step(
    formula="(partial C^n)/(partial w_j) = (partial C^n)/(partial hat(y))"
    " (partial hat(y))/(partial z) (partial z)/(partial w_j)",
    reason="A weight acts on the loss of one example only through the score z, and the score only"
    " through ŷ. So the chain rule gives a product of three factors.",
    how="SymPy differentiates the loss directly, and the three factors one by one",
)
def _chain_rule() -> Iterator[Identity]:
    outer = sympy.diff(binary_cross_entropy(y, y_hat), y_hat).xreplace({y_hat: probability})
    middle = sympy.diff(sigmoid(z), z).xreplace({z: score})
    for j in range(FEATURES):
        direct = sympy.diff(binary_cross_entropy(y, probability), w[j])
        yield Identity(direct, outer * middle * sympy.diff(score, w[j]), f"j = {j + 1}")


@step(
    formula="(partial z)/(partial w_j) = x_j, quad (partial z)/(partial b) = 1",
    reason="The score is linear in the weights and the bias. The bias has the slope of a weight"
    " whose feature is always 1.",
    how="SymPy differentiates z",
)
def _score_slope() -> Iterator[Identity]:
    for j in range(FEATURES):
        yield Identity(sympy.diff(score, w[j]), x[j], f"j = {j + 1}")
    yield Identity(sympy.diff(score, b), sympy.Integer(1), "bias")


@step(
    formula="(partial hat(y))/(partial z) = sigma'(z) = e^(-z)/(1 + e^(-z))^2"
    " = 1/(1 + e^(-z)) dot e^(-z)/(1 + e^(-z)) = sigma(z) (1 - sigma(z)) = hat(y) (1 - hat(y))",
    reason="The quotient rule gives the first fraction. It splits into two factors: the first is"
    " σ(z), the second is 1 − σ(z).",
    how="SymPy differentiates σ(z)",
)
def _sigmoid_slope() -> Iterator[Identity]:
    slope, e = sympy.diff(sigmoid(z), z), sympy.exp(-z)
    yield Identity(slope, e / (1 + e) ** 2, "the fraction")
    yield Identity(slope, 1 / (1 + e) * (e / (1 + e)), "two fractions")
    yield Identity(slope, sigmoid(z) * (1 - sigmoid(z)), "the product")


@step(
    formula="(partial C^n)/(partial hat(y)) = -(y/hat(y) - (1 - y)/(1 - hat(y)))"
    " = -(y (1 - hat(y)) - (1 - y) hat(y))/(hat(y) (1 - hat(y)))"
    " = -(y - hat(y))/(hat(y) (1 - hat(y)))",
    reason="The derivative of ln ŷ is 1/ŷ and that of ln(1 − ŷ) is −1/(1 − ŷ)."
    " The second form puts both over one denominator; in its numerator the terms y ŷ cancel.",
    how="SymPy differentiates C of one example with respect to ŷ",
)
def _loss_slope() -> Iterator[Identity]:
    slope = sympy.diff(binary_cross_entropy(y, y_hat), y_hat)
    yield Identity(slope, -(y / y_hat - (1 - y) / (1 - y_hat)), "two fractions")
    numerator = y * (1 - y_hat) - (1 - y) * y_hat
    yield Identity(slope, -numerator / (y_hat * (1 - y_hat)), "one fraction")
    yield Identity(slope, -(y - y_hat) / (y_hat * (1 - y_hat)), "y ŷ cancelled")


@step(
    formula="(partial C^n)/(partial w_j) = -(y - hat(y))/(hat(y) (1 - hat(y)))"
    " dot hat(y) (1 - hat(y)) dot x_j = -(y - hat(y)) x_j",
    reason="The slope of σ is the denominator of the slope of the loss, so the two cancel."
    " What is left is minus the error y − ŷ times the feature.",
    how="SymPy differentiates C of one example with respect to each weight",
)
def _example_gradient() -> Iterator[Identity]:
    p = probability
    for j in range(FEATURES):
        slope = sympy.diff(binary_cross_entropy(y, p), w[j])
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
def _mean_gradient() -> Iterator[Identity]:
    for j in range(FEATURES):
        slope = sympy.diff(mean(losses), w[j])
        slopes = [sympy.diff(loss, w[j]) for loss in losses]
        yield Identity(slope, mean(slopes), f"j = {j + 1}, the mean")
        total = sum(errors[n] * X[n, j] for n in range(EXAMPLES))
        yield Identity(slope, -total / EXAMPLES, f"j = {j + 1}, the sum")


@step(
    formula="nabla_w C = -1/N X^top (y - hat(y))",
    reason="Row n of X holds the features of example n, so entry j of the product is the sum of the"
    " previous step.",
    how="SymPy differentiates C with respect to each weight and multiplies the matrices",
)
def _matrix_form() -> Iterator[Identity]:
    gradient = -X.T * errors / EXAMPLES
    for j in range(FEATURES):
        yield Identity(sympy.diff(mean(losses), w[j]), gradient[j], f"j = {j + 1}")


@step(
    formula="(partial C)/(partial b) = -1/N sum_(n=1)^N (y^n - hat(y)^n)",
    reason="The bias is the weight of a constant feature 1. With a column of ones appended to X and"
    " b appended to w, the matrix form gives the derivative for the bias too.",
    how="SymPy differentiates C with respect to b and compares with the matrix form",
)
def _bias_gradient() -> Iterator[Identity]:
    slope = sympy.diff(mean(losses), b)
    yield Identity(slope, -sum(errors) / EXAMPLES, "the sum")
    extended = X.row_join(sympy.ones(EXAMPLES, 1))
    yield Identity(slope, (-extended.T * errors / EXAMPLES)[FEATURES], "the column of ones")


@step(
    formula="(partial C_B)/(partial w_j) = 1/m sum_(n in B) g_j^n,"
    " quad g_j^n = -(y^n - hat(y)^n) x_j^n, quad"
    " 1/M sum_B (partial C_B)/(partial w_j) = (partial C)/(partial w_j)",
    reason="A step is made on a batch B of m examples: the same formula with its examples alone, so"
    " those that the model has wrong count most. Every example is in equally many of the M batches"
    " of m examples that there are, so their gradients have the whole gradient for their mean.",
    how="SymPy takes the mean over all batches of some sizes",
)
def _batch_gradient() -> Iterator[Identity]:
    g = symbol_column("g", POPULATION)
    for m in BATCH_SIZES:
        means = [mean([g[n] for n in batch]) for batch in combinations(range(POPULATION), m)]
        yield Identity(mean(means), mean(list(g)), f"N = {POPULATION}, m = {m}")


@step(
    formula="1/M sum_B ((partial C_B)/(partial w_j) - (partial C)/(partial w_j))"
    " ((partial C_B)/(partial w_k) - (partial C)/(partial w_k))"
    " = (N - m)/(N - 1) dot 1/m dot 1/N sum_(n=1)^N"
    " (g_j^n - (partial C)/(partial w_j)) (g_k^n - (partial C)/(partial w_k))",
    reason="The gradients of batches scatter about it with the covariance of a mean of m draws"
    " without replacement: that of single examples over m, less as m nears N. It is the noise of"
    " every step. Batches that are cut from a file in order are no random draws, and where hard"
    " examples lie together one of them can be far out again and again.",
    how="SymPy takes the covariance over all batches of some sizes",
)
def _batch_covariance() -> Iterator[Identity]:
    g, h = symbol_column("g", POPULATION), symbol_column("h", POPULATION)
    centre = mean(list(g)), mean(list(h))
    single = mean([(g[n] - centre[0]) * (h[n] - centre[1]) for n in range(POPULATION)])
    for m in BATCH_SIZES:
        products = [
            (mean([g[n] for n in batch]) - centre[0]) * (mean([h[n] for n in batch]) - centre[1])
            for batch in combinations(range(POPULATION), m)
        ]
        share = sympy.Rational(POPULATION - m, (POPULATION - 1) * m)
        yield Identity(mean(products), share * single, f"N = {POPULATION}, m = {m}")


@step(
    formula="-ln hat(y) = ln(1 + e^z) - z, quad -ln(1 - hat(y)) = ln(1 + e^z), quad"
    " C^n = ln(1 + e^z) - z y",
    reason="With ŷ = σ(z) both logarithms of the loss become the same one. The first counts y times"
    " and the second 1 − y times, so together they count once, and z is subtracted y times.",
    how="SymPy splits the logarithms of the definition",
)
def _loss_from_score() -> Iterator[Identity]:
    logarithm = sympy.log(1 + sympy.exp(z))
    yield Identity(-sympy.log(sigmoid(z)), logarithm - z, "the positive class")
    yield Identity(-sympy.log(1 - sigmoid(z)), logarithm, "the other class")
    yield Identity(binary_cross_entropy(y, sigmoid(z)), logarithm - z * y, "any y")


@step(
    formula="C^n = max(z, 0) - z y + ln(1 + e^(-abs(z)))",
    reason="For z ≥ 0 the exponential is taken out of the logarithm, which gives z; for z < 0"
    " nothing changes. No exponent is above 0, so the loss stays finite for every finite score.",
    how="SymPy compares with the definition for z > 0, z = 0 and z < 0",
)
def _safe_loss() -> Iterator[Identity]:
    cases = {
        "z > 0": sympy.Symbol("z", positive=True),
        "z = 0": sympy.Integer(0),
        "z < 0": sympy.Symbol("z", negative=True),
    }
    for case, score in cases.items():
        stated = sympy.Max(score, 0) - score * y + sympy.log(1 + sympy.exp(-sympy.Abs(score)))
        yield Identity(binary_cross_entropy(y, sigmoid(score)), stated, case)


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
        ("z^n = sum_(i=1)^d w_i x_i^n + b", "score of example n"),
        ("hat(y)^n = sigma(z^n) = 1/(1 + e^(-z^n))", "probability of the positive class"),
        ("C^n", "loss of example n: its cross-entropy; other n are left out beside it"),
        ("X, thick y, thick hat(y)", "features (N × d), labels (N) and probabilities (N)"),
        ("B, thick m, thick C_B", "a batch, how many examples it has, and their mean loss"),
    ),
    steps=(
        _chain_rule,
        _score_slope,
        _sigmoid_slope,
        _loss_slope,
        _example_gradient,
        _mean_gradient,
        _matrix_form,
        _bias_gradient,
        _batch_gradient,
        _batch_covariance,
        _loss_from_score,
        _safe_loss,
    ),
    result="nabla_w C = -1/N X^top (y - hat(y))",
    sizes=f"N = {EXAMPLES} examples and d = {FEATURES} features",
)
