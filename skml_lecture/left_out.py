"""Errors of rows left out one at a time, under the ridge models of all others, in closed form."""

from dataclasses import replace
from functools import cached_property, partial
from itertools import chain

import numpy as np
from scipy import linalg

from skml_lecture.data import each, one_thread_if_small
from skml_lecture.solvers import Equations
from skml_lecture.solvers.rows import FEW

_EPS = np.finfo(np.float64).eps
_WELL = 1e-4  # reciprocal condition: above it, directions are orthonormal to twelve digits
NEAR = 1e-4  # 1 - leverage: under it, digits cancel
_NEAR_AT_ONCE = 256  # rows
_KEPT = 1e-9  # of the size of the targets
_FEW_COLUMNS = 8  # that are no combinations of fewer


class LeftOut:
    r"""Errors of every row of a data set under the models of all other rows, for many alphas.

    With the singular values s and directions of the centered rows, :math:`Z = U s V^\top`, the
    row i has at alpha

    .. math:: \frac{e_i}{1 - h_i}, \qquad
              e_i = y_i - \sum_r u_{ir} f_r U_r^\top y, \qquad
              h_i = \frac{w_i}{W} + \sum_r u_{ir}^2 f_r, \qquad f_r = \frac{s_r^2}{s_r^2 + \alpha}

    Parameters
    ----------
    equations : Equations
        Of rows of positive weight.
    alphas : ndarray of shape (a,)
        The penalties.

    References
    ----------
    R. M. Rifkin, R. A. Lippert, "Notes on regularized least squares", MIT-CSAIL-TR-2007-025,
    section 4.
    """

    def __init__(self, equations, alphas):
        self.rows, self.alphas = equations.rows, alphas
        self.spectrum = equations.spectrum(alphas)
        self.y = self.rows.targets
        n, d = self.rows.shape
        self.careful = is_ill_conditioned(self.spectrum) or n <= d + 1
        if self.spectrum.U is None and self.careful:
            self._correct()
        elif self.spectrum.U is None:
            self.to_directions = self.spectrum.V / self.spectrum.s  # (d, r), takes the rows Z to U
        self.f = self.spectrum.shrinkage(alphas)  # (r, a)
        weight = self.rows.data.total_weight
        # the direction of the intercept, which every row has a share of
        self.ones = self.rows.root_weight / np.sqrt(weight) * self.rows.fit_intercept

    def _correct(self):
        """Correct the directions by passes over the rows."""

        def products(W):
            return self.rows.data.sum(each(partial(_products, self.rows, W)), 2 * len(W))

        self.to_directions, self.spectrum = corrected(self.spectrum, products)

    def use(self, work):
        """Return ``work(rows, E)`` for every slice of rows, E (t, a, b) their errors left out.

        ``work`` may write into E, and must not keep it.
        """
        n, d = self.rows.shape
        if n <= d + 1:
            rows = np.arange(n)
            parts = np.split(rows, range(_NEAR_AT_ONCE, n, _NEAR_AT_ONCE))
            complete = self.spectrum.rank + self.rows.fit_intercept == n  # no row has a rest
            U = self._all_directions(complete)
            self.spectrum = replace(self.spectrum, Uy=U.T @ self.y)
            others = [] if complete else [(rows, U)]
            return [
                work(slice(p[0], p[-1] + 1), self._exactly(p, U[p], lambda: others)) for p in parts
            ]
        return list(chain.from_iterable(self._of_many_rows(work)))

    def _all_directions(self, complete):
        """Return U (n, r), whose directions may be all but that of the intercept."""
        U = self.spectrum.U
        if U is None:
            U = self.rows.dense(self.rows.data) @ self.to_directions
        elif complete and self.spectrum.rcond > _WELL:  # orthonormal as it is, to the intercept too
            return U
        first = self.ones[:, np.newaxis][:, : int(self.rows.fit_intercept)]
        Q, R = np.linalg.qr(np.hstack([first, U]))  # orthonormal, to the intercept too
        return (Q * np.where(R.diagonal() < 0, -1, 1))[:, first.shape[1] :]

    def _of_many_rows(self, work):
        """Return the lists of ``work``'s results of all runs of blocks.

        Functions of many alphas are combinations of few: with T = U', predictions are
        D'(C'T) and leverages B'(A'T^2).
        """
        spectrum, a = self.spectrum, len(self.alphas)
        t = spectrum.Uy.shape[1]
        V = self.to_directions
        fitted = self.f[:, np.newaxis] * spectrum.Uy[:, :, np.newaxis]  # (r, t, a)
        (A, B), (C, D) = low_rank(self.f), low_rank(fitted.reshape(len(V.T), t * a))
        r, W = len(A), np.hstack([V, V @ C])  # W'Z' = [T; C'T] in one product
        base = float(self.rows.fit_intercept) / self.rows.data.total_weight
        B = np.vstack([-B, np.full(a, -base), np.ones(a)])  # 1 - h = B' [A'T^2; w; 1]
        heights = len(V), W.shape[1], t * a, a, len(B)
        least = self.alphas.argmin()  # where the leverage is the largest

        def errors(run):
            longest = max(block.n_rows for block in run)
            memory = np.empty((sum(heights), longest))  # one piece, which the next run gets again
            Z, T, E, H, Q = np.split(memory, np.cumsum(heights[:-1]))
            Z = Z.reshape(longest, len(V))
            Q[-2:] = 1  # w, if there is none, and the constant
            for block in run:
                b = slice(block.n_rows)
                z = self.rows.dense(block, out=Z[b])
                np.matmul(W.T, z.T, out=T[:, b])
                e = np.matmul(D.T, T[r:, b], out=E[:, b]).reshape(t, a, -1)
                np.subtract(self.y[block.rows].T[:, np.newaxis], e, out=e)
                np.square(T[:r, b], out=T[:r, b])
                np.matmul(A.T, T[:r, b], out=Q[:-2, b])
                if block.weight is not None:
                    Q[-2, b] = block.weight
                left = np.matmul(B.T, Q[:, b], out=H[:, b])
                near = np.flatnonzero(left[least] < NEAR)
                left[:, near] = 1
                e /= left
                if block.root_weight is not None:
                    e /= block.root_weight
                for part in np.split(near, range(_NEAR_AT_ONCE, len(near), _NEAR_AT_ONCE)):
                    if len(part):
                        exact = self._exactly(block.start + part, z[part] @ V, self.directions)
                        e[:, :, part] = exact
                yield work(block.rows, e)

        # half as much again as usual, for fewer calls; the last rows read are in the cache still
        data = self.rows.data
        return data.map(lambda run: list(errors(run[::-1])), sum(heights) * 2 // 3)

    @cached_property
    def directions(self):
        """What returns positions and rows of U (b, r), block by block; few are computed once."""

        def blocks():
            for block in self.rows.data.blocks(2 * self.rows.shape[1]):
                positions = np.arange(block.start, block.start + block.n_rows)
                yield positions, self.rows.dense(block) @ self.to_directions

        if np.prod(self.rows.shape) > FEW:
            return blocks
        few = list(blocks())
        return lambda: few

    def _exactly(self, rows, u, directions):
        """Return the errors (t, a, m) of some rows, whose leverage may be one."""
        ones = self.ones
        rr, ry = np.zeros(len(rows)), np.zeros((len(rows), self.y.shape[1]))
        for positions, U in directions():
            r = -(u @ U.T) - np.outer(ones[rows], ones[positions])
            r[rows[:, np.newaxis] == positions] += 1
            rr += np.einsum("mi,mi->m", r, r)
            ry += r @ self.y[positions]
        n, d = self.rows.shape
        noise = noise_of(self.spectrum, n, careful=self.careful and n > d + 1)
        errors, doubtful = errors_of_residuals(self.spectrum, self.alphas, u, rr, ry, noise)
        for i in np.flatnonzero(doubtful.any(axis=1)):
            errors[:, i, doubtful[i]] = self._of_others(rows[i], self.alphas[doubtful[i]])
        return (errors / self.rows.root_weight[rows][:, np.newaxis]).swapaxes(1, 2)

    def _of_others(self, row, alphas):
        """Return the errors (t, a), times the root of the weight, under models of all others."""
        data = self.rows.data
        others = np.delete(np.arange(data.n_rows), row)
        equations = Equations(self.rows.fit_intercept, data.take(others))
        one = replace(equations.rows, data=data.take([row]))
        penalties = [np.full(self.y.shape[1], alpha) for alpha in alphas]
        coefs = [equations.solver(alpha).coefs(alpha) for alpha in penalties]
        return one.targets.T - np.transpose(coefs @ one.dense(one.data)[0])


def is_ill_conditioned(spectrum):
    """Tell whether directions may be orthonormal to fewer than twelve digits."""
    return spectrum.name == "svd" or spectrum.rcond < _WELL


def noise_of(spectrum, n_rows, *, careful):
    """Return how large a residual of so many rows is by rounding alone."""
    return 64 * _EPS * np.sqrt(n_rows) / (1 if careful else spectrum.accuracy)


def errors_of_residuals(spectrum, alphas, u, rr, ry, noise):
    """Return the errors left out of rows whose leverage may be one.

    What no direction explains of row i is seen in r = (I - U U' - ones) e_i: e_i = r'y +
    sum u (1 - f) U'y and 1 - h_i = r'r + sum u^2 (1 - f), sums of which nothing cancels. At
    leverage one r = 0, and a tiny alpha divides out; at alpha = 0 its limit stands.

    Where columns are of very different size, a small direction has a large part in the sums: of
    a row that is explained without it they may be rounding.

    Parameters
    ----------
    spectrum : Spectrum
        Of all rows.
    alphas : ndarray of shape (a,)
        The penalties.
    u : ndarray of shape (m, r)
        The rows along the directions.
    rr, ry : ndarray of shape (m,), (m, t)
        The products r'r and r'y, overwritten.
    noise : float
        Size of an r that is rounding.

    Returns
    -------
    errors : ndarray of shape (t, m, a)
        Times the roots of the weights.
    doubtful : ndarray of bool of shape (m, a)
        Whether an error of an explained row may have lost its digits.
    """
    explained = rr <= noise**2
    rr[explained], ry[explained] = 0, 0
    s = spectrum.s[:, np.newaxis]
    g = np.where(alphas > 0, alphas / (s * s + alphas), 0.0)  # 1 - f
    left = rr[:, np.newaxis] + u**2 @ g  # (m, a)
    errors = np.stack(
        [r[:, np.newaxis] + (u * Uy) @ g for r, Uy in zip(ry.T, spectrum.Uy.T, strict=True)]
    )
    zero = np.flatnonzero(alphas == 0)
    if explained.any() and len(zero):
        g[:, zero] = limit = (s.min(initial=np.inf) / s) ** 2
        some = np.ix_(explained, zero)
        left[some] = u[explained] ** 2 @ limit
        for of_target, Uy in zip(errors, spectrum.Uy.T, strict=True):
            of_target[some] = (u[explained] * Uy) @ limit
    errors /= np.where(left > 0, left, 1)
    size = linalg.norm(spectrum.Uy, axis=1)
    lost = _EPS * (size @ g) > _KEPT * left * linalg.norm(size)  # what u has of rounding
    return errors, explained[:, np.newaxis] & lost


def corrected(spectrum, products):
    """Return W = V / s (d, r), so that the directions U = Z W are orthonormal, and the spectrum.

    With U'U = R'R, which is the identity but for what the condition made of rounding, U R^-1 is:
    so that r = 0 where a row is explained. Where U is much shorter than one, all of s was
    rounding, and the direction is left out. ``products(W)`` returns U'[U, y].
    """
    W, Uy, stay = spectrum.V / spectrum.s, spectrum.Uy, np.arange(spectrum.rank)
    for _ in range(2):
        UU, now = np.split(products(W), [len(stay)], axis=1)
        some = np.flatnonzero(UU.diagonal() > 1 / 4)
        R, failed = linalg.lapack.dpotrf(UU[np.ix_(some, some)])
        if failed or not len(some):
            break
        W = linalg.solve_triangular(R, W[:, some].T, trans="T", check_finite=False).T
        Uy = linalg.solve_triangular(R, now[some], trans="T", check_finite=False)
        stay = stay[some]
    return W, replace(spectrum, s=spectrum.s[stay], V=spectrum.V[:, stay], Uy=Uy)


def products_with(U, y):
    """Return U'[U, y] of rows."""
    return U.T @ np.hstack([U, y])


def _products(rows, W, block):
    one = replace(rows, data=block)
    return products_with(rows.dense(block) @ W, one.targets)


def low_rank(M):
    """Return factors of M to rounding: functions of many alphas are combinations of few."""
    if M.shape[1] <= _FEW_COLUMNS:
        return M, np.eye(M.shape[1])
    with one_thread_if_small(M.size):
        U, s, Vt = np.linalg.svd(M, full_matrices=False)
    kept = s > _EPS * s.max(initial=0)
    return U[:, kept] * s[kept], Vt[kept]
