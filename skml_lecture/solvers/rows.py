"""Weighted rows seen from a center: Z, never copied whole, and products with it."""

from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from scipy import sparse

from skml_lecture.data import Data, each, quiet, run_in_threads
from skml_lecture.data.data import runs_of
from skml_lecture.solvers.lsqr import cut_of
from skml_lecture.statistics.regression_moments import is_constant
from skml_lecture.statistics.sums import Sums
from skml_lecture.validation import check_overflow

FEW = 2**19  # numbers: 4 MB
_TELLING = 32  # rows, which rarely share a column that not all rows have
HEAVY = 0.5  # a column of sparse rows with more values than this is seen as a dense one


@dataclass(frozen=True, eq=False)
class CenteredRows:
    """The rows Z = sqrt(w) (x - center), and their targets.

    Parameters
    ----------
    data : Data
        The rows, with targets (n, t).
    x_center, y_center : ndarray of shape (d,), (t,)
        Their means, or zero where no intercept is fitted.
    fit_intercept : bool
        Whether they are centered.
    """

    data: Data
    x_center: np.ndarray
    y_center: np.ndarray
    fit_intercept: bool

    @classmethod
    def of(cls, data, fit_intercept, mean=None):
        """Center rows at their ``mean`` of features and targets (None: it is computed)."""
        d = data.n_features
        if not fit_intercept:
            return cls(data, np.zeros(d), np.zeros(data.targets.shape[1]), fit_intercept)
        if mean is None:
            mean = mean_of(data)
        return cls(data, mean[:d], mean[d:], fit_intercept)

    @property
    def shape(self):
        """Number of rows, number of features."""
        return self.data.n_rows, self.data.n_features

    @property
    def root_weight(self):
        """Square roots of the weights, of shape (n,)."""
        root = self.data.root_weight
        return np.ones(self.data.n_rows) if root is None else root

    @property
    def targets(self):
        """The centered, weighted targets y, of shape (n, t)."""
        y = self.data.targets - self.y_center
        return y if self.data.root_weight is None else self.data.root_weight[:, np.newaxis] * y

    @property
    def target_norms(self):
        """Norms (t,) of the targets, also where their squares vanish."""
        y = self.targets
        largest = abs(y).max(axis=0, initial=np.finfo(np.float64).tiny)
        return largest * np.linalg.norm(y / largest, axis=0)

    def of_classes(self, targets):
        """Return the same rows with some of their targets."""
        data = replace(self.data, targets=self.data.targets[:, targets])
        return CenteredRows(data, self.x_center, self.y_center[targets], self.fit_intercept)

    def dense(self, block, out=None):
        """Return the weighted, centered features of a block, dense."""
        x = block.x.toarray() if sparse.issparse(block.x) else block.x
        Z = np.subtract(x, self.x_center, out=out, dtype=np.float64)
        if block.root_weight is not None:
            Z *= block.root_weight[:, np.newaxis]
        return Z

    def gram_times(self, W):
        """Return Z'(Z W) of shape (d, k), without the squares of Z."""
        return self.data.sum(each(partial(_gram_times, self, W)), 2 * len(W))

    def exactly_centered(self):
        """Return Z as an array, without the rounding of the center."""
        Z = self.dense(self.data)
        if self.fit_intercept:
            u = self.root_weight / np.linalg.norm(self.root_weight)
            Z -= np.outer(u, u @ Z)
        return Z

    @cached_property
    def parts(self):
        """Sparse rows in two parts, that of the columns that are mostly zero and the rest.

        The former as CSR rows L, their transpose and their center (d,), 0 in the others; the
        latter as positions and dense, centered columns H, which take no more memory than they took.
        """
        x = self.data.x.tocsr()
        heavy = np.flatnonzero(np.bincount(x.indices, minlength=x.shape[1]) > HEAVY * x.shape[0])
        if not len(heavy):
            return x, x.T, self.x_center, heavy, np.zeros((x.shape[0], 0))
        center = self.x_center.copy()
        center[heavy] = 0
        light = np.ones(x.shape[1], bool)
        light[heavy] = False
        L = sparse.csr_array((x.data * light[x.indices], x.indices, x.indptr), x.shape)
        return L, L.T, center, heavy, x[:, heavy].toarray() - self.x_center[heavy]

    def times(self, B):
        """Return the unweighted Z B of sparse rows, of shape (n, k) or (n,)."""
        L, _, center, heavy, H = self.parts
        product = L @ B
        product -= center @ B
        return product + H @ B[heavy] if len(heavy) else product

    def transposed(self, A):
        """Return the unweighted Z'A of sparse rows, of shape (d, k) or (d,)."""
        _, LT, center, heavy, H = self.parts
        product = LT @ A
        if self.fit_intercept:
            total = A.sum(axis=0)
            product -= center * total if A.ndim == 1 else np.outer(center, total)
        if len(heavy):
            product[heavy] += H.T @ A
        return product

    def squared_norms(self):
        """Return the squared norms (d,) of the columns of Z; of constant ones 0."""
        if self.data.is_sparse:
            (x, _, center, heavy, H), weight = self.parts, self.data.weight
            weight = np.ones(x.shape[0]) if weight is None else weight
            squared = np.square(x.data, dtype=np.float64)
            squared = sparse.csr_array((squared, x.indices, x.indptr), x.shape)
            squares = np.maximum(squared.T @ weight - weight.sum() * center**2, 0)
            squares[heavy] = weight @ H**2
        else:
            squares = self.data.sum(each(partial(_squares, self.x_center)))
        constant = is_constant(squares, self.x_center, self.data.total_weight)
        return np.where(constant & self.fit_intercept, 0, squares)

    def transposed_times(self, A):
        """Return Z' A of shape (d, k), of sparse rows also (d,)."""
        if self.data.is_sparse:
            return self.transposed(self._weighted(A))
        product = np.empty((self.data.n_features, A.shape[1]))

        def fill(blocks):
            for columns, Z in blocks:
                np.matmul(Z.T, A, out=product[columns])

        self.map_columns(fill)
        return product

    def times_transposed(self, A):
        """Return Z Z'A of shape (n, k), of sparse rows also (n,)."""
        if not self.data.is_sparse:
            return sum(self.map_columns(lambda run: sum(Z @ (Z.T @ A) for _, Z in run)))
        return self._weighted(self.times(self.transposed_times(A)))

    def _weighted(self, A):
        """Return sqrt(w) A of vectors or columns."""
        root = self.data.root_weight
        return A if root is None else (root if A.ndim == 1 else root[:, np.newaxis]) * A

    @cached_property
    def few(self):
        """Z of few numbers, which are read more often than they are worth centering."""
        return self.dense(self.data)

    def map_columns(self, work):
        """Return ``work(run)`` of runs of ``(columns, Z)``, Z the dense columns, for wide rows."""
        x, root = self.data.x, self.data.root_weight
        n, d = x.shape
        if n * d <= FEW:
            return [work([(slice(0, d), self.few)])]
        step = max(min(2**18 // max(n, 1), -(-d // 2)), 256)  # two at least, to share out

        def blocks(run):
            memory = np.empty(n * step)  # one piece, which the next block gets again
            for columns in run:
                part = x[:, columns]
                Z = memory[: part.size].reshape(part.shape)
                np.subtract(part, self.x_center[columns], out=Z)
                if root is not None:
                    Z *= root[:, np.newaxis]
                yield columns, Z

        slices = [slice(i, min(i + step, d)) for i in range(0, d, step)]
        return run_in_threads(lambda run: work(blocks(run)), runs_of(slices))

    def residual_products(self, coef):
        """Return Z' (y - Z coef') of shape (d, t)."""
        if self.data.is_sparse:
            weight = self.data.weight
            error = self.data.targets - self.y_center - self.times(coef.T)
            return self.transposed(error if weight is None else weight[:, np.newaxis] * error)
        return self.data.sum(each(partial(_residual_products, self.x_center, self.y_center, coef)))

    def kernel(self):
        """Return Z Z' of shape (n, n), or raise where it overflows."""
        with np.errstate(over="ignore", invalid="ignore"):
            return check_overflow(self._kernel())

    def _kernel(self):
        if not self.data.is_sparse:
            return sum(self.map_columns(_sum_of_kernels))
        L, LT, center, _, H = self.parts
        K = (L @ LT).toarray() + H @ H.T
        if self.fit_intercept:
            m = L @ center
            K += center @ center - m - m[:, np.newaxis]
        s = self.data.root_weight
        return K if s is None else s[:, np.newaxis] * K * s


def mean_of(data):
    """Return the weighted mean of features and then targets."""
    n = data.n_rows
    share = np.full(n, 1 / n) if data.weight is None else data.weight / data.total_weight
    # by threads of our own: those of the BLAS would stay in the way of the next
    cut = cut_of(data) if data.is_sparse else {}  # the blocks that LSQR reads again
    # as seen from a row, so that the mean of a constant column is the constant
    row = 0.0 if data.is_sparse else np.asarray(data.x[share.argmax()], np.float64)
    work = each(partial(_share_of, share, row))
    few = not data.is_sparse and data.x.size <= FEW  # summed in less time than threads need
    x_mean, y_mean = work(data.blocks()) if few else data.sum(work, **cut)
    x_mean = row + x_mean
    if data.is_sparse and len(columns := _full_columns(data.x, share > 0)):
        x = data.x[:, columns].toarray().astype(np.float64)
        row = x[share.argmax()]
        x_mean[columns] = row + share @ (x - row)
    return np.concatenate([x_mean, y_mean])


def _full_columns(x, present):
    """Return the columns of sparse rows that every row present has a value of."""
    few = np.flatnonzero(present)[:_TELLING]
    if np.bincount(x[few].indices, minlength=1).max() < len(few):
        return np.zeros(0, np.intp)
    stored = None if present.all() else np.repeat(present, np.diff(x.indptr))
    return np.flatnonzero(np.bincount(x.indices, stored, x.shape[1]) == present.sum())


@quiet
def _share_of(share, row, block):
    """Return the shares of a block in the means, of dense rows as seen from a row."""
    x = block.x if sparse.issparse(block.x) else block.x - row
    s = share[block.rows]
    return Sums((x.T @ s, s @ block.targets))


def _squares(center, block):
    z = (block.x - center) ** 2
    return z.sum(axis=0) if block.weight is None else block.weight @ z


def _gram_times(rows, W, block):
    Z = rows.dense(block)
    return Z.T @ (Z @ W)


def _residual_products(x_center, y_center, coef, block):
    x = block.x - x_center
    error = block.targets - y_center - x @ coef.T
    if block.weight is not None:
        error *= block.weight[:, np.newaxis]
    return x.T @ error


@quiet
def _sum_of_kernels(blocks):
    return sum(Z @ Z.T for _, Z in blocks)
