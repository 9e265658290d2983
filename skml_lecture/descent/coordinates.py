"""Changes of coordinates: the lecture's feature scaling, for any quadratic shape.

The descent runs in ``u``, the model in ``theta = P u``. A gradient in ``theta`` is ``P^T`` times
the smaller in ``u``; losses and penalties do not change, so neither does the optimum.
"""

# ruff: noqa: D102 (the interface documents what its members share)

from abc import ABC, abstractmethod
from functools import partial

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import issparse

from skml_lecture.data import Data
from skml_lecture.statistics import Moments


class Coordinates(ABC):
    """An invertible linear change of coordinates of the flat parameter vector."""

    curvature = None
    """The largest curvature of the loss's bound in these coordinates, where they set it."""

    @abstractmethod
    def to_theta(self, u):
        """Return ``theta = P u``; the array ``u`` itself only where nothing changes."""

    @abstractmethod
    def from_theta(self, theta):
        """Return ``u`` with ``P u = theta``, a new array."""

    @abstractmethod
    def pull_back(self, gradient):
        """Return the gradient in ``u``, ``P^T gradient``."""

    @abstractmethod
    def push_forward(self, gradient):
        """Return the gradient in ``theta`` of one in ``u``; undoes ``pull_back``."""

    @abstractmethod
    def features(self, X, fit_intercept):
        """Return rows as a unit of the first layer sees them, dense; a last column of ones."""


class Unchanged(Coordinates):
    """No change: ``u`` is ``theta``."""

    mean, scale = 0.0, 1.0

    def to_theta(self, u):
        return u

    def from_theta(self, theta):
        return theta.copy()

    def pull_back(self, gradient):
        return gradient

    def push_forward(self, gradient):
        return gradient

    def is_near(self, other):  # noqa: ARG002
        """Say whether these are worth no change from others."""
        return True

    def for_one_output(self):
        """Return the coordinates of one unit alone."""
        return self

    def features(self, X, fit_intercept):
        X = X.toarray() if issparse(X) else X
        return np.column_stack([X, np.ones(len(X), X.dtype)]) if fit_intercept else X


class Scaled(Coordinates):
    """Features centred and divided by their spread, seen from the first layer.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_features,)
        The origin and the unit of every feature.

    n_outputs : int
        Number of units of the layer; the parameters of later ones do not change.

    fit_intercept : bool
        Whether the layer has intercepts; without them nothing is centred.
    """

    def __init__(self, mean, scale, n_outputs, fit_intercept):
        self.mean = mean
        self.scale = scale
        self.n_outputs = n_outputs
        self.fit_intercept = fit_intercept

    @classmethod
    def from_data(cls, data, n_outputs, fit_intercept):
        """Take mean and standard deviation from weighted rows; constant features stay."""
        moments = data.whole(partial(_moments, None))
        if np.isfinite(moments.scatter).all():
            return cls.from_moments(moments, n_outputs, fit_intercept)
        unit = 1e200  # of columns whose squares overflow
        scaled = cls.from_moments(data.whole(partial(_moments, unit)), n_outputs, fit_intercept)
        return cls(unit * scaled.mean, unit * scaled.scale, n_outputs, fit_intercept)

    @classmethod
    def from_moments(cls, moments, n_outputs, fit_intercept):
        """Take mean and standard deviation from moments; constant features stay."""
        mean, scale = moments.mean, np.sqrt(np.maximum(moments.scatter / moments.weight, 0))
        if not fit_intercept:
            scale, mean = np.hypot(scale, mean), np.zeros_like(mean)
        scale = np.where(scale > 1e-10 * np.abs(mean), scale, 0)
        scale = np.where(scale == 0, np.maximum(np.abs(mean), 1), scale)
        return cls(mean, scale, n_outputs, fit_intercept)

    def is_near(self, other):
        """Say whether units and origins are other ones, of ``Scaled`` too, within a factor two."""
        ratio, shift = self.scale / other.scale, np.abs(self.mean - other.mean)
        return bool(((ratio < 2) & (ratio > 0.5) & (shift < self.scale / 2)).all())

    def for_one_output(self):
        """Return the coordinates of one unit alone."""
        return Scaled(self.mean, self.scale, 1, self.fit_intercept)

    def with_penalty(self, strength):
        """Return coordinates that count a penalty, relative to the curvature, in the units."""
        scale = self.scale if not strength else np.hypot(self.scale, np.sqrt(strength))
        return Scaled(self.mean, scale, self.n_outputs, self.fit_intercept)

    def features(self, X, fit_intercept):
        X = X.toarray() if issparse(X) else X
        Z = (X - self.mean) / self.scale
        return np.column_stack([Z, np.ones(len(Z))]) if fit_intercept else Z

    def to_theta(self, u):
        return self._apply(u, lambda W, b: (W / self.scale, b - (W / self.scale) @ self.mean))

    def from_theta(self, theta):
        return self._apply(theta, lambda W, b: (W * self.scale, b + W @ self.mean))

    def pull_back(self, gradient):
        return self._apply(gradient, lambda W, b: ((W - b[:, None] * self.mean) / self.scale, b))

    def push_forward(self, gradient):
        return self._apply(gradient, lambda W, b: (W * self.scale + b[:, None] * self.mean, b))

    def _apply(self, flat, change):
        """Return a new flat vector with ``change`` done to its weights and intercepts."""
        k, d = self.n_outputs, len(self.mean)
        end = k * (d + self.fit_intercept)
        first = flat[:end]
        W = first[: k * d].reshape(k, d) if end == len(flat) else first[: k * d].reshape(d, k).T
        W, b = change(W, first[k * d :] if self.fit_intercept else np.zeros(k))
        parts = [W.ravel() if end == len(flat) else W.T.ravel(), b, flat[end:]]
        if not self.fit_intercept:
            del parts[1]
        return np.concatenate(parts).astype(flat.dtype, copy=False)


class Whitened(Coordinates):
    """Coordinates in which a given curvature is the identity.

    Parameters
    ----------
    scaled : Scaled
        The features' own units, taken first.

    curvature : ndarray of shape (m, m)
        Positive definite, in the units of ``scaled``: of one output's parameters (weights, then
        intercept), shared by all outputs, or of all outputs' parameters one after the other.
    """

    curvature = 1.0

    def __init__(self, scaled, curvature):
        self.scaled = scaled
        self.factor = cholesky(curvature, lower=True, check_finite=False)
        identity = np.eye(len(self.factor))
        self.inverse = solve_triangular(self.factor, identity, lower=True, check_finite=False)

    def to_theta(self, u):
        return self.scaled.to_theta(self._split(self._rows(u) @ self.inverse, u.dtype))

    def from_theta(self, theta):
        joined = self._join(self.scaled.from_theta(theta))
        return (self._rows(joined) @ self.factor).ravel().astype(theta.dtype)

    def pull_back(self, gradient):
        joined = self._join(self.scaled.pull_back(gradient))
        return (self._rows(joined) @ self.inverse.T).ravel().astype(gradient.dtype)

    def push_forward(self, gradient):
        joined = self._rows(gradient) @ self.factor.T
        return self.scaled.push_forward(self._split(joined, gradient.dtype))

    def features(self, X, fit_intercept):
        return self.scaled.features(X, fit_intercept) @ self.inverse.T

    def _rows(self, u):
        return u.reshape(-1, len(self.factor))

    def _join(self, flat):
        """Order the parameters output by output, each output's intercept last."""
        if not self.scaled.fit_intercept:
            return flat
        size = self.scaled.n_outputs * len(self.scaled.mean)
        W = flat[:size].reshape(self.scaled.n_outputs, -1)
        return np.column_stack([W, flat[size:]]).ravel()

    def _split(self, joined, dtype):
        """Undo ``_join``."""
        if not self.scaled.fit_intercept:
            return joined.ravel().astype(dtype)
        rows = joined.reshape(self.scaled.n_outputs, -1)
        return np.concatenate([rows[:, :-1].ravel(), rows[:, -1]]).astype(dtype)


def _moments(unit, data):
    """Return weight, mean and squares of the features of rows, in some unit where one is given."""
    if unit is not None:
        data = Data(data.X.astype(np.float64) / unit, None, data.weight)
    return Moments.from_data(data, kind="diag")
