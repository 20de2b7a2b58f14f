"""What a thread does in a round: one job after another, until none is left."""

from __future__ import annotations

import numpy as np

from onelayer.engines.compiled import csr, sparse
from onelayer.engines.compiled.compiler import compiled
from onelayer.engines.compiled.dense import advance, evaluate
from onelayer.engines.compiled.tiles import take_number

ROWS_A_PIECE = 256
"""Examples of one job of an evaluation; enough to be worth dealing out."""


@compiled
def work(
    counter, train, validation, batches, offsets, scaling, W, factors, bias, options, models,
    models_a_job, losses, before_W, before_bias, packed, models_a_block, shared, train_correct,
    validation_loss, validation_correct,
):  # fmt: skip
    """Do jobs until none is left; every thread calls this with the same arguments.

    The first jobs train some models each; then each evaluates some models, as they were before this
    round, on a piece of the rows. `counter` deals the jobs out. What a job computes does not depend
    on who does it, and each has its own place for results.

    Parameters
    ----------
    train, validation : parts of the data
        See `onelayer.engines.compiled.dense.advance`.
    W, factors : arrays, or array and None
        Without factors the models lie as `onelayer.engines.compiled.dense` has them, otherwise as
        `onelayer.engines.compiled.csr` has them.
    packed : (blocks, n_features + 1, padded)
        The models for `onelayer.engines.compiled.sparse`; without rows the data is dense.
    shared : bool
        Whether both parts are the same examples, if with other weights: then one pass serves both.
    train_correct, validation_correct, validation_loss : (pieces, len(models))
        No pieces: no evaluation.
    """
    training = -(-len(models) // models_a_job) if losses.shape[1] > 0 else 0
    blocks = -(-len(models) // models_a_block)
    on_validation = training + len(validation_correct) * blocks
    on_train = on_validation + (0 if shared else len(train_correct) * blocks)
    nothing = np.zeros(0)
    while True:
        job = take_number(counter)
        if job >= on_train:
            return
        if job < training:
            mine = slice(job * models_a_job, min((job + 1) * models_a_job, len(models)))
            if factors is None:
                advance(
                    train, batches, offsets, scaling, W, bias, options, models[mine], losses[mine]
                )
            else:
                csr.advance(
                    train, batches, offsets, W, factors, bias, options, models[mine], losses[mine]
                )
            continue
        piece, block = divmod(job - (training if job < on_validation else on_validation), blocks)
        mine = slice(block * models_a_block, min((block + 1) * models_a_block, len(models)))
        snapshot = scaling, before_W, before_bias, packed[block]
        if job < on_validation:
            also_correct = train_correct[piece, mine] if shared else nothing
            evaluate_piece(
                validation, train, piece, snapshot, models[mine], validation_loss[piece, mine],
                validation_correct[piece, mine], also_correct,
            )  # fmt: skip
        else:
            evaluate_piece(
                train, train, piece, snapshot, models[mine], nothing, train_correct[piece, mine],
                nothing,
            )  # fmt: skip


@compiled
def evaluate_piece(part, also, piece, snapshot, models, losses, correct, also_correct):
    """Evaluate models on one piece of a part, dense or sparse."""
    _, _, rows, _, _, _ = part
    scaling, W, bias, packed = snapshot
    some = rows[piece * ROWS_A_PIECE : (piece + 1) * ROWS_A_PIECE]
    if len(packed) > 0:
        sparse.evaluate(
            part, also, some, packed, bias.shape[1], models, losses, correct, also_correct
        )
    else:
        evaluate(part, also, some, scaling, W, bias, models, losses, correct, also_correct)


@compiled
def squared_norm(W, bias, include_bias):
    """Return the sum of squares of what a penalty covers, in float64."""
    total = 0.0
    for k in range(len(bias)):
        if include_bias:
            total += np.float64(bias[k]) ** 2
        for weight in W[k]:
            total += np.float64(weight) ** 2
    return total
