"""The normal distribution of a column of numbers."""

# ruff: noqa: D102 (the interface documents what its members share)

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from skml_lecture.distributions.distribution import (
    Distribution,
    as_array,
    missing_values,
    without,
)
from skml_lecture.statistics.moments import Moments
from skml_lecture.validation import check_range, check_real

_MAX_SQUARED_DISTANCE = 1e4  # in variances; a product beyond loses half of the digits
_EPS = np.finfo(np.float64).eps
SMALLEST = 1e-290  # variance; the squares of smaller deviations underflow


def check_underflow(variances, weight, means):
    """Raise where features vary, but the squares of their deviations are too small for floats.

    ``variances`` of all rows have the shape (d,), ``means`` of the classes (k, d). Sums of weighted
    squares keep their digits where they are larger than eps times the smallest variance.
    """
    variances = variances * (np.minimum(weight, _EPS) / _EPS)
    spread = means.max(axis=0) - means.min(axis=0)
    varies = (variances > 0) | (spread > 100 * _EPS * np.abs(means).max(axis=0))
    if (varies & (variances < SMALLEST)).any():
        raise ValueError("The squares of X underflow: scale the features.")


class Gaussian(Distribution):
    r"""Normal distribution of real numbers, one mean and variance per class.

    .. math:: \log p(x) = -\tfrac12 \left[ (x - \mu)^2 / \sigma^2 + \log 2 \pi \sigma^2 \right]

    The variance is the maximum-likelihood one, 1/W. It is at least ``var_floor`` times the
    variance of the column over all classes together, so that columns of scale 1e6 and 1e-3 can
    stand side by side; a column that is constant has unit variance, and says nothing.

    Parameters
    ----------
    var_floor : float, default=1e-9
        Smallest variance of a class, relative to the variance of the column; at least 0,
        where a class of equal values keeps only what floating point can tell apart.

    See Also
    --------
    sklearn.naive_bayes.GaussianNB : Adds a multiple of the largest variance of all columns.

    Notes
    -----
    A block of rows is scored by two products of matrices, :math:`z^2 a + z b` with z measured
    from the mean of the class means. Where a class is narrow and far off, more than 100 standard
    deviations of its own, its column is worked out as in the formula, since the product would
    lose digits. Sparse rows stay sparse. At a mean of 1e8 standard deviations one float has too
    few digits, so the parameters hold the mean and the ``remainder`` that its rounding leaves.

    References
    ----------
    Hung-yi Lee, Machine Learning, lecture "Classification: probabilistic generative model",
    section "Naive Bayes".

    Examples
    --------
    >>> from skml_lecture.distributions import Gaussian
    >>> float(Gaussian().log_density(0.0, mean=0.0, variance=1.0))
    -0.9189385332046727
    """

    accepts_sparse = True

    def __init__(self, var_floor=1e-9):
        self.var_floor = var_floor

    def summarize(self, table, codes, n_classes, weight=None):
        rows = table.data(codes, weight)
        moments = Moments.from_data(rows, n_groups=n_classes, kind="diag", missing=True)
        check_range(moments.second)
        weight = moments.weight
        if weight.ndim == 1:  # no value is missing
            weight = np.repeat(weight[:, np.newaxis], moments.n_features, axis=1)
        elif weight.sum() < rows.total_weight * moments.n_features * (1 - _EPS):
            rows.map(_check_known, 2 * rows.row_size)  # infinity minus infinity is NaN too
        return replace(moments, weight=weight)

    def check_whole(self, statistic):
        if (statistic.variances_of_scatter() < SMALLEST * np.maximum(statistic.weight, 1)).any():
            whole = statistic.pooled()
            scatter, weight = np.maximum(whole.variances_of_scatter(), 0), whole.weight
            check_underflow(scatter / np.where(weight > 0, weight, 1), weight, statistic.mean)

    def parameters(self, statistic):
        check_real("var_floor", self.var_floor, min_val=0)
        mean, scatter, weight = statistic.mean, statistic.scatter, statistic.weight
        all_weight = weight.sum(axis=0)
        shift = (statistic.origin - statistic.origin[0]) + statistic.offset
        center = (weight * shift).sum(axis=0) / all_weight
        between = (weight * (shift - center) ** 2).sum(axis=0)
        total = np.maximum(scatter.sum(axis=0) + between, 0.0) / all_weight
        rounding = (4 * _EPS * (statistic.origin[0] + center)) ** 2
        constant = total <= np.maximum(rounding, SMALLEST)
        floor = np.maximum(total * max(self.var_floor, _EPS**2), SMALLEST)
        variance = np.maximum(scatter / weight, floor)
        return {
            "mean": mean,
            "variance": np.where(constant, 1.0, variance),
            "remainder": statistic.offset - (mean - statistic.origin),
        }

    def log_density(self, X, mean, variance, remainder=0.0):
        distance = (X - mean) - remainder
        return -0.5 * (distance**2 / variance + np.log(2 * np.pi * variance))

    def sample(self, random_state, mean, variance, remainder=0.0):
        return random_state.normal(mean + remainder, np.sqrt(variance))

    def table(self, parameters):
        origin = parameters["mean"].mean(axis=0)
        return GaussianTable(
            parameters,
            _QuadraticScore(origin, **parameters),
            _QuadraticScore(np.zeros_like(origin), **parameters),
        )

    def scorer(self, table, labels):  # noqa: ARG002 - no labels here
        def score(x):
            return table.stored(x) if sparse.issparse(x) else table.dense(x)

        return score

    def contributions(self, x, table, labels):
        return super().contributions(x, table.parameters, labels)


def _check_known(blocks):
    """Raise where some blocks hold infinity beside missing values."""
    for block in blocks:
        values = block.x.data if block.is_sparse else block.x
        check_range(values[~np.isnan(values)])


@dataclass(frozen=True, eq=False)
class GaussianTable:
    """What blocks are scored by, dense ones seen from the data, sparse ones from zero."""

    parameters: dict
    dense: "_QuadraticScore"
    stored: "_QuadraticScore"


class _QuadraticScore:
    """Sums of gaussian log densities over the columns of a block, by products where safe."""

    def __init__(self, origin, mean, variance, remainder=0.0):
        shift = (mean - origin) + remainder
        reach = (shift**2 + variance).max(axis=0) / variance.min(axis=0)
        safe = reach <= _MAX_SQUARED_DISTANCE
        self.origin = origin
        self.a = np.ascontiguousarray((-0.5 * safe / variance).T)  # (d, k)
        self.b = np.ascontiguousarray((safe * shift / variance).T)
        self.c = -0.5 * (safe * shift**2 / variance + np.log(2 * np.pi * variance))  # (k, d)
        self.constant = self.c.sum(axis=1)
        self.narrow = np.flatnonzero(~safe)
        self.shift, self.deviation = shift[:, self.narrow], np.sqrt(variance[:, self.narrow])

    def __call__(self, x):
        with np.errstate(invalid="ignore", over="ignore"):
            scores = self._score(x, None)
            if np.isfinite(scores).all():
                return scores
            missing = missing_values(x)
            x = without(x, missing)
            check_range(x.data if sparse.issparse(x) else x)
            return self._score(x, missing) - missing @ self.c.T

    def _score(self, x, missing):
        if sparse.issparse(x):  # the origin is 0
            scores = x @ self.b + x.power(2) @ self.a
        else:
            z = x - self.origin
            if missing is not None:
                z *= 1 - missing
            scores = z @ self.b
            z *= z
            scores += z @ self.a
        scores += self.constant
        if len(self.narrow):
            scores -= 0.5 * self._narrow_distances(x, missing)
        return scores

    def _narrow_distances(self, x, missing):
        """Return the squared distances in the narrow columns, in variances, for every class."""
        columns = as_array(x[:, self.narrow]) - self.origin[self.narrow]
        present = 1.0 if missing is None else 1 - as_array(missing[:, self.narrow])
        distances = np.empty((x.shape[0], len(self.shift)))
        for c, (shift, deviation) in enumerate(zip(self.shift, self.deviation, strict=True)):
            z = (columns - shift) / deviation * present
            distances[:, c] = np.einsum("ij,ij->i", z, z)
        return distances
