"""Pieces of one's own, as the type checker sees them: ``mypy`` reads this file, nothing runs it.

Where a piece departs from its protocol, the comment names what the type checker must say.
"""

from typing import Any

import numpy as np

from skml_lecture.descent.activations import Activation
from skml_lecture.descent.losses import Loss
from skml_lecture.descent.optimizers import Optimizer
from skml_lecture.descent.schedules import InverseSqrt
from skml_lecture.distributions import Distribution
from skml_lecture.statistics import Moments, Summary


class Square(Loss):
    def value(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.sum((y - z) ** 2, axis=1)

    def gradient(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return 2 * (z - y)

    def hessian(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.broadcast_to(2 * np.eye(z.shape[1]), (*z.shape, z.shape[1]))


class Turned(Activation):
    def value(self, z: np.ndarray) -> np.ndarray:  # type: ignore[override]
        return -z

    def derivative(self, a: np.ndarray) -> float:  # type: ignore[override]
        return -1.0


class Sign(Optimizer):
    def update(
        self, theta: np.ndarray, gradient: np.ndarray, state: dict[str, Any], rate: float
    ) -> None:
        theta -= rate * np.sign(gradient)


class Swapped(Optimizer):
    def update(self, gradient: np.ndarray, theta: np.ndarray) -> None:  # type: ignore[override]
        theta -= gradient


class Exponential(Distribution):
    def parameters(self, statistic: Any) -> dict[str, np.ndarray]:
        return {"rate": statistic.weight / statistic.sums[0]}

    def log_density(self, X: np.ndarray, **parameters: np.ndarray) -> np.ndarray:
        return np.log(parameters["rate"]) - parameters["rate"] * X

    def sample(self, random_state: np.random.RandomState, **parameters: np.ndarray) -> np.ndarray:
        return random_state.exponential(1 / parameters["rate"])


def half(t: int) -> float:
    return InverseSqrt()(t) / 2


def rest(whole: Summary, part: Summary) -> Summary:
    return 0.5 * (whole - part) + part


def variance(X: list[list[float]]) -> np.ndarray:
    both = Moments.from_samples(X) + Moments.from_samples(X) * 0.5
    return both.covariance.diagonal()


def misused() -> None:
    Square().value(np.ones((2, 1)), np.ones((2, 1)))
    Exponential().log_density("a word")  # type: ignore[arg-type]
    Moments.from_samples([[1.0]]) + 1.0  # type: ignore[operator]
