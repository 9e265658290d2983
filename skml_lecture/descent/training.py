"""The loop: epochs, batches, the rate, stopping. It does not know what is being learnt."""

import copy
import math

import numpy as np

from skml_lecture.data import quiet
from skml_lecture.descent.schedules import Constant, scheduled_rate

DIVERGED = (
    "The descent diverged: the loss became {loss} at update {t} with learning_rate={rate:.3g}. "
    "Use a smaller learning_rate, or scale the features (a StandardScaler in front)."
)

NOT_IN_PLACE = (
    "update of {0.__name__} must change theta in place, as in theta -= rate * gradient, and "
    "return None; it {1}."
)

_PATIENCE = 100  # updates after which parameters have moved, if they ever do


@quiet  # checked for explicitly
def descend(
    view, state, optimizer, *, max_iter, batches=None, schedule=None, adapt=False,
    reshape=None, arrived=None, after_epoch=None, restart_every=None,
):  # fmt: skip
    """Take up to ``max_iter`` epochs of steps downhill.

    Parameters
    ----------
    view : callable
        ``view(u, batch) -> (loss, gradient)``; batch None stands for all rows.

    state : State
        Where to start from; written into.

    optimizer : Optimizer
        The rule of the step.

    max_iter : int
        Number of epochs.

    batches : callable or None, default=None
        ``batches()`` gives the batches of one epoch, each with a length. None: one batch of all
        rows, whose loss and gradient are recorded after the step.

    schedule : callable or None, default=None
        Factor of the learning rate ``state.rate`` at update ``t``. None: constant.

    adapt : bool, default=False
        Full batch only: whether to follow the curvature met on the way with the rate, and to
        take back steps that climb.

    reshape : Reshape or None, default=None
        With ``adapt`` only: what may go to other coordinates before and after every step.

    arrived : callable or None, default=None
        Full batch only: ``arrived(state) -> bool`` at the start, True takes no step.

    after_epoch : callable or None, default=None
        ``after_epoch(state) -> bool``, True stops.

    restart_every : int or None, default=None
        Batches only: the number of updates after which momentum starts anew. None: never.

    Returns
    -------
    state : State
        Where the descent stands; ``stopped`` where ``arrived`` or ``after_epoch`` ended it.
    """
    schedule = Constant() if schedule is None else schedule
    state.stopped, state.n_epochs = False, 0
    if batches is None:
        if state.accepted is not None and _stands_there(view, state):
            _, gradient, loss = state.accepted
            gradient = gradient.copy()
        else:
            state.accepted = None
            loss, gradient = _evaluate(view, state, optimizer, adapt)
        if arrived is not None and arrived(state):
            state.loss_curve = state.loss_curve or [loss]
            state.stopped = True
            return state
    for _ in range(max_iter):
        if batches is None:
            if reshape is not None:
                view, state, gradient = reshape.before_step(view, state, gradient)
            _step(state, optimizer, gradient, schedule)
            before = state.accepted
            loss, gradient = _evaluate(view, state, optimizer, adapt)
            state.loss_curve.append(loss)
            if reshape is not None:
                view, state, gradient = reshape.after_step(view, state, gradient, before)
        else:
            _epoch(view, state, optimizer, batches(), schedule, restart_every)
        state.n_epochs += 1
        if after_epoch is not None and after_epoch(state):
            state.stopped = True
            break
    return state


def _stands_there(view, state):
    """Say whether loss and gradient are, but for rounding, those of the last accepted step.

    Then an earlier call ended here, and to go on with its numbers is to go on bit for bit. The
    rows may be others all the same, and at zero parameters they have the same loss, too.
    """
    (_, before, value), (loss, gradient) = state.accepted, view(state.u, None)
    eps = np.finfo(gradient.dtype).eps
    if not abs(loss - value) <= 16 * eps * abs(value):
        return False
    change, size = np.linalg.norm(gradient - before), np.linalg.norm(before)
    return bool(change <= max(math.sqrt(eps) * size, 16 * eps))


def _step(state, optimizer, gradient, schedule):
    """Take one step of the optimizer."""
    rate = scheduled_rate(state.rate, schedule, state.t)
    before = None if state.checked else state.u.copy()
    moved = optimizer.update(state.u, gradient, state.memory, rate)
    if moved is not None and moved is not state.u:
        raise TypeError(NOT_IN_PLACE.format(type(optimizer), f"returned {type(moved).__name__}"))
    if before is not None and rate > 0 and gradient.any():
        downhill = (before - rate * gradient != before).any()  # more than rounding
        stays = downhill and (state.u == before).all()
        if stays and not _moves_later(state, optimizer, gradient, rate):
            raise TypeError(NOT_IN_PLACE.format(type(optimizer), "left theta as it was"))
        state.checked = True
    state.t += 1


def _moves_later(state, optimizer, gradient, rate):
    """Say whether more updates change a copy: some warm up, or wait for several gradients."""
    theta, memory = state.u.copy(), copy.deepcopy(state.memory)
    for _ in range(_PATIENCE):
        optimizer.update(theta, gradient.copy(), memory, rate)
    return (theta != state.u).any()


@quiet  # what is not finite is found by the checks
def _epoch(view, state, optimizer, batches, schedule, restart_every):
    """Take one step per batch and record the mean of their losses."""
    total, count = 0.0, 0
    for batch in batches:
        if restart_every is not None and state.t % restart_every == 0:
            optimizer.restart(state.memory)
        loss, gradient = view(state.u, batch)
        if not math.isfinite(loss):
            _check(loss, gradient, state)
        _step(state, optimizer, gradient, schedule)
        total += loss * len(batch)
        count += len(batch)
    _check(total, state.u, state)  # what a gradient spoils, it spoils for good
    state.loss_curve.append(total / count)


def _evaluate(view, state, optimizer, adapt):
    """Return loss and gradient of all rows at ``u``, taking back steps where asked to."""
    loss, gradient = view(state.u, None)
    halve = False
    while adapt and _climbed(state, loss, gradient):
        _take_back(state, optimizer, halve)
        loss, gradient = view(state.u, None)
        halve = True  # a plain step that climbs is too long
    _check(loss, gradient, state)
    if adapt:
        _follow_curvature(state, gradient)
        state.accepted = state.u.copy(), gradient.copy(), loss
    state.gradient_norm = float(np.linalg.norm(gradient))
    return loss, gradient


def _check(loss, vector, state):
    """Raise where the loss, or a gradient or the parameters, are no longer numbers."""
    if not (np.isfinite(loss) and np.isfinite(vector).all()):
        raise ValueError(DIVERGED.format(loss=loss, t=state.t, rate=state.rate))


def _climbed(state, loss, gradient):
    """Say whether the last step was uphill beyond rounding and can still be taken back."""
    if state.accepted is None or not state.rate > 1e-30 or (state.u == state.accepted[0]).all():
        return False
    before = state.accepted[2]
    slack = 8 * np.finfo(gradient.dtype).eps * abs(before)
    return not (loss <= before + slack and np.isfinite(gradient).all())


def _take_back(state, optimizer, halve):
    """Take a plain step from the last point instead, a shorter one where momentum had no part."""
    u, gradient, _ = state.accepted
    if not optimizer.restart(state.memory) or halve:
        state.rate /= 2
    if halve:  # also what its restart may have left
        state.memory = optimizer.init(u)
    state.u[...] = u
    optimizer.update(state.u, gradient, state.memory, state.rate)


def _follow_curvature(state, gradient):
    """Let the rate grow slowly, at most to the inverse curvature of the last step."""
    if state.accepted is None:
        return
    change = gradient - state.accepted[1]
    along, square = float(change @ (state.u - state.accepted[0])), float(change @ change)
    if along > 0 and square > 0:  # a square of next to nothing is nothing
        state.rate = min(1.5 * state.rate, along / square)
