"""Five types of covariance: how each is estimated, factorised, and measures distances."""

# ruff: noqa: D102 (the interface documents what its members share)

from abc import ABC, abstractmethod

import numpy as np
from scipy import sparse
from scipy.linalg import eigh, qr, rq
from scipy.linalg.lapack import dpocon, dpotrf, dtrtri

NULL_VARIANCE = 0.1  # of a direction without variance, in units of the scale that is given
_EPS = np.finfo(np.float64).eps
_FAR = 10.0  # distance of a mean from zero, in standard deviations, from which sparse rows are
#              centered before they are scaled: a digit is lost


class Covariance(ABC):
    """A type of covariance, of all classes or of each: a stack of one, or one for each class."""

    scatter: str  # the kind of moments it is estimated from
    is_tied = False

    @abstractmethod
    def estimate(self, moments, amount):
        """Return the stack of covariances, correlations shrunk by an ``amount``.

        A class without rows gets the pooled covariance.
        """

    @abstractmethod
    def regularized(self, covariances, reg_covar):
        """Return the covariances with ``reg_covar`` added to all variances."""

    @abstractmethod
    def whitening(self, covariances, scale, noise, rounding):
        """Return factors P with P P' the precisions, log-determinants and ranks.

        A direction whose variance is zero but for ``noise``, or among correlations but for the
        ``rounding`` of the variances, gets 0.1 in units of ``scale``, (d,).
        """

    @abstractmethod
    def squared_distances(self, X, means, factors):
        """Return the squared Mahalanobis distance of every row to every mean, (n, k)."""

    @abstractmethod
    def colored(self, noise, covariance):
        """Return rows of unit variance as rows of one covariance."""

    @abstractmethod
    def n_free(self, n_features):
        """Return the number of free parameters of one covariance."""

    def published(self, stack):
        """Return the stack, or its one member where it is of all classes."""
        return stack[0] if self.is_tied else stack


def _own(moments, kind):
    """Return scatter over weight of every class, and the weights; pooled for one without rows."""
    total, seen = moments.weight.sum(), moments.weight > 0
    scatter = moments.reduced(kind).scatter
    counts = np.where(seen, moments.weight, total)
    covariances = scatter / counts.reshape(-1, *[1] * (scatter.ndim - 1))
    if not seen.all():
        pooled = "tied" if kind == "full" else "tied_diag"
        covariances[~seen] = moments.reduced(pooled).scatter / total
    return covariances, counts


class _Matrices(Covariance):
    """Full matrices."""

    def regularized(self, covariances, reg_covar):
        return covariances + reg_covar * np.eye(covariances.shape[1])

    def whitening(self, covariances, scale, noise, rounding):
        stacks = zip(covariances, noise, rounding, strict=True)
        parts = [_whitening(covariance, scale, *limits) for covariance, *limits in stacks]
        return tuple(map(np.array, zip(*parts, strict=True)))

    def squared_distances(self, X, means, factors):
        factors = np.broadcast_to(factors, (len(means), *factors.shape[1:]))
        if sparse.issparse(X):
            Z = np.stack([_sparse_whitened(X, *pair) for pair in zip(means, factors, strict=True)])
        else:
            Z = (X - means[:, np.newaxis]) @ factors
        return np.einsum("cij,cij->ic", Z, Z)

    def colored(self, noise, covariance):
        return noise @ square_root(covariance).T

    def n_free(self, n_features):
        return n_features * (n_features + 1) // 2


class Full(_Matrices):
    """One matrix for every class."""

    scatter = "full"

    def estimate(self, moments, amount):
        parts = zip(*_own(moments, "full"), rounding_variance(moments.mean), strict=True)
        return np.stack([shrunk(*part, amount) for part in parts])


class Tied(_Matrices):
    """One matrix for all classes, the lecture's shared one."""

    scatter = "tied"
    is_tied = True

    def estimate(self, moments, amount):
        total = moments.weight.sum()
        noise = rounding_variance(moments.mean).max(axis=0)
        return shrunk(moments.reduced("tied").scatter / total, total, noise, amount)[np.newaxis]


class _Diagonals(Covariance):
    """Diagonal matrices, kept as their diagonals; there are no correlations to shrink."""

    def regularized(self, covariances, reg_covar):
        return covariances + reg_covar

    def whitening(self, covariances, scale, noise, rounding):  # noqa: ARG002 - no correlations
        flat = covariances <= noise
        variances = np.where(flat, NULL_VARIANCE * scale**2, covariances)
        rank = np.count_nonzero(~flat, axis=1)
        return 1 / np.sqrt(variances), np.log(variances).sum(axis=1), rank

    def squared_distances(self, X, means, factors):
        if not sparse.issparse(X):
            Z = X - means[:, np.newaxis]
            Z *= factors[:, np.newaxis]
            return np.einsum("cij,cij->ic", Z, Z)
        factors = np.broadcast_to(factors, means.shape)
        far = (np.abs(means) * factors > _FAR).any(axis=0)
        precisions = np.where(far, 0.0, factors**2)
        pulled = precisions * means
        squares = X.power(2) @ precisions.T - 2 * (X @ pulled.T)
        squares += np.einsum("cj,cj->c", pulled, means)
        if far.any():
            Z = (X[:, far].toarray() - means[:, np.newaxis, far]) * factors[:, np.newaxis, far]
            squares += np.einsum("cij,cij->ic", Z, Z)
        return squares

    def colored(self, noise, covariance):
        return noise * np.sqrt(covariance)

    def n_free(self, n_features):
        return n_features


class Diagonal(_Diagonals):
    """One diagonal matrix for every class."""

    scatter = "diag"

    def estimate(self, moments, amount):  # noqa: ARG002 - no correlations
        return _own(moments, "diag")[0]


class TiedDiagonal(_Diagonals):
    """One diagonal matrix for all classes."""

    scatter = "tied_diag"
    is_tied = True

    def estimate(self, moments, amount):  # noqa: ARG002 - no correlations
        return moments.reduced("tied_diag").scatter[np.newaxis] / moments.weight.sum()


class Spherical(_Diagonals):
    """One variance for every class, the mean of those of the features."""

    scatter = "diag"

    def estimate(self, moments, amount):  # noqa: ARG002 - no correlations
        return _own(moments, "diag")[0].mean(axis=1)

    def whitening(self, covariances, scale, noise, rounding):
        d = len(scale)
        diagonals = np.repeat(covariances[:, np.newaxis], d, axis=1)
        mean_noise = np.broadcast_to(noise.mean(axis=1, keepdims=True), diagonals.shape)
        scale = np.full(d, scale.mean())
        factors, log_det, rank = super().whitening(diagonals, scale, mean_noise, rounding)
        return factors[:, 0], log_det, rank

    def squared_distances(self, X, means, factors):
        factors = np.repeat(factors[:, np.newaxis], means.shape[1], axis=1)
        return super().squared_distances(X, means, factors)

    def n_free(self, n_features):  # noqa: ARG002 - whatever their number
        return 1


COVARIANCES = {
    "tied": Tied(),
    "full": Full(),
    "diag": Diagonal(),
    "tied_diag": TiedDiagonal(),
    "spherical": Spherical(),
}


def shrunk(covariance, n_samples, noise, amount):
    r"""Return a covariance with its correlations shrunk, :math:`(1 - a) S + a\,\mathrm{diag}(S)`.

    ``amount`` is None, a number, or "oas" for the oracle-approximating one. Units do not matter.
    """
    if amount is None:
        return covariance
    if isinstance(amount, str):
        amount = oas_amount(covariance, n_samples, noise)
    return (1 - amount) * covariance + amount * np.diag(covariance.diagonal())


def oas_amount(covariance, n_samples, noise):
    """Return the oracle-approximating amount for the correlations, Chen et al. (2010), eq. (23).

    Features whose variance is at most ``noise`` have no correlations, and do not count.
    """
    varying = covariance.diagonal() > noise
    correlation = correlations(covariance[np.ix_(varying, varying)])[1]
    d = len(correlation)
    if d < 2:
        return 0.0
    alpha = np.sum(correlation**2) / d**2
    denominator = (n_samples + 1) * (alpha - 1 / d)
    return min((alpha + 1) / denominator, 1.0) if denominator > 0 else 1.0


def rounding_variance(mean):
    """Return the variance up to which a feature of this mean may be constant but for rounding."""
    return (10 * _EPS * mean) ** 2


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


def _whitening(covariance, scale, noise, rounding):
    """Return factor, log-determinant and rank of one covariance.

    An eigenvalue of the correlations is zero up to 10 d eps times the largest, or d times the
    relative rounding of a variance.
    """
    std, correlation = correlations(covariance, noise)
    varying = covariance.diagonal() > noise
    relative = np.max(rounding[varying] / std[varying] ** 2, initial=10 * _EPS)
    cutoff = len(std) * relative
    found = _by_cholesky(std, correlation, 10 * cutoff)
    return found or _by_eigenvectors(std, correlation, scale, cutoff)


def _by_cholesky(std, correlation, least):
    """Return the whitening of a covariance that is far from singular, else None."""
    d = len(std)
    lower, failed = dpotrf(correlation, lower=True, clean=True)
    if failed or dpocon(lower, np.linalg.norm(correlation, 1), uplo="L")[0] < least:
        return None
    log_det = 2 * np.log(lower.diagonal() * std).sum()
    return dtrtri(lower, lower=True)[0].T / std[:, np.newaxis], log_det, d


def _by_eigenvectors(std, correlation, scale, cutoff):
    """Return the whitening of any covariance, with a floor under its null directions."""
    values, vectors = eigh(correlation, check_finite=False)
    kept = values > cutoff * max(values[-1], _EPS)
    directions = vectors * (scale / std)[:, np.newaxis]
    whitened = directions[:, kept] / np.sqrt(values[kept])
    null = qr(directions[:, ~kept], mode="economic")[0] / np.sqrt(NULL_VARIANCE)
    factor = rq(np.hstack([whitened, null]), mode="r", check_finite=False)
    factor = factor * np.where(factor.diagonal() < 0, -1.0, 1.0)
    log_det = 2 * np.sum(np.log(scale) - np.log(factor.diagonal()))
    return factor / scale[:, np.newaxis], log_det, np.count_nonzero(kept)


def _sparse_whitened(X, mean, factor):
    """Return (X - mean) times a factor; columns far from zero are centered first, made dense."""
    far = np.abs(mean) * np.linalg.norm(factor, axis=1) > _FAR
    near = np.where(far, 0.0, mean)
    if not far.any():
        return X @ factor - near @ factor
    rest = np.where(far[:, np.newaxis], 0.0, factor)
    return X @ rest - near @ rest + (X[:, far].toarray() - mean[far]) @ factor[far]
