"""Weighted sums of rows over groups."""

from functools import cached_property

import numpy as np
from scipy import sparse

from skml_lecture.statistics.products import times

_COUNTED_AT_ONCE = 2**20  # stored values of sparse rows
FEW_GROUPS = 8  # so many comparisons of a row are faster than a write at its group
_MAX_DENSE_GROUPS = 64  # with more, most products with zeros are for nothing


class GroupSum:
    """Weighted sums of the rows of a block over each group.

    Parameters
    ----------
    codes : ndarray of int of shape (n,)
        The group of each row.
    n_groups : int
        Number of groups.
    weight : ndarray of shape (n,) or None
        Weights of the rows; None means 1.
    room : ndarray of shape (n_groups, at least n), default=None
        Memory for the indicator, which one block after the other may use.
    """

    def __init__(self, codes, n_groups, weight, room=None):
        self.codes, self.n_groups, self.weight, self.room = codes, n_groups, weight, room

    @cached_property
    def indicator(self):
        """The weights as a (k, n) matrix with one entry in each column, at the row's group."""
        n = len(self.codes)
        if self.n_groups <= FEW_GROUPS:
            indicator = np.empty((self.n_groups, n)) if self.room is None else self.room[:, :n]
            np.equal.outer(np.arange(self.n_groups), self.codes, out=indicator, casting="unsafe")
            if self.weight is not None:
                indicator *= self.weight
            return indicator
        weight = np.ones(n) if self.weight is None else self.weight
        if self.n_groups > _MAX_DENSE_GROUPS:
            shape = (self.n_groups, n)
            return sparse.csc_array((weight, self.codes, np.arange(n + 1)), shape=shape).tocsr()
        indicator = np.zeros((n, self.n_groups))
        indicator[np.arange(n), self.codes] = weight
        return indicator.T

    @cached_property
    def total(self):
        """The weight of each group, (k,)."""
        if self.n_groups <= FEW_GROUPS:
            return self.indicator.sum(axis=1)
        return np.bincount(self.codes, self.weight, self.n_groups).astype(np.float64)

    def __call__(self, x):
        """Return the sums of the rows of ``x``, an ndarray or CSR, of shape (k, d)."""
        if not sparse.issparse(x):
            if sparse.issparse(self.indicator):
                return self.indicator @ x
            return times(self.indicator.T, x)
        size = self.n_groups * x.shape[1]
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
        return sums.reshape(self.n_groups, x.shape[1])
