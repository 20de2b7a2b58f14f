"""The steps of some models on dense data, batch after batch; those of one output four at a time.

Models of one output lie one after the other as the classes of one model do, and the tiles of
classes serve them, each with a rate and a penalty of its own. Their scores lie by model, so that a
lane of what makes residuals of them is an example.
"""

from __future__ import annotations

import numpy as np

from onelayer.engines.compiled.compiler import VECTOR_BYTES, inlined, inner
from onelayer.engines.compiled.dense import FEATURE_BYTES, ROWS, TOGETHER, VECTORS, gather, step
from onelayer.engines.compiled.dot_tiles import make_dot_tile
from onelayer.engines.compiled.logistic_tiles import logistic_tile
from onelayer.engines.compiled.residuals import mark_positives
from onelayer.engines.compiled.tiles import make_outer_tile
from onelayer.engines.compiled.update import follow_all, kept, step_bias

_dot_models = make_dot_tile(ROWS, TOGETHER, by_class=True)
_outer_models = make_outer_tile(TOGETHER, VECTORS, by_class=True)
_outer_models_rest = make_outer_tile(TOGETHER, 1, by_class=True)


@inlined
def are_together(chosen, j, last, part, carried):
    """Whether so many from chosen[j] on lie in turn, and make plain steps without weights."""
    if j + TOGETHER > last:
        return False
    m, alike = chosen[j], True
    for g in range(TOGETHER):
        alike &= chosen[j + g] == m + g and carried.velocity_of[m + g] < 0
        alike &= part.places[m + g] < 0
    return alike


@inner
def add_up_together(residuals, terms, n, losses, totals):
    """Add up the losses and the residuals of n examples, model by model.

    A sum waits for itself at each example, and those of other models are made meanwhile.
    """
    loss_0, loss_1, loss_2, loss_3 = 0.0, 0.0, 0.0, 0.0
    zero = residuals.dtype.type(0)  # a product with 0 would be float64
    total_0, total_1, total_2, total_3 = zero, zero, zero, zero
    for i in range(n):
        loss_0 += terms[0, i]
        loss_1 += terms[1, i]
        loss_2 += terms[2, i]
        loss_3 += terms[3, i]
        total_0 += residuals[0, i]
        total_1 += residuals[1, i]
        total_2 += residuals[2, i]
        total_3 += residuals[3, i]
    losses[0], losses[1], losses[2], losses[3] = loss_0, loss_1, loss_2, loss_3
    totals[0], totals[1], totals[2], totals[3] = total_0, total_1, total_2, total_3


@inlined
def step_together(scratch, n, m, models, rates, rule, room):
    """Do `step` by n gathered examples for so many models from m on, but for their averages.

    ``room`` are four arrays of a number a model: it gets the losses, and is used for the rest.
    """
    x = scratch.x
    z = scratch.z.reshape(TOGETHER, len(scratch.z) // TOGETHER)
    terms = scratch.terms.logs[: len(scratch.z)].reshape(z.shape)
    losses, totals, keep, by = room
    W, bias = models.W[m : m + TOGETHER].reshape(TOGETHER, x.shape[1]), models.bias
    at_once = FEATURE_BYTES // W.itemsize
    for f in range(0, W.shape[1], at_once):
        count = min(at_once, W.shape[1] - f)
        for first in range(0, n, ROWS):
            _dot_models(x, first, W, 0, f, count, z)
    for g in range(TOGETHER):
        logistic_tile(z, g, n, bias[m + g, 0], scratch.terms.exponentials, terms)
    add_up_together(z, terms, n, losses, totals)
    for g in range(TOGETHER):
        rate, l2 = rates[g], rule.l2[m + g]
        step_bias(bias[m + g], 0, totals[g], n, rate, l2, rule.on_bias[m + g])
        keep[g], by[g] = kept(rate, l2, W), -rate / W.dtype.type(n)
    lanes = VECTOR_BYTES // W.itemsize
    whole = W.shape[1] // (VECTORS * lanes) * VECTORS * lanes
    for f in range(0, whole, VECTORS * lanes):
        _outer_models(x, n, z, 0, f, W, keep, by)
    for f in range(whole, W.shape[1], lanes):
        _outer_models_rest(x, n, z, 0, f, W, keep, by)


@inlined
def advance(scratch, part, steps, scaling, models, rule, carried, first, last, chosen, losses):
    """Make all steps, with each of some models in turn.

    Parameters
    ----------
    scratch : Scratch
    part : Part
    steps : Steps
    scaling : (2, padded)
        Scale and offset of each feature.
    models : Models
        Updated in place.
    rule : Rule
    carried : Carried
        Updated in place.
    first, last : int
        Those of `chosen` from first to before last are trained.
    chosen : int array
        The numbers of the models that take part.
    losses : (len(chosen), steps)
        Gets the mean losses before the updates.
    """
    W, bias, one = models.W, models.bias, models.W.dtype.type(1)
    single = W.shape[1] == 1
    room = (
        np.empty(TOGETHER), np.empty(TOGETHER, W.dtype), np.empty(TOGETHER, W.dtype),
        np.empty(TOGETHER, W.dtype),
    )  # fmt: skip
    for s in range(losses.shape[1]):
        rows = steps.rows[steps.offsets[s] : steps.offsets[s + 1]]
        gather(part.X, rows, scaling, scratch.x)
        j, marked = first, False
        while j < last:
            # Of labels in a matrix Numba leaves this out.
            if part.targets.ndim == 1 and single and are_together(chosen, j, last, part, carried):
                if not marked:  # and a model alone leaves the same marks
                    mark_positives(part.targets, rows, scratch.terms.exponentials)
                    marked = True
                m = chosen[j]
                step_together(
                    scratch, len(rows), m, models, steps.rates[j : j + TOGETHER, s], rule, room
                )
                for g in range(TOGETHER):
                    losses[j + g, s] = room[0][g] / len(rows)
                    if carried.average_of[m + g] >= 0:
                        share = steps.averaging[j + g, s]
                        follow_all(m + g, W[m + g], one, bias[m + g], share, carried)
                j += TOGETHER
                continue
            m = chosen[j]
            share = steps.averaging[j, s] if carried.average_of[m] >= 0 else one
            losses[j, s] = step(
                scratch, part, rows, m, W[m], bias[m], steps.rates[j, s], share, rule, carried
            )
            j += 1
