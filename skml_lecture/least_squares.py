r"""Solvers of ridge regression.

Every function minimises, for each target y of its own alpha,

.. math:: \tfrac12 \sum_i w_i (y_i - b - \beta^\top x_i)^2 + \tfrac{\alpha}{2} \|\beta\|^2.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg, sparse
from sklearn.utils import assert_all_finite

from skml_lecture.data.threads import map_runs, one_thread_if_small, row_blocks, sum_blocks
from skml_lecture.statistics import Moments

EPS = np.finfo(np.float64).eps
MAX_GRAM = 1000  # features up to which a Gram matrix is formed whatever the number of rows
_REFINE_BELOW = 1e-3  # reciprocal condition number of the scaled Gram matrix
_REFINE_TWICE_BELOW = 1e-7
_SVD_BELOW = 1e-10  # under it, refinement from the Gram matrix no longer converges fast


@dataclass(frozen=True)
class Rows:
    """Weighted rows seen from a center, never copied whole."""

    X: np.ndarray  # (n, d), or CSR
    Y: np.ndarray  # (n, t)
    weight: np.ndarray | None  # (n,)
    x_center: np.ndarray  # (d,), zero without intercept
    y_center: np.ndarray  # (t,)
    fit_intercept: bool

    @classmethod
    def centered(cls, X, Y, weight, fit_intercept):
        """Center the rows at their mean, or at zero where no intercept is fitted."""
        x_center, y_center = np.zeros(X.shape[1]), np.zeros(Y.shape[1])
        if fit_intercept:
            share = np.full(len(Y), 1 / len(Y)) if weight is None else weight / weight.sum()
            y_center = np.sum(share[:, np.newaxis] * Y, axis=0)
            if sparse.issparse(X):
                x_center = X.T @ share
            else:  # by threads of our own: those of the BLAS would stay in the way of the next
                x_center = sum_blocks(lambda i: X[i].T @ share[i], row_blocks(*X.shape))
        return cls(X, Y, weight, x_center, y_center, fit_intercept)

    @property
    def root_weight(self):
        """Square roots of the weights, of shape (n,)."""
        return np.ones(len(self.Y)) if self.weight is None else np.sqrt(self.weight)

    @property
    def targets(self):
        """The centered, weighted targets y, of shape (n, t)."""
        return self.root_weight[:, np.newaxis] * (self.Y - self.y_center)

    @classmethod
    def around(cls, X, Y, weight, moments, fit_intercept):
        """Center the rows at the mean of ``moments``, or at zero."""
        center, d = moments.mean if fit_intercept else np.zeros(moments.n_features), X.shape[1]
        return cls(X, Y, weight, center[:d], center[d:], fit_intercept)

    def block(self, rows, out=None):
        """Return the centered features and targets of a slice of rows, dense."""
        x = self.X[rows].toarray() if sparse.issparse(self.X) else self.X[rows]
        return np.subtract(x, self.x_center, out=out), self.Y[rows] - self.y_center

    def squared_norms(self):
        """Return the squared norms (d,) of the centered, weighted columns; of constant ones 0."""
        weight = np.ones(len(self.Y)) if self.weight is None else self.weight
        if sparse.issparse(self.X):
            entries = np.square(self.X.data, dtype=np.float64)
            squared = sparse.csr_array((entries, self.X.indices, self.X.indptr), self.X.shape)
            squares = np.maximum(squared.T @ weight - weight.sum() * self.x_center**2, 0)
        else:
            squares = sum_blocks(
                lambda i: weight[i] @ self.block(i)[0] ** 2, row_blocks(*self.X.shape)
            )
        return np.where(is_constant(squares, self.x_center, weight.sum()), 0, squares)

    def map_columns(self, work):
        """Return ``work(run)`` of runs of ``(columns, Z)``, Z the centered, weighted columns."""
        n, d = self.X.shape
        X = self.X.tocsc() if sparse.issparse(self.X) else self.X
        s = None if self.weight is None else self.root_weight[:, np.newaxis]

        def blocks(run):
            for columns in run:
                x = X[:, columns].toarray() if sparse.issparse(X) else X[:, columns]
                Z = np.subtract(x, self.x_center[columns], dtype=np.float64)
                if s is not None:
                    Z *= s
                yield columns, Z

        return map_runs(lambda run: work(blocks(run)), row_blocks(d, n, at_least=256))

    def transposed_times(self, A):
        """Return Z^T A (d, k) for the centered, weighted rows Z and A of shape (n, k)."""
        product = np.empty((self.X.shape[1], A.shape[1]))

        def fill(blocks):
            for columns, Z in blocks:
                np.matmul(Z.T, A, out=product[columns])

        self.map_columns(fill)
        return product

    def residual_products(self, coef):
        """Return sum_i w_i (x_i - center) (residual of the rows)^T, of shape (d, t)."""
        if sparse.issparse(self.X):
            error = self.Y - self.y_center - (self.X @ coef.T - self.x_center @ coef.T)
            error = error if self.weight is None else self.weight[:, np.newaxis] * error
            return self.X.T @ error - np.outer(self.x_center, error.sum(axis=0))

        def products(rows):
            x, y = self.block(rows)
            error = y - x @ coef.T
            if self.weight is not None:
                error *= self.weight[rows, np.newaxis]
            return x.T @ error

        return sum_blocks(products, row_blocks(*self.X.shape))


class ScaledCholesky:
    """Cholesky factor of ``A + alpha I``, scaled to a unit diagonal.

    ``rcond`` is an estimate of the reciprocal condition number, 0 where there is no factor.
    """

    def __init__(self, A, alpha):
        M = A.copy(order="F")
        M.flat[:: len(M) + 1] += alpha
        diagonal = M.diagonal().copy()
        diagonal[diagonal == 0] = M.flat[:: len(M) + 1][diagonal == 0] = 1  # a column of zeros
        self.rcond = 0.0
        if not (diagonal > 0).all():
            return
        self.scale = 1 / np.sqrt(diagonal)
        M *= self.scale
        M *= self.scale[:, np.newaxis]
        norm = np.abs(M).sum(axis=0).max(initial=0)
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
        scale = self.scale[:, np.newaxis]
        return scale * linalg.cho_solve((self.factor, True), scale * B, check_finite=False)


def by_alpha(alpha):
    """Yield each distinct alpha with the positions of the targets that have it."""
    for value in np.unique(alpha):
        yield value, np.flatnonzero(alpha == value)


def gram_and_cross(moments, d, fit_intercept):
    """Return X^T W X (d, d) and X^T W Y (d, t), about the mean or without intercept about zero.

    About the mean, a constant column is one of zeros.
    """
    S, mean = moments.scatter, moments.mean
    if not fit_intercept:
        S = S + moments.weight * np.outer(mean, mean)
    elif (constant := is_constant(S.diagonal(), mean, moments.weight)[:d]).any():
        S = S.copy()
        S[:d][constant] = S[:, :d][:, constant] = 0
    return S[:d, :d], S[:d, d:]


def is_constant(squares, mean, weight):
    """Tell which centered columns, of these squared norms, are but the rounding of their mean."""
    return squares <= weight * (8 * EPS * mean) ** 2


def solve_gram(gram, cross, alpha, rows=None):
    """Return coefficients (t, d) by Cholesky, or None where the Gram matrix does not suffice.

    Given the ``rows``, the solution of an ill-conditioned matrix is refined on their residuals
    (corrected semi-normal equations: the error of a QR decomposition of the rows).
    """
    coef = np.empty(cross.T.shape)
    for value, targets in by_alpha(alpha):
        with one_thread_if_small(gram.size):
            cholesky = ScaledCholesky(gram, value)
        if cholesky.rcond < (_SVD_BELOW if rows else len(gram) * EPS):
            return None
        with one_thread_if_small(gram.size):
            coef[targets] = cholesky.solve(cross[:, targets]).T
        if rows:
            own = replace(rows, Y=rows.Y[:, targets], y_center=rows.y_center[targets])
            for _ in range(cholesky.refinements):
                gradient = own.residual_products(coef[targets]) - value * coef[targets].T
                coef[targets] += cholesky.solve(gradient).T
    return coef


def shrink(values, alpha, cutoff):
    """Return 1 / (values + alpha), and 0 for the null directions of least squares."""
    kept = (values > cutoff) | (alpha > 0)
    return np.divide(1.0, values + alpha, out=np.zeros(np.shape(kept)), where=kept)


def solve_eigen(gram, cross, alpha):
    """Return coefficients (t, d) from the eigenvectors of the Gram matrix.

    Least squares is of minimum norm: eigenvalues under d * eps * the largest count as zero.
    """
    values, V = linalg.eigh(gram, check_finite=False)
    values = np.maximum(values, 0)
    factors = shrink(values[:, np.newaxis], alpha, len(gram) * EPS * values.max(initial=0))
    return (V @ (factors * (V.T @ cross))).T


def triangle(rows):
    """Return the R factor of the weighted rows [1, x, y], block by block; exactly centered.

    The column of ones stands first (where an intercept is fitted), so below its row the factor
    is that of columns centered at their exact mean.
    """
    n, d = rows.X.shape
    ones = int(rows.fit_intercept)
    width = ones + d + rows.Y.shape[1]
    R = np.zeros((1, width))  # one row at least, also below that of the ones
    for block in row_blocks(n, width, at_least=2 * width):
        Z = np.ones((len(rows.Y[block]), width))
        Z[:, ones : ones + d], Z[:, ones + d :] = rows.block(block)
        Z *= rows.root_weight[block, np.newaxis]
        R = linalg.qr(np.vstack([R, Z]), mode="r", overwrite_a=True, check_finite=False)[0]
        R = R[:width]
    return R


def centered_triangle(rows):
    """Return the triangular factor of the centered features, its targets, and the row of ones.

    Columns that are constant to rounding are zero.
    """
    R, d, ones = triangle(rows), rows.X.shape[1], int(rows.fit_intercept)
    Rx, Ry = R[ones:, ones : ones + d], R[ones:, ones + d :]
    if rows.fit_intercept:
        squares = np.sum(Rx**2, axis=0)
        Rx[:, is_constant(squares, rows.x_center, rows.root_weight @ rows.root_weight)] = 0
    return Rx, Ry, R[:ones]


def solve_svd(rows, alpha):
    """Return coefficients (t, d) and intercepts (t,) by the SVD of the rows.

    Least squares on columns of full rank is solved with columns of unit norm, otherwise it is
    of minimum norm: singular values under max(n, d) * eps * the largest count as zero.
    """
    n, d = rows.X.shape
    Rx, Ry, first = centered_triangle(rows)
    live = Rx.any(axis=0)
    live[0] |= not live.any()  # a decomposition needs a column
    A = Rx[:, live]
    scale = np.maximum(np.linalg.norm(A, axis=0), np.finfo(np.float64).tiny)
    cutoff = max(n, d) * EPS
    if alpha.any() or not _full_rank(A / scale, cutoff):
        scale = 1.0
    U, s, Vt = linalg.svd(A / scale, full_matrices=False, check_finite=False)
    s = s[:, np.newaxis]
    kept = (s > cutoff * s.max(initial=0)) | ((alpha > 0) & (s > 0))
    safe = np.where(kept, s, 1)
    factors = np.where(kept, 1 / (safe + alpha / safe), 0)  # s / (s^2 + alpha)
    coef = np.zeros((len(alpha), d))
    coef[:, live] = (Vt.T @ (factors * (U.T @ Ry))).T / scale
    if not len(first):
        return coef, np.zeros(len(coef))
    offset = (first[0, 1 + d :] - coef @ first[0, 1 : 1 + d]) / first[0, 0]
    return coef, offset + rows.y_center - coef @ rows.x_center


def _full_rank(A, cutoff):
    s = linalg.svdvals(A, check_finite=False)
    return len(s) == A.shape[1] and s.min(initial=1) > cutoff * s.max(initial=0)


def solve_dual(rows, alpha):
    """Return coefficients (t, d), or None where the kernel matrix is too ill-conditioned.

    With K = Z Z^T of the centered, weighted rows Z: (K + alpha I) a = y, coef = Z^T a.
    """
    if sparse.issparse(rows.X):
        rows = replace(rows, X=rows.X.tocsc())
    s, y, K = rows.root_weight, rows.targets, kernel(rows)
    if rows.fit_intercept:  # Z^T s = 0 and y^T s = 0: a is the same with any multiple of s s^T
        K += np.outer(s, s) * (K.diagonal().max() / (s @ s))
    coef = np.empty((y.shape[1], rows.X.shape[1]))
    for value, targets in by_alpha(alpha):
        cholesky = ScaledCholesky(K, value)
        if cholesky.rcond < _SVD_BELOW:
            return None
        a = cholesky.solve(y[:, targets])
        for _ in range(cholesky.refinements):
            products = rows.map_columns(lambda blocks, a=a: sum(Z @ (Z.T @ a) for _, Z in blocks))
            a += cholesky.solve(y[:, targets] - sum(products) - value * a)
        coef[targets] = rows.transposed_times(a).T
    return coef


def kernel(rows):
    """Return Z Z^T (n, n) of the centered, weighted rows Z."""

    def products(blocks):
        K = np.zeros((len(rows.Y),) * 2)
        for _, Z in blocks:
            K += Z @ Z.T
        return K

    return check_overflow(sum(rows.map_columns(products)))


def check_overflow(products):
    """Return sums of products of finite numbers, or raise where they overflowed."""
    if not np.isfinite(products).all():
        raise ValueError("Values of X or y are too large: their squares overflow. Rescale them.")
    return products


def summarize(X, Y, weight):
    """Return the moments of the columns of ``X`` and ``Y``; NaN and infinity raise here."""
    moments = Moments.from_samples(X, weight, targets=Y)
    if sparse.issparse(X) or not np.isfinite(moments.scatter).all():
        assert_all_finite(X, input_name="X")  # of sparse rows those of no weight went unread
    check_overflow(moments.scatter)
    return moments


def intercept_of(moments, coef):
    """Return mean(y) - coef mean(x) of moments whose last columns are the targets."""
    d = coef.shape[1]
    mean = moments.origin.astype(np.longdouble) + moments.offset  # the difference may cancel
    return (mean[d:] - coef.astype(np.longdouble) @ mean[:d]).astype(np.float64)


def solve_rows(X, Y, weight, moments, alpha, *, fit_intercept):
    """Return coefficients, intercepts and the solver's name, as accurate as an SVD of the rows."""
    d = X.shape[1]
    rows = Rows.around(X, Y, weight, moments, fit_intercept)
    coef = solve_gram(*gram_and_cross(moments, d, fit_intercept), alpha, rows)
    if coef is not None:
        return coef, intercept_of(moments, coef), "cholesky"
    return *solve_svd(rows, alpha), "svd"


def solve_wide(X, Y, weight, alpha, *, fit_intercept):
    """Return the same as ``solve_rows`` for more features than rows, by the kernel matrix."""
    rows = Rows.centered(X, Y, weight, fit_intercept)
    coef = solve_dual(rows, alpha)
    if coef is None:
        return *solve_svd(rows, alpha), "svd"
    return coef, rows.y_center - coef @ rows.x_center, "cholesky"
