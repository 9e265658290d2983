"""Changes of coordinates: the lecture's feature scaling, for any quadratic shape.

The descent runs in ``u``, the model in ``theta = P u``. A gradient in ``theta`` is ``P^T`` times
the smaller in ``u``; losses and penalties do not change, so neither does the optimum.
"""

# ruff: noqa: D102 (the interface documents what its members share)

import math
from abc import ABC, abstractmethod
from functools import partial

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotrf, dtrtri
from scipy.sparse import issparse

from skml_lecture.data import Data
from skml_lecture.statistics import Moments

_SMALLEST_SQUARE = 1e-290  # of a deviation; sums of smaller ones lose digits


class Coordinates(ABC):
    """An invertible linear change of coordinates of the flat parameter vector."""

    curvature = None
    """The largest curvature of the loss's bound in these coordinates, where they set it."""

    n_factors = 0
    """How many steps they have taken up."""

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

    def after(self, step, change):
        """Return what ``Bent.after`` does."""
        return Bent(self).after(step, change)


class OfFeatures(Coordinates):
    """Coordinates that are a change of the features, the same for all units."""

    @abstractmethod
    def features(self, X, fit_intercept):
        """Return rows as a unit of the first layer sees them, dense; a last column of ones."""


class Unchanged(OfFeatures):
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


class Scaled(OfFeatures):
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
        moments = data.whole(partial(_moments, 1.0, slice(None)))
        scaled = cls.from_moments(moments, n_outputs, fit_intercept)
        mean, scale = scaled.mean.copy(), scaled.scale.copy()
        few = moments.scatter < _SMALLEST_SQUARE * moments.weight
        small = few & (np.abs(moments.mean) < math.sqrt(_SMALLEST_SQUARE))
        for unit, other in (1e200, ~np.isfinite(moments.scatter)), (1e-200, small):
            columns = np.flatnonzero(other)  # whose squares overflow, or underflow
            if not len(columns):
                continue
            part = data.whole(partial(_moments, unit, columns))
            seen = cls.from_moments(part, n_outputs, fit_intercept)
            varies = part.scatter > 0
            mean[columns[varies]] = unit * seen.mean[varies]
            scale[columns[varies]] = unit * seen.scale[varies]
        return cls(mean, scale, n_outputs, fit_intercept)

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


class Whitened(OfFeatures):
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
        self.factor, failed = dpotrf(curvature, lower=True, clean=True)
        if failed:
            raise np.linalg.LinAlgError("The curvature is not positive definite.")
        # theta = u P: the inverse factor, and then the features' units
        self.P = np.ascontiguousarray(dtrtri(self.factor, lower=True)[0])
        blocks = self.P.reshape(len(self.P), -1, len(scaled.mean) + scaled.fit_intercept)
        weights = blocks[..., : len(scaled.mean)]
        weights /= scaled.scale
        if scaled.fit_intercept:
            blocks[..., -1] -= weights @ scaled.mean

    def to_theta(self, u):
        return self._split(self._rows(u) @ self.P, u.dtype)

    def from_theta(self, theta):
        joined = self._join(self.scaled.from_theta(theta))
        return (self._rows(joined) @ self.factor).ravel().astype(theta.dtype)

    def pull_back(self, gradient):
        joined = self._join(gradient)
        return (self._rows(joined) @ self.P.T).ravel().astype(gradient.dtype, copy=False)

    def push_forward(self, gradient):
        joined = self._rows(gradient) @ self.factor.T
        return self.scaled.push_forward(self._split(joined, gradient.dtype))

    def features(self, X, fit_intercept):
        Z = self.scaled.features(X, fit_intercept)
        return solve_triangular(self.factor, Z.T, lower=True, check_finite=False).T

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
            return joined.ravel().astype(dtype, copy=False)
        rows = joined.reshape(self.scaled.n_outputs, -1)
        return np.concatenate([rows[:, :-1].ravel(), rows[:, -1]]).astype(dtype, copy=False)


class Bent(Coordinates):
    r"""Coordinates that have taken up the curvature met by the steps in them.

    A step :math:`s` along which the gradient changed by :math:`y` is followed by the factor

    .. math::
        E = I + s q^T, \quad q = s / \sqrt{(s \cdot s)(s \cdot y)} - y / (s \cdot y),

    the product form of the BFGS update: in the new coordinates :math:`y = s`, a curvature of one.
    All factors together are :math:`r (I + S^T T Q)`, with r what flat steps have widened.

    Parameters
    ----------
    base : Coordinates
        In which the descent began.

    unit : float, default=1.0
        The number r.

    steps, slopes : Rows or None, default=None
        The vectors s and q of all factors; None: no factor yet.

    triangle : ndarray of shape (n_factors, n_factors), default=an empty one
        The matrix T.

    References
    ----------
    K. W. Brodlie, A. R. Gourlay, J. Greenstadt, "Rank-one and rank-two corrections to positive
    definite matrices expressed in product form", IMA Journal of Applied Mathematics 11 (1973).

    J. Nocedal, Y. Yuan, "Analysis of a self-scaling quasi-Newton method", Mathematical
    Programming 61 (1993).
    """

    def __init__(self, base, unit=1.0, steps=None, slopes=None, triangle=None):
        self.base = base
        self.unit = unit
        self.steps = steps or Rows()
        self.slopes = slopes or Rows()
        self.triangle = np.zeros((0, 0)) if triangle is None else triangle

    @property
    def n_factors(self):
        """Number of factors taken up."""
        return len(self.triangle)

    def anew(self):
        """Return the coordinates before any factor, as wide as they have become."""
        return Bent(self.base, self.unit)

    def to_theta(self, u):
        return self.base.to_theta(self._bend(u, self.slopes, self.triangle, self.steps))

    def pull_back(self, gradient):
        gradient = self.base.pull_back(gradient)
        return self._bend(gradient, self.steps, self.triangle.T, self.slopes)

    def from_theta(self, theta):
        return self._unbend(self.base.from_theta(theta), self.slopes, self.triangle, self.steps)

    def push_forward(self, gradient):
        gradient = self._unbend(gradient, self.steps, self.triangle.T, self.slopes)
        return self.base.push_forward(gradient)

    def after(self, step, change):
        """Return the coordinates after one more factor, and what it makes of point and gradient.

        Parameters
        ----------
        step, change : ndarray of shape (n_parameters,)
            The last step in these coordinates, and by how much it changed the gradient.

        Returns
        -------
        coordinates : Bent
            In which ``change`` would have been ``step``.

        move : callable
            ``move(u, gradient)`` returns both in the new coordinates.
        """
        along = float(step @ change)
        wider = max(
            math.sqrt(along / float(change @ change)), 1.0
        )  # numbers of no type of their own
        s, y = step / wider, change * wider
        q = s / math.sqrt(float(s @ s) * along) - y / along
        m = self.n_factors
        triangle = np.eye(m + 1)
        triangle[:m, :m] = self.triangle
        if m:
            triangle[:m, m] = self.triangle @ (self.slopes.first(m) @ s)
        steps, slopes = self.steps.with_row(m, s), self.slopes.with_row(m, q)
        new = Bent(self.base, self.unit * wider, steps, slopes, triangle)

        def move(u, gradient):
            u, gradient = u / wider, gradient * wider
            return u - s * ((q @ u) / (1 + q @ s)), gradient + q * (s @ gradient)

        return new, move

    def _bend(self, v, right, triangle, left):
        """Return ``r (I + L' T R) v``."""
        m = self.n_factors
        if not m:
            return v * v.dtype.type(self.unit)
        inner = (triangle @ (right.first(m) @ v)).astype(v.dtype)
        return (v.dtype.type(self.unit) * (v + inner @ left.first(m))).astype(v.dtype, copy=False)

    def _unbend(self, v, right, triangle, left):
        """Undo ``_bend``."""
        m, v = self.n_factors, v / v.dtype.type(self.unit)
        if not m:
            return v
        R, L = right.first(m), left.first(m)
        inner = triangle @ np.linalg.solve(np.eye(m) + R @ L.T @ triangle, R @ v)
        return (v - inner.astype(v.dtype) @ L).astype(v.dtype, copy=False)


class Rows:
    """Vectors one after the other, in room that grows; values share what they have in common.

    Parameters
    ----------
    array : ndarray or None, default=None
        The first ones.
    """

    def __init__(self, array=None):
        self._array = array
        self._n = 0 if array is None else len(array)

    def __getstate__(self):
        return {**vars(self), "_array": None if self._array is None else self.first(self._n)}

    def first(self, n):
        """Return the first vectors, a view (n, size)."""
        return self._array[:n]

    def with_row(self, n, row):
        """Return the first ``n`` with one more."""
        rows = self
        full = rows._array is None or n == len(rows._array)
        if full or rows._n != n or rows._array.dtype != row.dtype:
            rows = Rows(np.empty((max(2 * n, 8), len(row)), row.dtype))
            if n:
                rows._array[:n] = self._array[:n]
        rows._array[n], rows._n = row, n + 1
        return rows


def _moments(unit, columns, data):
    """Return weight, mean and squares of some features of rows, in some unit."""
    if unit != 1:
        data = Data(data.x[:, columns].astype(np.float64) / unit, None, data.weight)
    return Moments.from_data(data, kind="diag")
