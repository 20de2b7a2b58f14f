"""The gradient of softmax regression, and its loss in a form that stays finite.

Source: C. M. Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.4.
"""

from collections.abc import Iterator
from itertools import permutations, product
from typing import Final

import sympy

from onelayer.model.derivations.definitions import (
    EXAMPLES,
    FEATURES,
    X,
    cross_entropy,
    general_targets,
    mean,
    softmax,
    softmax_losses,
    softmax_parameters,
    softmax_probabilities,
    symbol_column,
    target_cases,
    x,
)
from onelayer.model.derivations.derivation import Derivation, Identity, step

OUTPUTS: Final = (2, 3, 4)
"""The values of K at which every claim is made."""


@step(
    formula="(partial C^n)/(partial w_(j i)) = (partial C^n)/(partial z_i)"
    " (partial z_i)/(partial w_(j i)), quad"
    " (partial C^n)/(partial z_i) = sum_(k=1)^K (partial C^n)/(partial hat(y)_k)"
    " (partial hat(y)_k)/(partial z_i)",
    reason="A weight of output i acts only on the score of output i. That score acts on every ŷ,"
    " because all outputs share one denominator, so the chain rule sums over all of them.",
    how="SymPy differentiates the loss directly, and the factors one by one",
)
def _chain_rule() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        y, p = symbol_column("y", n_outputs), symbol_column("ŷ", n_outputs)
        z = symbol_column("z", n_outputs)
        W, b = softmax_parameters(n_outputs)
        scores = W.T * x + b
        at_scores = dict(zip(z, scores, strict=True))
        loss, loss_of_weights = (cross_entropy(y, softmax(column)) for column in (z, scores))
        at_outputs = dict(zip(p, softmax(z), strict=True))
        outer = [sympy.diff(cross_entropy(y, p), symbol).xreplace(at_outputs) for symbol in p]
        for i in range(n_outputs):
            slope = sympy.diff(loss, z[i])
            parts = (outer[k] * sympy.diff(softmax(z)[k], z[i]) for k in range(n_outputs))
            yield Identity(slope, sum(parts), f"K = {n_outputs}, i = {i + 1}")
            for j in range(FEATURES):
                factors = slope.xreplace(at_scores) * sympy.diff(scores[i], W[j, i])
                case = f"K = {n_outputs}, j = {j + 1}, i = {i + 1}"
                yield Identity(sympy.diff(loss_of_weights, W[j, i]), factors, case)


@step(
    formula="(partial C^n)/(partial hat(y)_k) = -y_k/hat(y)_k",
    reason="Only term k of the loss contains output k, and the derivative of ln ŷ is 1/ŷ.",
    how="SymPy differentiates C of one example with respect to each output",
)
def _loss_slope() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        y, p = symbol_column("y", n_outputs), symbol_column("ŷ", n_outputs)
        for k in range(n_outputs):
            slope = sympy.diff(cross_entropy(y, p), p[k])
            yield Identity(slope, -y[k] / p[k], f"K = {n_outputs}, k = {k + 1}")


@step(
    formula="(partial hat(y)_i)/(partial z_i) = (e^(z_i) S - e^(z_i) e^(z_i))/S^2"
    " = hat(y)_i (1 - hat(y)_i), quad S = sum_(l=1)^K e^(z_l)",
    reason="Case k = i: the score is in the numerator and in the denominator, so the quotient rule"
    " leaves two terms.",
    how="SymPy differentiates each output by its own score",
)
def _own_score() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        z = symbol_column("z", n_outputs)
        p, S = softmax(z), sum(z.applyfunc(sympy.exp))
        for i in range(n_outputs):
            slope = sympy.diff(p[i], z[i])
            e = sympy.exp(z[i])
            case = f"K = {n_outputs}, k = i = {i + 1}"
            yield Identity(slope, (e * S - e * e) / S**2, f"{case}, the fraction")
            yield Identity(slope, p[i] * (1 - p[i]), f"{case}, the product")


@step(
    formula="(partial hat(y)_k)/(partial z_i) = (0 dot S - e^(z_k) e^(z_i))/S^2"
    " = -hat(y)_i hat(y)_k quad (k != i)",
    reason="Case k ≠ i: the score is only in the denominator, so the first term of the quotient"
    " rule is zero.",
    how="SymPy differentiates each output by every other score",
)
def _other_score() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        z = symbol_column("z", n_outputs)
        p, S = softmax(z), sum(z.applyfunc(sympy.exp))
        for k, i in permutations(range(n_outputs), 2):
            slope = sympy.diff(p[k], z[i])
            case = f"K = {n_outputs}, k = {k + 1}, i = {i + 1}"
            fraction = -sympy.exp(z[k]) * sympy.exp(z[i]) / S**2
            yield Identity(slope, fraction, f"{case}, the fraction")
            yield Identity(slope, -p[i] * p[k], f"{case}, the product")


@step(
    formula="(partial hat(y)_k)/(partial z_i) = cases("
    'hat(y)_i (1 - hat(y)_i) &"if" k = i, -hat(y)_i hat(y)_k &"if" k != i)',
    reason="The two cases together are all K × K derivatives: the diagonal matrix of the outputs"
    " minus the outer product of the outputs with themselves.",
    how="SymPy builds the Jacobian matrix of the outputs",
)
def _jacobian() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        z = symbol_column("z", n_outputs)
        p = softmax(z)
        slopes = p.jacobian(z)
        stated = sympy.diag(*p) - p * p.T
        for k, i in product(range(n_outputs), repeat=2):
            case = f"K = {n_outputs}, k = {k + 1}, i = {i + 1}"
            yield Identity(slopes[k, i], stated[k, i], case)


@step(
    formula="(partial C^n)/(partial z_i) = -y_i (1 - hat(y)_i) + sum_(k != i) y_k hat(y)_i"
    " = -y_i + hat(y)_i sum_(k=1)^K y_k",
    reason="The two cases go into the sum of the chain rule, where the denominators cancel."
    " Multiplying out the first term gives the part of the sum that belongs to k = i.",
    how="SymPy differentiates C of one example by each score, for any y",
)
def _collected() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        y, z = symbol_column("y", n_outputs), symbol_column("z", n_outputs)
        p = softmax(z)
        for i in range(n_outputs):
            slope = sympy.diff(cross_entropy(y, p), z[i])
            others = sum(y[k] * p[i] for k in range(n_outputs) if k != i)
            case = f"K = {n_outputs}, i = {i + 1}"
            yield Identity(slope, -y[i] * (1 - p[i]) + others, f"{case}, two cases")
            yield Identity(slope, -y[i] + p[i] * sum(y), f"{case}, collected")


@step(
    formula="(partial C^n)/(partial z_i) = -(y_i - hat(y)_i)",
    reason="The targets of one example sum to 1: exactly one class is the right one."
    " The formula holds for any targets that sum to 1.",
    how="SymPy differentiates C of one example, for y one-hot and for any y with sum 1",
)
def _score_gradient() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        z = symbol_column("z", n_outputs)
        p = softmax(z)
        for name, y in target_cases(n_outputs):
            for i in range(n_outputs):
                slope = sympy.diff(cross_entropy(y, p), z[i])
                yield Identity(slope, -(y[i] - p[i]), f"K = {n_outputs}, i = {i + 1}, {name}")


@step(
    formula="(partial z_i)/(partial w_(j i)) = x_j, quad (partial z_i)/(partial b_i) = 1",
    reason="The score is linear in the weights and the bias of its output. The bias has the slope"
    " of a weight whose feature is always 1.",
    how="SymPy differentiates each score",
)
def _score_slope() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        W, b = softmax_parameters(n_outputs)
        scores = W.T * x + b
        for i in range(n_outputs):
            for j in range(FEATURES):
                case = f"K = {n_outputs}, j = {j + 1}, i = {i + 1}"
                yield Identity(sympy.diff(scores[i], W[j, i]), x[j], case)
            case = f"K = {n_outputs}, i = {i + 1}, bias"
            yield Identity(sympy.diff(scores[i], b[i]), sympy.Integer(1), case)


@step(
    formula="(partial C^n)/(partial w_(j i)) = -(y_i - hat(y)_i) x_j",
    reason="The chain rule multiplies the two previous results: this is the gradient of one"
    " example. That of a batch is the mean over its examples.",
    how="SymPy differentiates C of one example with respect to each weight",
)
def _example_gradient() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        W, b = softmax_parameters(n_outputs)
        p = softmax(W.T * x + b)
        for name, y in target_cases(n_outputs):
            loss = cross_entropy(y, p)
            for j, i in product(range(FEATURES), range(n_outputs)):
                case = f"K = {n_outputs}, j = {j + 1}, i = {i + 1}, {name}"
                yield Identity(sympy.diff(loss, W[j, i]), -(y[i] - p[i]) * x[j], case)


@step(
    formula="(partial C)/(partial w_(j i)) = 1/N sum_(n=1)^N (partial C^n)/(partial w_(j i))"
    " = -1/N sum_(n=1)^N (y_i^n - hat(y)_i^n) x_j^n",
    reason="The loss C is the mean over the examples, so its derivative is the mean of theirs.",
    how="SymPy differentiates C with respect to each weight, for any y with sum 1",
)
def _mean_gradient() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        W, b = softmax_parameters(n_outputs)
        Y = general_targets(EXAMPLES, n_outputs)
        losses, errors = softmax_losses(Y, W, b), Y - softmax_probabilities(W, b)
        for j in range(FEATURES):
            for i in range(n_outputs):
                total = sum(errors[n, i] * X[n, j] for n in range(EXAMPLES))
                slope = sympy.diff(mean(losses), W[j, i])
                slopes = [sympy.diff(loss, W[j, i]) for loss in losses]
                case = f"K = {n_outputs}, j = {j + 1}, i = {i + 1}"
                yield Identity(slope, mean(slopes), f"{case}, the mean")
                yield Identity(slope, -total / EXAMPLES, f"{case}, the sum")


@step(
    formula="nabla_W C = -1/N X^top (Y - hat(Y))",
    reason="Row n of X, Y and Ŷ belongs to example n, so entry (j, i) of the product is the sum of"
    " the previous step. With a column of ones appended to X, the last row is the derivative for"
    " the biases.",
    how="SymPy multiplies the matrices, and differentiates C with respect to each bias",
)
def _matrix_form() -> Iterator[Identity]:
    extended = X.row_join(sympy.ones(EXAMPLES, 1))
    for n_outputs in OUTPUTS:
        W, b = softmax_parameters(n_outputs)
        Y = general_targets(EXAMPLES, n_outputs)
        losses, errors = softmax_losses(Y, W, b), Y - softmax_probabilities(W, b)
        gradient = -extended.T * errors / EXAMPLES
        for i in range(n_outputs):
            for j in range(FEATURES):
                total = sum(errors[n, i] * X[n, j] for n in range(EXAMPLES))
                case = f"K = {n_outputs}, j = {j + 1}, i = {i + 1}"
                yield Identity(-total / EXAMPLES, gradient[j, i], case)
            case = f"K = {n_outputs}, i = {i + 1}, bias"
            yield Identity(sympy.diff(mean(losses), b[i]), gradient[FEATURES, i], case)


@step(
    formula="e^(z_k + c)/(sum_(l=1)^K e^(z_l + c)) = (e^c e^(z_k))/(e^c sum_(l=1)^K e^(z_l))"
    " = hat(y)_k",
    reason="Adding one constant to all scores multiplies numerator and denominator by the same"
    " factor, so no output changes.",
    how="SymPy compares the outputs before and after the shift",
)
def _shift() -> Iterator[Identity]:
    c = sympy.Symbol("c", real=True)
    for n_outputs in OUTPUTS:
        z = symbol_column("z", n_outputs)
        shifted = softmax(z.applyfunc(lambda score: score + c))
        for k in range(n_outputs):
            yield Identity(shifted[k], softmax(z)[k], f"K = {n_outputs}, k = {k + 1}")


@step(
    formula="C^n = m + ln sum_(l=1)^K e^(z_l - m) - sum_(k=1)^K y_k z_k, quad m = max_l z_l",
    reason="The logarithm of an output is its score minus the logarithm of the denominator, and the"
    " shift holds for every m. With the largest score as m no exponent is above 0 and one is 0, so"
    " the loss stays finite for all finite scores.",
    how="SymPy splits the logarithms of the definition, for every m and any y with sum 1",
)
def _safe_loss() -> Iterator[Identity]:
    m = sympy.Symbol("m", real=True)
    for n_outputs in OUTPUTS:
        z = symbol_column("z", n_outputs)
        shifted = sum(sympy.exp(score - m) for score in z)
        for name, y in target_cases(n_outputs):
            stated = m + sympy.log(shifted) - y.dot(z)
            yield Identity(cross_entropy(y, softmax(z)), stated, f"K = {n_outputs}, {name}")


DERIVATION: Final = Derivation(
    name="softmax",
    title="The gradient of softmax regression",
    statement="C(W) = 1/N sum_(n=1)^N C^n, quad C^n = -sum_(k=1)^K y_k^n ln hat(y)_k^n",
    notation=(
        ("N", "number of examples"),
        ("d", "number of features"),
        ("K", "number of classes, one output each"),
        ("x_j^n", "feature j of example n; an upper n is an index, not a power"),
        ("y_k^n", "target: 1 when example n is of class k, otherwise 0; their sum over k is 1"),
        ("w_(j k), thick b_k", "weight from feature j to output k, and the bias of output k"),
        ("z_k^n = sum_(i=1)^d w_(i k) x_i^n + b_k", "score of output k for example n"),
        (
            "hat(y)_k^n = e^(z_k^n)/(sum_(l=1)^K e^(z_l^n))",
            "probability of class k for example n",
        ),
        ("C^n", "loss of example n: its cross-entropy; other n are left out beside it"),
        (
            "X, thick W, thick Y, thick hat(Y)",
            "features (N × d), weights (d × K), targets (N × K) and probabilities (N × K)",
        ),
    ),
    steps=(
        _chain_rule,
        _loss_slope,
        _own_score,
        _other_score,
        _jacobian,
        _collected,
        _score_gradient,
        _score_slope,
        _example_gradient,
        _mean_gradient,
        _matrix_form,
        _shift,
        _safe_loss,
    ),
    result="nabla_W C = -1/N X^top (Y - hat(Y))",
    sizes=f"N = {EXAMPLES} examples, d = {FEATURES} features and K = "
    + ", ".join(map(str, OUTPUTS[:-1]))
    + f" and {OUTPUTS[-1]} outputs",
)
