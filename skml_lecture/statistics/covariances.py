"""Covariances: shrinkage towards a sphere, rank, and whitening by their factors."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.linalg import eigh, qr

from skml_lecture.parallel import map_runs, row_blocks

NULL_VARIANCE = 0.1  # of a direction without variance, in units of the scale that is given
_EPS = np.finfo(np.float64).eps


def shrunk(covariance, amount):
    """Return ``(1 - amount) covariance + amount * mean variance * identity``.

    ``covariance`` is a matrix (d, d) or the diagonal (d,) of one.
    """
    identity = np.eye(len(covariance)) if covariance.ndim == 2 else 1.0
    return (1 - amount) * covariance + amount * _variances(covariance).mean() * identity


def oas_amount(covariance, n_samples):
    """Return the oracle-approximating amount of shrinkage of Chen et al. (2010), eq. (23)."""
    d = len(covariance)
    alpha = np.sum(covariance**2) / d**2
    mean_square = _variances(covariance).mean() ** 2
    denominator = (n_samples + 1) * (alpha - mean_square / d)
    if denominator <= 0:
        return 1.0
    return min((alpha + mean_square) / denominator, 1.0)


def ledoit_wolf_amount(covariance, n_samples, fourth_moment):
    r"""Return the amount of shrinkage of Ledoit and Wolf (2004), section 3.2.

    ``fourth_moment`` is the mean of :math:`\|x - \mu\|^4` over the rows.
    """
    d = len(covariance)
    squares = np.sum(covariance**2)
    distance = (squares - np.trace(covariance) ** 2 / d) / d
    noise = (fourth_moment - squares) / (d * n_samples)
    return min(noise / distance, 1.0) if distance > 0 and noise > 0 else 0.0


def fourth_moments(X, codes, weight, means, stds):
    r"""Return the weighted sum of :math:`\|(x - \mu_c) / \sigma_c\|^4` over each class's rows."""

    def summed(run):
        sums = np.zeros(len(means))
        for block in run:
            Z = (X[block] - means[codes[block]]) / stds[codes[block]]
            fourth = np.einsum("ij,ij->i", Z, Z) ** 2
            if weight is not None:
                fourth *= weight[block]
            sums += np.bincount(codes[block], fourth, len(means))
        return sums

    return sum(map_runs(summed, row_blocks(len(X), 4 * X.shape[1])))


def ledoit_wolf(X, codes, weight, moments):
    """Return the full moments of the rows with every class's covariance shrunk.

    As in linear discriminant analysis: every class is standardised by itself, shrunk by the
    amount of Ledoit and Wolf, and put back into the data's units.
    """
    count = np.where(moments.weight > 0, moments.weight, 1)
    covariances = moments.scatter / count[:, np.newaxis, np.newaxis]
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    stds = np.sqrt(np.where(variances > rounding_variance(moments.mean), variances, 1))
    fourth = fourth_moments(X, codes, weight, moments.mean, stds)
    scatter = np.empty_like(moments.scatter)
    for c, units in enumerate(stds[:, :, np.newaxis] * stds[:, np.newaxis, :]):
        standard = covariances[c] / units
        amount = ledoit_wolf_amount(standard, count[c], fourth[c] / count[c])
        scatter[c] = moments.weight[c] * units * shrunk(standard, amount)
    return replace(moments, scatter=scatter)


def class_covariances(moments, kind, shrinkage=None):
    """Return the covariances of the classes, a stack of one where ``kind`` is a tied one.

    ``shrinkage`` is None, an amount, or "oas". A class without rows gets the pooled covariance.
    """
    total = moments.weight.sum()
    own = moments.reduced(kind).scatter
    if kind.startswith("tied"):
        covariances, counts = own[np.newaxis] / total, np.array([total])
    else:
        pooled = moments.reduced("tied" if kind == "full" else "tied_diag").scatter
        seen = moments.weight > 0
        counts = np.where(seen, moments.weight, total)
        covariances = own / counts.reshape(-1, *[1] * pooled.ndim)
        covariances[~seen] = pooled / total
    if shrinkage is None:
        return covariances
    amounts = (
        [oas_amount(*pair) for pair in zip(covariances, counts, strict=True)]
        if isinstance(shrinkage, str)
        else [shrinkage] * len(counts)
    )
    return np.stack([shrunk(*pair) for pair in zip(covariances, amounts, strict=True)])


def rounding_variance(mean):
    """Return the variance up to which a feature of this mean may be constant but for rounding."""
    return (10 * _EPS * mean) ** 2


def _variances(covariance):
    """Return the diagonal of a covariance that is a matrix or a diagonal."""
    return covariance if covariance.ndim == 1 else covariance.diagonal()


def correlation_eigen(covariance, noise=0.0):
    """Return standard deviations, and eigenvalues and vectors of the correlations.

    Correlations do not depend on units, so neither does what counts as zero. A feature whose
    variance is at most ``noise`` is taken for constant: its row of correlations is zero.
    """
    variance = covariance.diagonal()
    flat = variance <= noise
    std = np.sqrt(np.where(flat, 1.0, variance))
    correlation = covariance / std / std[:, np.newaxis]
    correlation[flat] = correlation[:, flat] = 0
    return std, *eigh(correlation, check_finite=False)


@dataclass(frozen=True, eq=False)
class MatrixWhitening:
    r"""A factor :math:`F` of a precision, :math:`F F^\top = \Sigma^{-1}`.

    Parameters
    ----------
    factor : ndarray of shape (n_features, n_features)
        Rows times factor have unit covariance.
    log_det : float
        Logarithm of the determinant of the covariance.
    rank : int
        Number of directions in which the covariance has a variance of its own.
    """

    factor: np.ndarray
    log_det: float
    rank: int

    @classmethod
    def of(cls, covariance, scale, noise):
        """Factorise; a null direction gets the variance 0.1 in units of ``scale``, (d,).

        An eigenvalue of the correlations is zero up to 10 d eps times the largest.
        """
        d = len(covariance)
        std, values, vectors = correlation_eigen(covariance, noise)
        kept = values > 10 * d * _EPS * max(values[-1], _EPS)
        directions = vectors * (scale / std)[:, np.newaxis]
        whitened = directions[:, kept] / np.sqrt(values[kept])
        null = qr(directions[:, ~kept], mode="economic")[0] / np.sqrt(NULL_VARIANCE)
        factor = np.hstack([whitened, null])
        log_det = 2 * (np.log(scale).sum() - np.linalg.slogdet(factor)[1])
        return cls(factor / scale[:, np.newaxis], log_det, int(kept.sum()))

    def coordinates(self, X, mean):
        """Return the rows minus ``mean`` in coordinates of unit covariance."""
        if sparse.issparse(X):
            return X @ self.factor - mean @ self.factor
        return (X - mean) @ self.factor

    def squared_distances(self, X, mean):
        """Return the squared Mahalanobis distance of every row to ``mean``."""
        Z = self.coordinates(X, mean)
        return np.einsum("ij,ij->i", Z, Z)

    def precise(self, shifts):
        """Return the rows of ``shifts`` times the precision."""
        return (shifts @ self.factor) @ self.factor.T


@dataclass(frozen=True, eq=False)
class DiagonalWhitening:
    """The same for a diagonal covariance.

    Parameters
    ----------
    variance : ndarray of shape (n_features,)
        Positive variances.
    rank : int
        Number of features that have a variance of their own.
    """

    variance: np.ndarray
    rank: int

    @classmethod
    def of(cls, variance, scale, noise):
        """Give constant features the variance 0.1 in units of ``scale``, (d,)."""
        flat = variance <= noise
        floored = np.where(flat, NULL_VARIANCE * scale**2, variance)
        return cls(floored, len(variance) - int(flat.sum()))

    @property
    def log_det(self):
        """Logarithm of the determinant of the covariance."""
        return np.log(self.variance).sum()

    def squared_distances(self, X, mean):
        """Return the squared Mahalanobis distance of every row to ``mean``."""
        if sparse.issparse(X):
            precision = 1 / self.variance
            return X.power(2) @ precision - 2 * (X @ (precision * mean)) + mean**2 @ precision
        Z = X - mean
        Z *= 1 / np.sqrt(self.variance)
        return np.einsum("ij,ij->i", Z, Z)

    def precise(self, shifts):
        """Return the rows of ``shifts`` times the precision."""
        return shifts / self.variance
