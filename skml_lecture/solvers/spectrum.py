"""Ridge regression for every alpha from the singular values and directions of the rows."""

from dataclasses import dataclass, replace
from functools import wraps

import numpy as np
from scipy import linalg

from skml_lecture.data import one_thread_if_small
from skml_lecture.solvers.rank import EPS, null_directions, of_minimum_norm, row_space

_ALIKE = 1e-6  # ratio of squared norms of columns
CAREFUL_BELOW = 1e-8  # (smallest eigenvalue + alpha) / largest, for 8 digits


def _by_one_thread_if_small(decompose):
    """Keep the BLAS to one thread while a small matrix is decomposed."""

    @wraps(decompose)
    def decomposed(cls, A, *args):
        with one_thread_if_small(A.size):
            return decompose(cls, A, *args)

    return decomposed


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Z = U diag(s) V' of the centered rows: beta = V (s U'y / (s^2 + alpha)).

    Null directions are left out, so alpha = 0 is least squares of minimum norm.

    Parameters
    ----------
    name : str
        What was factorised.
    s : ndarray of shape (r,)
        Singular values, positive, the largest first: whoever makes directions orthonormal, one
        after the other, corrects what is less exact by what is more so.
    V : ndarray of shape (d, r)
        Directions among the features, orthonormal.
    Uy : ndarray of shape (r, t)
        The targets along the directions.
    rcond : float
        Reciprocal condition, of the squares where a Gram or kernel matrix was factorised: what
        its rounding is amplified by.
    U : ndarray of shape (n, r), default=None
        Directions among the rows, where they were computed.
    least_squares : ndarray of shape (t, d), default=None
        The coefficients at alpha = 0, where they are known to more digits.
    lost : ndarray of shape (d, k), default=None
        Directions left out that may be null to the rounding of the squares only.
    factor : tuple of ndarray of shape (r, d) and (r, t), default=None
        A and b, of which this is the decomposition, where A has been computed.
    """

    name: str
    s: np.ndarray
    V: np.ndarray
    Uy: np.ndarray
    rcond: float
    U: np.ndarray | None = None
    least_squares: np.ndarray | None = None
    lost: np.ndarray | None = None
    factor: tuple[np.ndarray, np.ndarray] | None = None

    @classmethod
    @_by_one_thread_if_small
    def of_gram(cls, gram, cross):
        """Decompose Z'Z = V diag(s^2) V', for columns of about the same size.

        So that what is null at unit norm is null here; of others nothing is left out.
        """
        values, V = np.linalg.eigh(gram)
        largest = values.max(initial=0)
        sizes = gram.diagonal()
        alike = sizes[sizes > 0].min(initial=largest) > _ALIKE * largest
        is_null = values <= (32 * len(values) * EPS if alike else 0) * largest
        kept = np.flatnonzero(~is_null)[::-1]
        rcond = values[kept].min(initial=largest) / largest if largest > 0 else 1.0
        rcond = rcond if alike or (values > 0).all() else 0.0
        lost = None if len(kept) == np.count_nonzero(sizes) else V[:, is_null]
        s, V = np.sqrt(values[kept]), V[:, kept]
        return cls("eigh", s, V, V.T @ cross / s[:, np.newaxis], rcond, lost=lost)

    @classmethod
    @_by_one_thread_if_small
    def of_nearly_singular_gram(cls, gram, cross, rounding):
        """Decompose Z'Z of columns of any size, and of any rank.

        The rank is that at unit norm, where the rounding of a Gram matrix is 32 d eps, or that
        of a difference, ``rounding``; then Z'Z = R'R by Cholesky, and the singular values of R.
        """
        d = len(gram)
        size = np.sqrt(gram.diagonal())
        live = np.flatnonzero(size > 0)
        if not len(live):
            none = np.zeros((0, d)), np.zeros((0, cross.shape[1]))
            return cls("eigh", np.zeros(0), none[0].T, none[1], 1.0, factor=none)
        unit = 1 / size[live]
        M = gram[np.ix_(live, live)] * unit * unit[:, np.newaxis]
        values, V = np.linalg.eigh(M)
        cutoff = max(32 * d * EPS, rounding)
        N = null_directions(V, values, cutoff, unit)
        B = row_space(N)
        largest = values.max(initial=0)
        kept = values > cutoff * largest
        rcond = values[kept].min(initial=largest) / (largest or 1)
        G, c = gram[np.ix_(live, live)], cross[live]
        along = V[:, kept].T @ (unit[:, np.newaxis] * c) / values[kept][:, np.newaxis]
        least_squares = np.zeros_like(cross)
        solution = unit[:, np.newaxis] * (V[:, kept] @ along)
        least_squares[live] = of_minimum_norm(solution, N)
        if B is not None:
            G, c = B.T @ G @ B, B.T @ c
        unit = 1 / np.sqrt(np.maximum(G.diagonal(), np.finfo(np.float64).tiny))
        R = _root(G * unit * unit[:, np.newaxis])  # upper, of columns of unit norm
        b = linalg.solve_triangular(R, unit[:, np.newaxis] * c, trans="T", check_finite=False)
        spectrum = cls._of_factor("eigh", R / unit, b, B, live, d, rcond)
        return replace(spectrum, least_squares=least_squares.T)

    @classmethod
    @_by_one_thread_if_small
    def of_triangle(cls, A, b):
        """Decompose a triangular factor, or few rows, by their singular values.

        The rank is that of columns of unit norm, up to 32 d eps.
        """
        d = A.shape[1]
        size = column_norms(A)
        live = np.flatnonzero(size > 0)
        if len(A) < len(live):
            return replace(cls.of_wide_rows(A, b), U=None)
        A = A[:, live]
        unit = 1 / size[live]
        U, s, Vt = np.linalg.svd(A * unit, full_matrices=False)
        cutoff = 32 * max(d, 1) * EPS
        N = null_directions(Vt.T, s, cutoff, unit)
        B = row_space(N)
        largest = s.max(initial=0)
        kept = s > cutoff * largest
        rcond = s[kept].min(initial=largest) / (largest or 1)
        solution = unit[:, np.newaxis] * (Vt[kept].T @ ((U[:, kept].T @ b) / s[kept, np.newaxis]))
        least_squares = np.zeros((d, b.shape[1]))
        least_squares[live] = of_minimum_norm(solution, N)
        spectrum = cls._of_factor("svd", A if B is None else A @ B, b, B, live, d, rcond)
        return replace(spectrum, least_squares=least_squares.T)

    @classmethod
    @_by_one_thread_if_small
    def of_wide_rows(cls, Z, y):
        """Decompose fewer rows than features by the triangular factor of their transpose.

        Features are sorted by size, so that small ones keep their digits beside large ones.
        """
        n, d = Z.shape
        size = column_norms(Z)
        rank = 0
        if size.any():
            unit = np.divide(1, size, out=np.zeros(d), where=size > 0)
            s = linalg.svdvals(Z * unit, check_finite=False)
            rank = np.count_nonzero(s > 32 * n * EPS * s.max())
        order = np.argsort(-size, kind="stable")
        Q, R, pivots = linalg.qr(Z[:, order].T, mode="economic", pivoting=True, check_finite=False)
        L = np.empty_like(R)
        L[:, pivots] = R  # Z' = Q L
        U, s, W = accurate_svd(L.T)
        V = np.empty_like(Q)
        V[order] = Q @ W
        rcond = s[rank - 1] / s[0] if rank else 1.0
        U = U[:, :rank]
        return cls("svd", s[:rank], V[:, :rank], U.T @ y, rcond, U)

    @classmethod
    @_by_one_thread_if_small
    def of_kernel(cls, kernel, rows):
        """Decompose Z Z' = U diag(s^2) U'."""
        n = len(kernel)
        values, U = np.linalg.eigh(kernel)
        largest = values.max(initial=0)
        kept = np.arange(n) >= int(rows.fit_intercept)  # the direction of centering is null
        rcond = values[kept].min(initial=largest) / (largest or 1)
        kept = np.flatnonzero(kept & (values > n * EPS * largest))[::-1]
        values, U = values[kept], U[:, kept]
        s = np.sqrt(values)
        return KernelSpectrum("cholesky", s, rows, U.T @ rows.targets, rcond, U)

    @classmethod
    def _of_factor(cls, name, A, b, B, live, d, rcond):
        """Decompose the factor A of some columns, in the basis B of their row space."""
        U, s, W = accurate_svd(A)
        V, whole = np.zeros((d, len(s))), np.zeros((len(A), d))
        V[live] = W if B is None else B @ W
        whole[:, live] = A if B is None else A @ B.T
        return cls(name, s, V, U.T @ b, rcond, factor=(whole, b))

    def about_zero(self, weight, x_mean, y_mean):
        """Return the same of rows that are not centered, from that of centered ones.

        The mean is one more row of the factor, whose columns keep the digits of their own size.
        Added to the Gram matrix it would cost twice the digits that it has above the spread.
        """
        root = np.sqrt(weight)
        A, b = self.factor
        whole = self.of_triangle(np.vstack([A, root * x_mean]), np.vstack([b, root * y_mean]))
        return replace(whole, name=self.name)

    @property
    def rank(self):
        """Number of directions that the rows determine."""
        return len(self.s)

    @property
    def accuracy(self):
        """Reciprocal of what rounding is amplified by in U."""
        return self.rcond if self.name == "svd" else np.sqrt(max(self.rcond, EPS))

    def suffices_for(self, alphas, careful=CAREFUL_BELOW):
        """Tell whether every alpha keeps about eight digits, or as many as ``careful`` says."""
        square = self.s.max(initial=0) ** 2
        least = self.rcond * square if self.lost is None else 0.0
        return least + alphas.min() >= careful * square

    def shrinkage(self, alpha):
        """Return s^2 / (s^2 + alpha), of shape (r, *alpha.shape)."""
        s = self.s.reshape(-1, *[1] * np.ndim(alpha))
        return 1 / (1 + alpha / s / s)

    def coefs(self, alpha):
        """Return coefficients (..., t, d) for alphas (..., t) or (..., 1)."""
        s = self.s.reshape(-1, *[1] * alpha.ndim)
        Uy = self.Uy.reshape(len(self.s), *[1] * (alpha.ndim - 1), self.Uy.shape[1])
        along = Uy / (s + alpha / s)  # (r, ..., t)
        flat = self.V @ along.reshape(len(self.s), np.prod(along.shape[1:]))
        coefs = np.moveaxis(flat.reshape(len(self.V), *along.shape[1:]), 0, -1)
        if self.least_squares is None:
            return coefs
        return np.where((alpha == 0)[..., np.newaxis], self.least_squares, coefs)


class KernelSpectrum(Spectrum):
    """The same of a kernel matrix: beta = Z'a with a = U (U'y / (s^2 + alpha)), and V is not made.

    Rows stand in the place of V.
    """

    def coefs(self, alpha):
        """Return coefficients (..., t, d) for alphas (..., t) or (..., 1)."""
        s = self.s.reshape(-1, *[1] * alpha.ndim)
        Uy = self.Uy.reshape(len(self.s), *[1] * (alpha.ndim - 1), self.Uy.shape[1])
        along = Uy / (s * s + alpha)  # (r, ..., t)
        a = self.U @ along.reshape(len(self.s), np.prod(along.shape[1:]))
        flat = self.V.transposed_times(a)
        return np.moveaxis(flat.reshape(len(flat), *along.shape[1:]), 0, -1)


def column_norms(A):
    """Return the norms of the columns, without overflow and underflow of their squares."""
    largest = np.abs(A).max(axis=0, initial=0)
    return largest * np.linalg.norm(A / np.where(largest > 0, largest, 1), axis=0)


def accurate_svd(A):
    """Return U, s and V of a matrix of full column rank, small singular values to their digits.

    By Jacobi rotations (LAPACK's gejsv), which columns of very different size do not hurt.
    """
    m, n = A.shape
    if not n:
        return np.zeros((m, 0)), np.zeros(0), np.zeros((0, 0))
    s, U, V, work, _, info = linalg.lapack.dgejsv(A, joba=2, jobr=0, jobp=0)
    if info:  # it did not converge
        U, s, Vt = linalg.svd(A, full_matrices=False, check_finite=False)
        return U, s, Vt.T
    return U[:, :n], s * (work[0] / work[1]), V


def _root(M):
    """Return R with R'R = M of unit diagonal, positive definite but for rounding."""
    jitter = 0.0
    while True:
        R, info = linalg.lapack.dpotrf(M + jitter * np.eye(len(M)), lower=False, clean=True)
        if not info:
            return R
        jitter = max(2 * jitter, len(M) * EPS)
