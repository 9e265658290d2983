"""Covariances: shrinkage towards a sphere, rank, and whitening by their factors."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import eigh, qr
from scipy.linalg.lapack import dpocon, dpotrf, dtrtri

from skml_lecture.data.threads import map_runs, row_blocks

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
    return moments.with_scatter(scatter)


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


def correlations(covariance, noise=0.0):
    """Return standard deviations and correlations.

    Correlations do not depend on units, so neither does what counts as zero. A feature whose
    variance is at most ``noise`` is taken for constant: its row of correlations is zero.
    """
    variance = covariance.diagonal()
    flat = variance <= noise
    std = np.sqrt(np.where(flat, 1.0, variance))
    correlation = covariance / std / std[:, np.newaxis]
    correlation[flat] = correlation[:, flat] = 0
    return std, correlation


def square_root(covariance):
    """Return a matrix whose product with its own transpose is the covariance, of any rank."""
    std, correlation = correlations(covariance)
    values, vectors = eigh(correlation, check_finite=False)
    return std[:, np.newaxis] * vectors * np.sqrt(np.maximum(values, 0))


@dataclass(frozen=True, eq=False)
class MatrixWhitening:
    r"""Factors :math:`F` of precisions, :math:`F F^\top = \Sigma^{-1}`: rows times F are white.

    Parameters
    ----------
    factors : ndarray of shape (n_covariances, n_features, n_features)
        One for every class, or one for all.
    log_det : ndarray of shape (n_covariances,)
        Logarithm of the determinant of each covariance.
    rank : ndarray of shape (n_covariances,)
        Number of directions in which each covariance has a variance of its own.
    """

    factors: np.ndarray
    log_det: np.ndarray
    rank: np.ndarray

    @classmethod
    def of(cls, covariances, scale, noise):
        """Factorise; a null direction gets the variance 0.1 in units of ``scale``, (d,).

        An eigenvalue of the correlations is zero up to 10 d eps times the largest.
        """
        pairs = zip(covariances, noise, strict=True)
        parts = [_whitening(covariance, scale, limit) for covariance, limit in pairs]
        return cls(*map(np.array, zip(*parts, strict=True)))

    def squared_distances(self, X, means):
        """Return the squared Mahalanobis distance of every row to every mean, (n, k)."""
        if sparse.issparse(X):
            factors = np.broadcast_to(self.factors, (len(means), *self.factors.shape[1:]))
            Z = np.stack([X @ F - mean @ F for F, mean in zip(factors, means, strict=True)])
        else:
            Z = (X - means[:, np.newaxis]) @ self.factors
        return np.einsum("cij,cij->ic", Z, Z)

    def precise(self, shifts):
        """Return the rows of ``shifts`` times the first precision."""
        return (shifts @ self.factors[0]) @ self.factors[0].T


def _whitening(covariance, scale, noise):
    """Return factor, log-determinant and rank of one covariance."""
    std, correlation = correlations(covariance, noise)
    return _by_cholesky(std, correlation) or _by_eigenvectors(std, correlation, scale)


def _by_cholesky(std, correlation):
    """Return the whitening of a covariance that is far from singular, else None."""
    d = len(std)
    lower, failed = dpotrf(correlation, lower=True, clean=True)
    if failed or dpocon(lower, np.linalg.norm(correlation, 1), uplo="L")[0] < 100 * d * _EPS:
        return None
    log_det = 2 * np.log(lower.diagonal() * std).sum()
    return dtrtri(lower, lower=True)[0].T / std[:, np.newaxis], log_det, d


def _by_eigenvectors(std, correlation, scale):
    """Return the whitening of any covariance, with a floor under its null directions."""
    values, vectors = eigh(correlation, check_finite=False)
    kept = values > 10 * len(values) * _EPS * max(values[-1], _EPS)
    directions = vectors * (scale / std)[:, np.newaxis]
    whitened = directions[:, kept] / np.sqrt(values[kept])
    null = qr(directions[:, ~kept], mode="economic")[0] / np.sqrt(NULL_VARIANCE)
    factor = np.hstack([whitened, null])
    log_det = 2 * (np.log(scale).sum() - np.linalg.slogdet(factor)[1])
    return factor / scale[:, np.newaxis], log_det, np.count_nonzero(kept)


@dataclass(frozen=True, eq=False)
class DiagonalWhitening:
    """The same for diagonal covariances.

    Parameters
    ----------
    variances : ndarray of shape (n_covariances, n_features)
        Positive variances, of every class or of all.
    rank : ndarray of shape (n_covariances,)
        Number of features that have a variance of their own.
    """

    variances: np.ndarray
    rank: np.ndarray

    @classmethod
    def of(cls, variances, scale, noise):
        """Give constant features the variance 0.1 in units of ``scale``, (d,)."""
        flat = variances <= noise
        return cls(
            np.where(flat, NULL_VARIANCE * scale**2, variances), np.count_nonzero(~flat, axis=1)
        )

    @property
    def log_det(self):
        """Logarithm of the determinant of each covariance."""
        return np.log(self.variances).sum(axis=1)

    def squared_distances(self, X, means):
        """Return the squared Mahalanobis distance of every row to every mean, (n, k)."""
        if sparse.issparse(X):
            precisions = np.broadcast_to(1 / self.variances, means.shape)
            pulled = precisions * means
            squares = X.power(2) @ precisions.T - 2 * (X @ pulled.T)
            return squares + np.einsum("cj,cj->c", pulled, means)
        Z = X - means[:, np.newaxis]
        Z *= 1 / np.sqrt(self.variances[:, np.newaxis])
        return np.einsum("cij,cij->ic", Z, Z)

    def precise(self, shifts):
        """Return the rows of ``shifts`` times the first precision."""
        return shifts / self.variances[0]
