"""Schedules: the factor that multiplies the learning rate at update ``t = 0, 1, 2, ...``."""

from math import isfinite
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, clone

from skml_lecture.validation import check_option

__all__ = ["Constant", "InverseSqrt", "Settling"]


class Constant(BaseEstimator):
    """The same rate at every update."""

    def __call__(self, t: int) -> float:  # noqa: ARG002 (every schedule is a function of t)
        """Return 1."""
        return 1.0


class InverseSqrt(BaseEstimator):
    r"""The lecture's decay, :math:`\eta^t = \eta / \sqrt{t + 1}`."""

    def __call__(self, t: int) -> float:
        """Return the factor of update ``t``."""
        return 1 / np.sqrt(t + 1)


class Settling(BaseEstimator):
    r"""Constant at first, then :math:`\sqrt{T / (t + 1)}`, down to a least factor.

    Parameters
    ----------
    constant : float, default=8.0
        The number T of updates before it falls.

    least : float, default=0.0
        Where it stops falling.
    """

    def __init__(self, constant: float = 8.0, least: float = 0.0) -> None:
        self.constant = constant
        self.least = least

    def __call__(self, t: int) -> float:
        """Return the factor of update ``t``."""
        return max(min(np.sqrt(self.constant / (t + 1)), 1.0), self.least)


SCHEDULES = {"constant": Constant, "inv_sqrt": InverseSqrt}


def resolve_schedule(schedule):
    """Return the schedule: the one called by that name, or the callable given.

    Of one with hyper-parameters it is a copy, as of optimizers.
    """
    if isinstance(schedule, BaseEstimator):
        return clone(schedule)
    if callable(schedule):
        return schedule
    return SCHEDULES[check_option("schedule", schedule, SCHEDULES)]()


def scheduled_rate(rate, schedule, t):
    """Return the learning rate of update ``t``, which must be finite and not negative."""
    factor = schedule(t)
    if not (isinstance(factor, Real) and isfinite(factor) and factor >= 0):
        raise ValueError(
            f"schedule must return a finite number >= 0 for every update, "
            f"got {factor!r} at update {t}."
        )
    return rate * float(factor)
