"""The definitions from which the derivations start, as SymPy expressions of a small size.

Every symbol is real and every index is counted from 1 in its name.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import sympy

EXAMPLES: Final = 2
"""N, the number of examples in the claims about the mean loss."""

FEATURES: Final = 2
"""d, the number of features in all claims."""


def symbol_matrix(name: str, rows: int, columns: int) -> sympy.Matrix:
    """Matrix of symbols, (rows, columns)."""
    return sympy.Matrix(
        rows, columns, lambda r, c: sympy.Symbol(f"{name}_{r + 1}{c + 1}", real=True)
    )


def symbol_column(name: str, rows: int) -> sympy.Matrix:
    """Column of symbols, (rows, 1)."""
    return sympy.Matrix(rows, 1, lambda r, _: sympy.Symbol(f"{name}_{r + 1}", real=True))


X: Final = symbol_matrix("x", EXAMPLES, FEATURES)
"""The features of all examples, (N, d)."""

x: Final = symbol_column("x", FEATURES)
"""The features of one example, (d, 1)."""


def mean(values: Sequence[sympy.Expr]) -> sympy.Expr:
    """Sum of the values divided by their number."""
    return sum(values) / len(values)


def sigmoid(z: sympy.Expr) -> sympy.Expr:
    """σ(z)."""
    return 1 / (1 + sympy.exp(-z))


def binary_cross_entropy(y: sympy.Expr, probability: sympy.Expr) -> sympy.Expr:
    """C^n of logistic regression."""
    return -(y * sympy.log(probability) + (1 - y) * sympy.log(1 - probability))


def logistic_probabilities(w: sympy.Matrix, b: sympy.Expr) -> sympy.Matrix:
    """ŷ of all examples, (N, 1), from w (d, 1) and b."""
    return (X * w).applyfunc(lambda z: sigmoid(z + b))


def logistic_losses(y: sympy.Matrix, w: sympy.Matrix, b: sympy.Expr) -> list[sympy.Expr]:
    """C^n of every example, from y (N, 1), w (d, 1) and b."""
    return [*map(binary_cross_entropy, y, logistic_probabilities(w, b))]


def softmax(z: sympy.Matrix) -> sympy.Matrix:
    """ŷ of one example, (K, 1), from its scores z (K, 1)."""
    exponentials = z.applyfunc(sympy.exp)
    return exponentials / sum(exponentials)


def cross_entropy(y: sympy.Matrix, probabilities: sympy.Matrix) -> sympy.Expr:
    """C^n of softmax regression, from two columns (K, 1)."""
    return -sum(y[k] * sympy.log(probabilities[k]) for k in range(y.rows))


def softmax_probabilities(W: sympy.Matrix, b: sympy.Matrix) -> sympy.Matrix:
    """Ŷ, (N, K), from W (d, K) and b (K, 1)."""
    return sympy.Matrix.vstack(*(softmax((X.row(n) * W).T + b).T for n in range(EXAMPLES)))


def softmax_losses(Y: sympy.Matrix, W: sympy.Matrix, b: sympy.Matrix) -> list[sympy.Expr]:
    """C^n of every example, from Y (N, K), W (d, K) and b (K, 1)."""
    P = softmax_probabilities(W, b)
    return [cross_entropy(Y.row(n).T, P.row(n).T) for n in range(EXAMPLES)]


def softmax_parameters(n_outputs: int) -> tuple[sympy.Matrix, sympy.Matrix]:
    """W, (d, K), and b, (K, 1)."""
    return symbol_matrix("w", FEATURES, n_outputs), symbol_column("b", n_outputs)


def general_targets(n_examples: int, n_outputs: int) -> sympy.Matrix:
    """Targets, (N, K), whose rows sum to 1: all but the last column are free symbols."""
    free = symbol_matrix("y", n_examples, n_outputs - 1)
    last = [1 - sum(free.row(n)) for n in range(n_examples)]
    return free.row_join(sympy.Matrix(n_examples, 1, last))


def target_cases(n_outputs: int) -> Iterator[tuple[str, sympy.Matrix]]:
    """Targets of one example, (K, 1), with their names: general ones, and one-hot in each class."""
    yield "general y", general_targets(1, n_outputs).T
    for k in range(n_outputs):
        yield f"y one-hot in class {k + 1}", sympy.eye(n_outputs).col(k)


def squared_norm(W: sympy.Matrix) -> sympy.Expr:
    """‖W‖², the sum of the squares of all entries."""
    return sum(weight**2 for weight in W)
