"""Optimizers: each is its formula, applied in place to one flat parameter vector."""

# ruff: noqa: D102 (the interface documents what its members share)

from abc import ABC, abstractmethod
from math import sqrt
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from skml_lecture.data import free_threads, quiet, run_in_threads, runs_of
from skml_lecture.validation import check_flag, check_real, lecture_hint

__all__ = [
    "Adagrad",
    "Adam",
    "GradientDescent",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSProp",
]

BLOCK = 2**16  # elements: fewer stay in a nearer cache, but threads meet after every step


def _blocks(*arrays):
    """Walk vectors of one length together, in slices that the cache holds."""
    if len(arrays[0]) <= BLOCK:
        yield arrays
        return
    for start in range(0, len(arrays[0]), BLOCK):
        yield tuple(array[start : start + BLOCK] for array in arrays)


class Optimizer(BaseEstimator, ABC):
    """A rule that turns a gradient into a step.

    Hyper-parameters are on the object; what is learnt is in the state that ``init`` returns and
    ``update`` changes: a dict of arrays and numbers. The learning rate comes with every call.
    """

    auto_rate: float | None = None
    """The learning rate of ``learning_rate="auto"``; None: take it from the curvature."""

    gain = 1.0
    """How many steps one gradient adds up to: of batches, so many times the noise of one step."""

    def init(self, theta: np.ndarray) -> dict[str, Any]:
        """Return the state before the first update.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            The parameters at the start.

        Returns
        -------
        state : dict
            Numbers and arrays, picklable.
        """
        return {}

    def restart(self, state: dict[str, Any]) -> bool:
        """Forget the momentum, in place: the next step is downhill, as the first one was.

        What is remembered of the size of the gradients stays.

        Parameters
        ----------
        state : dict
            What ``init`` returned and updates changed.

        Returns
        -------
        had_momentum : bool
            Whether the last step was more than one down its gradient.
        """
        return False

    @abstractmethod
    def update(
        self, theta: np.ndarray, gradient: np.ndarray, state: dict[str, Any], rate: float
    ) -> None:
        """Take one step: change ``theta`` and ``state`` in place, and return nothing.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            The parameters.

        gradient : ndarray of shape (n_parameters,)
            The gradient at ``theta``.

        state : dict
            What ``init`` returned and earlier updates changed.

        rate : float
            The learning rate of this step.
        """


class GradientDescent(Optimizer):
    r"""Gradient descent, :math:`\theta \leftarrow \theta - \eta g`."""

    def update(
        self, theta: np.ndarray, gradient: np.ndarray, state: dict[str, Any], rate: float
    ) -> None:
        for w, g in _blocks(theta, gradient):
            w -= rate * g


class Momentum(Optimizer):
    r"""Gradient descent with momentum, :math:`v \leftarrow \lambda v - \eta g`.

    The step is :math:`\theta \leftarrow \theta + v`; ``v`` starts at zero.

    Parameters
    ----------
    momentum : float, default=0.9
        The share :math:`\lambda` of the last step that is kept, in [0, 1).
    """

    def __init__(self, momentum=0.9):
        self.momentum = momentum

    @property
    def gain(self):
        """The sum of the decayed steps, ``1 / (1 - momentum)``."""
        return 1 / (1 - self.momentum)

    def init(self, theta: np.ndarray) -> dict[str, Any]:
        _check_share("momentum", self.momentum)
        return {"velocity": np.zeros_like(theta)}

    def restart(self, state: dict[str, Any]) -> bool:
        state["velocity"][...] = 0
        return False  # of what came before, the velocity alone does not tell

    def update(
        self, theta: np.ndarray, gradient: np.ndarray, state: dict[str, Any], rate: float
    ) -> None:
        for w, g, v in _blocks(theta, gradient, state["velocity"]):
            v *= self.momentum
            v -= rate * g
            w += v


class Nesterov(Optimizer):
    r"""Nesterov's accelerated gradient with restart.

    From the point :math:`y_t` at which the gradient is taken,

    .. math::
        x_{t+1} = y_t - \eta g, \quad
        y_{t+1} = x_{t+1} + \frac{s_t - 1}{s_{t+1}} (x_{t+1} - x_t), \quad
        s_{t+1} = \frac{1 + \sqrt{1 + 4 s_t^2}}{2}, \; s_0 = 1.

    ``theta`` is :math:`y`. Where the step points uphill, :math:`g \cdot (x_{t+1} - x_t) > 0`,
    the momentum is dropped and starts anew, so that strong convexity is used without knowing it.

    Parameters
    ----------
    adaptive_restart : bool, default=True
        Whether to drop the momentum where it points uphill.

    References
    ----------
    B. O'Donoghue, E. Candes, "Adaptive restart for accelerated gradient schemes", Foundations of
    Computational Mathematics 15 (2015), section 3.2.
    """

    def __init__(self, adaptive_restart=True):
        self.adaptive_restart = adaptive_restart

    def init(self, theta: np.ndarray) -> dict[str, Any]:
        check_flag("adaptive_restart", self.adaptive_restart)
        return {"inertia": 1.0, "previous": theta.copy()}

    def restart(self, state: dict[str, Any]) -> bool:
        had_momentum = state["inertia"] > 2  # it is less after one step from rest
        state["inertia"] = 1.0
        return had_momentum

    def update(
        self, theta: np.ndarray, gradient: np.ndarray, state: dict[str, Any], rate: float
    ) -> None:
        uphill = 0.0
        for y, g, x in _blocks(theta, gradient, state["previous"]):
            y -= rate * g
            uphill += float(g @ (y - x))
        last = 1.0 if self.adaptive_restart and uphill > 0 else state["inertia"]
        state["inertia"] = float(1 + np.sqrt(1 + 4 * last**2)) / 2
        share = (last - 1) / state["inertia"]
        for y, x in _blocks(theta, state["previous"]):
            step = y - x
            x[...] = y
            step *= share
            y += step


class Adagrad(Optimizer):
    r"""Adagrad: steps divided by the root of all squared gradients so far.

    .. math::
        \theta_i \leftarrow \theta_i - \eta\, g_i^t / \sqrt{\sum_{j \le t} (g_i^j)^2}

    The current gradient is in the sum, so the first step is :math:`\eta\,\mathrm{sign}(g)`; a
    coordinate whose gradients were all zero stays.

    Parameters
    ----------
    epsilon : float, default=0.0
        Added to the root, >= 0. The lecture has none; a small one, such as 1e-8, keeps a gradient
        that is zero but for rounding from a whole step along its sign.
    """

    auto_rate: float | None = 0.1

    def __init__(self, epsilon=0.0):
        self.epsilon = epsilon

    def init(self, theta: np.ndarray) -> dict[str, Any]:
        check_real("epsilon", self.epsilon, min_val=0)
        return {"square_sum": np.zeros_like(theta)}

    def update(
        self, theta: np.ndarray, gradient: np.ndarray, state: dict[str, Any], rate: float
    ) -> None:
        for w, g, total in _blocks(theta, gradient, state["square_sum"]):
            total += g * g
            w -= rate * _ratio(g, np.sqrt(total) + self.epsilon)


class RMSProp(Optimizer):
    r"""RMSProp, :math:`\sigma_t^2 = \alpha \sigma_{t-1}^2 + (1 - \alpha) g_t^2`.

    The step is :math:`-\eta\, g_t / \sigma_t`, and :math:`\sigma_0 = |g_0|`: the first step is
    :math:`\eta\,\mathrm{sign}(g)`.

    Parameters
    ----------
    decay : float, default=0.9
        The weight :math:`\alpha` of the past, in [0, 1).

    epsilon : float, default=0.0
        Added to the root, >= 0. The lecture has none; a small one, such as 1e-8, keeps a gradient
        that is zero but for rounding from a whole step along its sign.
    """

    auto_rate: float | None = 0.001

    def __init__(self, decay=0.9, epsilon=0.0):
        self.decay = decay
        self.epsilon = epsilon

    def init(self, theta: np.ndarray) -> dict[str, Any]:
        _check_share("decay", self.decay)
        check_real("epsilon", self.epsilon, min_val=0)
        return {"t": 0, "square": np.zeros_like(theta)}

    def update(
        self, theta: np.ndarray, gradient: np.ndarray, state: dict[str, Any], rate: float
    ) -> None:
        decay = self.decay if state["t"] else 0.0
        state["t"] += 1
        for w, g, square in _blocks(theta, gradient, state["square"]):
            square *= decay
            square += (1 - decay) * g * g
            w -= rate * _ratio(g, np.sqrt(square) + self.epsilon)


class Adam(Optimizer):
    r"""Adam: RMSProp with momentum and bias correction.

    .. math::
        m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
        \theta \leftarrow \theta - \eta \hat m / (\sqrt{\hat v} + \epsilon),

    where :math:`\hat m = m / (1 - \beta_1^t)`, :math:`\hat v = v / (1 - \beta_2^t)`,
    with ``t = 1`` at the first update. The state holds the sums :math:`m / (1 - \beta_1)` and
    :math:`v / (1 - \beta_2)`, which take fewer passes to update.

    Parameters
    ----------
    beta_1 : float, default=0.9
        The memory of the mean gradient, in [0, 1).

    beta_2 : float, default=0.999
        The memory of the mean squared gradient, in [0, 1).

    epsilon : float, default=1e-8
        Added outside the root, >= 0.
    """

    auto_rate: float | None = 0.001

    def __init__(self, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def init(self, theta: np.ndarray) -> dict[str, Any]:
        _check_share("beta_1", self.beta_1)
        _check_share("beta_2", self.beta_2)
        check_real("epsilon", self.epsilon, min_val=0)
        return {"t": 0, "sum": np.zeros_like(theta), "square_sum": np.zeros_like(theta)}

    def restart(self, state: dict[str, Any]) -> bool:
        state["sum"][...] = 0
        return False

    def update(
        self, theta: np.ndarray, gradient: np.ndarray, state: dict[str, Any], rate: float
    ) -> None:
        state["t"] += 1
        root = sqrt((1 - self.beta_2 ** state["t"]) / (1 - self.beta_2))
        rate *= root * (1 - self.beta_1) / (1 - self.beta_1 ** state["t"])
        epsilon = self.epsilon * root

        def take(blocks):
            scratch = np.empty_like(theta[:BLOCK])
            for w, g, m, v in blocks:
                m *= self.beta_1
                m += g
                v *= self.beta_2
                s = np.multiply(g, g, out=scratch[: len(g)])
                v += s
                np.sqrt(v, out=s)
                s += epsilon
                np.divide(m, s, out=s, where=True if epsilon else s > 0)
                s *= rate
                w -= s

        blocks = _blocks(theta, gradient, state["sum"], state["square_sum"])
        if free_threads() > 1:
            run_in_threads(quiet(take), runs_of([*blocks]))
        else:
            take(blocks)


def _check_share(name, value):
    """Raise where a share of the past is not in [0, 1)."""
    check_real(name, value, min_val=0, max_val=1, include_boundaries="left")


def _ratio(numerator, denominator):
    """Divide, with 0 where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator != 0)


OPTIMIZERS = {
    "adagrad": Adagrad,
    "adam": Adam,
    "gd": GradientDescent,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSProp,
}


def resolve_optimizer(optimizer):
    """Return an optimizer: the one called by that name, or a copy of the one given."""
    if isinstance(optimizer, Optimizer):
        return clone(optimizer)
    if not (isinstance(optimizer, str) and optimizer in OPTIMIZERS):
        names = ", ".join(repr(name) for name in OPTIMIZERS)
        raise ValueError(
            f"optimizer must be one of {names} or an Optimizer instance, got {optimizer!r}."
            + lecture_hint("optimizer", optimizer)
        )
    return OPTIMIZERS[optimizer]()


def name_of(optimizer):
    """Return the name of an optimizer with its default hyper-parameters, else a copy of it."""
    for name, kind in OPTIMIZERS.items():
        if type(optimizer) is kind and optimizer.get_params() == kind().get_params():
            return name
    return clone(optimizer)
