"""The update rule of the kernels, plain gradient descent: the twin of `onelayer.engines.update`.

A step is W <- keep W - step sum_i residual_i x_i, in which `keep` is what the penalty leaves.
"""

from __future__ import annotations

from onelayer.engines.compiled.compiler import inlined, inner


@inlined
def kept(rate, l2, W):
    """Return what a step keeps of weights that the penalty covers."""
    return W.dtype.type(1) - 2 * rate * l2


@inner
def update_bias(residuals, n, bias, rate, l2, on_bias):
    """Make the step of the bias by the residuals of n examples."""
    per_example = rate / bias.dtype.type(n)
    for k in range(len(bias)):
        total = residuals[0, k]
        for i in range(1, n):
            total += residuals[i, k]
        keep = bias.dtype.type(1) - 2 * rate * l2 * on_bias
        bias[k] = keep * bias[k] - per_example * total
