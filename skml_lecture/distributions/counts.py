"""Families of flags and counts: bernoulli, poisson, multinomial."""

# ruff: noqa: D102 (the interface documents what its members share)

import numpy as np
from scipy.special import gammaln, logit

from skml_lecture.distributions.linear import LinearDistribution
from skml_lecture.validation import check_option, check_range, check_real

_ROUNDING = 1e-12  # relative; sums in another order differ by less


class Bernoulli(LinearDistribution):
    r"""Distribution of the values 0 and 1.

    .. math:: \log p(x) = x \log p + (1 - x) \log(1 - p), \qquad
              p = (S + \alpha) / (W + 2 \alpha)

    with S the weight of the ones and W that of all values.

    Parameters
    ----------
    smoothing : float, default=1.0
        Pseudo-count of either value, >= 0; 0 is maximum likelihood, under which a value that a
        class never showed is impossible.
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
    >>> from skml_lecture.distributions import Bernoulli
    >>> Bernoulli().log_density([1.0, 0.0], probability=0.25)
    array([-1.38629436, -0.28768207])
    """

    nonnegative = True
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

    nonnegative = True
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

    with S the sum of the counts, W their weight and m the mean over all classes (or 1 where
    all counts are 0).

    Parameters
    ----------
    smoothing : float, default=1.0
        Number of pseudo-rows at the mean of the column, >= 0; 0 is maximum likelihood.

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
    >>> from skml_lecture.distributions import Poisson
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
        Pseudo-count of every column, >= 0; 0 is maximum likelihood.

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
    >>> from skml_lecture.distributions import Multinomial
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
