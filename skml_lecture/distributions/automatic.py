"""The family of a column as its values turn out: bernoulli, categorical or gaussian."""

from dataclasses import dataclass, replace
from numbers import Number

import numpy as np
from sklearn.base import BaseEstimator

from skml_lecture.distributions.categorical import Categorical
from skml_lecture.distributions.counts import Bernoulli
from skml_lecture.distributions.distribution import as_floats
from skml_lecture.distributions.gaussian import Gaussian
from skml_lecture.statistics.column_sums import ColumnSums
from skml_lecture.statistics.moments import Moments
from skml_lecture.statistics.tallies import ColumnTallies

_EMPTY, _BINARY, _NUMBER, _OBJECT, _LABEL = range(5)
_PARTS = (_BINARY, _NUMBER, _OBJECT)  # which part holds columns of a kind; the last also labels
_GLANCE_ROWS = 64


@dataclass(frozen=True, eq=False)
class ColumnCandidates:
    """Statistics that serve whichever family a column turns out to be of; ``+``, ``-``, ``*``.

    Each column is kept in the poorest way that loses nothing: while it shows 0 and 1 only, the
    weight of the ones, which becomes its moments when another number comes along. A column of
    Python objects is tallied: numbers may turn out to stand beside labels.

    Parameters
    ----------
    kind : ndarray of int of shape (n_columns,)
        0 no value so far, 1 only 0 and 1, 2 numbers, 3 objects that are numbers, 4 labels.
    ones : ColumnSums
        Of the columns of 0 and 1, in their order.
    moments : Moments
        Of the columns of other numbers.
    tallies : ColumnTallies
        Of the columns of objects and of labels.

    See Also
    --------
    Automatic : Makes it, and reads it.

    Notes
    -----
    A column that shows another number than 0 and 1 becomes one of numbers in a sum, and numbers
    that came as objects become labels beside labels; what was kept determines it exactly.

    References
    ----------
    Hung-yi Lee, Machine Learning, lecture 6, section "Naive Bayes".

    Examples
    --------
    >>> from skml_lecture import NaiveBayes
    >>> part = NaiveBayes().summarize([[0], [1]], [0, 1]).values.summary.parts[0]
    >>> other = NaiveBayes().summarize([[2], [1]], [0, 1]).values.summary.parts[0]
    >>> (part + other).kind.tolist(), (part + other).moments.mean.tolist()
    ([2], [[1.0], [1.0]])
    """

    kind: np.ndarray  # (d,)
    ones: ColumnSums
    moments: Moments
    tallies: ColumnTallies

    @property
    def weight(self):
        """Total weight of the values, of shape (n_classes, n_columns)."""
        weight = np.zeros((self.tallies.n_classes, len(self.kind)))
        for picks, part in zip(_picks(self.kind), self._parts, strict=True):
            if len(picks):
                weight[:, picks] = part.weight
        return weight

    def __add__(self, other):
        if not isinstance(other, ColumnCandidates):
            return NotImplemented
        kind = _common_kind(self.kind, other.kind)
        pairs = zip(self._as(kind)._parts, other._as(kind)._parts, strict=True)
        return ColumnCandidates(kind, *(a + b for a, b in pairs))

    def __sub__(self, other):
        if not isinstance(other, ColumnCandidates):
            return NotImplemented
        kind = _common_kind(self.kind, other.kind)
        pairs = zip(self._as(kind)._parts, other._as(kind)._parts, strict=True)
        rest = ColumnCandidates(kind, *(a - b for a, b in pairs))
        return rest._as(np.where(rest.weight.any(axis=0), kind, _EMPTY))

    def __mul__(self, factor):
        return ColumnCandidates(self.kind, *(part * factor for part in self._parts))

    __rmul__ = __mul__

    def expanded(self, positions, n_classes):
        """Return the same over more classes, this class i at ``positions[i]``, the rest empty.

        Parameters
        ----------
        positions : ndarray of int
            Where each class stands among the new ones.
        n_classes : int
            Number of the new classes.

        Returns
        -------
        candidates : ColumnCandidates
            Over ``n_classes`` classes.
        """
        parts = (part.expanded(positions, n_classes) for part in self._parts)
        return ColumnCandidates(self.kind, *parts)

    def of_classes(self, positions):
        """Return the same over some of the classes.

        Parameters
        ----------
        positions : ndarray of int
            Which.

        Returns
        -------
        candidates : ColumnCandidates
            Over these classes.
        """
        return ColumnCandidates(self.kind, *(part.of_classes(positions) for part in self._parts))

    def select(self, picks):
        """Return the statistics of some of the columns.

        Parameters
        ----------
        picks : ndarray of int
            Their positions, increasing.

        Returns
        -------
        candidates : ColumnCandidates
            Of these columns.
        """
        kind = self.kind[picks]
        parts = []
        for mine, theirs, part in zip(_picks(self.kind), _picks(kind), self._parts, strict=True):
            parts.append(part.select(np.searchsorted(mine, np.asarray(picks)[theirs])))
        return ColumnCandidates(kind, *parts)

    def spread(self, picks, n_columns):
        """Return the same over more columns, this column j at ``picks[j]``, the rest empty.

        Parameters
        ----------
        picks : ndarray of int
            Where each column stands among the new ones, increasing.
        n_columns : int
            Number of the new columns.

        Returns
        -------
        candidates : ColumnCandidates
            Over ``n_columns`` columns.
        """
        kind = np.full(n_columns, _EMPTY)
        kind[picks] = self.kind
        return ColumnCandidates(kind, *self._parts)

    def filled(self):
        """Give a class without values in a column the statistics of all classes together.

        Returns
        -------
        candidates : ColumnCandidates
            With a positive weight everywhere, where a column has any value.
        """
        return ColumnCandidates(self.kind, *(part.filled() for part in self._parts))

    @property
    def _parts(self):
        return (self.ones, self.moments, self.tallies)

    def _as(self, kind):
        """Return the same with columns of the given kinds, poorer ones turned into them."""
        if np.array_equal(kind, self.kind):
            return self
        found = []
        for mine, wanted, part in zip(_picks(self.kind), _picks(kind), self._parts, strict=True):
            kept = np.isin(mine, wanted)
            part = part.select(np.flatnonzero(kept))
            found.append(part.spread(np.searchsorted(wanted, mine[kept]), len(wanted)))
        ones, moments, tallies = found
        turned = [j for j in _picks(kind)[1] if self.kind[j] in (_BINARY, _OBJECT)]
        if turned:
            numbers = self._as_moments(np.array(turned))
            places = np.searchsorted(_picks(kind)[1], turned)
            moments = moments + numbers.spread(places, moments.n_features)
        flags = [j for j in _picks(kind)[0] if self.kind[j] == _OBJECT]
        if flags:
            sums = _flags(self._tallies_of(flags))
            ones = ones + sums.spread(np.searchsorted(_picks(kind)[0], flags), len(_picks(kind)[0]))
        return ColumnCandidates(kind, ones, moments, tallies)

    def _tallies_of(self, columns):
        return self.tallies.select(np.searchsorted(_picks(self.kind)[2], columns))

    def _as_moments(self, columns):
        """Return the moments of columns that were kept as counts."""
        k, d = self.tallies.n_classes, len(columns)
        moments = Moments.empty(d, n_groups=k, kind="diag").spread(np.arange(d), d)
        for i, j in enumerate(columns):
            if self.kind[j] == _OBJECT:
                (tally,) = self._tallies_of([j]).columns
                values, counts = np.array(tally.values, dtype=np.float64), tally.counts
            else:
                ones = self.ones.select(np.searchsorted(_picks(self.kind)[0], [j]))
                values, counts = (
                    np.array([0.0, 1.0]),
                    np.hstack([ones.weight - ones.sums[0], ones.sums[0]]),
                )
            x, groups = np.tile(values, k)[:, np.newaxis], np.repeat(np.arange(k), len(values))
            part = Moments.from_samples(x, counts.ravel(), groups=groups, n_groups=k, kind="diag")
            moments = moments + part.spread([i], d)
        return moments

    def resolved(self):
        """Return the same with columns of objects that are all numbers kept as numbers.

        Returns
        -------
        candidates : ColumnCandidates
            Of which no column is of kind 3.
        """
        objects = np.flatnonzero(self.kind == _OBJECT)
        if not len(objects):
            return self
        kind = self.kind.copy()
        for j, tally in zip(objects, self._tallies_of(objects).columns, strict=True):
            kind[j] = _BINARY if set(tally.values) <= {0, 1} else _NUMBER
        return self._as(kind)


def _picks(kind):
    """Return the positions of the columns of each part."""
    return [np.flatnonzero(kind == which) for which in _PARTS[:2]] + [
        np.flatnonzero(kind >= _OBJECT)
    ]


def _common_kind(ours, theirs):
    """Return the kinds that serve both; objects that are numbers are numbers beside numbers."""
    kind = np.maximum(ours, theirs)
    poorer = np.minimum(ours, theirs)
    plain = (poorer == _BINARY) | (poorer == _NUMBER)
    mixed = (kind == _LABEL) & plain
    if mixed.any():
        raise ValueError(
            f"Column {np.flatnonzero(mixed)[0]} of those under 'auto' holds numbers in some "
            f"rows and labels, such as strings, in others: name its distribution."
        )
    return np.where((kind == _OBJECT) & plain, _NUMBER, kind)


def _flags(tallies):
    """Return the sums of columns of 0 and 1 that were tallied."""
    weight = tallies.weight
    ones = [
        tally.counts[:, tally.values.index(1)] if 1 in tally.values else np.zeros(len(tally.counts))
        for tally in tallies.columns
    ]
    return ColumnSums(weight, np.stack(ones, axis=1)[np.newaxis], nonnegative=True)


class Automatic(BaseEstimator):
    """A family per column: bernoulli for 0 and 1, categorical for labels, else gaussian.

    It is settled when parameters are read, from all rows so far, so that chunks give what one
    fit gives. A column of 0 and 1 that shows another number at prediction ignores it there.

    Parameters
    ----------
    smoothing : float, default=1.0
        Pseudo-count of the discrete families, >= 0.
    var_floor : float, default=1e-9
        Smallest variance of a gaussian class, relative to the variance of the column, >= 0.

    See Also
    --------
    skml_lecture.NaiveBayes : Takes ``"auto"`` for it.

    Notes
    -----
    Columns of Python objects are tallied until parameters are read, since a later row may hold a
    label where these hold numbers. Moments do not tell the values of single rows: a column that
    showed another number than 0 and 1 stays gaussian where rows are taken away.

    References
    ----------
    Hung-yi Lee, Machine Learning, lecture 6, section "Naive Bayes".

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

    def summarize(self, table, codes, n_classes, weight=None):
        """Return the statistics of rows, as those of a distribution.

        Parameters
        ----------
        table : Table
            The columns.
        codes : ndarray of int of shape (n_samples,)
            The class of each row, from 0 on.
        n_classes : int
            Number of classes.
        weight : ndarray of shape (n_samples,), default=None
            Positive weights; None means 1.

        Returns
        -------
        candidates : ColumnCandidates
            Of the columns.
        """
        kind = np.where(_binary_columns(table), _BINARY, _NUMBER)
        for j in table.objects:
            numbers = j not in table.categories and all(
                isinstance(label, Number) for label in table.labels.get(j, ())
            )
            kind[j] = _OBJECT if numbers else _LABEL
        parts = [
            family.summarize(table.select(picks), codes, n_classes, weight) if len(picks) else empty
            for picks, family, empty in zip(
                _picks(kind),
                (Bernoulli(), Gaussian(), Categorical()),
                _empty(n_classes),
                strict=True,
            )
        ]
        found = ColumnCandidates(kind, *parts)
        return found._as(np.where(found.weight.any(axis=0), kind, _EMPTY))

    def resolve(self, statistic):
        """Return what the columns turned out to be, as a distribution does.

        Parameters
        ----------
        statistic : ColumnCandidates
            From ``summarize``.

        Returns
        -------
        families : list of (Distribution, ndarray of int, object)
            Families, positions of their columns and statistics.
        """
        statistic = statistic.resolved()
        families = (
            Bernoulli(self.smoothing, handle_unknown="ignore"),
            Gaussian(self.var_floor),
            Categorical(self.smoothing),
        )
        parts = (statistic.ones, statistic.moments, statistic.tallies)
        found = zip(families, _picks(statistic.kind), parts, strict=True)
        return [(family, picks, part) for family, picks, part in found if len(picks)]


def _empty(n_classes):
    """Return the statistics of no column."""
    none = np.zeros((n_classes, 0))
    moments = Moments.empty(0, n_groups=n_classes, kind="diag")
    return (
        ColumnSums(none, none[np.newaxis], nonnegative=True),
        replace(moments, weight=none),
        ColumnTallies((), n_classes),
    )


def _binary_columns(table):
    """Return which columns hold nothing but 0, 1 and missing values."""
    d = table.shape[1]
    if table.is_sparse:
        binary = np.ones(d, dtype=bool)
        for block in table.data().blocks():
            binary[block.x.indices[~_is_binary(block.x.data)]] = False
        return binary
    rows = table.data()
    candidates = np.flatnonzero(_is_binary(as_floats(rows.block(slice(_GLANCE_ROWS)))).all(axis=0))
    binary = np.zeros(d, dtype=bool)
    if len(candidates):
        columns = table.select(candidates).data()
        binary[candidates] = np.all(columns.map(_are_binary, 2 * len(candidates)), axis=0)
    return binary


def _are_binary(blocks):
    """Return which columns of some blocks hold nothing but 0, 1 and missing values."""
    return np.all([_is_binary(as_floats(block)).all(axis=0) for block in blocks], axis=0)


def _is_binary(x):
    """Return where values are 0, 1 or missing."""
    with np.errstate(over="ignore"):
        binary = x * x == x
    return binary if binary.all() else binary | np.isnan(x)
