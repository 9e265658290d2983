"""Weight, mean and scatter of every class: statistics that add."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy import sparse
from sklearn.utils.sparsefuncs import mean_variance_axis

from skml_lecture.data.threads import map_runs, row_blocks
from skml_lecture.statistics.moments import MAX_THREADED_WIDTH, Moments

_SCATTERS = {  # name: has cross products, has one scatter per class
    "full": (True, True),
    "tied": (True, False),
    "diag": (False, True),
    "tied_diag": (False, False),
}
_RUN_ELEMENTS = 2**22  # 32 MB of float64 for what all runs hold at a time


@dataclass(frozen=True, eq=False)
class ClassMoments:
    r"""Weight, mean and scatter of the rows of every class; merge with ``+``.

    .. math:: W_c = \sum_{i \in c} w_i, \qquad \mu_c = \frac{1}{W_c} \sum_{i \in c} w_i x_i,
              \qquad S_c = \sum_{i \in c} w_i (x_i - \mu_c)(x_i - \mu_c)^\top

    The mean is ``origin + offset`` for the reason that :class:`Moments` gives.

    Parameters
    ----------
    weight : ndarray of shape (n_classes,)
        Total weight of each class.
    origin : ndarray of shape (n_classes, n_features)
        A point near the rows of each class, in the data's units.
    offset : ndarray of shape (n_classes, n_features)
        Means minus origins, in the data's units.
    scatter : ndarray
        Centred sums of squares and products. "full": (n_classes, n_features, n_features), one
        matrix per class; "tied": (n_features, n_features), their sum; "diag": (n_classes,
        n_features), their diagonals; "tied_diag": (n_features,), the diagonal of the sum.
    kind : {"full", "tied", "diag", "tied_diag"}
        What ``scatter`` holds.

    See Also
    --------
    Moments : The same of rows without classes.

    Notes
    -----
    One pass, O(n d^2) or O(n d). Each block of rows is centred near the running mean of each
    row's class, so that the scatter within classes never has to be told from a larger scatter
    between them, and merged by the pairwise update of Chan, Golub and LeVeque.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", COMPSTAT 1982, eq. (2.1).

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.statistics import ClassMoments
    >>> X, codes = np.array([[1.0, 0.0], [3.0, 2.0], [5.0, 5.0]]), np.array([0, 0, 1])
    >>> whole = ClassMoments.from_samples(X[:1], codes[:1], 2) + ClassMoments.from_samples(
    ...     X[1:], codes[1:], 2
    ... )
    >>> whole.mean
    array([[2., 1.],
           [5., 5.]])
    >>> whole.scatter
    array([[2., 2.],
           [2., 2.]])
    """

    weight: np.ndarray  # (k,)
    origin: np.ndarray  # (k, d)
    offset: np.ndarray  # (k, d)
    scatter: np.ndarray
    kind: str

    @classmethod
    def empty(cls, n_classes, n_features, kind):
        """Return the moments of no rows, the identity of ``+``.

        Parameters
        ----------
        n_classes, n_features : int
            Shape of the means.
        kind : {"full", "tied", "diag", "tied_diag"}
            Kind of the scatter.

        Returns
        -------
        moments : ClassMoments
            All zero.
        """
        return _Running(n_classes, n_features, kind).moments()

    @classmethod
    def from_samples(cls, X, codes, n_classes, weight=None, *, kind="tied"):
        """Summarise the rows of ``X``.

        Parameters
        ----------
        X : {ndarray, CSR array or matrix} of shape (n_samples, n_features)
            The rows; finite numbers. A sparse matrix is never made dense.
        codes : ndarray of int of shape (n_samples,)
            The class of each row, from 0 to ``n_classes - 1``.
        n_classes : int
            Number of classes.
        weight : ndarray of shape (n_samples,), default=None
            Non-negative weights; None means 1.
        kind : {"full", "tied", "diag", "tied_diag"}, default="tied"
            The scatter to keep.

        Returns
        -------
        moments : ClassMoments
            Of all classes, those without rows empty.
        """
        if sparse.issparse(X):
            return _sparse_class_moments(X, codes, n_classes, weight, kind)
        d = X.shape[1]
        blocks = row_blocks(len(X), d, at_least=MAX_THREADED_WIDTH if _is_wide(d) else 16)

        def summarise(runs):
            state = _Running(n_classes, d, kind)
            with np.errstate(invalid="ignore", over="ignore"):  # the caller looks at the result
                for block in (block for run in runs for block in run):
                    state.add(X[block], codes[block], None if weight is None else weight[block])
                return state.moments()

        runs = map_runs(summarise, _shares(blocks, n_classes, d, kind))
        return reduce(cls.__add__, runs) if runs else cls.empty(n_classes, d, kind)

    def __add__(self, other):
        if not isinstance(other, ClassMoments):
            return NotImplemented
        other = other.reduced(self.kind)
        weight = self.weight + other.weight
        fraction = other.weight / np.where(weight > 0, weight, 1)
        shift = (other.origin - self.origin) + (other.offset - self.offset)
        fresh = (self.weight == 0)[:, np.newaxis]
        return ClassMoments(
            weight,
            np.where(fresh, other.origin, self.origin),
            np.where(fresh, other.offset, self.offset + fraction[:, np.newaxis] * shift),
            self.scatter + other.scatter + _scatter(self.kind, self.weight * fraction, shift),
            self.kind,
        )

    def expanded(self, positions, n_classes):
        """Return the same over ``n_classes`` classes, class i at ``positions[i]``.

        Parameters
        ----------
        positions : ndarray of int
            Where each class stands among the new ones.
        n_classes : int
            Number of the new classes; those at no position are empty.

        Returns
        -------
        moments : ClassMoments
            Over ``n_classes`` classes.
        """

        def spread(values):
            out = np.zeros((n_classes, *values.shape[1:]))
            out[positions] = values
            return out

        own = _SCATTERS[self.kind][1]
        return ClassMoments(
            spread(self.weight),
            spread(self.origin),
            spread(self.offset),
            spread(self.scatter) if own else self.scatter,
            self.kind,
        )

    def reduced(self, kind):
        """Return the same with another kind of scatter, one that this kind determines.

        Parameters
        ----------
        kind : {"full", "tied", "diag", "tied_diag"}
            The kind that is wanted.

        Returns
        -------
        moments : ClassMoments
            With a scatter of that kind.

        Raises
        ------
        ValueError
            If the scatter does not determine the one that is wanted.
        """
        (cross, own), (wants_cross, wants_own) = _SCATTERS[self.kind], _SCATTERS[kind]
        if wants_cross > cross or wants_own > own:
            raise ValueError(
                f"Statistics of kind {self.kind!r} do not determine those of kind {kind!r}: "
                f"fit on the rows again."
            )
        scatter = self.scatter
        if cross > wants_cross:
            scatter = np.diagonal(scatter, axis1=-2, axis2=-1)
        if own > wants_own:
            scatter = scatter.sum(axis=0)
        return ClassMoments(self.weight, self.origin, self.offset, scatter, kind)

    @property
    def mean(self):
        """Mean of each class, of shape (n_classes, n_features)."""
        return self.origin + self.offset


def _is_wide(n_features):
    return n_features > MAX_THREADED_WIDTH


def _shares(blocks, n_classes, n_features, kind):
    """Share out the blocks over as many runs as memory allows, one if a product fills cores."""
    cross, own = _SCATTERS[kind]
    size = (n_classes if own else 1) * n_features ** (1 + cross)
    n_shares = 1 if cross and _is_wide(n_features) else max(1, _RUN_ELEMENTS // size)
    step = max(1, -(-len(blocks) // n_shares))
    return [blocks[i : i + step] for i in range(0, len(blocks), step)]


def _scatter(kind, weight, shift):
    """Return the sum over classes, or the list, of ``weight[c] * shift[c] shift[c]'``."""
    weighted = weight[:, np.newaxis] * shift  # (k, d)
    if kind == "full":
        return weighted[:, :, np.newaxis] * shift[:, np.newaxis, :]
    if kind == "tied":
        return weighted.T @ shift
    return weighted * shift if kind == "diag" else np.einsum("cj,cj->j", weighted, shift)


class _Running:
    """The class moments of the blocks of rows so far, updated in place."""

    def __init__(self, n_classes, n_features, kind):
        cross, own = _SCATTERS[kind]
        k, d = n_classes, n_features
        self.kind = kind
        self.total = np.zeros(k)
        self.origin = np.zeros((k, d))
        self.mean = np.zeros((k, d))  # minus origin
        self.scatter = np.zeros((k,) * own + (d,) * (1 + cross))
        self.buffer = np.empty((2, 0, d))

    def add(self, x, codes, weight):
        """Add a block of rows, centred near the mean of each row's class."""
        n, k = len(x), len(self.total)
        if self.buffer.shape[1] < n:
            self.buffer = np.empty((2, n, x.shape[1]))
        share = np.ones(n) if weight is None else weight
        members = sparse.csc_array((share, codes, np.arange(n + 1)), shape=(k, n))
        added = np.bincount(codes, share, k)
        per_class = (1 / np.where(added > 0, added, 1))[:, np.newaxis]
        center = self.origin + self.mean
        Z = self._centred(x, codes, center)
        fresh = (self.total == 0) & (added > 0)
        if fresh.any():  # nothing is known of these means yet: centre twice
            self.origin[fresh] = (members @ Z * per_class)[fresh]
            center[fresh] = self.origin[fresh]
            Z = self._centred(x, codes, center)
        shift = members @ Z * per_class
        # sum w z z' - added shift shift' + total added / (total + added) jump jump'
        jump = (center - self.origin) - self.mean + shift
        fraction = added / np.where(added > 0, self.total + added, 1)
        ranks = np.stack([-added, self.total * fraction]), np.stack([shift, jump])
        self._add_rows(Z, codes, weight, *ranks)
        self.mean += fraction[:, np.newaxis] * jump
        self.total += added

    def _centred(self, x, codes, center):
        """Return the rows minus their class's center, written into the buffer."""
        Z = self.buffer[0, : len(x)]
        np.take(center, codes, axis=0, out=Z, mode="clip")
        return np.subtract(x, Z, out=Z)

    def _add_rows(self, Z, codes, weight, signs, ranks):
        """Add the squares and products of the rows, and ``signs[i, c]`` times those of ranks.

        Matrix products are NumPy's: they let go of the interpreter, as SciPy's BLAS does not.
        """
        if weight is not None:
            Z *= np.sqrt(weight)[:, np.newaxis]
        if self.kind == "full":
            order = np.argsort(codes, kind="stable")
            rows = np.take(Z, order, axis=0, out=self.buffer[1, : len(Z)], mode="clip")
            present, starts = np.unique(codes[order], return_index=True)
            for c, a, b in zip(present, starts, [*starts[1:], len(Z)], strict=True):
                self.scatter[c] += rows[a:b].T @ rows[a:b]
                self.scatter[c] += (signs[:, c, np.newaxis] * ranks[:, c]).T @ ranks[:, c]
            return
        if self.kind == "tied":
            self.scatter += Z.T @ Z
        elif self.kind == "tied_diag":
            self.scatter += np.einsum("ij,ij->j", Z, Z)
        else:
            n, k = len(Z), len(self.total)
            members = sparse.csc_array((np.ones(n), codes, np.arange(n + 1)), shape=(k, n))
            self.scatter += members @ np.square(Z, out=Z)
        for sign, rank in zip(signs, ranks, strict=True):
            self.scatter += _scatter(self.kind, sign, rank)

    def moments(self):
        """Return the moments as a value."""
        return ClassMoments(self.total, self.origin, self.mean, self.scatter, self.kind)


def _sparse_class_moments(X, codes, n_classes, weight, kind):
    """Return the class moments of a CSR matrix, class by class, without making it dense."""
    cross, own = _SCATTERS[kind]
    d = X.shape[1]
    total, origin, offset = np.zeros(n_classes), *np.zeros((2, n_classes, d))
    scatter = np.zeros((n_classes,) * own + (d,) * (1 + cross))
    order = np.argsort(codes, kind="stable")
    present, starts = np.unique(codes[order], return_index=True)
    for c, rows in zip(present, np.split(order, starts[1:]), strict=True):
        if cross:
            with np.errstate(invalid="ignore", over="ignore"):  # the caller looks at the result
                part = Moments.from_samples(X, weight, rows=rows)
            total[c], origin[c], offset[c] = part.weight, part.origin, part.offset
            scatter[(c,) * own] += part.scatter
        else:
            share = np.ones(len(rows)) if weight is None else weight[rows]
            total[c] = share.sum()
            origin[c], variance = mean_variance_axis(
                X[rows].astype(np.float64), axis=0, weights=share
            )
            scatter[(c,) * own] += total[c] * variance
    return ClassMoments(total, origin, offset, scatter, kind)
