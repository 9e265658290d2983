"""Cross-validation of ridge regression over many alphas at the price of one fit."""

from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate, chain

import numpy as np
from scipy import linalg, sparse
from sklearn.utils import assert_all_finite

from skml_lecture.data.threads import map_runs, one_thread_if_small, row_blocks
from skml_lecture.least_squares import (
    EPS,
    MAX_GRAM,
    Rows,
    centered_triangle,
    check_overflow,
    gram_and_cross,
    is_constant,
    kernel,
    shrink,
    solve_rows,
    solve_wide,
    summarize,
)
from skml_lecture.statistics import Moments

_CAREFUL_BELOW = 1e-8  # (smallest eigenvalue + alpha) / largest, for 8 digits
_INTERPOLATED_BELOW = 1e-4  # 1 - leverage: a row is refitted without
_CANCELLED_BELOW = 1e-5  # squared error from the statistics / squared targets and predictions


@dataclass(frozen=True)
class Spectrum:
    """Principal directions of the centered rows: ridge regression for every alpha.

    Z^T Z = V diag(values) V^T, so coef(alpha) = V (V^T Z^T y / (values + alpha)).
    """

    values: np.ndarray  # (r,)
    V: np.ndarray  # (d, r)
    cross: np.ndarray  # (r, t), V^T Z^T y

    @classmethod
    def of_moments(cls, moments, d, fit_intercept):
        """Decompose the Gram matrix."""
        gram, cross = gram_and_cross(moments, d, fit_intercept)
        with one_thread_if_small(gram.size):
            values, V = linalg.eigh(gram, check_finite=False)
            return cls(np.maximum(values, 0), V, V.T @ cross)

    @classmethod
    def of_rows(cls, rows):
        """Decompose the kernel matrix Z Z^T = U diag(values) U^T; for rows of many features."""
        values, U = linalg.eigh(kernel(rows), check_finite=False)
        kept = values > len(values) * EPS * values.max(initial=0)
        values, U = values[kept], U[:, kept]
        root = np.sqrt(values)
        cross = root[:, np.newaxis] * (U.T @ rows.targets)
        return cls(values, rows.transposed_times(U / root), cross)

    @classmethod
    def of_triangle(cls, rows):
        """Decompose the triangular factor of the rows, which does not square their condition."""
        Rx, Ry, _ = centered_triangle(rows)
        U, s, Vt = linalg.svd(Rx, full_matrices=False, check_finite=False)
        return cls(s**2, Vt.T, s[:, np.newaxis] * (U.T @ Ry))

    def factors(self, alphas):
        """Return 1 / (values + alpha) of shape (r, n_alphas)."""
        cutoff = len(self.V) * EPS * self.values.max(initial=0)
        return shrink(self.values[:, np.newaxis], alphas, cutoff)

    def coefs(self, alphas):
        """Return coefficients of shape (n_alphas, t, d)."""
        scaled = self.factors(alphas)[:, :, np.newaxis] * self.cross[:, np.newaxis]  # (r, a, t)
        flat = self.V @ scaled.reshape(len(scaled), np.prod(scaled.shape[1:]))
        return np.moveaxis(flat.reshape(len(self.V), *scaled.shape[1:]), 0, -1)

    def suffices_for(self, alphas):
        """Tell whether every alpha keeps about eight digits."""
        low, high = self.values.min(initial=np.inf), self.values.max(initial=0)
        return low + alphas.min() >= _CAREFUL_BELOW * high


@dataclass(frozen=True)
class RidgePath:
    """The ridge models of every alpha on rows of one data set."""

    X: np.ndarray  # (n, d), or CSR
    Y: np.ndarray  # (n, t)
    weight: np.ndarray | None  # (n,)
    alphas: np.ndarray  # (a,)
    fit_intercept: bool

    @property
    def wide(self):
        """Whether the kernel matrix is the smaller one."""
        n, d = self.X.shape
        return d > n and d > MAX_GRAM

    def take(self, rows):
        """Return features, targets and weights of some rows, as a copy."""
        return self.X[rows], self.Y[rows], None if self.weight is None else self.weight[rows]

    def fold_moments(self, splits):
        """Return train and test moments of each split.

        Where the test sets are a partition of the rows, the training set of a fold is the sum of
        the other folds: one pass for all of them, and sums lose no digits as differences would.
        """
        of_rows = partial(Moments.from_samples, self.X, self.weight, targets=self.Y)
        tests = [of_rows(rows=test) for _, test in splits]
        if is_partition(splits, len(self.Y)):
            return list(zip(sums_without_each(tests), tests, strict=True))
        return [(of_rows(rows=train), test) for (train, _), test in zip(splits, tests, strict=True)]

    def models(self, train, moments):
        """Return coefficients (a, t, d) and means (d + t,) of the rows ``train``."""
        if moments is None:
            rows = Rows.centered(*self.take(train), self.fit_intercept)
            mean = np.concatenate([rows.x_center, rows.y_center])
            spectrum = Spectrum.of_rows(rows)
            if not spectrum.suffices_for(self.alphas):
                spectrum = Spectrum.of_triangle(rows)
            return spectrum.coefs(self.alphas), mean
        mean = moments.mean if self.fit_intercept else np.zeros(moments.n_features)
        spectrum = Spectrum.of_moments(moments, self.X.shape[1], self.fit_intercept)
        if spectrum.suffices_for(self.alphas):
            return spectrum.coefs(self.alphas), mean
        x, y, weight = self.take(train)
        t = y.shape[1]
        coefs = [
            solve_rows(x, y, weight, moments, np.full(t, a), fit_intercept=self.fit_intercept)[0]
            for a in self.alphas
        ]
        return np.array(coefs), mean

    def squared_errors(self, coefs, mean, test):
        """Return the weighted sums of squared errors (a, t) on the rows ``test``."""
        x, y, weight = self.take(test)
        d = x.shape[1]
        weight = np.ones(len(y)) if weight is None else weight
        y = y - mean[d:]
        return np.array([weight @ (y - (x @ B.T - mean[:d] @ B.T)) ** 2 for B in coefs])

    def squared_errors_of_moments(self, coefs, train, test):
        """Return the same from the moments of the rows, or None where they cancel."""
        d = self.X.shape[1]
        shift = test.mean_minus(train) if self.fit_intercept else test.mean
        Sxx, Sxy, Syy = test.scatter[:d, :d], test.scatter[:d, d:], test.scatter.diagonal()[d:]
        explained = np.sum(coefs @ Sxx * coefs, axis=2)  # (a, t)
        centered = Syy - 2 * np.sum(coefs * Sxy.T, axis=2) + explained
        if (centered < _CANCELLED_BELOW * (Syy + explained)).any():
            return None
        return centered + test.weight * (shift[d:] - coefs @ shift[:d]) ** 2

    def leave_one_out(self, use):
        """Return ``use(block, E)`` for each block of rows, E (t, a, b) their errors left out.

        A row's error under the model of all others is e_i / (1 - h_i), with its residual e_i and
        leverage h_i = w_i (1 / sum(w) + sum_r T_ri^2 / (values_r + alpha)), T = V^T Z^T. Scaled
        to T T^T = I, all alphas follow from few rows: predictions D^T (C^T T) and leverages
        B^T (A^T T^2). ``use`` may write into E, and must not keep it.
        """
        (n, d), t, a = self.X.shape, self.Y.shape[1], len(self.alphas)
        if n <= d + 1:
            return [use(slice(0, n), np.moveaxis(self._errors_of_few_rows(), 0, 2))]
        rows, spectrum = self._rows_and_spectrum()
        kept = spectrum.values > (n * EPS) ** 2 * spectrum.values.max(initial=0)
        root = np.sqrt(spectrum.values[kept])
        V, cross = spectrum.V[:, kept] / root, spectrum.cross[kept] / root[:, np.newaxis]
        factors = spectrum.factors(self.alphas)[kept] * root[:, np.newaxis] ** 2  # in [0, 1]
        scaled = factors[:, np.newaxis] * cross[:, :, np.newaxis]  # (r, t, a)
        (A, B), (C, D) = low_rank(factors), low_rank(scaled.reshape(-1, t * a))
        r, W = len(A), np.hstack([V, V @ C])  # W^T Z^T = [T; C^T T] in one product
        base = 0.0
        if self.fit_intercept:
            base = 1 / (n if self.weight is None else self.weight.sum())
        B = np.vstack([-B, np.full(a, -base), np.ones(a)])  # 1 - h = B^T [w A^T T^2; w; 1]
        heights = d, W.shape[1], t * a, a, len(B)
        least = self.alphas.argmin()  # where the leverage is the largest

        def errors(run):
            longest = max(block.stop - block.start for block in run)
            memory = np.empty((sum(heights), longest))  # one piece, which the next run gets again
            Z, T, E, H, Q = np.split(memory, np.cumsum(heights[:-1]))
            Z = Z.reshape(longest, d)
            Q[-2:] = 1  # w, if there is none, and the constant
            for block in run:
                b = slice(block.stop - block.start)
                y = rows.block(block, out=Z[b])[1]
                np.matmul(W.T, Z[b].T, out=T[:, b])
                e = np.matmul(D.T, T[r:, b], out=E[:, b]).reshape(t, a, -1)
                np.subtract(y.T[:, np.newaxis], e, out=e)
                np.square(T[:r, b], out=T[:r, b])
                np.matmul(A.T, T[:r, b], out=Q[:-2, b])
                if self.weight is not None:
                    Q[-2, b] = self.weight[block]
                    Q[:-2, b] *= Q[-2, b]
                left = np.matmul(B.T, Q[:, b], out=H[:, b])
                near = np.flatnonzero(left[least] < _INTERPOLATED_BELOW)
                left[:, near] = 1
                e /= left
                for i in near:
                    e[:, :, i] = self._error_without(block.start + i)
                yield use(block, e)

        # half as much again as usual, for fewer calls; the last rows read are in the cache still
        blocks = row_blocks(n, sum(heights) * 2 // 3)[::-1]
        return list(chain.from_iterable(map_runs(lambda run: list(errors(run)), blocks)))

    def _error_without(self, i):
        """Return the errors (t, a) of row i under models fitted to all others."""
        train = np.delete(np.arange(len(self.Y)), i)
        moments = Moments.from_samples(self.X, self.weight, rows=train, targets=self.Y)
        coefs, mean = self.models(train, moments)
        x, y, _ = self.take([i])
        d = x.shape[1]
        return (y[0] - mean[d:] - np.array([(x @ B.T - mean[:d] @ B.T)[0] for B in coefs])).T

    def _errors_of_few_rows(self):
        """Return the left-out errors (n, t, a) of at most d + 1 rows, which may be interpolated.

        In a complete orthonormal basis U of the rows, without the direction of the intercept,
        both e_i and 1 - h_i are sums over alpha / (values_r + alpha): nothing cancels, and
        a tiny alpha divides out. At alpha = 0 the null directions decide, where a row has any.
        """
        rows = Rows.centered(self.X, self.Y, self.weight, self.fit_intercept)
        values, U = complete_basis(rows)
        root = rows.root_weight[:, np.newaxis]
        Uy = U.T @ rows.targets
        null = values <= (len(U) * EPS) ** 2 * values.max(initial=0)
        inverse = np.divide(1, values, out=np.zeros_like(values), where=~null)
        errors = np.empty((*self.Y.shape, len(self.alphas)))

        def ratio(factors, i=slice(None)):
            left = (U[i] ** 2 @ factors)[:, np.newaxis]
            return (U[i] * factors) @ Uy / np.where(left > 0, left, 1)

        for k, alpha in enumerate(self.alphas):
            if alpha > 0:
                errors[:, :, k] = ratio(alpha / (values + alpha))
                continue
            errors[:, :, k] = ratio(null.astype(float))
            full = np.flatnonzero(U**2 @ null < len(U) * EPS)
            errors[full, :, k] = ratio(inverse, full)
        return self._unweighted(errors, root)

    def _unweighted(self, errors, root):
        """Return errors of rows scaled by ``root``; a row of zero weight is absent already."""
        absent = np.flatnonzero(root[:, 0] == 0)
        errors /= np.where(root > 0, root, 1)[:, :, np.newaxis]
        for i in absent:
            errors[i] = self._error_without(i)
        return errors

    @cached_property
    def moments(self):
        """Moments of all rows."""
        return summarize(self.X, self.Y, self.weight)

    def check_finite(self):
        """Raise where X is not finite."""
        return assert_all_finite(self.X, input_name="X") if self.wide else self.moments

    def solve(self, alpha):
        """Return coefficients (t, d) and intercepts (t,) on all rows for alphas (t,)."""
        given = self.X, self.Y, self.weight
        if self.wide:
            return solve_wide(*given, alpha, fit_intercept=self.fit_intercept)[:2]
        return solve_rows(*given, self.moments, alpha, fit_intercept=self.fit_intercept)[:2]

    def _rows_and_spectrum(self):
        """Return all rows, more than features, centered, and their principal directions."""
        rows = Rows.around(self.X, self.Y, self.weight, self.moments, self.fit_intercept)
        spectrum = Spectrum.of_moments(self.moments, self.X.shape[1], self.fit_intercept)
        if not spectrum.suffices_for(self.alphas):
            spectrum = Spectrum.of_triangle(rows)
        return rows, spectrum


def complete_basis(rows):
    """Return squared singular values (r,) of the rows and an orthonormal basis (n, r) of R^n.

    With intercept the basis leaves out the direction of the square roots of the weights.
    """
    x = rows.X.toarray() if sparse.issparse(rows.X) else rows.X
    Z = rows.root_weight[:, np.newaxis] * (x - rows.x_center)
    with np.errstate(over="ignore"):
        size = check_overflow(np.linalg.norm(Z))
    if rows.fit_intercept:
        root = rows.root_weight
        u = root / np.linalg.norm(root)
        Z -= np.outer(u, u @ Z)
        Z = np.column_stack([Z, u * (2 * size or 1)])  # the largest by far
    R = linalg.qr(Z.T, mode="r", overwrite_a=True, check_finite=False)[0][: len(Z)]
    U, s, _ = linalg.svd(R.T, check_finite=False)
    values = np.zeros(len(U))
    values[: len(s)] = s**2
    first = int(rows.fit_intercept)
    return values[first:], U[:, first:]


def low_rank(M):
    """Return factors of M to rounding: functions of many alphas are combinations of few."""
    with one_thread_if_small(M.size):
        U, s, Vt = linalg.svd(M, full_matrices=False, check_finite=False)
    kept = s > EPS * s.max(initial=0)
    return U[:, kept] * s[kept], Vt[kept]


def check_splits(splits, n):
    """Return splits with positions counted from the front; each side needs a row."""
    if not splits:
        raise ValueError("cv must have one split or more, got none.")
    for f, split in enumerate(splits):
        for name, part in zip(("training", "test"), split, strict=True):
            if not len(part):
                raise ValueError(f"The {name} set of fold {f} of cv is empty.")
    return [tuple(np.arange(n)[part] for part in split) for split in splits]


def is_partition(splits, n):
    """Tell whether each row is tested once and trains every other fold once."""
    once = np.ones(n)
    tested = np.concatenate([test for _, test in splits])
    return np.array_equal(np.bincount(tested, minlength=n), once) and all(
        np.array_equal(np.bincount(np.concatenate(split), minlength=n), once) for split in splits
    )


def sums_without_each(parts):
    """Return, for each part, the sum of all others."""
    empty = Moments.empty(parts[0].n_features)
    before = accumulate(parts[:-1], initial=empty)
    after = list(accumulate(reversed(parts[1:]), initial=empty))
    return [left + right for left, right in zip(before, reversed(after), strict=True)]


# from squared errors (..., t), weight, and squared deviations (t,) of the targets from their mean
SCORES = {
    "neg_mean_squared_error": lambda errors, weight, _: -errors / weight,
    "neg_root_mean_squared_error": lambda errors, weight, _: -np.sqrt(errors / weight),
    "r2": lambda errors, _, spread: 1 - errors / spread,
}


def spread_of_targets(moments, n_targets):
    """Return squared deviations (t,) of the last columns from their mean; of constant ones 0."""
    squares, mean = moments.scatter.diagonal()[-n_targets:], moments.mean[-n_targets:]
    return np.where(is_constant(squares, mean, moments.weight), 0, squares)


def from_errors(scoring, n_rows, spread):
    """Tell whether scores follow from squared errors: a constant target has no r2 of its own."""
    if not (isinstance(scoring, str) and scoring in SCORES):
        return False
    return scoring != "r2" or (n_rows > 1 and spread.all())


def fold_scores(path, split, moments, scoring, score_models):
    """Return the scores (a, t) of one split, or (a, 1) where targets are scored together.

    Scores of squared errors come from the statistics; any other from
    ``score_models(coefs, intercepts, test)``.
    """
    (train, test), (of_train, of_test) = split, moments
    coefs, mean = path.models(train, of_train)
    of_y = Moments.from_samples(path.Y[test], path.take(test)[2]) if of_test is None else of_test
    spread = spread_of_targets(of_y, path.Y.shape[1])
    if not of_y.weight:
        raise ValueError("A test fold has only rows of zero weight: use fewer folds.")
    if from_errors(scoring, len(test), spread):
        errors = None
        if of_test is not None:
            errors = path.squared_errors_of_moments(coefs, of_train, of_test)
        if errors is None:
            errors = path.squared_errors(coefs, mean, test)
        return SCORES[scoring](errors, of_y.weight, spread)
    d = path.X.shape[1]
    return score_models(coefs, mean[d:] - coefs @ mean[:d], test)
