"""The steps of one model, made by several threads together.

A step is dealt out in jobs, in this order: the scores of some examples, by whoever gathers them;
the residuals; the update of some features; what comes after the update. A job begins when all jobs
before its stage are done. Who waits for that spins for a while, and then asks to be called again.
Who is alone does all jobs in turn, and waits for nobody: a thread that comes late, or never, holds
nobody up. Each number is made by one thread, from the same numbers in the same order as in
`dense.step`, so that its bits are the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onelayer.engines.compiled.compiler import VECTOR_BYTES, compiled, inlined
from onelayer.engines.compiled.dense import ROWS, VECTORS, dot, gather, update_some
from onelayer.engines.compiled.residuals import add_bias, example_weights, residuals, weigh
from onelayer.engines.compiled.tiles import add_one, next_job, seen
from onelayer.engines.compiled.update import accelerate_all, follow_all, kept, update_bias

LEAST_PRODUCTS = 2**25
"""Examples times outputs times features of a step that is worth it, which takes a millisecond or
more: a thread waits for others three times a step, and half of what it reads they have written.
Measured with two threads: 1.2 to 1.5 times as fast from 47 to 52 million on, 0.87 times at 20."""

TIMES_EVALUATION = 2
"""And by so many times a thread's steps are longer than the evaluation beside them, which keeps the
other threads busy."""

_NEXT, _DONE, _OVER = 0, 8, 16
"""Places of a board, each in a cache line of its own: jobs dealt out, jobs done, and whether a
thread has given up."""

_SPINS = 50_000
"""About a tenth of a millisecond, in which most jobs end."""

NOTHING_LEFT = -1


def new_board() -> NDArray[np.int64]:
    """Return what the threads that make some steps of a model together agree by."""
    return np.zeros(24, np.int64)


def give_up(board: NDArray[np.int64]) -> None:
    """Let nobody wait for the job of a thread that has failed."""
    board[_OVER] = 1


@inlined
def _reached(board, count):
    """Return whether so many jobs are done, as soon as they are or after a while."""
    left = _SPINS
    while left > 0 and seen(board, _DONE) < count:
        left -= 1
    return left > 0


@inlined
def _share(part, portions, n, unit):
    """Return where a portion of n things begins and ends, in whole units."""
    size = -(-n // (portions * unit)) * unit
    return min(part * size, n), min((part + 1) * size, n)


@compiled
def advance_together(
    scratch, board, job, portions, part, steps, scaling, models, rule, carried, m, j, losses
):
    """Take part in the steps of model m; return a job to come back with, or `NOTHING_LEFT`.

    Parameters
    ----------
    scratch : Scratch
        Shared by all threads.
    board : int array
        See `new_board`.
    job : int
        That was returned last, or `NOTHING_LEFT` at first.
    portions : int
        In which the examples are dealt out, and the features.
    part, steps, scaling, models, rule, carried, losses
        As for `steps.advance`.
    m, j : int
        The model, and its place among those that take part.
    """
    W, bias, x, z, slopes = models.W[m], models.bias[m], scratch.x, scratch.z, scratch.slopes
    one, unit = W.dtype.type(1), VECTORS * (VECTOR_BYTES // W.itemsize)
    weights, plain = example_weights(part, m), carried.velocity_of[m] < 0
    follows, n_steps = carried.average_of[m] >= 0, losses.shape[1]
    per_step = 2 * portions + (1 if plain and not follows else 2)
    while True:
        if job < 0:
            job = next_job(board)
        s, own = divmod(job, per_step)
        if s >= n_steps:  # the room is another model's once all have left it
            before = n_steps * per_step
        elif own < portions:
            before = s * per_step
        elif own <= 2 * portions:
            before = s * per_step + min(own, portions + 1)
        else:
            before = job
        if not _reached(board, before):
            return NOTHING_LEFT if seen(board, _OVER) > 0 else job
        if s >= n_steps:
            return NOTHING_LEFT
        rows = steps.rows[steps.offsets[s] : steps.offsets[s + 1]]
        n, rate = len(rows), steps.rates[j, s]
        if own < portions:
            first, end = _share(own, portions, n, ROWS)
            gather(part.X, rows[first:end], scaling, x[first:])
            dot(x[first:], end - first, W, z[first:])
        elif own == portions:
            add_bias(z, n, bias)
            losses[j, s] = (
                residuals(z, n, len(bias), part.targets, rows, weights, scratch.terms) / n
            )
            weigh(z, n, weights, rows)
            if plain:
                update_bias(z, n, bias, rate, rule.l2[m], rule.on_bias[m])
        elif own <= 2 * portions:
            first, end = _share(own - portions - 1, portions, W.shape[1], unit)
            if plain:
                keep = kept(rate, rule.l2[m], W)
                update_some(x, n, z, W, keep, -rate / W.dtype.type(n), first, end)
            else:
                slopes[:, first:end] = 0
                update_some(x, n, z, slopes, one, one / W.dtype.type(n), first, end)
        else:
            if not plain:
                accelerate_all(m, W, bias, slopes, z, n, rate, rule, carried)
            if follows:
                follow_all(m, W, one, bias, steps.averaging[j, s], carried)
        add_one(board, _DONE)
        job = NOTHING_LEFT
