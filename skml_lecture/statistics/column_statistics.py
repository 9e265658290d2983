"""Statistics of each class and column that add, for columns that know nothing of each other."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

_MAX_LOSS = 1e3  # of shift against spread: three digits of the spread
_COUNTED_AT_ONCE = 2**20  # stored values of sparse rows
_MAX_DENSE_CLASSES = 64  # with more, most products with zeros are for nothing


class ClassSum:
    """Weighted sums of the rows of a block over each class.

    Parameters
    ----------
    codes : ndarray of int of shape (n,)
        The class of each row.
    n_classes : int
        Number of classes.
    weight : ndarray of shape (n,) or None
        Weights of the rows; None means 1.
    """

    def __init__(self, codes, n_classes, weight):
        self.codes, self.n_classes, self.weight = codes, n_classes, weight

    @cached_property
    def indicator(self):
        """The weights as a (k, n) matrix with one entry in each column, at the row's class."""
        n = len(self.codes)
        weight = np.ones(n) if self.weight is None else self.weight
        if self.n_classes > _MAX_DENSE_CLASSES:
            shape = (self.n_classes, n)
            return sparse.csc_array((weight, self.codes, np.arange(n + 1)), shape=shape).tocsr()
        indicator = np.zeros((n, self.n_classes))
        indicator[np.arange(n), self.codes] = weight
        return indicator.T

    def total(self, n_columns):
        """Return the weight of each class, once for each column (a view, not to write to)."""
        total = np.bincount(self.codes, self.weight, self.n_classes).astype(np.float64)
        return np.broadcast_to(total[:, np.newaxis], (self.n_classes, n_columns))

    def __call__(self, x):
        """Return the sums of the rows of ``x``, an ndarray or CSR, of shape (k, d)."""
        if not sparse.issparse(x):
            return self.indicator @ x
        size = self.n_classes * x.shape[1]
        step = max(_COUNTED_AT_ONCE * x.shape[0] // max(x.nnz, 1), 1)
        sums = np.zeros(size)
        for start in range(0, x.shape[0], step):
            indptr = x.indptr[start : start + step + 1]
            lengths, stored = np.diff(indptr), slice(indptr[0], indptr[-1])
            rows = slice(start, start + step)
            cells = np.repeat(self.codes[rows].astype(np.intp) * x.shape[1], lengths)
            cells += x.indices[stored]
            values = x.data[stored]
            if self.weight is not None:
                values = values * np.repeat(self.weight[rows], lengths)
            sums += np.bincount(cells, values, size)
        return sums.reshape(self.n_classes, x.shape[1])


def expanded(array, positions, n_classes):
    """Return ``array`` with its rows (axis -2) at ``positions`` of ``n_classes``, else zero."""
    whole = np.zeros((*array.shape[:-2], n_classes, array.shape[-1]))
    whole[..., positions, :] = array
    return whole


def spread(array, picks, n_columns):
    """Return ``array`` with its columns (axis -1) at ``picks`` of ``n_columns``, else zero."""
    whole = np.zeros((*array.shape[:-1], n_columns))
    whole[..., picks] = array
    return whole


@dataclass(frozen=True, eq=False)
class ColumnSums:
    r"""Weight of the values and sums of their statistics, per class and column; merge with ``+``.

    .. math:: W_{cj} = \sum_{i: y_i = c} w_i m_{ij}, \qquad
              S_{tcj} = \sum_{i: y_i = c} w_i m_{ij} T_t(x_{ij})

    where m is 0 for a missing value and 1 for any other.

    Parameters
    ----------
    weight : ndarray of shape (n_classes, n_columns)
        Total weight of the values that are not missing.
    sums : ndarray of shape (n_statistics, n_classes, n_columns)
        Weighted sums of the statistics, raw: neither smoothed nor normalised.

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.statistics.column_statistics import ColumnSums
    >>> part = ColumnSums(np.array([[2.0]]), np.array([[[5.0]]]))
    >>> (part + part).sums
    array([[[10.]]])
    """

    weight: np.ndarray  # (k, d)
    sums: np.ndarray  # (t, k, d)

    def __add__(self, other):
        if not isinstance(other, ColumnSums):
            return NotImplemented
        return ColumnSums(self.weight + other.weight, self.sums + other.sums)

    def expanded(self, positions, n_classes):
        """Return the same over more classes, this class i at ``positions[i]``, the rest empty."""
        arrays = (self.weight, self.sums)
        return ColumnSums(*(expanded(array, positions, n_classes) for array in arrays))

    def spread(self, picks, n_columns):
        """Return the same over more columns, this column j at ``picks[j]``, the rest empty."""
        return ColumnSums(*(spread(array, picks, n_columns) for array in (self.weight, self.sums)))

    def select(self, picks):
        """Return the statistics of some of the columns."""
        return ColumnSums(self.weight[:, picks], self.sums[:, :, picks])

    def filled(self):
        """Give a class without values in a column the statistics of all classes together."""
        empty = self.weight == 0
        if not empty.any():
            return self
        return ColumnSums(
            np.where(empty, self.weight.sum(axis=0), self.weight),
            np.where(empty, self.sums.sum(axis=1, keepdims=True), self.sums),
        )


@dataclass(frozen=True, eq=False)
class ColumnMoments:
    r"""Weight, mean and centred sum of squares per class and column; merge with ``+``.

    The diagonal of :class:`~skml_lecture.statistics.Moments`, where each column has a weight of
    its own, since values may be missing. The mean is kept as ``origin + offset``, a point near
    the data and a small difference, so that merging loses no digits at a large mean.

    Parameters
    ----------
    weight : ndarray of shape (n_classes, n_columns)
        Total weight of the values that are not missing.
    origin : ndarray of shape (n_classes, n_columns)
        A point near the data, in the data's units.
    offset : ndarray of shape (n_classes, n_columns)
        Mean minus origin.
    scatter : ndarray of shape (n_classes, n_columns)
        Weighted sum of squares around the mean: variance times weight.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", COMPSTAT 1982, eq. (2.1).

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.statistics.column_statistics import ColumnMoments
    >>> X, codes = np.array([[1.0], [3.0], [7.0]]), np.array([0, 0, 0])
    >>> whole = ColumnMoments.from_block(X, codes, 1) + ColumnMoments.from_block(X, codes, 1)
    >>> whole.weight, whole.mean, whole.scatter
    (array([[6.]]), array([[3.66666667]]), array([[37.33333333]]))
    """

    weight: np.ndarray  # (k, d)
    origin: np.ndarray  # (k, d)
    offset: np.ndarray  # (k, d)
    scatter: np.ndarray  # (k, d)

    @classmethod
    def from_block(cls, x, codes, n_classes, weight=None):
        """Summarise the rows of ``x``, an ndarray or CSR, of the classes ``codes``."""
        if sparse.issparse(x):
            return cls(*_sparse_moments(x, codes, n_classes, weight))
        return cls(*_dense_moments(x, ClassSum(codes, n_classes, weight)))

    @property
    def mean(self):
        """Mean per class and column, 0 where there are no values."""
        return self.origin + self.offset

    def __add__(self, other):
        if not isinstance(other, ColumnMoments):
            return NotImplemented
        weight = self.weight + other.weight
        known = self.weight > 0
        share = _ratio(other.weight, weight)
        shift = (other.origin - self.origin) + (other.offset - self.offset)
        shift[~known | (other.weight == 0)] = 0.0
        return ColumnMoments(
            weight,
            np.where(known, self.origin, other.origin),
            np.where(known, self.offset, other.offset) + share * shift,
            self.scatter + other.scatter + self.weight * share * shift**2,
        )

    def expanded(self, positions, n_classes):
        """Return the same over more classes, this class i at ``positions[i]``, the rest empty."""
        arrays = (self.weight, self.origin, self.offset, self.scatter)
        return ColumnMoments(*(expanded(array, positions, n_classes) for array in arrays))

    def spread(self, picks, n_columns):
        """Return the same over more columns, this column j at ``picks[j]``, the rest empty."""
        arrays = (self.weight, self.origin, self.offset, self.scatter)
        return ColumnMoments(*(spread(array, picks, n_columns) for array in arrays))

    def select(self, picks):
        """Return the statistics of some of the columns."""
        arrays = (self.weight, self.origin, self.offset, self.scatter)
        return ColumnMoments(*(array[:, picks] for array in arrays))

    def pooled(self):
        """Return the statistics of all classes together, as those of one class."""
        weight = self.weight.sum(axis=0, keepdims=True)
        first = self.weight.argmax(axis=0)[np.newaxis]
        origin = np.take_along_axis(self.origin, first, axis=0)  # (1, d)
        shift = (self.origin - origin) + self.offset
        offset = _ratio((self.weight * shift).sum(axis=0, keepdims=True), weight)
        between = self.weight * (shift - offset) ** 2
        scatter = (self.scatter + between).sum(axis=0, keepdims=True)
        return ColumnMoments(weight, origin, offset, scatter)

    def filled(self):
        """Give a class without values in a column the statistics of all classes together."""
        empty = self.weight == 0
        if not empty.any():
            return self
        whole = self.pooled()
        return ColumnMoments(
            np.where(empty, whole.weight, self.weight),
            np.where(empty, whole.origin, self.origin),
            np.where(empty, whole.offset, self.offset),
            np.where(empty, whole.scatter, self.scatter),
        )


def check_range(values):
    """Return ``values`` if they are all finite, else raise a ValueError that speaks of X."""
    if not np.isfinite(values).all():
        raise ValueError(
            f"Input X contains infinity or a value too large for {np.dtype('float64')!r}."
        )
    return values


def _ratio(numerator, denominator):
    """Return the quotient, 0 where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def _dense_moments(x, class_sum):
    """Return weight, origin, offset and scatter of the rows of a block.

    The origin is the first row. A column that is far from it in some class, against the spread
    there, or that has missing values, is done again with each class centred at its own mean.
    """
    total = class_sum.total(x.shape[1])
    origin = np.repeat(x[:1], len(total), axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        z = x - x[0]
        offset = _ratio(class_sum(z), total)
        z *= z
        shift = total * offset**2
        scatter = class_sum(z) - shift
        columns = np.flatnonzero(~(shift <= _MAX_LOSS * scatter).all(axis=0))  # also if NaN
    moments = total, origin, offset, scatter
    if len(columns):
        moments = total.copy(), origin, offset, scatter
        again = _class_centred_moments(x[:, columns], class_sum)
        for array, values in zip(moments, again, strict=True):
            array[:, columns] = values
    return moments


def _class_centred_moments(x, class_sum):
    """Return weight, origin, offset and scatter of the rows of a block, some values missing."""
    missing = np.isnan(x)
    x = check_range(np.where(missing, 0.0, x))
    total = class_sum(1.0 - missing)
    origin = _ratio(class_sum(x), total)
    z = x - origin.take(class_sum.codes, axis=0)
    z[missing] = 0.0
    offset = _ratio(class_sum(z), total)
    z *= z
    scatter = class_sum(z) - total * offset**2
    return total, origin, offset, np.maximum(check_range(scatter), 0.0)


def _sparse_moments(x, codes, n_classes, weight):
    """Return weight, origin, offset and scatter of the rows of a CSR block.

    A stored value is centred before it is squared, and the zeros of a column are counted.
    """
    n, d = x.shape
    weight = np.ones(n) if weight is None else weight
    rows = np.repeat(np.arange(n), np.diff(x.indptr))
    cells = codes[rows] * np.intp(d) + x.indices

    def total(values):
        return np.bincount(cells, values, n_classes * d).reshape(n_classes, d)

    missing = np.isnan(x.data)
    data = np.where(missing, 0.0, x.data)
    present = np.where(missing, 0.0, weight[rows])
    of_class = np.bincount(codes, weight, n_classes)[:, np.newaxis]
    known = of_class - (total(weight[rows] - present) if missing.any() else 0.0)
    known = np.broadcast_to(known, (n_classes, d))
    origin = _ratio(total(present * data), known)
    z = data - origin.ravel()[cells]
    zeros = np.maximum(known - total(present), 0.0)
    offset = _ratio(total(present * z) - zeros * origin, known)
    scatter = total(present * z**2) + zeros * origin**2 - known * offset**2
    return known, origin, offset, np.maximum(check_range(scatter), 0.0)
