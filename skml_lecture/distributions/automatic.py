"""The family of a column as its values turn out: bernoulli, categorical or gaussian."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator

from skml_lecture.data.threads import map_runs
from skml_lecture.statistics.categorical import Categorical, ColumnTallies
from skml_lecture.statistics.column_statistics import ColumnMoments, ColumnSums
from skml_lecture.statistics.distributions import Bernoulli, Gaussian

_EMPTY, _BINARY, _NUMBER, _LABEL = range(4)
_GLANCE_ROWS = 64


@dataclass(frozen=True, eq=False)
class ColumnCandidates:
    """Statistics that serve whichever family a column turns out to be of; merge with ``+``.

    Each column is kept in the poorest way that loses nothing: while it shows 0 and 1 only, the
    weight of the ones, which becomes its moments when another number comes along.

    Parameters
    ----------
    kind : ndarray of int of shape (n_columns,)
        No value so far, only 0 and 1, numbers, or labels.
    ones : ColumnSums
        Of the columns of 0 and 1, zero elsewhere.
    moments : ColumnMoments
        Of the columns of other numbers, zero elsewhere.
    tallies : ColumnTallies
        Of the columns of labels, empty elsewhere.
    """

    kind: np.ndarray  # (d,)
    ones: ColumnSums
    moments: ColumnMoments
    tallies: ColumnTallies

    @property
    def weight(self):
        """Total weight of the values, of shape (n_classes, n_columns)."""
        return self.ones.weight + self.moments.weight + self.tallies.weight

    def __add__(self, other):
        if not isinstance(other, ColumnCandidates):
            return NotImplemented
        kind = np.maximum(self.kind, other.kind)
        kinds = np.stack([self.kind, other.kind])
        mixed = (kind == _LABEL) & ((kinds == _BINARY) | (kinds == _NUMBER)).any(axis=0)
        if mixed.any():
            raise ValueError(
                f"Column {np.flatnonzero(mixed)[0]} of those under 'auto' holds numbers in some "
                f"rows and labels, such as strings, in others: name its distribution."
            )
        left, right = self._as_numbers(kind == _NUMBER), other._as_numbers(kind == _NUMBER)
        return ColumnCandidates(
            kind,
            left.ones + right.ones,
            left.moments + right.moments,
            left.tallies + right.tallies,
        )

    def expanded(self, positions, n_classes):
        """Return the same over more classes, this class i at ``positions[i]``, the rest empty."""
        parts = (self.ones, self.moments, self.tallies)
        return ColumnCandidates(self.kind, *(part.expanded(positions, n_classes) for part in parts))

    def _as_numbers(self, columns):
        """Return the same with the counts of the columns in the mask turned into moments."""
        turned = columns & (self.kind == _BINARY)
        if not turned.any():
            return self
        weight = np.where(turned, self.ones.weight, 0.0)
        ones = np.where(turned, self.ones.sums[0], 0.0)
        mean = np.divide(ones, weight, out=np.zeros_like(ones), where=weight > 0)
        moments = ColumnMoments(weight, np.zeros_like(ones), mean, ones * (1 - mean))
        rest = ColumnSums(
            np.where(turned, 0.0, self.ones.weight), np.where(turned, 0.0, self.ones.sums)
        )
        return ColumnCandidates(self.kind, rest, self.moments + moments, self.tallies)


class Automatic(BaseEstimator):
    """A family per column: bernoulli for 0 and 1, categorical for labels, else gaussian.

    It is settled when parameters are read, from all rows so far, so that chunks give what one
    fit gives. A column of 0 and 1 that shows another number at prediction ignores it there.

    Parameters
    ----------
    smoothing : float, default=1.0
        Pseudo-count of the discrete families.
    var_floor : float, default=1e-9
        Smallest variance of a gaussian class, relative to the variance of the column.

    See Also
    --------
    skml_lecture.NaiveBayes : Takes ``"auto"`` for it.

    Examples
    --------
    >>> from skml_lecture import NaiveBayes
    >>> model = NaiveBayes().fit([["a", 0, 0.5], ["b", 1, 2.5], ["b", 1, 2.0]], [0, 1, 1])
    >>> model.distributions_
    ['categorical', 'bernoulli', 'gaussian']
    """

    accepts_sparse = True
    accepts_labels = True
    positive_only = False
    poor_score = False

    def __init__(self, smoothing=1.0, *, var_floor=1e-9):
        self.smoothing = smoothing
        self.var_floor = var_floor

    def summarise(self, data, codes, n_classes, weight=None):
        """Return the statistics of rows, as those of a distribution."""
        kind = np.where(_binary_columns(data), _BINARY, _NUMBER)
        kind[list(data.labels)] = _LABEL
        shape = (n_classes, data.shape[1])
        found = [
            ColumnSums(np.zeros(shape), np.zeros((1, *shape))),
            ColumnMoments(*(np.zeros(shape) for _ in range(4))),
            ColumnTallies.empty(*shape),
        ]
        for i, family in enumerate((Bernoulli(), Gaussian(), Categorical())):
            picks = np.flatnonzero(kind == _BINARY + i)
            if len(picks):
                part = family.summarise(data.select(picks), codes, n_classes, weight)
                found[i] = part.spread(picks, shape[1])
        candidates = ColumnCandidates(kind, *found)
        seen = candidates.weight.any(axis=0)
        return ColumnCandidates(np.where(seen, kind, _EMPTY), *found)

    def resolve(self, statistic):
        """Return what the columns turned out to be, as a distribution does."""
        parts = (
            (_BINARY, Bernoulli(self.smoothing, handle_unknown="ignore"), statistic.ones),
            (_NUMBER, Gaussian(self.var_floor), statistic.moments),
            (_LABEL, Categorical(self.smoothing), statistic.tallies),
        )
        picks = [np.flatnonzero(statistic.kind == which) for which, *_ in parts]
        return [
            (family, columns, part.select(columns))
            for columns, (_, family, part) in zip(picks, parts, strict=True)
            if len(columns)
        ]


def _binary_columns(data):
    """Return which columns hold nothing but 0, 1 and missing values."""
    d = data.shape[1]
    if data.is_sparse:
        binary = np.ones(d, dtype=bool)
        for x in map(data.block, data.blocks(d)):
            binary[x.indices[~_is_binary(x.data)]] = False
        return binary
    candidates = np.flatnonzero(_is_binary(data.block(slice(_GLANCE_ROWS))).all(axis=0))
    if not len(candidates):
        return np.zeros(d, dtype=bool)
    columns = data.select(candidates)

    def run(blocks):
        return np.all([_is_binary(columns.block(rows)).all(axis=0) for rows in blocks], axis=0)

    binary = np.zeros(d, dtype=bool)
    binary[candidates] = np.all(map_runs(run, columns.blocks(2 * len(candidates))), axis=0)
    return binary


def _is_binary(x):
    """Return where values are 0, 1 or missing."""
    with np.errstate(over="ignore"):
        binary = x * x == x
    return binary if binary.all() else binary | np.isnan(x)
