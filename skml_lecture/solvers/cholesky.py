"""Ridge regression by the Cholesky factor of a Gram or kernel matrix."""

from functools import partial

import numpy as np
from scipy import linalg

from skml_lecture.data import one_thread_if_small

REFINED_ABOVE = 1e-10  # reciprocal condition: under it, refinement no longer converges fast
PLAIN_ABOVE = 1e-8  # without rows to refine on: half of the digits
_REFINE_BELOW = 1e-3  # reciprocal condition number of the scaled matrix
_REFINE_TWICE_BELOW = 1e-7
_MANY = 16  # times as many targets as equations, of which LAPACK is slow to solve for columns


class ScaledCholesky:
    """Cholesky factor of ``A + alpha I``, scaled to a unit diagonal.

    ``rcond`` is an estimate of the reciprocal condition number, 0 where there is no factor.
    """

    def __init__(self, A, alpha):
        M = A.copy(order="F")
        M.flat[:: len(M) + 1] += alpha
        diagonal = M.diagonal()
        self.rcond = 0.0
        if not (diagonal > 0).all():
            return
        self.scale = 1 / np.sqrt(diagonal)
        M *= self.scale
        M *= self.scale[:, np.newaxis]
        norm = np.abs(M).sum(axis=0).max(initial=0)
        with one_thread_if_small(M.size):
            factor, info = linalg.lapack.dpotrf(M, lower=True, overwrite_a=True, clean=False)
            if info == 0:
                self.factor = factor
                self.rcond, _ = linalg.lapack.dpocon(factor, norm, uplo="L")

    @property
    def refinements(self):
        """Number of corrections after which a solution is as accurate as can be."""
        return int(self.rcond < _REFINE_BELOW) + int(self.rcond < _REFINE_TWICE_BELOW)

    def solve(self, B):
        """Return ``(A + alpha I)^-1 B``."""
        X = self.scale[:, np.newaxis] * B
        if X.shape[1] < _MANY * len(X):
            X, _ = linalg.lapack.dpotrs(self.factor, X, lower=True, overwrite_b=True)
        else:  # X' = B' L^-T L^-1
            of_rows = partial(linalg.blas.dtrsm, 1.0, self.factor, side=True, lower=True)
            X = of_rows(of_rows(X.T, trans_a=True, overwrite_b=True), overwrite_b=True).T
        X *= self.scale[:, np.newaxis]
        return X


def by_alpha(alpha):
    """Yield each distinct alpha with the targets that have it: positions, or a slice of all."""
    values = np.unique(alpha)
    for value in values:
        yield value, slice(None) if len(values) == 1 else np.flatnonzero(alpha == value)


class GramCholesky:
    """(Z'Z + alpha I) beta = Z'y, for as many targets as there are.

    Given the rows, the solution of an ill-conditioned matrix is refined on their residuals
    (corrected semi-normal equations: the error of a QR decomposition of the rows).

    Parameters
    ----------
    gram, cross : ndarray of shape (d, d), (d, t)
        Z'Z and Z'y.
    least : float
        The smallest alpha, which has the largest condition.
    rows : CenteredRows, default=None
        The rows, where they are at hand.
    """

    name = "cholesky"

    def __init__(self, gram, cross, least, rows=None):
        self.gram, self.cross, self.rows = gram, cross, rows
        self.factors = {least: ScaledCholesky(gram, least)}
        self.rcond, self.rank = self.factors[least].rcond, len(gram)

    @property
    def suffices(self):
        """Whether the solution keeps its digits: all of them with rows, else half."""
        return self.rcond >= (PLAIN_ABOVE if self.rows is None else REFINED_ABOVE)

    def coefs(self, alpha):
        """Return coefficients (..., t, d) for alphas (..., t)."""
        if alpha.ndim > 1:
            return np.array([self.coefs(each) for each in alpha])
        coef = np.empty(self.cross.T.shape)
        for value, targets in by_alpha(alpha):
            cholesky = self.factors.get(value) or ScaledCholesky(self.gram, value)
            coef[targets] = cholesky.solve(self.cross[:, targets]).T
            if self.rows is None or not cholesky.refinements:
                continue
            rows = self.rows.of_classes(targets)
            for _ in range(cholesky.refinements):
                gradient = rows.residual_products(coef[targets]) - value * coef[targets].T
                coef[targets] += cholesky.solve(gradient).T
        return coef


class KernelCholesky:
    """(Z Z' + alpha I) a = y, beta = Z'a, for more features than rows.

    Parameters
    ----------
    rows : CenteredRows
        The rows.
    kernel : ndarray of shape (n, n)
        Z Z'.
    least : float
        The smallest alpha.
    """

    name = "cholesky"

    def __init__(self, rows, kernel, least):
        self.rows, self.K, s = rows, kernel, rows.root_weight
        if rows.fit_intercept:  # Z's = 0 and y's = 0: a is the same with any multiple of s s'
            self.K = kernel + np.outer(s, s) * (kernel.diagonal().max(initial=0) / (s @ s))
        self.factors = {least: ScaledCholesky(self.K, least)}
        self.rcond, self.rank = self.factors[least].rcond, len(kernel)

    @property
    def suffices(self):
        """Whether refinement gives all digits."""
        return self.rcond >= REFINED_ABOVE

    def coefs(self, alpha):
        """Return coefficients (..., t, d) for alphas (..., t)."""
        if alpha.ndim > 1:
            return np.array([self.coefs(each) for each in alpha])
        y = self.rows.targets
        a = np.empty_like(y)
        for value, targets in by_alpha(alpha):
            cholesky = self.factors.get(value) or ScaledCholesky(self.K, value)
            a[:, targets] = cholesky.solve(y[:, targets])
            for _ in range(cholesky.refinements):
                product = self.rows.times_transposed(a[:, targets])
                error = y[:, targets] - product - value * a[:, targets]
                a[:, targets] += cholesky.solve(error)
        return self.rows.transposed_times(a).T
