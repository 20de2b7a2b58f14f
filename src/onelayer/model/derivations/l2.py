"""The gradient with an L2 penalty, and the update step as weight decay.

Source: I. Goodfellow, Y. Bengio, A. Courville, "Deep Learning" (2016), section 7.1.1.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final

import sympy

from onelayer.model.derivations.definitions import (
    EXAMPLES,
    FEATURES,
    X,
    general_targets,
    logistic_losses,
    logistic_probabilities,
    mean,
    softmax_losses,
    softmax_parameters,
    softmax_probabilities,
    squared_norm,
    symbol_column,
)
from onelayer.model.derivations.derivation import Derivation, Identity, step

OUTPUTS: Final = (2, 3)
"""The values of K at which every claim about softmax is made."""

penalty, rate = sympy.symbols("λ η", real=True)


@cache
def loss_and_errors(n_outputs: int) -> tuple[sympy.Expr, sympy.ImmutableMatrix]:
    """C and Y − Ŷ, (N, K), of softmax regression, for targets that sum to 1."""
    W, b = softmax_parameters(n_outputs)
    Y = general_targets(EXAMPLES, n_outputs)
    errors = sympy.ImmutableMatrix(Y - softmax_probabilities(W, b))
    return mean(softmax_losses(Y, W, b)), errors


@cache
def objective_gradient(n_outputs: int) -> sympy.ImmutableMatrix:
    """Differentiate J as defined by each weight, (d, K)."""
    W, _ = softmax_parameters(n_outputs)
    loss, _ = loss_and_errors(n_outputs)
    objective = loss + penalty * squared_norm(W)
    return sympy.ImmutableMatrix(W.applyfunc(lambda weight: sympy.diff(objective, weight)))


def weights_by_case() -> Iterator[tuple[int, int, int, str]]:
    """Every K, j, k (from 0), and the name of the case."""
    for n_outputs in OUTPUTS:
        for j in range(FEATURES):
            for k in range(n_outputs):
                yield n_outputs, j, k, f"K = {n_outputs}, j = {j + 1}, k = {k + 1}"


@step(
    formula="(partial norm(W)^2)/(partial w_(j k)) = 2 w_(j k)",
    reason="The squared norm is the sum of the squares of all weights, and only one of its terms"
    " contains this weight.",
    how="SymPy differentiates ‖W‖²",
)
def _norm_slope() -> Iterator[Identity]:
    for n_outputs, j, k, case in weights_by_case():
        W, _ = softmax_parameters(n_outputs)
        yield Identity(sympy.diff(squared_norm(W), W[j, k]), 2 * W[j, k], case)


@step(
    formula="(partial J)/(partial w_(j k)) = (partial C)/(partial w_(j k))"
    " + lambda (partial norm(W)^2)/(partial w_(j k))"
    " = -1/N sum_(n=1)^N (y_k^n - hat(y)_k^n) x_j^n + 2 lambda w_(j k)",
    reason="The derivative of a sum is the sum of the derivatives, and λ is a constant."
    " The first term is the gradient of softmax regression.",
    how="SymPy differentiates J with respect to each weight",
)
def _objective_slope() -> Iterator[Identity]:
    for n_outputs, j, k, case in weights_by_case():
        W, _ = softmax_parameters(n_outputs)
        loss, errors = loss_and_errors(n_outputs)
        slope = objective_gradient(n_outputs)[j, k]
        parts = sympy.diff(loss, W[j, k]) + penalty * sympy.diff(squared_norm(W), W[j, k])
        yield Identity(slope, parts, f"{case}, two derivatives")
        total = sum(errors[n, k] * X[n, j] for n in range(EXAMPLES))
        yield Identity(slope, -total / EXAMPLES + 2 * penalty * W[j, k], f"{case}, the sum")


@step(
    formula="nabla_W J = -1/N X^top (Y - hat(Y)) + 2 lambda W",
    reason="These are the derivatives of the previous step for all weights, as one d × K matrix.",
    how="SymPy differentiates J with respect to each weight and multiplies the matrices",
)
def _matrix_form() -> Iterator[Identity]:
    for n_outputs, j, k, case in weights_by_case():
        W, _ = softmax_parameters(n_outputs)
        _, errors = loss_and_errors(n_outputs)
        stated = -X.T * errors / EXAMPLES + 2 * penalty * W
        yield Identity(objective_gradient(n_outputs)[j, k], stated[j, k], case)


@step(
    formula="nabla_w J = -1/N X^top (y - hat(y)) + 2 lambda w",
    reason="The penalty knows nothing of the loss, so with one logistic output the same term is"
    " added to the gradient of logistic regression.",
    how="SymPy differentiates J of logistic regression with respect to each weight",
)
def _logistic_form() -> Iterator[Identity]:
    w, y, b = (
        symbol_column("w", FEATURES),
        symbol_column("y", EXAMPLES),
        sympy.Symbol("b", real=True),
    )
    objective = mean(logistic_losses(y, w, b)) + penalty * squared_norm(w)
    stated = -X.T * (y - logistic_probabilities(w, b)) / EXAMPLES + 2 * penalty * w
    for j in range(FEATURES):
        yield Identity(sympy.diff(objective, w[j]), stated[j], f"logistic, j = {j + 1}")


@step(
    formula="W - eta nabla_W J = (1 - 2 eta lambda) W + eta/N X^top (Y - hat(Y))",
    reason="One step of gradient descent subtracts η times the gradient, and the two terms with W"
    " are put together. The penalty thus multiplies every weight by 1 − 2ηλ, and the usual"
    " update is added: weight decay.",
    how="SymPy differentiates J and takes the step",
)
def _weight_decay() -> Iterator[Identity]:
    for n_outputs, j, k, case in weights_by_case():
        W, _ = softmax_parameters(n_outputs)
        _, errors = loss_and_errors(n_outputs)
        updated = W[j, k] - rate * objective_gradient(n_outputs)[j, k]
        stated = (1 - 2 * rate * penalty) * W + rate * X.T * errors / EXAMPLES
        yield Identity(updated, stated[j, k], case)


@step(
    formula="(partial J)/(partial b_k) = (partial C)/(partial b_k)"
    " = -1/N sum_(n=1)^N (y_k^n - hat(y)_k^n)",
    reason="The bias is not in W, so the penalty does not contain it and it does not decay.",
    how="SymPy differentiates J with respect to each bias",
)
def _free_bias() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        W, b = softmax_parameters(n_outputs)
        loss, errors = loss_and_errors(n_outputs)
        objective = loss + penalty * squared_norm(W)
        for k in range(n_outputs):
            stated = -sum(errors[:, k]) / EXAMPLES
            case = f"K = {n_outputs}, k = {k + 1}, bias"
            yield Identity(sympy.diff(objective, b[k]), stated, case)


@step(
    formula="(partial)/(partial b_k) (C + lambda (norm(W)^2 + norm(b)^2))"
    " = -1/N sum_(n=1)^N (y_k^n - hat(y)_k^n) + 2 lambda b_k",
    reason="Where the bias counts as one of the weights, its square is in the penalty and it decays"
    " as they do.",
    how="SymPy differentiates J with the bias in the penalty",
)
def _penalized_bias() -> Iterator[Identity]:
    for n_outputs in OUTPUTS:
        W, b = softmax_parameters(n_outputs)
        loss, errors = loss_and_errors(n_outputs)
        objective = loss + penalty * (squared_norm(W) + squared_norm(b))
        for k in range(n_outputs):
            stated = -sum(errors[:, k]) / EXAMPLES + 2 * penalty * b[k]
            case = f"K = {n_outputs}, k = {k + 1}, bias"
            yield Identity(sympy.diff(objective, b[k]), stated, case)


@step(
    formula="nabla_W J = 0 quad <==> quad W = -1/(2 lambda) nabla_W C(W),"
    " quad lim_(lambda -> oo) lambda W = -1/2 nabla_W C(0)",
    reason="At the minimum the pull of the penalty and that of the loss cancel. With λ = 1/t the"
    " condition is t∇C(W) + 2W = 0, which W = 0 solves for t = 0; its derivative there says that"
    " W grows from zero with the slope −∇C(0)/2 in t. So under a strong penalty the weights are"
    " −∇C(0)/(2λ): their norm is inversely proportional to λ, and each class has its mean picture"
    " less what the others expect.",
    how="SymPy differentiates the condition for a minimum by t and by each weight, at zero",
)
def _strong_penalty() -> Iterator[Identity]:
    t = sympy.Symbol("t", real=True)
    for n_outputs in OUTPUTS:
        W, _ = softmax_parameters(n_outputs)
        loss, errors = loss_and_errors(n_outputs)
        zero = dict.fromkeys(W, sympy.Integer(0))
        slopes = W.applyfunc(lambda weight, loss=loss: sympy.diff(loss, weight))
        condition = t * slopes + 2 * W
        stated = -X.T * errors / EXAMPLES
        for i in range(len(W)):
            case = f"K = {n_outputs}, weight {i + 1}"
            at_minimum = objective_gradient(n_outputs)[i] / penalty
            yield Identity(condition[i].subs(t, 1 / penalty), at_minimum, f"{case}, the condition")
            by_t = sympy.diff(condition[i], t).xreplace(zero)
            yield Identity(by_t, stated[i].xreplace(zero), f"{case}, by t")
            for j, other in enumerate(W):
                by_weight = sympy.diff(condition[i], other).xreplace(zero | {t: sympy.Integer(0)})
                own = sympy.Integer(2 if i == j else 0)
                yield Identity(by_weight, own, f"{case}, by weight {j + 1}")


DERIVATION: Final = Derivation(
    name="l2",
    title="The L2 penalty and weight decay",
    statement="J(W) = C(W) + lambda norm(W)^2, quad norm(W)^2 = sum_(j=1)^d sum_(k=1)^K w_(j k)^2",
    notation=(
        ("J", "objective: the loss with the penalty"),
        ("C", "mean cross-entropy over the N examples"),
        ("lambda", "strength of the penalty"),
        ("eta", "learning rate"),
        ("w_(j k), thick b_k", "weight from feature j to output k, and the bias of output k"),
        ("x_j^n", "feature j of example n; an upper n is an index, not a power"),
        ("y_k^n, thick hat(y)_k^n", "target and probability of class k for example n"),
        (
            "X, thick W, thick Y, thick hat(Y)",
            "features (N × d), weights (d × K), targets (N × K) and probabilities (N × K)",
        ),
        ("w, thick y, thick hat(y)", "the same for one logistic output: w has d entries, y has N"),
    ),
    steps=(
        _norm_slope,
        _objective_slope,
        _matrix_form,
        _logistic_form,
        _weight_decay,
        _free_bias,
        _penalized_bias,
        _strong_penalty,
    ),
    result="W arrow.l (1 - 2 eta lambda) W + eta/N X^top (Y - hat(Y))",
    sizes=f"N = {EXAMPLES} examples, d = {FEATURES} features and K = "
    + " and ".join(map(str, OUTPUTS))
    + " outputs",
)
