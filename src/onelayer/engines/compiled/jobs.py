"""What a thread does in an advance: one job after another, until none is left.

Every thread calls these with the same arguments but for its scratch, the steps first and then the
evaluations, which are those of a snapshot. A counter deals the jobs out. What a job computes does
not depend on who does it, and each has its own place for results. Each function is compiled when it
is first called: a run compiles no more than it needs.
"""

from __future__ import annotations

import numpy as np

from onelayer.engines.compiled import csr, nonzeros
from onelayer.engines.compiled.compiler import compiled
from onelayer.engines.compiled.dense import evaluate, total
from onelayer.engines.compiled.steps import advance
from onelayer.engines.compiled.tiles import next_job

ROWS_PER_PIECE = 256
"""Examples of one job of an evaluation; enough to be worth dealing out."""


@compiled
def advance_dense(
    scratch, counter, per_job, part, steps, scaling, models, rule, carried, chosen, losses
):
    """Train `per_job` of the chosen models a job; see `onelayer.engines.compiled.steps`."""
    while True:
        first = next_job(counter) * per_job
        if first >= len(chosen):
            return
        last = min(first + per_job, len(chosen))
        advance(scratch, part, steps, scaling, models, rule, carried, first, last, chosen, losses)


@compiled
def advance_csr(scratch, counter, per_job, part, steps, models, rule, carried, chosen, losses):
    """Train `per_job` of the chosen models a job; see `onelayer.engines.compiled.csr`."""
    while True:
        first = next_job(counter) * per_job
        if first >= len(chosen):
            return
        last = min(first + per_job, len(chosen))
        csr.advance(scratch, part, steps, models, rule, carried, first, last, chosen, losses)


@compiled
def evaluate_dense(scratch, counter, part, also, scaling, models, chosen, outcome):
    """Evaluate all chosen models on a piece of the rows a job; the arrays are those of `Outcome`.

    `also` are the same examples with other weights.
    """
    nothing = np.zeros(0)
    while True:
        piece = next_job(counter)
        if piece >= len(outcome.correct):
            return
        rows = part.rows[piece * ROWS_PER_PIECE : (piece + 1) * ROWS_PER_PIECE]
        losses = outcome.loss[piece] if len(outcome.loss) > 0 else nothing
        others = outcome.also_correct[piece] if len(outcome.also_correct) > 0 else nothing
        evaluate(
            scratch,
            part,
            also,
            rows,
            scaling,
            models,
            chosen,
            losses,
            outcome.correct[piece],
            others,
        )


@compiled
def evaluate_nonzeros(scratch, counter, part, also, packed, per_block, n_outputs, chosen, outcome):
    """Evaluate one block of models on a piece of the rows a job.

    Parameters
    ----------
    packed : (blocks, n_features + 1, padded)
        The models for `onelayer.engines.compiled.nonzeros`, so many a block.
    """
    nothing = np.zeros(0)
    while True:
        piece, block = divmod(next_job(counter), len(packed))
        if piece >= len(outcome.correct):
            return
        mine = slice(block * per_block, min((block + 1) * per_block, len(chosen)))
        rows = part.rows[piece * ROWS_PER_PIECE : (piece + 1) * ROWS_PER_PIECE]
        losses = outcome.loss[piece, mine] if len(outcome.loss) > 0 else nothing
        others = outcome.also_correct[piece, mine] if len(outcome.also_correct) > 0 else nothing
        nonzeros.evaluate(
            scratch, part, also, rows, packed[block], n_outputs, chosen[mine], losses,
            outcome.correct[piece, mine], others,
        )  # fmt: skip


@compiled
def sum_dense(scratch, counter, per_job, part, scaling, models, chosen, sums, totals):
    """Add up loss and gradient of `per_job` models on a piece of the rows a job; see `Totals`."""
    pieces = len(totals.loss)
    rows_per_piece = -(-len(part.rows) // pieces)
    while True:
        piece, group = divmod(next_job(counter), -(-len(chosen) // per_job))
        if piece >= pieces:
            return
        first, last = group * per_job, min((group + 1) * per_job, len(chosen))
        rows = part.rows[piece * rows_per_piece : (piece + 1) * rows_per_piece]
        total(
            scratch, part, rows, scaling, models, first, last, chosen, sums, totals.loss[piece],
            totals.weights[piece], totals.bias[piece],
        )  # fmt: skip


@compiled
def sum_csr(scratch, counter, part, models, chosen, totals):
    """Add up loss and gradient of one model on a piece of the rows a job; see `Totals`."""
    pieces = len(totals.loss)
    rows_per_piece = -(-len(part.rows) // pieces)
    while True:
        piece, j = divmod(next_job(counter), len(chosen))
        if piece >= pieces:
            return
        rows = part.rows[piece * rows_per_piece : (piece + 1) * rows_per_piece]
        csr.total(
            scratch, part, rows, models, chosen, j, totals.loss[piece], totals.weights[piece],
            totals.bias[piece],
        )  # fmt: skip
