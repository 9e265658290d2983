"""Rows of features, their targets and weights, seen as blocks that fit the cache."""

from dataclasses import dataclass, field
from functools import cached_property, partial, reduce
from itertools import pairwise
from operator import add

import numpy as np
from scipy import sparse
from sklearn.utils import check_consistent_length

from skml_lecture.data.threads import run_in_threads

_BLOCK_ELEMENTS = 2**18  # 2 MB of float64: half of a core's share of the cache
FEW_ROWS = 256  # that are multiplied at once; blocks are multiples of them and leave no rest
_SPARSE_BLOCK_ENTRIES = 2**19
_SHARED_ENTRIES = 2**16  # below, a second block costs more than a second core gains
_N_RUNS = 8  # fixed, so that sums do not depend on the number of threads


@dataclass(frozen=True, eq=False)
class Data:
    """Rows, targets and weights, never copied whole; a slice of them where it is a block.

    What is learnt from rows is a sum over them: ``sum(work)`` hands runs of blocks to ``work``,
    here in threads; rows that lie elsewhere can stand behind the same few methods.

    Parameters
    ----------
    X : {ndarray, CSR array or matrix} of shape (n_rows, n_columns)
        The features. Sparse entries that name one place twice mean their sum.
    targets : ndarray of shape (n_rows, ...), default=None
        What goes with each row: numbers, or the code of a class.
    weight : ndarray of shape (n_rows,), default=None
        Weights of the rows; None means that all are 1.
    columns : slice or ndarray of int, default=None
        The columns of ``X`` that are meant; None means all.
    picks : ndarray of int, default=None
        The rows of ``X`` that are meant; None means all. Targets and weights are of these.
    start : int, default=0
        Position of the first row in the whole.

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.data import Data, each
    >>> def total(block):
    ...     return block.x.sum(axis=0)
    >>> Data(np.ones((1000, 3))).sum(each(total))
    array([1000., 1000., 1000.])
    """

    X: np.ndarray
    targets: np.ndarray | None = None
    weight: np.ndarray | None = None
    columns: slice | np.ndarray | None = None
    picks: np.ndarray | None = None
    start: int = 0
    _cuts: dict = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "X", canonical(self.X))

    @classmethod
    def of(cls, X, weight=None, targets=None):
        """Return array-likes as data."""
        X = X.tocsr() if sparse.issparse(X) else np.asarray(X)
        weight = None if weight is None else np.asarray(weight, dtype=np.float64)
        targets = None if targets is None else np.asarray(targets)
        check_consistent_length(X, weight, targets)
        return cls(X, targets, weight)

    def __getstate__(self):
        return {**vars(self), "_cuts": {}}

    @property
    def n_rows(self):
        """Number of rows."""
        return self.X.shape[0] if self.picks is None else len(self.picks)

    @property
    def n_features(self):
        """Number of columns that are meant."""
        if self.columns is None:
            return self.X.shape[1]
        return len(np.arange(self.X.shape[1])[self.columns])

    @property
    def is_sparse(self):
        """Whether the rows are stored without their zeros."""
        return not isinstance(self.X, np.ndarray)

    @property
    def rows(self):
        """The rows as a slice of the whole."""
        return slice(self.start, self.start + self.n_rows)

    @property
    def dtype(self):
        """Type of the features."""
        return self.X.dtype

    @property
    def row_size(self):
        """How many numbers a row holds, 1 or more."""
        if self.is_sparse:
            return max(self.X.nnz // max(self.X.shape[0], 1), 1)
        return max(self.n_features, 1)

    @property
    def x(self):
        """The features that are meant, a view where they lie together."""
        x = self.X if self.picks is None else self.X[self.picks]
        return x if self.columns is None else x[:, self.columns]

    @cached_property
    def root_weight(self):
        """Square roots of the weights, None where there are none."""
        return None if self.weight is None else np.sqrt(self.weight, dtype=np.float64)

    @property
    def total_weight(self):
        """Sum of the weights, the number of rows where there are none."""
        return float(self.n_rows if self.weight is None else self.weight.sum(dtype=np.float64))

    def pick(self, rows):
        """Return the rows at some positions, gathered block by block when they are read."""
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows) and (np.diff(rows) == 1).all():
            return self.block(slice(rows[0], rows[-1] + 1), start=0)
        targets, weight = self._of_rows(rows)
        rows = rows if self.picks is None else self.picks[rows]
        return Data(self.X, targets, weight, self.columns, rows)

    def take(self, rows):
        """Return some rows, at positions or by a mask, as a copy."""
        positions = rows if self.picks is None else self.picks[rows]
        return Data(self.X[positions], *self._of_rows(rows), self.columns)

    def copy(self):
        """Return the same rows in memory of their own."""
        weight = None if self.weight is None else self.weight.copy()
        return Data(self.x.copy(), self.targets.copy(), weight)

    def sample(self, n_rows):
        """Return about so many rows, the same ones every time; all of them where they are few."""
        if self.n_rows <= n_rows:
            return self
        return self.take(sample_positions(self.n_rows, n_rows))

    def block(self, rows, start=None):
        """Return consecutive rows, a slice of these, as views; a whole of their own at a start."""
        first, stop, _ = rows.indices(self.n_rows)
        rows, X, picks = slice(first, stop), self.X, self.picks
        if picks is not None:
            picks = picks[rows]
        else:
            X = csr_rows(X, first, stop) if self.is_sparse else X[rows]
        start = self.start + first if start is None else start
        block = Data(X, *self._of_rows(rows), self.columns, picks, start)
        if self.weight is not None:  # roots of all are taken once
            vars(block)["root_weight"] = self.root_weight[rows]
        return block

    def _of_rows(self, rows):
        """Return the targets and weights of some rows."""
        return (None if part is None else part[rows] for part in (self.targets, self.weight))

    def blocks(self, width=None, at_least=16, result=0, uses=1):
        """Return the rows in blocks of about 2 MB, cut once and remembered.

        ``width`` numbers are needed for each row (None: the row itself), and a block of sparse
        rows is worth an array of ``result`` numbers. An entry is used so many times in each pass.
        """
        key = width, at_least, result, uses
        if key not in self._cuts:
            self._cuts[key] = [self.block(rows) for rows in self._slices(*key)]
        return self._cuts[key]

    def _slices(self, width, at_least, result, uses):
        n, extra = self.n_rows, 0 if width is None else max(width - self.row_size, 0)
        if self.picks is not None or not self.is_sparse:
            step = max(_BLOCK_ELEMENTS // max(width or self.row_size, 1), at_least)
            step -= step % FEW_ROWS if step > FEW_ROWS else 0
            return [slice(i, min(i + step, n)) for i in range(0, n, step)]
        cost = self.X.indptr + extra * np.arange(n + 1)
        n_blocks = -(-int(cost[-1]) // max(_SPARSE_BLOCK_ENTRIES, 4 * result))
        if cost[-1] * uses > _SHARED_ENTRIES:
            n_blocks += n_blocks % 2  # fair shares for two cores
        n_blocks = min(n_blocks, max(n // at_least, 1))
        shares = np.linspace(0, cost[-1], max(n_blocks, 1) + 1)
        edges = np.unique([0, *np.searchsorted(cost, shares[1:-1]), n])
        return [slice(a, b) for a, b in pairwise(edges.tolist())]

    def map(self, work, width=None, at_least=16, result=0, uses=1):
        """Return ``[work(blocks), ...]`` over consecutive runs of blocks, in order.

        The runs do not depend on the number of threads, so neither do sums over them. ``work``
        is called from several threads; on other machines it would be sent there.
        """
        return run_in_threads(work, runs_of(self.blocks(width, at_least, result, uses)))

    def whole(self, work):
        """Return ``work(rows)``; of rows that lie in several places, the sum over them."""
        return work(self)

    def sum(self, work, width=None, at_least=16, result=0, uses=1):
        """Return the sum of ``work(blocks)`` over consecutive runs of blocks."""
        return reduce(add, self.map(work, width, at_least, result, uses))


def each(work):
    """Return work on a run of blocks: the sum of ``work(block)``."""
    return partial(_sum_of, work)


def _sum_of(work, blocks):
    return reduce(add, map(work, blocks))


def runs_of(blocks):
    """Cut blocks into consecutive runs of about the same number, at most eight."""
    n_runs = min(_N_RUNS, len(blocks))
    edges = [len(blocks) * r // max(n_runs, 1) for r in range(n_runs + 1)]
    return [blocks[a:b] for a, b in pairwise(edges)]


def sample_positions(n, size):
    """Return sorted positions of a random sample of n rows, the same one every time."""
    return np.sort(np.random.default_rng(0).choice(n, size, replace=False))


def canonical(X):
    """Return X; of sparse rows that repeat a place, or are unsorted, a tidy copy."""
    if sparse.issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def csr_rows(X, start, stop):
    """Return consecutive rows as views: SciPy's own slices and constructor copy them."""
    indptr = X.indptr[start : stop + 1]
    part = sparse.csr_array((stop - start, X.shape[1]))
    part.data = X.data[indptr[0] : indptr[-1]]
    part.indices = X.indices[indptr[0] : indptr[-1]]
    part.indptr = indptr - indptr[0]
    part.has_canonical_format = True
    return part
