"""Families whose log density is linear in the value: a block is scored by one product."""

# ruff: noqa: D102 (the interface documents what its members share)

from abc import abstractmethod

import numpy as np
from scipy import sparse

from skml_lecture.statistics.column_statistics import check_range
from skml_lecture.statistics.distribution import Distribution, missing_values, without


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

    def scorer(self, parameters, labels):  # noqa: ARG002 - no labels here
        with np.errstate(divide="ignore"):
            line, forbidden = _split(*self.coefficients(**parameters))
        count = _linear(*forbidden) if any(part.any() for part in forbidden) else None
        weigh = _linear(*line)

        def score(x):
            x = self._checked(x)
            z = weigh(x)
            if count is not None:
                z[count(x) > 0] = -np.inf
            base = self._summed_base(x)
            return z if base is None else z + base

        return score

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


def _linear(slope, intercept):
    """Return a function from a block to its linear scores, missing values left out."""
    slopes = np.ascontiguousarray(slope.T)  # (d, k)
    constant = intercept.sum(axis=1)

    def score(x):
        with np.errstate(invalid="ignore", over="ignore"):
            z = x @ slopes
            if np.isfinite(z).all():
                z += constant
                return z
            missing = missing_values(x)
            z = without(x, missing) @ slopes
        return check_range(z + constant - missing @ intercept.T)

    return score
