"""Weight, mean and scatter of weighted rows: statistics that add."""

from contextlib import nullcontext
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy import sparse
from scipy.linalg.blas import dsyrk
from sklearn.utils import check_consistent_length

from skml_lecture.data.threads import map_runs, one_thread_if_small, row_blocks

_FEW_ROWS = 1000  # up to which the BLAS uses no threads worth stopping
MAX_THREADED_WIDTH = 512  # wider products keep every core busy by themselves
_ROWS = 720  # of a block, at least; OpenBLAS adds its halves, a third faster than 256 or 384 rows
_FAR = 10.0  # squared distance of the origin from the mean / variance: a digit is lost
_MAX_PASSES = 4  # the second is rare, more than two take weights of very different size


@dataclass(frozen=True, eq=False)
class Moments:
    r"""Weight, mean and scatter of a weighted sample; merge with ``+``.

    .. math:: W = \sum_i w_i, \qquad \mu = \frac1W \sum_i w_i x_i, \qquad
              S = \sum_i w_i (x_i - \mu)(x_i - \mu)^\top

    The mean is kept as ``origin + offset``, an arbitrary point near the data and a small
    difference: at a mean of 1e8 spreads one float has too few digits to merge with.

    Parameters
    ----------
    weight : float
        Total weight W of the rows; their number when they are not weighted.
    origin : ndarray of shape (n_features,)
        A point near the data, in the data's units.
    offset : ndarray of shape (n_features,)
        Mean minus origin, in the data's units.
    scatter : ndarray of shape (n_features, n_features)
        Centred sum of squares and products S (covariance times weight).

    See Also
    --------
    numpy.cov : Covariance of one array that is held in memory.

    Notes
    -----
    Cost O(n d^2), in one pass. The rows are read in a few shares, each seen from a point near its
    mean: that of its first rows, or in another pass, where they turn out to be far from the rest,
    the mean of the share. The shares are merged by the pairwise update of Chan, Golub and LeVeque.
    So no raw ``X.T @ X`` is ever formed, what cancels is at most a digit, and the extra memory does
    not depend on the number of rows.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", COMPSTAT 1982, eq. (2.1).

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.statistics import Moments
    >>> X = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, 8.0]])
    >>> whole = Moments.from_samples(X[:2]) + Moments.from_samples(X[2:])
    >>> whole.mean
    array([3., 4.])
    >>> whole.scatter
    array([[ 8., 12.],
           [12., 24.]])
    """

    weight: float
    origin: np.ndarray  # (d,)
    offset: np.ndarray  # (d,)
    scatter: np.ndarray  # (d, d)

    @classmethod
    def empty(cls, n_features):
        """Return the moments of no rows, the identity of ``+``."""
        zeros = np.zeros(n_features)
        return cls(0.0, zeros, zeros, np.zeros((n_features, n_features)))

    @classmethod
    def from_samples(cls, X, weight=None, *, targets=None, rows=None):
        """Summarise the rows of ``X``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows; finite numbers. A sparse matrix is never made dense.
        weight : array-like of shape (n_samples,), default=None
            Non-negative weights; k means a row that stands there k times, 0 one that is absent.
        targets : array-like of shape (n_samples, n_targets), default=None
            More columns, as if they stood to the right of ``X``.
        rows : ndarray of int, default=None
            Positions of the rows to summarise; None means all.

        Returns
        -------
        moments : Moments
            Of ``n_features + n_targets`` columns.
        """
        X = X.tocsr() if sparse.issparse(X) else np.asarray(X)
        weight = None if weight is None else np.asarray(weight, dtype=np.float64)
        targets = np.empty((X.shape[0], 0)) if targets is None else np.asarray(targets)
        check_consistent_length(X, weight, targets)
        n_rows = X.shape[0] if rows is None else len(rows)
        width = X.shape[1] + targets.shape[1]

        def summarise(run):
            def parts():
                for block in run:
                    p = block if rows is None else rows[block]
                    yield X[p], None if weight is None else weight[p], targets[p]

            if sparse.issparse(X):
                return reduce(cls.__add__, (cls(*_sparse_moments(*part)) for part in parts()))
            return cls(*_dense_moments(parts, width))

        if sparse.issparse(X):
            stored_in_a_row = X.nnz // max(X.shape[0], 1) + 1
            runs = [summarise([block]) for block in row_blocks(n_rows, stored_in_a_row)]
        else:
            blocks = row_blocks(n_rows, 4 * width, at_least=_ROWS)
            if width > MAX_THREADED_WIDTH:
                runs = [summarise(blocks)]
            else:
                with one_thread_if_small(n_rows * width) if n_rows > _FEW_ROWS else nullcontext():
                    runs = map_runs(summarise, blocks)
        return reduce(cls.__add__, runs, cls.empty(width))

    def __add__(self, other):
        if not isinstance(other, Moments):
            return NotImplemented
        if self.n_features != other.n_features:
            raise ValueError(
                f"Moments of {self.n_features} and of {other.n_features} features do not add."
            )
        if not self.weight:
            return other
        if not other.weight:
            return self
        weight = self.weight + other.weight
        shift = other.mean_minus(self)
        between = np.sqrt(self.weight * (other.weight / weight)) * shift
        return Moments(
            weight,
            self.origin,
            self.offset + other.weight / weight * shift,
            self.scatter + other.scatter + np.outer(between, between),
        )

    def mean_minus(self, other):
        """Return this mean minus another's, with all its digits.

        Parameters
        ----------
        other : Moments
            Moments of as many features.

        Returns
        -------
        difference : ndarray of shape (n_features,)
            In the data's units.
        """
        return (self.origin - other.origin) + (self.offset - other.offset)

    @property
    def n_features(self):
        """Number of columns."""
        return len(self.origin)

    @property
    def mean(self):
        """Mean of the rows, of shape (n_features,)."""
        return self.origin + self.offset

    @property
    def covariance(self):
        """Maximum-likelihood covariance, scatter / weight, of shape (n_features, n_features)."""
        return self.scatter / self.weight


def _dense_moments(parts, width):
    """Return weight, origin, offset and scatter of the rows.

    ``parts()`` yields them, each time from the first, as blocks ``(x, weight, targets)``.
    """
    with np.errstate(invalid="ignore", over="ignore"):  # the caller looks at the result
        origin, offset = _near_mean(parts(), width), 0.0
        for _ in range(_MAX_PASSES):
            origin = origin + offset
            total, offset, scatter = _about(origin, parts(), width)
            near = total * offset**2 <= _FAR * scatter.diagonal()
            if near.all() or not np.isfinite(offset).all():
                break
    return total, origin, offset, scatter


def _near_mean(parts, width):
    """Return the unweighted mean of the first hundred or so rows that weigh something.

    They are of one block. Of a constant column it is the constant.
    """
    for x, weight, targets in parts:
        some = np.arange(len(x)) if weight is None else np.flatnonzero(weight)
        if len(some):
            some = some[:: max(len(some) // 64, 1)]
            Z = np.hstack([x[some], targets[some]]).astype(np.float64)
            return Z[0] + np.mean(Z - Z[0], axis=0)
    return np.zeros(width)


def _about(origin, parts, width):
    """Return weight, mean minus origin, and scatter of the rows.

    With z = [x - origin, 1] and the mean m of x - origin, sum w z z^T = [[S + W m m^T, W m], ...].
    """
    wide = width > MAX_THREADED_WIDTH
    P, total = np.zeros((width + 1, width + 1), order="F" if wide else "C"), 0.0
    buffer = np.empty((0, width + 1))
    for x, weight, targets in parts:
        if len(buffer) < len(x):
            buffer = np.empty((len(x), width + 1))
            buffer[:, width] = 1
        Z, d = buffer[: len(x)], x.shape[1]
        np.subtract(x, origin[:d], out=Z[:, :d])
        np.subtract(targets, origin[d:], out=Z[:, d:width])
        if weight is not None:
            Z[:, width] = 1
            Z *= np.sqrt(weight)[:, np.newaxis]
        total += len(x) if weight is None else weight.sum()
        if wide:  # in place, by threads of its own, but it holds the interpreter
            P = dsyrk(1.0, Z.T, beta=1.0, c=P, overwrite_c=True)
        else:
            P += Z.T @ Z
    if wide:  # the upper triangle
        P = P + P.T
        P.flat[:: len(P) + 1] /= 2
    offset = P[:width, width] / (total or 1)
    m = np.sqrt(total) * offset
    return total, offset, P[:width, :width] - np.outer(m, m)


def _sparse_moments(x, weight, targets):
    """Return weight, origin, offset and scatter of the rows of a CSR block.

    Columns that hold a value in most rows are centered as dense ones, in no more memory than
    they took. The others are zero in most rows, so their mean is not large against their spread,
    and subtracting the product of means loses nothing.
    """
    d, t = x.shape[1], targets.shape[1]
    weight = np.ones(x.shape[0]) if weight is None else weight
    present = weight > 0
    if not present.all():
        x, weight, targets = x[present], weight[present], targets[present]
    total = weight.sum()
    scatter, origin, offset = np.zeros((d + t, d + t)), np.zeros(d + t), np.zeros(d + t)
    if not total:
        return total, origin, offset, scatter
    entry_weight = np.repeat(weight, np.diff(x.indptr))
    heavy = np.bincount(x.indices, entry_weight, minlength=d) > total / 2
    dense = np.concatenate([np.flatnonzero(heavy), d + np.arange(t)])
    H = np.hstack([x[:, heavy].toarray(), targets]).astype(np.float64)
    for mean in (origin, offset):  # twice: the first mean is rounded
        mean[dense] = weight @ H / total
        H -= mean[dense]
    L = sparse.csr_array((x.data * ~heavy[x.indices], x.indices, x.indptr), shape=x.shape)
    wL = sparse.csr_array((entry_weight * L.data, x.indices, x.indptr), shape=x.shape)
    offset[:d] += wL.sum(axis=0) / total
    light = np.where(heavy, 0, offset[:d])
    scatter[:d, :d] = (wL.T @ L).toarray() - np.outer(total * light, light)
    across = wL.T @ H  # H is centered, so L need not be
    scatter[:d, dense] += across
    scatter[dense, :d] += across.T
    scatter[np.ix_(dense, dense)] = H.T @ (weight[:, np.newaxis] * H)
    return total, origin, offset, scatter
