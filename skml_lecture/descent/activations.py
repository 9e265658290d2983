"""Activations of hidden units: value beside the derivative, which reads the stored output."""

# ruff: noqa: D102 (the interface documents what its members share)

from abc import ABC, abstractmethod

import numpy as np
from sklearn.base import BaseEstimator, clone

from skml_lecture.validation import lecture_hint

__all__ = ["Activation", "Identity", "LeakyRelu", "Logistic", "Relu", "Tanh"]


class Activation(BaseEstimator, ABC):
    """An element-wise function ``a = value(z)`` whose derivative is a function of ``a``."""

    gain: float = 2.0
    """Initial weights have variance ``gain / (fan_in + fan_out)``: keeps signals their size."""

    @abstractmethod
    def value(self, z: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return the activation of ``z``.

        Parameters
        ----------
        z : ndarray
            Pre-activations.

        out : ndarray or None, default=None
            Where to write; may be ``z``.

        Returns
        -------
        a : ndarray
            The activations.
        """

    @abstractmethod
    def derivative(self, a: np.ndarray) -> np.ndarray:
        """Return the derivative at the point whose activation is ``a``.

        Parameters
        ----------
        a : ndarray
            Activations that ``value`` returned.

        Returns
        -------
        derivative : ndarray
            Of the shape of ``a``.
        """

    def pull_back(self, delta: np.ndarray, a: np.ndarray) -> None:
        """Multiply ``delta`` by the derivative, in place.

        Parameters
        ----------
        delta : ndarray
            The gradient with respect to ``a``; with respect to the pre-activations afterwards.

        a : ndarray
            Activations that ``value`` returned; may be overwritten.
        """
        delta *= self.derivative(a)


class Logistic(Activation):
    """The sigmoid ``1 / (1 + exp(-z))``; in single precision ``(1 + tanh(z / 2)) / 2``.

    Each is the quicker one there, on processors with AVX-512 and without.
    """

    gain: float = 32.0  # the slope at zero is 1/4, and (1/4)^2 * 32 = 2

    def value(self, z: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        if z.dtype == np.float64:
            a = np.negative(z, out=out)
            with np.errstate(over="ignore", under="ignore"):  # then a is 0 or 1
                np.exp(a, out=a)
            a += 1
            return np.reciprocal(a, out=a)
        a = np.multiply(z, 0.5, out=out)
        np.tanh(a, out=a)
        a *= 0.5
        a += 0.5
        return a

    def derivative(self, a: np.ndarray) -> np.ndarray:
        return a * (1 - a)

    def pull_back(self, delta: np.ndarray, a: np.ndarray) -> None:
        delta *= a
        np.subtract(1, a, out=a)
        delta *= a


class Tanh(Activation):
    """The hyperbolic tangent."""

    def value(self, z: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        return np.tanh(z, out=out)

    def derivative(self, a: np.ndarray) -> np.ndarray:
        return 1 - a * a

    def pull_back(self, delta: np.ndarray, a: np.ndarray) -> None:
        a *= a
        np.subtract(1, a, out=a)
        delta *= a


class Relu(Activation):
    """The rectifier ``max(0, z)``; the unit is dropped at ``z = 0``."""

    gain: float = 4.0  # half of the units are silent

    def value(self, z: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        return np.maximum(z, np.zeros_like(z[..., :1]), out=out)  # quicker than with a number

    def derivative(self, a: np.ndarray) -> np.ndarray:
        return (a > 0).astype(a.dtype)

    def pull_back(self, delta: np.ndarray, a: np.ndarray) -> None:
        delta *= a > 0


class LeakyRelu(Activation):
    """The leaky rectifier: ``z`` where positive, ``0.01 z`` elsewhere."""

    gain: float = 4.0

    def value(self, z: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        return np.maximum(z, 0.01 * z, out=out)

    def derivative(self, a: np.ndarray) -> np.ndarray:
        return np.where(a > 0, a.dtype.type(1), a.dtype.type(0.01))


class Identity(Activation):
    """No activation: the layer is linear."""

    def value(self, z: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        return np.positive(z, out=out)

    def derivative(self, a: np.ndarray) -> np.ndarray:
        return np.ones_like(a)

    def pull_back(self, delta: np.ndarray, a: np.ndarray) -> None:
        pass


ACTIVATIONS = {
    "identity": Identity,
    "leaky_relu": LeakyRelu,
    "logistic": Logistic,
    "relu": Relu,
    "tanh": Tanh,
}


def resolve_activation(activation):
    """Return an activation: the one called by that name, or a copy of the one given."""
    if isinstance(activation, Activation):
        return clone(activation)
    if not (isinstance(activation, str) and activation in ACTIVATIONS):
        names = ", ".join(repr(name) for name in ACTIVATIONS)
        raise ValueError(
            f"activation must be one of {names} or an Activation instance, got {activation!r}."
            + lecture_hint("activation", activation)
        )
    return ACTIVATIONS[activation]()
