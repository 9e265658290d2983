"""Families whose log density is linear in the value: a block is scored by one product."""

# ruff: noqa: D102 (the interface documents what its members share)

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from skml_lecture.distributions.distribution import Distribution, missing_values, without
from skml_lecture.validation import check_range


class LinearDistribution(Distribution):
    r"""A family whose log density is linear in the value, up to a term that no class changes.

    .. math:: \log p(x) = x \, s + t + h(x)

    So that a block is scored by one product, sparse or not. A slope of -inf stands for a class
    in which x > 0 is impossible, +inf (beside an intercept of -inf) for one in which x < 1 is.
    """

    accepts_sparse = True

    @abstractmethod
    def coefficients(self, **parameters):
        """Return slope and intercept.

        Parameters
        ----------
        **parameters : ndarray
            From ``parameters``.

        Returns
        -------
        slope, intercept : ndarray
            Of the parameters' shape.
        """

    def base(self, X):
        """Return h(X), the term that is the same in every class; None if it is 0.

        Parameters
        ----------
        X : ndarray
            Values.

        Returns
        -------
        h : ndarray or None
            In nats, 0 where X is 0.
        """

    def log_density(self, X, **parameters):
        with np.errstate(divide="ignore"):
            slope, intercept = self.coefficients(**parameters)
        line, forbidden = _split(slope, intercept)
        X = np.asarray(X)
        z = X * line[0] + line[1]
        z = np.where(X * forbidden[0] + forbidden[1] > 0, -np.inf, z)
        base = self.base(X)
        return z if base is None else z + base

    def table(self, parameters):
        with np.errstate(divide="ignore"):
            line, forbidden = _split(*self.coefficients(**parameters))
        count = _Linear(*forbidden) if any(part.any() for part in forbidden) else None
        return LinearTable(parameters, _Linear(*line), count)

    def scorer(self, table, labels):  # noqa: ARG002 - no labels here
        def score(x):
            x = self._checked(x)
            z = table.weigh(x)
            if table.forbidden is not None:
                z[table.forbidden(x) > 0] = -np.inf
            base = self._summed_base(x)
            return z if base is None else z + base

        return score

    def contributions(self, x, table, labels):
        return super().contributions(x, table.parameters, labels)

    def _summed_base(self, x):
        """Return h summed over the columns, of shape (n, 1), without the missing values."""
        if sparse.issparse(x):
            terms = self.base(x.data)
            if terms is None:
                return None
            rows = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
            return np.bincount(rows, np.nan_to_num(terms), x.shape[0])[:, np.newaxis]
        terms = self.base(x)
        return None if terms is None else np.nansum(terms, axis=1, keepdims=True)


def _split(slope, intercept):
    """Return finite coefficients, and coefficients that count what is impossible."""
    finite = np.isfinite(slope)
    line = np.where(finite, slope, 0.0), np.where(finite, intercept, 0.0)
    forbidden = np.isneginf(slope) * 1.0 - np.isposinf(slope), np.isposinf(slope) * 1.0
    return line, forbidden


@dataclass(frozen=True, eq=False)
class LinearTable:
    """What blocks are scored by: linear scores, and a count of what is impossible."""

    parameters: dict
    weigh: "_Linear"
    forbidden: "_Linear | None"


class _Linear:
    """A function from a block to its linear scores, missing values left out."""

    def __init__(self, slope, intercept):
        self.slopes, self.intercept = np.ascontiguousarray(slope.T), intercept  # (d, k), (k, d)
        self.constant = intercept.sum(axis=1)

    def __call__(self, x):
        with np.errstate(invalid="ignore", over="ignore"):
            z = x @ self.slopes
            if np.isfinite(z).all():
                z += self.constant
                return z
            missing = missing_values(x)
            z = without(x, missing) @ self.slopes
        return check_range(z + self.constant - missing @ self.intercept.T)
