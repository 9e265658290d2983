"""The triangular factor of rows: a statistic that does not square their condition."""

from dataclasses import dataclass, replace
from functools import reduce
from operator import add

import numpy as np
from scipy import linalg, sparse

from skml_lecture.data import one_blas_thread, quiet
from skml_lecture.statistics import sums
from skml_lecture.statistics.moments import check_factor
from skml_lecture.statistics.regression_moments import is_constant
from skml_lecture.statistics.subtraction import remaining

_EPS = np.finfo(np.float64).eps
_HALF = 1e-8  # half of the digits


@dataclass(frozen=True, eq=False)
class Triangle:
    r"""Triangular factor of the weighted rows of [1, x], and their targets; ``+``, ``-``, ``*``.

    With x and y as seen from an origin, an orthogonal Q takes the rows to

    .. math:: Q^\top \sqrt{w}\, [1, x, y] = \begin{pmatrix} R & q \\ 0 & r \end{pmatrix}

    and least squares of the rows is that of R and q: R'R is the Gram matrix, but R has the
    condition of the rows and not its square. Two factors on top of one another have the factor
    of all rows. Of r only the squared length of each target is kept. The column of ones stands
    first, so below its row R is the factor of columns centred at their exact mean.

    Parameters
    ----------
    weight : float
        Total weight of the rows.
    origin : ndarray of shape (n_features,)
        The point from which the features are seen.
    y_origin : ndarray of shape (n_targets,)
        The point from which the targets are seen.
    R : ndarray of shape (m, 1 + n_features)
        Upper triangular, m at most 1 + n_features.
    q : ndarray of shape (m, n_targets)
        The targets in the same rows.
    rest : ndarray of shape (n_targets,)
        Squares of the targets that no feature explains.

    See Also
    --------
    RegressionMoments : The Gram matrix, at about a sixth of the cost.

    Notes
    -----
    O(n d^2), by Householder reflections.

    References
    ----------
    G. H. Golub, C. F. Van Loan, "Matrix computations", 4th edition, sections 5.3 and 6.5.

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.data import Data
    >>> from skml_lecture.statistics import Triangle
    >>> X, Y = np.array([[0.0], [1.0], [2.0], [4.0]]), np.array([[1.0], [3.0], [5.0], [9.0]])
    >>> parts = [Triangle.from_data(Data.of(X[i], targets=Y[i])) for i in ([0, 1], [2, 3])]
    >>> whole = parts[0] + parts[1]
    >>> bool(np.isclose(np.sum(whole.R[:, 1:] ** 2), np.sum((X - whole.origin) ** 2)))
    True
    """

    weight: float
    origin: np.ndarray  # (d,)
    y_origin: np.ndarray  # (t,)
    R: np.ndarray  # (m, 1 + d)
    q: np.ndarray  # (m, t)
    rest: np.ndarray  # (t,)

    @classmethod
    def empty(cls, n_features, n_targets):
        """Return the factor of no rows, the identity of ``+``.

        Parameters
        ----------
        n_features, n_targets : int
            Number of columns of x and y.

        Returns
        -------
        triangle : Triangle
            Of no weight.
        """
        x, y = np.zeros(n_features), np.zeros(n_targets)
        return cls(0.0, x, y, np.zeros((0, 1 + n_features)), np.zeros((0, n_targets)), y)

    @classmethod
    @quiet
    def from_data(cls, data):
        """Reduce rows, block by block.

        Parameters
        ----------
        data : Data
            The rows; targets of shape (n_samples, n_targets).

        Returns
        -------
        triangle : Triangle
            Of these rows.
        """
        d, t = data.n_features, data.targets.shape[1]
        if not data.n_rows:
            return cls.empty(d, t)
        targets = replace(data, X=data.targets, columns=None, picks=None)
        # a factor is not exact in any case, and nearer to the mean its rounding is less
        origin, y_origin = (sums.near_mean(rows, few_digits=False) for rows in (data, targets))
        width = 1 + d + t
        blocks = data.blocks(width, at_least=2 * width)
        with one_blas_thread(share=False):  # two take longer than one, up to a thousand columns
            return reduce(add, (cls._of_block(block, origin, y_origin) for block in blocks))

    @classmethod
    def _of_block(cls, block, origin, y_origin):
        x = block.x.toarray() if sparse.issparse(block.x) else block.x
        A = np.ones((block.n_rows, 1 + len(origin)))
        np.subtract(x, origin, out=A[:, 1:])
        Y = block.targets - y_origin
        if block.root_weight is not None:
            A *= block.root_weight[:, np.newaxis]
            Y *= block.root_weight[:, np.newaxis]
        rest = np.zeros(len(y_origin))
        return cls(block.total_weight, origin, y_origin, *_reduced(A, Y, rest))

    def __add__(self, other: "Triangle") -> "Triangle":
        if not isinstance(other, Triangle):
            return NotImplemented
        self._check_columns(other)
        near = self if self.weight >= other.weight else other
        a, b = (part.seen_from(near.origin, near.y_origin) for part in (self, other))
        R, q = np.vstack([a.R, b.R]), np.vstack([a.q, b.q])
        weight = self.weight + other.weight
        return Triangle(weight, near.origin, near.y_origin, *_reduced(R, q, a.rest + b.rest))

    def __sub__(self, other: "Triangle") -> "Triangle":
        """Take rows away: R'R falls by theirs.

        With P = R_other R^+ and its singular vectors P = U s V', the rest has the factor
        sqrt(1 - s^2) V' R, and its targets are V'(q - P'q_other) / sqrt(1 - s^2).
        """
        if not isinstance(other, Triangle):
            return NotImplemented
        self._check_columns(other)
        weight = float(remaining(self.weight, other.weight, "The weight"))
        if not weight:
            return Triangle.empty(len(self.origin), len(self.y_origin))
        part = other.seen_from(self.origin, self.y_origin)
        size = np.linalg.norm(self.R, axis=0)
        unit = np.where(size > 0, size, 1)
        R = self.R / unit
        to_whole = linalg.pinv(R, rtol=32 * len(size) * _EPS)  # R^+
        P = part.R / unit @ to_whole
        _, s, Vt = linalg.svd(P)
        left = np.ones(len(Vt))
        left[: len(s)] = (1 - s) * (1 + s)
        condition = np.linalg.norm(R, 2) * np.linalg.norm(to_whole @ Vt.T, axis=0)  # of each
        left = np.where(left > 64 * len(Vt) * _EPS * condition, left, 0.0)
        root = np.sqrt(left)[:, np.newaxis]
        A, inverse = Vt @ self.R, np.divide(1, root, out=np.zeros_like(root), where=root > 0)
        q = inverse * (Vt @ (self.q - P.T @ part.q))
        squares = [np.sum(p.q**2, axis=0) + p.rest for p in (self, part)]
        rest = np.maximum(squares[0] - squares[1] - np.sum(q**2, axis=0), 0.0)
        rest = Triangle(weight, self.origin, self.y_origin, *_reduced(root * A, q, rest))
        before, after = (np.linalg.norm(M[1:, 1:], axis=0) for M in (self.R, rest.R))
        if (after < np.sqrt(_HALF) * before).any():
            raise ValueError(
                "What is taken away leaves fewer than half of the digits of a variance: fit on "
                "the rows that are left instead."
            )
        lost = np.max(before[after > 0] / after[after > 0], initial=1.0)
        return rest._without_noise(32 * max(len(after), 1) * _EPS * lost)

    def __mul__(self, factor: float) -> "Triangle":
        factor = check_factor(factor)
        root = np.sqrt(factor)
        return replace(
            self,
            weight=factor * self.weight,
            R=root * self.R,
            q=root * self.q,
            rest=factor * self.rest,
        )

    __rmul__ = __mul__

    @property
    def n_targets(self):
        """Number of targets."""
        return len(self.y_origin)

    @property
    def mean(self):
        """Mean of the features and then the targets."""
        offset = np.concatenate([self.R[0, 1:], self.q[0]]) / self.R[0, 0]
        return np.concatenate([self.origin, self.y_origin]) + offset

    @property
    @quiet
    def squares(self):
        """Centred sums of squares, of the features and of the targets."""
        return np.sum(self.R[1:, 1:] ** 2, axis=0), np.sum(self.q[1:] ** 2, axis=0) + self.rest

    def seen_from(self, origin, y_origin):
        """Return the same rows as seen from another origin.

        Parameters
        ----------
        origin, y_origin : ndarray
            Points in the units of features and targets.

        Returns
        -------
        triangle : Triangle
            Of the same rows.
        """
        if not len(self.R):
            return replace(self, origin=origin, y_origin=y_origin)
        R, q = self.R.copy(), self.q.copy()
        R[0, 1:] += R[0, 0] * (self.origin - origin)
        q[0] += R[0, 0] * (self.y_origin - y_origin)
        return replace(self, origin=origin, y_origin=y_origin, R=R, q=q)

    def system(self, *, fit_intercept):
        """Return the least-squares system A, b of the coefficients.

        Parameters
        ----------
        fit_intercept : bool
            Whether of centered columns; those that are constant but for rounding are zero.

        Returns
        -------
        A, b : ndarray of shape (m, n_features), (m, n_targets)
            ``|A beta - b|^2`` is the squared error of the rows but for a constant.
        """
        return self._system(fit_intercept)[:2]

    def _system(self, fit_intercept):
        """Return A, b, and the squares of the targets that lie outside of these rows."""
        if fit_intercept:
            A, b = self.R[1:, 1:].copy(), self.q[1:]
            squares, mean = self.squares[0], self.mean[: len(self.origin)]
            A[:, is_constant(squares, mean, self.weight)] = 0
            return A, b, self.rest
        zero = self.seen_from(np.zeros_like(self.origin), np.zeros_like(self.y_origin))
        return _reduced(zero.R[:, 1:], zero.q, self.rest)

    def squares_of_targets(self, spectrum, *, fit_intercept):
        """Return the squares of the targets, and what least squares leaves of them.

        Parameters
        ----------
        spectrum : Spectrum
            Of the same rows.
        fit_intercept : bool
            Whether about the mean.

        Returns
        -------
        total, rest : ndarray of shape (n_targets,)
            In squared units of the targets.
        """
        A, b, rest = self._system(fit_intercept)
        along = spectrum.V.T @ A.T  # s U' of the factor's rows
        left = b - (along / spectrum.s[:, np.newaxis]).T @ spectrum.Uy
        return np.sum(b**2, axis=0) + rest, np.sum(left**2, axis=0) + rest

    def intercept(self, coef):
        """Return mean(y) - coef mean(x) with all its digits.

        Parameters
        ----------
        coef : ndarray of shape (n_targets, n_features)
            Coefficients.

        Returns
        -------
        intercept : ndarray of shape (n_targets,)
            In the units of the targets.
        """
        offset = (self.q[0] - coef @ self.R[0, 1:]) / self.R[0, 0]
        longdouble = coef.astype(np.longdouble) @ self.origin
        return (self.y_origin - longdouble + offset).astype(np.float64)

    def _without_noise(self, cutoff):
        """Return the same with zeros for what is small beside the columns at unit norm."""
        size = np.linalg.norm(self.R[1:, 1:], axis=0)
        unit = np.where(size > 0, size, 1)
        U, s, Vt = np.linalg.svd(self.R[1:, 1:] / unit, full_matrices=False)
        noise = s <= cutoff * s.max(initial=0)
        if not noise[s > 0].any():
            return self
        R = self.R.copy()
        R[1:, 1:] = (U * np.where(noise, 0.0, s)) @ Vt * unit
        reduced = _reduced(R, self.q, self.rest)
        return Triangle(self.weight, self.origin, self.y_origin, *reduced)

    def _check_columns(self, other):
        shapes = [(len(part.origin), len(part.y_origin)) for part in (self, other)]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"Triangles of as many features and targets add, got {shapes[0]} and {shapes[1]}."
            )


def _reduced(A, Y, rest):
    """Return R, Q'Y and the rest of the squares of Y of the QR decomposition A = Q R."""
    k, t = min(A.shape), Y.shape[1]
    if t <= A.shape[1]:
        whole = np.linalg.qr(np.hstack([A, Y]), mode="r")
        d = A.shape[1]
        return whole[:k, :d], whole[:k, d:], rest + np.sum(whole[k:, d:] ** 2, axis=0)
    Q, R = np.linalg.qr(A)
    q = Q.T @ Y
    return R, q, rest + np.sum((Y - Q @ q) ** 2, axis=0)
