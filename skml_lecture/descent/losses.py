"""Losses of one sample from raw scores: value, gradient and Hessian side by side, in nats."""

# ruff: noqa: D102 (the interface documents what its members share)

from abc import ABC, abstractmethod

import numpy as np
from scipy.special import entr, expit, log_softmax, softmax
from sklearn.base import BaseEstimator, clone

from skml_lecture.validation import lecture_hint

__all__ = [
    "Loss",
    "SigmoidCrossEntropy",
    "SigmoidSquaredError",
    "SoftmaxCrossEntropy",
    "SoftmaxSquaredError",
]


class Loss(BaseEstimator, ABC):
    """A loss of the target ``y`` and the raw scores ``z``, one value per sample.

    Targets and scores have shape (n_samples, n_outputs): one column of 0 and 1 for each sigmoid
    unit, one-hot rows for the softmax. The caller weights the samples and sums over them.
    """

    output: str = "softmax"
    """What turns the scores into probabilities: "softmax", or "logistic" units."""

    curvature: float = 0.5
    """Bound on the eigenvalues of the Hessian in the scores: the largest safe step is 1 / it."""

    convex: bool = False
    """Whether the loss is convex in the scores, so that its Hessian is a curvature everywhere."""

    @abstractmethod
    def value(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return the loss of every sample.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_outputs)
            Targets.

        z : ndarray of shape (n_samples, n_outputs)
            Raw scores.

        Returns
        -------
        value : ndarray of shape (n_samples,)
            Never negative, finite for every finite score.
        """

    @abstractmethod
    def gradient(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return the derivative of the loss of every sample with respect to its scores.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_outputs)
            Targets.

        z : ndarray of shape (n_samples, n_outputs)
            Raw scores.

        Returns
        -------
        gradient : ndarray of shape (n_samples, n_outputs)
            One derivative per score.
        """

    @abstractmethod
    def hessian(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return the second derivatives of the loss of every sample by its scores.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_outputs)
            Targets.

        z : ndarray of shape (n_samples, n_outputs)
            Raw scores.

        Returns
        -------
        hessian : ndarray of shape (n_samples, n_outputs, n_outputs)
            A symmetric matrix per sample.
        """

    def value_and_gradient(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return ``value(y, z)`` and overwrite ``z`` with ``gradient(y, z)``.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_outputs)
            Targets.

        z : ndarray of shape (n_samples, n_outputs)
            Raw scores; the gradient afterwards.

        Returns
        -------
        value : ndarray of shape (n_samples,)
            The loss of every sample.
        """
        value = self.value(y, z)
        z[...] = self.gradient(y, z)
        return value


class SigmoidCrossEntropy(Loss):
    """Cross entropy of sigmoid units, ``-y ln s(z) - (1 - y) ln s(-z)``, summed over the units."""

    output: str = "logistic"
    curvature: float = 0.25
    convex: bool = True

    def value(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum(axis=1)

    def gradient(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return expit(z) - y

    def hessian(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:  # noqa: ARG002
        return _diagonal(expit(z) * expit(-z))

    def value_and_gradient(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        tail = np.exp(-np.abs(z))
        value = (np.maximum(z, 0) - y * z + np.log1p(tail)).sum(axis=1)
        np.divide(np.where(z >= 0, 1, tail), 1 + tail, out=z)
        z -= y
        return value


class SoftmaxCrossEntropy(Loss):
    """Cross entropy of the softmax of the scores, ``-sum_k y_k ln softmax(z)_k``."""

    convex: bool = True

    def value(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return -(y * log_softmax(z, axis=1)).sum(axis=1)

    def gradient(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return softmax(z, axis=1) - y

    def hessian(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:  # noqa: ARG002
        return _softmax_slopes(softmax(z, axis=1))

    def value_and_gradient(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        z -= z.max(axis=1, keepdims=True)
        target = (y * z).sum(axis=1)
        np.exp(z, out=z)
        total = z.sum(axis=1, keepdims=True)
        z /= total
        z -= y
        return np.log(total[:, 0]) - target


class SigmoidSquaredError(Loss):
    """Squared error of sigmoid units, ``(s(z) - y)^2``, summed over the units.

    The lecture's warning: its gradient ``2 (f - y) f (1 - f)`` vanishes far from the target.
    """

    output: str = "logistic"
    curvature: float = 0.16

    def value(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return ((expit(z) - y) ** 2).sum(axis=1)

    def gradient(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        f = expit(z)
        return 2 * (f - y) * f * (1 - f)

    def hessian(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        f, slope = expit(z), expit(z) * expit(-z)
        return _diagonal(2 * slope * (slope + (f - y) * (1 - 2 * f)))


class SoftmaxSquaredError(Loss):
    """Half the squared distance of the softmax to the target, ``||softmax(z) - y||^2 / 2``.

    With two classes this is ``(s(z_1 - z_0) - y_1)^2``, the squared error of one sigmoid unit.
    """

    def value(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return ((softmax(z, axis=1) - y) ** 2).sum(axis=1) / 2

    def gradient(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        f = softmax(z, axis=1)
        error = (f - y) * f
        return error - f * error.sum(axis=1, keepdims=True)

    def hessian(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        f = softmax(z, axis=1)
        slopes, error = _softmax_slopes(f), f - y
        centred = error - (error * f).sum(axis=1, keepdims=True)
        pull = np.einsum("njk,nk->nj", slopes, f + error)
        return slopes * centred[:, :, None] + f[:, :, None] * (slopes - pull[:, None, :])


def _diagonal(values):
    """Return a diagonal matrix (k, k) of every row of values (n, k)."""
    return values[:, :, None] * np.eye(values.shape[1], dtype=values.dtype)


def _softmax_slopes(f):
    """Return the derivatives ``diag(f) - f f'`` of the softmax, one matrix per row."""
    return _diagonal(f) - f[:, :, None] * f[:, None, :]


LOSSES = {
    "cross_entropy": {"logistic": SigmoidCrossEntropy, "softmax": SoftmaxCrossEntropy},
    "squared_error": {"logistic": SigmoidSquaredError, "softmax": SoftmaxSquaredError},
}


def resolve_loss(loss, output):
    """Return the loss of that name for "logistic" or "softmax" units, or a copy of the one given.

    One that is given must be for these units.
    """
    if not isinstance(loss, Loss):
        if not (isinstance(loss, str) and loss in LOSSES):
            names = ", ".join(repr(name) for name in LOSSES)
            raise ValueError(
                f"loss must be one of {names} or a Loss instance, got {loss!r}."
                + lecture_hint("loss", loss)
            )
        return LOSSES[loss][output]()
    if loss.output != output:
        units = "two classes or several labels" if output == "logistic" else "more than two classes"
        raise ValueError(
            f"loss={loss!r} is for {loss.output} units, but {units} have {output} ones: take a "
            f"Loss whose output is {output!r}, or name it by one of {list(LOSSES)}."
        )
    return clone(loss)


def loss_of_guessing(share, output):
    """Return the mean cross entropy of always saying the frequencies of the classes."""
    if output == "softmax":
        return float(entr(share).sum())
    return float((entr(share) + entr(1 - share)).sum())
