"""The gradient of softmax regression, and its loss in a form that stays finite.

Source: C. M. Bishop, "Pattern Recognition and Machine Learning" (2006), section 4.3.4.
"""

from collections.abc import Iterator
from typing import Final

import sympy

from onelayer.model.derivations.derivation import Derivation, Identity, step
from onelayer.model.derivations.logistic import EXAMPLES, FEATURES, symbol_column, symbol_matrix

OUTPUTS: Final = (2, 3, 4)
"""The values of K at which every claim is made."""

X = symbol_matrix("x", EXAMPLES, FEATURES)


def softmax(z: sympy.Matrix) -> sympy.Matrix:
    """ŷ as defined, (K, 1), from the scores z (K, 1)."""
    exponentials = z.applyfunc(sympy.exp)
    return exponentials / sum(exponentials)


def cross_entropy(y: sympy.Matrix, probabilities: sympy.Matrix) -> sympy.Expr:
    """Loss of one example as defined, from two columns (K, 1)."""
    return -sum(y[k] * sympy.log(probabilities[k]) for k in range(y.rows))


def probability_matrix(X: sympy.Matrix, W: sympy.Matrix, b: sympy.Matrix) -> sympy.Matrix:
    """Ŷ as defined, (N, K), from X (N, d), W (d, K) and b (K, 1)."""
    rows = [softmax((X.row(n) * W).T + b).T for n in range(X.rows)]
    return sympy.Matrix.vstack(*rows)


def mean_loss(X: sympy.Matrix, Y: sympy.Matrix, W: sympy.Matrix, b: sympy.Matrix) -> sympy.Expr:
    """C as defined, from X (N, d), Y (N, K), W (d, K) and b (K, 1)."""
    probabilities = probability_matrix(X, W, b)
    losses = (cross_entropy(Y.row(n).T, probabilities.row(n).T) for n in range(X.rows))
    return sum(losses) / X.rows


def general_targets(n_examples: int, n_outputs: int) -> sympy.Matrix:
    """Targets (N, K) whose rows sum to 1: all but the last column are free symbols."""
    free = symbol_matrix("y", n_examples, n_outputs - 1)
    last = [1 - sum(free.row(n)) for n in range(n_examples)]
    return free.row_join(sympy.Matrix(n_examples, 1, last))


def target_cases(n_examples: int, n_outputs: int) -> Iterator[tuple[str, sympy.Matrix]]:
    """Targets (N, K) with their names: general ones, and one-hot with each class first."""
    yield "general y", general_targets(n_examples, n_outputs)
    for first in range(n_outputs):
        one_hot = sympy.zeros(n_examples, n_outputs)
        for n in range(n_examples):
            one_hot[n, (first + n) % n_outputs] = 1
        yield f"one-hot from class {first + 1}", one_hot


def at_scores(expr: sympy.Expr, z: sympy.Matrix, scores: sympy.Matrix) -> sympy.Expr:
    """`expr` with the symbols z (K, 1) replaced by scores (K, 1)."""
    return expr.xreplace(dict(zip(z, scores, strict=True)))


@step(
    formula="(partial C^n)/(partial w_(j i)) = (partial C^n)/(partial z_i)"
    " (partial z_i)/(partial w_(j i)), quad"
    " (partial C^n)/(partial z_i) = sum_(k=1)^K (partial C^n)/(partial hat(y)_k)"
    " (partial hat(y)_k)/(partial z_i)",
    reason="A weight of output i acts only on the score of output i. That score acts on every ŷ,"
    " because all outputs share one denominator, so the chain rule sums over all of them.",
    how="SymPy differentiates the loss directly, and the factors one by one",
)
def chain_rule() -> Iterator[Identity]:
    x = symbol_column("x", FEATURES)
    for n_outputs in OUTPUTS:
        y, p = symbol_column("y", n_outputs), symbol_column("ŷ", n_outputs)
        z, b = symbol_column("z", n_outputs), symbol_column("b", n_outputs)
        W = symbol_matrix("w", FEATURES, n_outputs)
        scores = W.T * x + b
        loss = cross_entropy(y, softmax(z))
        outer = [
            sympy.diff(cross_entropy(y, p), p[k]).xreplace({p[k]: softmax(z)[k]})
            for k in range(n_outputs)
        ]
        loss_of_weights = cross_entropy(y, softmax(scores))
        for i in range(n_outputs):
            slope = sympy.diff(loss, z[i])
            parts = (outer[k] * sympy.diff(softmax(z)[k], z[i]) for k in range(n_outputs))
            yield Identity(slope, sum(parts), f"K = {n_outputs}, i = {i + 1}")
            for j in range(FEATURES):
                product = at_scores(slope, z, scores) * sympy.diff(scores[i], W[j, i])
                case = f"K = {n_outputs}, j = {j + 1}, i = {i + 1}"
                yield Identity(sympy.diff(loss_of_weights, W[j, i]), product, case)


@step(
    formula="(partial C^n)/(partial hat(y)_k) = -y_k/hat(y)_k",
    reason="Only term k of the loss contains output k, and the derivative of ln ŷ is 1/ŷ.",
    how="SymPy differentiates C of one example with respect to each output",
)
def loss_slope() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        y, p = symbol_column("y", n_outputs), symbol_column("ŷ", n_outputs)
        for k in range(n_outputs):
            slope = sympy.diff(cross_entropy(y, p), p[k])
            yield Identity(slope, -y[k] / p[k], f"K = {n_outputs}, k = {k + 1}")


@step(
    formula="(partial hat(y)_i)/(partial z_i) = (e^(z_i) S - e^(z_i) e^(z_i))/S^2"
    " = hat(y)_i (1 - hat(y)_i), quad S = sum_(j=1)^K e^(z_j)",
    reason="Case k = i: the score is in the numerator and in the denominator, so the quotient rule"
    " leaves two terms.",
    how="SymPy differentiates each output by its own score",
)
def own_score() -> Iterator[Identity]:
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
def other_score() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        z = symbol_column("z", n_outputs)
        p, S = softmax(z), sum(z.applyfunc(sympy.exp))
        for i in range(n_outputs):
            for k in range(n_outputs):
                if k == i:
                    continue
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
def jacobian() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        z = symbol_column("z", n_outputs)
        p = softmax(z)
        slopes = p.jacobian(z)
        stated = sympy.diag(*p) - p * p.T
        for k in range(n_outputs):
            for i in range(n_outputs):
                case = f"K = {n_outputs}, k = {k + 1}, i = {i + 1}"
                yield Identity(slopes[k, i], stated[k, i], case)


@step(
    formula="(partial C^n)/(partial z_i) = -y_i (1 - hat(y)_i) + sum_(k != i) y_k hat(y)_i"
    " = -y_i + hat(y)_i sum_(k=1)^K y_k",
    reason="The slopes of the two cases go into the sum of the chain rule, and each output cancels."
    " The term −(−y ŷ) of output i then joins the sum over the others.",
    how="SymPy differentiates C of one example by each score, for any y",
)
def collected() -> Iterator[Identity]:
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
def score_gradient() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        z = symbol_column("z", n_outputs)
        p = softmax(z)
        for name, targets in target_cases(1, n_outputs):
            y = targets.T
            for i in range(n_outputs):
                slope = sympy.diff(cross_entropy(y, p), z[i])
                yield Identity(slope, -(y[i] - p[i]), f"K = {n_outputs}, i = {i + 1}, {name}")


@step(
    formula="(partial z_i)/(partial w_(j i)) = x_j, quad (partial z_i)/(partial b_i) = 1",
    reason="The score is linear in the weights and the bias of its output. The bias has the slope"
    " of a weight whose feature is always 1.",
    how="SymPy differentiates each score",
)
def score_slope() -> Iterator[Identity]:
    x = symbol_column("x", FEATURES)
    for n_outputs in OUTPUTS:
        W, b = symbol_matrix("w", FEATURES, n_outputs), symbol_column("b", n_outputs)
        scores = W.T * x + b
        for i in range(n_outputs):
            for j in range(FEATURES):
                case = f"K = {n_outputs}, j = {j + 1}, i = {i + 1}"
                yield Identity(sympy.diff(scores[i], W[j, i]), x[j], case)
            case = f"K = {n_outputs}, i = {i + 1}, bias"
            yield Identity(sympy.diff(scores[i], b[i]), sympy.Integer(1), case)


@step(
    formula="(partial C)/(partial w_(j i)) = 1/N sum_(n=1)^N (partial C^n)/(partial w_(j i))"
    " = -1/N sum_(n=1)^N (y_i^n - hat(y)_i^n) x_j^n",
    reason="The chain rule multiplies the two previous results. The loss C is the mean over the"
    " examples, so its derivative is the mean of theirs.",
    how="SymPy differentiates C with respect to each weight, for any y with sum 1",
)
def mean_gradient() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        W, b = symbol_matrix("w", FEATURES, n_outputs), symbol_column("b", n_outputs)
        Y = general_targets(EXAMPLES, n_outputs)
        loss, errors = mean_loss(X, Y, W, b), Y - probability_matrix(X, W, b)
        for j in range(FEATURES):
            for i in range(n_outputs):
                total = sum(errors[n, i] * X[n, j] for n in range(EXAMPLES))
                case = f"K = {n_outputs}, j = {j + 1}, i = {i + 1}"
                yield Identity(sympy.diff(loss, W[j, i]), -total / EXAMPLES, case)


@step(
    formula="nabla_W C = -1/N X^top (Y - hat(Y))",
    reason="Row n of X, Y and Ŷ belongs to example n, so entry (j, i) of the product is the sum of"
    " the previous step. With a column of ones appended to X, the last row is the derivative for"
    " the biases.",
    how="SymPy multiplies the matrices, and differentiates C with respect to each bias",
)
def matrix_form() -> Iterator[Identity]:
    extended = X.row_join(sympy.ones(EXAMPLES, 1))
    for n_outputs in OUTPUTS:
        W, b = symbol_matrix("w", FEATURES, n_outputs), symbol_column("b", n_outputs)
        Y = general_targets(EXAMPLES, n_outputs)
        loss, errors = mean_loss(X, Y, W, b), Y - probability_matrix(X, W, b)
        gradient = -extended.T * errors / EXAMPLES
        for i in range(n_outputs):
            for j in range(FEATURES):
                total = sum(errors[n, i] * X[n, j] for n in range(EXAMPLES))
                case = f"K = {n_outputs}, j = {j + 1}, i = {i + 1}"
                yield Identity(-total / EXAMPLES, gradient[j, i], case)
            case = f"K = {n_outputs}, i = {i + 1}, bias"
            yield Identity(sympy.diff(loss, b[i]), gradient[FEATURES, i], case)


@step(
    formula="e^(z_k + c)/(sum_(j=1)^K e^(z_j + c)) = (e^c e^(z_k))/(e^c sum_(j=1)^K e^(z_j))"
    " = hat(y)_k",
    reason="Adding one constant to all scores multiplies numerator and denominator by the same"
    " factor, so no output changes.",
    how="SymPy compares the outputs before and after the shift",
)
def shift() -> Iterator[Identity]:
    c = sympy.Symbol("c", real=True)
    for n_outputs in OUTPUTS:
        z = symbol_column("z", n_outputs)
        shifted = softmax(z.applyfunc(lambda score: score + c))
        for k in range(n_outputs):
            yield Identity(shifted[k], softmax(z)[k], f"K = {n_outputs}, k = {k + 1}")


@step(
    formula="C^n = m + ln sum_(j=1)^K e^(z_j - m) - sum_(k=1)^K y_k z_k, quad m = max_j z_j",
    reason="The logarithm of an output is its score minus the logarithm of the denominator, and the"
    " shift holds for every m. With the largest score as m no exponent is above 0 and one is 0, so"
    " the loss stays finite for all finite scores.",
    how="SymPy splits the logarithms of the definition, for every m and any y with sum 1",
)
def safe_loss() -> Iterator[Identity]:
    m = sympy.Symbol("m", real=True)
    for n_outputs in OUTPUTS:
        z = symbol_column("z", n_outputs)
        shifted = sum(sympy.exp(score - m) for score in z)
        for name, targets in target_cases(1, n_outputs):
            y = targets.T
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
        ("z_k^n = sum_(j=1)^d w_(j k) x_j^n + b_k", "score of output k for example n"),
        (
            "hat(y)_k^n = e^(z_k^n)/(sum_(j=1)^K e^(z_j^n))",
            "probability of class k for example n",
        ),
        ("C^n", "loss of example n: its cross-entropy; other n are left out beside it"),
        (
            "X, thick W, thick Y, thick hat(Y)",
            "features (N × d), weights (d × K), targets (N × K) and probabilities (N × K)",
        ),
    ),
    steps=(
        chain_rule,
        loss_slope,
        own_score,
        other_score,
        jacobian,
        collected,
        score_gradient,
        score_slope,
        mean_gradient,
        matrix_form,
        shift,
        safe_loss,
    ),
    result="nabla_W C = -1/N X^top (Y - hat(Y))",
    sizes=f"N = {EXAMPLES} examples, d = {FEATURES} features and K = "
    + ", ".join(map(str, OUTPUTS[:-1]))
    + f" and {OUTPUTS[-1]} outputs",
)
