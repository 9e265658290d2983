"""The loop: epochs, batches, the rate, stopping. It does not know what is being learnt."""

import math
from dataclasses import dataclass, field

import numpy as np

from skml_lecture.descent.schedules import Constant, scheduled_rate

DIVERGED = (
    "The descent diverged: the loss became {loss} at update {t} with learning_rate={rate:.3g}. "
    "Use a smaller learning_rate, or scale the features (a StandardScaler in front)."
)


@dataclass
class Progress:
    """Where a descent stands: all that the next epoch needs, picklable."""

    theta: np.ndarray
    state: dict
    t: int = 0
    rate: float = 1.0
    loss_curve: list = field(default_factory=list)
    gradient_norm: float = np.inf
    epochs_since_reshape: int = 0
    accepted: tuple | None = None  # theta, gradient, loss of the last step that was kept


@np.errstate(over="ignore", invalid="ignore")  # checked for explicitly
def descend(
    objective, progress, optimizer, *, max_iter, batches=None, schedule=None, adapt=False,
    reshape=None, arrived=None, after_epoch=None,
):  # fmt: skip
    """Take up to ``max_iter`` epochs of steps downhill, changing ``progress``.

    Parameters
    ----------
    objective : callable
        ``objective(theta, batch) -> (loss, gradient)``; batch None stands for all rows.

    progress : Progress
        Where to start from; where the descent stands afterwards.

    optimizer : Optimizer
        The rule of the step.

    max_iter : int
        Number of epochs.

    batches : callable or None, default=None
        ``batches()`` gives the batches of one epoch, each with a length. None: one batch of all
        rows, whose loss and gradient are recorded after the step.

    schedule : callable or None, default=None
        Factor of the learning rate ``progress.rate`` at update ``t``. None: constant.

    adapt : bool, default=False
        Full batch only: whether to follow the curvature met on the way with the rate, and to
        take back steps that climb.

    reshape : callable or None, default=None
        Full batch only: ``reshape(progress, gradient) -> gradient`` before every step; may
        change the coordinates.

    arrived : callable or None, default=None
        Full batch only: ``arrived(progress) -> bool`` at the start, True takes no step.

    after_epoch : callable or None, default=None
        ``after_epoch(progress) -> bool``, True stops.

    Returns
    -------
    stopped : bool
        Whether ``arrived`` or ``after_epoch`` stopped the descent.
    """
    schedule = Constant() if schedule is None else schedule
    if batches is None:
        progress.accepted = None  # of a descent that is resumed, maybe on another objective
        loss, gradient = _evaluate(objective, progress, optimizer, adapt)
        if arrived is not None and arrived(progress):
            progress.loss_curve = progress.loss_curve or [loss]
            return True
    for _ in range(max_iter):
        if batches is None:
            gradient = gradient if reshape is None else reshape(progress, gradient)
            _step(progress, optimizer, gradient, schedule)
            loss, gradient = _evaluate(objective, progress, optimizer, adapt)
            progress.loss_curve.append(loss)
        else:
            _epoch(objective, progress, optimizer, batches(), schedule)
        if after_epoch is not None and after_epoch(progress):
            return True
    return False


def _step(progress, optimizer, gradient, schedule):
    """Take one step of the optimizer."""
    rate = scheduled_rate(progress.rate, schedule, progress.t)
    optimizer.update(progress.theta, gradient, progress.state, rate)
    progress.t += 1


@np.errstate(over="ignore", invalid="ignore")  # what is not finite is found by the checks
def _epoch(objective, progress, optimizer, batches, schedule):
    """Take one step per batch and record the mean of their losses."""
    total, count = 0.0, 0
    for batch in batches:
        loss, gradient = objective(progress.theta, batch)
        if not math.isfinite(loss):
            _check(loss, gradient, progress)
        _step(progress, optimizer, gradient, schedule)
        total += loss * len(batch)
        count += len(batch)
    _check(total, progress.theta, progress)  # what a gradient spoils, it spoils for good
    progress.loss_curve.append(total / count)


def _evaluate(objective, progress, optimizer, adapt):
    """Return loss and gradient of all rows at ``theta``, taking back steps where asked to."""
    loss, gradient = objective(progress.theta, None)
    while adapt and _climbed(progress, loss, gradient):
        _take_back(progress, optimizer)
        loss, gradient = objective(progress.theta, None)
    _check(loss, gradient, progress)
    if adapt:
        _follow_curvature(progress, gradient)
        progress.accepted = progress.theta.copy(), gradient.copy(), loss
    progress.gradient_norm = float(np.linalg.norm(gradient))
    return loss, gradient


def _check(loss, vector, progress):
    """Raise where the loss, or a gradient or the parameters, are no longer numbers."""
    if not (np.isfinite(loss) and np.isfinite(vector).all()):
        raise ValueError(DIVERGED.format(loss=loss, t=progress.t, rate=progress.rate))


def _climbed(progress, loss, gradient):
    """Say whether the last step was uphill beyond rounding and can still be taken back."""
    if progress.accepted is None or not progress.rate > 1e-30:
        return False
    before = progress.accepted[2]
    slack = 8 * np.finfo(gradient.dtype).eps * abs(before)
    return not (loss <= before + slack and np.isfinite(gradient).all())


def _take_back(progress, optimizer):
    """Return to the last point, forget the momentum, and halve the rate of a plain step."""
    theta, gradient, _ = progress.accepted
    momentum_free = progress.state.get("inertia", 2.0) <= 2.0
    if momentum_free:
        progress.rate /= 2
    progress.theta[...] = theta
    progress.state = optimizer.init(progress.theta)
    optimizer.update(progress.theta, gradient, progress.state, progress.rate)


def _follow_curvature(progress, gradient):
    """Let the rate grow slowly, at most to the inverse curvature of the last step."""
    if progress.accepted is None:
        return
    change = gradient - progress.accepted[1]
    along = float(change @ (progress.theta - progress.accepted[0]))
    if along > 0:
        progress.rate = min(1.5 * progress.rate, along / float(change @ change))
