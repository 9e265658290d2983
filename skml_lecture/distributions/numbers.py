"""Families of distributions of numbers: gaussian, bernoulli, poisson, multinomial."""

# ruff: noqa: D102 (the interface documents what its members share)

import numpy as np
from scipy import sparse
from scipy.special import gammaln, logit

from skml_lecture.statistics.column_statistics import ColumnMoments, check_range
from skml_lecture.statistics.distribution import (
    Distribution,
    as_array,
    missing_values,
    without,
)
from skml_lecture.statistics.linear_distribution import LinearDistribution
from skml_lecture.validation import check_option, check_real

_MAX_SQUARED_DISTANCE = 1e4  # in variances; a product beyond loses half of the digits
_ROUNDING = 1e-12  # relative; sums in another order differ by less


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
    >>> from skml_lecture.statistics import Gaussian
    >>> float(Gaussian().log_density(0.0, mean=0.0, variance=1.0))
    -0.9189385332046727
    """

    accepts_sparse = True

    def __init__(self, var_floor=1e-9):
        self.var_floor = var_floor

    def _summarise_block(self, x, codes, n_classes, weight):
        return ColumnMoments.from_block(x, codes, n_classes, weight)

    def parameters(self, statistic):
        check_real("var_floor", self.var_floor, min_val=0)
        whole = statistic.pooled()
        total = whole.scatter / whole.weight
        constant = total <= (4 * np.finfo(float).eps * whole.mean) ** 2
        floor = total * max(self.var_floor, np.finfo(float).eps ** 2)
        variance = np.maximum(statistic.scatter / statistic.weight, floor)
        mean = statistic.mean
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

    def scorer(self, parameters, labels):  # noqa: ARG002 - no labels here
        origin = parameters["mean"].mean(axis=0)
        dense = _QuadraticScore(origin, **parameters)
        stored = _QuadraticScore(np.zeros_like(origin), **parameters)

        def score(x):
            return stored(x) if sparse.issparse(x) else dense(x)

        return score


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


class Bernoulli(LinearDistribution):
    r"""Distribution of the values 0 and 1.

    .. math:: \log p(x) = x \log p + (1 - x) \log(1 - p), \qquad
              p = (S + \alpha) / (W + 2 \alpha)

    with S the weight of the ones and W that of all values.

    Parameters
    ----------
    smoothing : float, default=1.0
        Pseudo-count of either value; 0 is maximum likelihood, under which a value that a class
        never showed is impossible.
    handle_unknown : {"error", "ignore"}, default="error"
        What a value other than 0 and 1 is: an error, or as good as missing.

    See Also
    --------
    sklearn.naive_bayes.BernoulliNB : The same, where every column is of this family.

    Notes
    -----
    The log density is linear in x, so that the posterior is a sigmoid of linear scores.

    References
    ----------
    Hung-yi Lee, Machine Learning, lecture "Classification: probabilistic generative model",
    section "Naive Bayes".

    Examples
    --------
    >>> from skml_lecture.statistics import Bernoulli
    >>> Bernoulli().log_density([1.0, 0.0], probability=0.25)
    array([-1.38629436, -0.28768207])
    """

    poor_score = True

    def __init__(self, smoothing=1.0, *, handle_unknown="error"):
        self.smoothing = smoothing
        self.handle_unknown = handle_unknown

    def check(self, X):
        with np.errstate(over="ignore"):
            if (X * X == X).all():
                return X
        known = (X == 0) | (X == 1) | np.isnan(X)
        if known.all():
            return X
        if check_option("handle_unknown", self.handle_unknown, ["error", "ignore"]) == "ignore":
            check_range(X[~np.isnan(X)])
            return np.where(known, X, np.nan)
        raise ValueError(
            f"The bernoulli distribution takes the values 0 and 1, got {X[~known].flat[0]}: use "
            f"'gaussian' or 'categorical' for the column, or binarize it."
        )

    def parameters(self, statistic):
        smoothing = check_real("smoothing", self.smoothing, min_val=0)
        ones, weight = statistic.sums[0], statistic.weight
        ones = np.where(ones >= weight * (1 - _ROUNDING), weight, ones)
        return {"probability": (ones + smoothing) / (weight + 2 * smoothing)}

    def coefficients(self, probability):
        return logit(probability), np.log1p(-probability)

    def sample(self, random_state, probability):
        return (random_state.random_sample(probability.shape) < probability).astype(float)


class _Counts(LinearDistribution):
    """A family of counts."""

    positive_only = True

    def __init__(self, smoothing=1.0):
        self.smoothing = smoothing

    def check(self, X):
        if (X < 0).any():
            raise ValueError(
                f"Negative values in data passed to the {type(self).__name__.lower()} "
                f"distribution, which takes counts: got {np.nanmin(X)}."
            )
        return X


class Poisson(_Counts):
    r"""Distribution of counts, one rate per class.

    .. math:: \log p(x) = x \log \lambda - \lambda - \log x!, \qquad
              \lambda = (S + \alpha m) / (W + \alpha)

    with S the sum of the counts, W their weight and m the mean over all classes (or 1 where all
    counts are 0).

    Parameters
    ----------
    smoothing : float, default=1.0
        Number of pseudo-rows at the mean of the column; 0 is maximum likelihood.

    See Also
    --------
    sklearn.linear_model.PoissonRegressor : Counts as the target rather than as features.

    Notes
    -----
    Values need not be whole; the factorial is then the gamma function's.

    References
    ----------
    C. M. Bishop, "Pattern recognition and machine learning", 2006, section 2.4, on the
    exponential family and its sums.

    Examples
    --------
    >>> from skml_lecture.statistics import Poisson
    >>> Poisson().log_density([0.0, 1.0], rate=2.0)
    array([-2.        , -1.30685282])
    """

    def parameters(self, statistic):
        smoothing = check_real("smoothing", self.smoothing, min_val=0)
        total, weight = statistic.sums[0], statistic.weight
        mean = total.sum(axis=0) / weight.sum(axis=0)
        mean = np.where(mean > 0, mean, 1.0)
        return {"rate": (total + smoothing * mean) / (weight + smoothing)}

    def coefficients(self, rate):
        return np.log(rate), -rate

    def base(self, X):
        return -gammaln(X + 1)

    def sample(self, random_state, rate):
        return random_state.poisson(rate).astype(float)


class Multinomial(_Counts):
    r"""Distribution of the counts of one row over all columns of the family together.

    .. math:: \log p(x) = \sum_j x_j \log \theta_j, \qquad
              \theta_j = (S_j + \alpha) / \sum_l (S_l + \alpha)

    As in scikit-learn, the multinomial coefficient is left out: no class changes it, and so
    ``score_samples`` is of the row as a sequence of draws. The number of draws in a row is not
    modelled either; sampled rows have a Poisson number of draws of the class's mean.

    Parameters
    ----------
    smoothing : float, default=1.0
        Pseudo-count of every column; 0 is maximum likelihood.

    See Also
    --------
    sklearn.naive_bayes.MultinomialNB : The same, where every column is of this family.

    Notes
    -----
    A missing count is left out of the sums, as a draw that nobody looked at.

    References
    ----------
    C. D. Manning, P. Raghavan, H. Schuetze, "Introduction to information retrieval", 2008,
    section 13.2.

    Examples
    --------
    >>> from skml_lecture.statistics import Multinomial
    >>> Multinomial().log_density([2.0], probability=[0.5], length=[4.0])
    array([-1.38629436])
    """

    poor_score = True

    def parameters(self, statistic):
        smoothing = check_real("smoothing", self.smoothing, min_val=0)
        counts = statistic.sums[0] + smoothing
        total = counts.sum(axis=1, keepdims=True)
        even = np.full_like(counts, 1 / counts.shape[1])
        length = (statistic.sums[0] / statistic.weight).sum(axis=1, keepdims=True)
        probability = np.divide(counts, total, out=even, where=total > 0)
        return {"probability": probability, "length": length}

    def coefficients(self, probability, length):  # noqa: ARG002 - only draws need the length
        probability = np.asarray(probability)
        return np.log(probability), np.zeros_like(probability)

    def sample(self, random_state, probability, length):
        return random_state.poisson(probability * length).astype(float)
