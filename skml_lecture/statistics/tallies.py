"""How often each class shows each value of a column: tallies that add."""

from dataclasses import dataclass
from functools import cached_property
from numbers import Number
from typing import Any

import numpy as np

from skml_lecture.statistics.column_sums import expanded
from skml_lecture.statistics.subtraction import remaining


def rank(value):
    """Return what values are sorted by: numbers first, then the rest as text."""
    return (0, value, "") if isinstance(value, Number) else (1, 0, str(value))


@dataclass(frozen=True, eq=False)
class Tally:
    """The values of one column and their weight in each class; ``+``, ``-`` and ``*``.

    Parameters
    ----------
    values : list
        Numbers or labels, each once, sorted: numbers first, then labels as text.
    counts : ndarray of shape (n_classes, n_values)
        Total weight of every value in every class, unsmoothed.

    See Also
    --------
    ColumnTallies : Those of several columns.

    Notes
    -----
    A value of which a difference leaves nothing is dropped. Adding few values to many costs the
    few: what is looked up is kept, outside of pickles.

    References
    ----------
    C. M. Bishop, "Pattern recognition and machine learning", 2006, section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.statistics import Tally
    >>> whole = Tally(["a", "b"], np.array([[1.0, 2.0]])) + Tally(["b", "c"], np.ones((1, 2)))
    >>> whole.values, whole.counts
    (['a', 'b', 'c'], array([[1., 3., 1.]]))
    """

    values: list
    counts: np.ndarray  # (k, m)

    @cached_property
    def places(self):
        """The position of every value."""
        return {value: i for i, value in enumerate(self.values)}

    def __getstate__(self):
        return {"values": self.values, "counts": self.counts}

    def __setstate__(self, state):
        vars(self).update(state)

    @classmethod
    def sorted(cls, values, counts):
        """Return the tally of values that may stand in any order.

        Parameters
        ----------
        values : list
            Each once.
        counts : ndarray of shape (n_classes, n_values)
            Their weight in every class.

        Returns
        -------
        tally : Tally
            Of the sorted values.
        """
        order = sorted(range(len(values)), key=lambda i: rank(values[i]))
        if order == list(range(len(values))):
            return cls(values, counts)
        return cls([values[i] for i in order], counts[:, order])

    def with_counts(self, counts):
        """Return the same values with other counts.

        Parameters
        ----------
        counts : ndarray of shape (n_classes, n_values)
            Weight of every value in every class.

        Returns
        -------
        tally : Tally
            Of them.
        """
        tally = Tally(self.values, counts)
        if "places" in vars(self):
            vars(tally)["places"] = self.places
        return tally

    def __add__(self, other: "Tally") -> "Tally":
        if not isinstance(other, Tally):
            return NotImplemented
        if self.values is other.values or self.values == other.values:
            return self.with_counts(self.counts + other.counts)
        if len(other.values) > len(self.values):
            return other + self
        fresh = [value for value in other.values if value not in self.places]
        if fresh:
            counts = np.hstack([self.counts, np.zeros((len(self.counts), len(fresh)))])
            return Tally.sorted(self.values + fresh, counts) + other
        counts = self.counts.copy()
        counts[:, [self.places[value] for value in other.values]] += other.counts
        return self.with_counts(counts)

    def __sub__(self, other: "Tally") -> "Tally":
        if not isinstance(other, Tally):
            return NotImplemented
        known = [i for i, value in enumerate(other.values) if value in self.places]
        if len(known) < len(other.values):
            unknown = next(value for value in other.values if value not in self.places)
            raise ValueError(
                f"The value {unknown!r} cannot be taken away: no row that was learnt has it."
            )
        counts = np.zeros_like(self.counts)
        counts[:, [self.places[value] for value in other.values]] = other.counts
        counts = remaining(self.counts, counts, "The weight of a value in a class")
        kept = np.flatnonzero(counts.any(axis=0))
        if len(kept) == len(self.values):
            return self.with_counts(counts)
        return Tally([self.values[i] for i in kept], counts[:, kept])

    def __mul__(self, factor: float) -> "Tally":
        return self.with_counts(self.counts * factor)

    __rmul__ = __mul__


_NONE: list[Any] = []  # the values of a column without any, one list for all


@dataclass(frozen=True, eq=False)
class ColumnTallies:
    """The tallies of several columns; ``+``, ``-`` and ``*``.

    Parameters
    ----------
    columns : tuple of Tally
        One for each column, over the same classes.
    n_classes : int
        Number of classes.

    See Also
    --------
    ColumnSums : Sums of numbers, for families that need no more.

    Notes
    -----
    The cost of an addition is that of the smaller tallies, up to a copy of the counts.

    References
    ----------
    C. M. Bishop, "Pattern recognition and machine learning", 2006, section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.statistics import ColumnTallies, Tally
    >>> part = ColumnTallies((Tally(["a", "b"], np.array([[1.0, 2.0]])),), 1)
    >>> (part + part).weight
    array([[6.]])
    """

    columns: tuple
    n_classes: int

    @classmethod
    def empty(cls, n_classes, n_columns):
        """Return the tallies of columns without values.

        Parameters
        ----------
        n_classes, n_columns : int
            Number of classes and of columns.

        Returns
        -------
        tallies : ColumnTallies
            The identity of ``+``.
        """
        return cls((Tally(_NONE, np.zeros((n_classes, 0))),) * n_columns, n_classes)

    @property
    def weight(self):
        """Total weight of the values, of shape (n_classes, n_columns)."""
        weight = np.empty((self.n_classes, len(self.columns)))
        for j, tally in enumerate(self.columns):
            weight[:, j] = tally.counts.sum(axis=1)
        return weight

    def __add__(self, other: "ColumnTallies") -> "ColumnTallies":
        if not isinstance(other, ColumnTallies):
            return NotImplemented
        pairs = zip(self.columns, other.columns, strict=True)
        return ColumnTallies(tuple(a + b for a, b in pairs), self.n_classes)

    def __sub__(self, other: "ColumnTallies") -> "ColumnTallies":
        if not isinstance(other, ColumnTallies):
            return NotImplemented
        pairs = zip(self.columns, other.columns, strict=True)
        return ColumnTallies(tuple(a - b for a, b in pairs), self.n_classes)

    def __mul__(self, factor: float) -> "ColumnTallies":
        return self._each(lambda tally: tally * factor)

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
        tallies : ColumnTallies
            Over ``n_classes`` classes.
        """
        return self._each(
            lambda tally: tally.with_counts(expanded(tally.counts, positions, n_classes)), n_classes
        )

    def of_classes(self, positions):
        """Return the same over some of the classes.

        Parameters
        ----------
        positions : ndarray of int
            Which.

        Returns
        -------
        tallies : ColumnTallies
            Over these classes.
        """
        return self._each(lambda tally: tally.with_counts(tally.counts[positions]), len(positions))

    def spread(self, picks, n_columns):
        """Return the same over more columns, this column j at ``picks[j]``, the rest empty.

        Parameters
        ----------
        picks : ndarray of int
            Where each column stands among the new ones.
        n_columns : int
            Number of the new columns.

        Returns
        -------
        tallies : ColumnTallies
            Over ``n_columns`` columns.
        """
        columns = list(ColumnTallies.empty(self.n_classes, n_columns).columns)
        for j, tally in zip(np.asarray(picks).tolist(), self.columns, strict=True):
            columns[j] = tally
        return ColumnTallies(tuple(columns), self.n_classes)

    def select(self, picks):
        """Return the tallies of some of the columns.

        Parameters
        ----------
        picks : ndarray of int
            Their positions.

        Returns
        -------
        tallies : ColumnTallies
            Of these columns.
        """
        picks = np.asarray(picks).tolist()
        return ColumnTallies(tuple(self.columns[j] for j in picks), self.n_classes)

    def filled(self):
        """Give a class without values in a column the tally of all classes together.

        Returns
        -------
        tallies : ColumnTallies
            With a positive weight everywhere, where a column has any value.
        """

        def fill(tally):
            seen = tally.counts.any(axis=1, keepdims=True)
            if seen.all():
                return tally
            return tally.with_counts(np.where(seen, tally.counts, tally.counts.sum(axis=0)))

        return self._each(fill)

    def _each(self, change, n_classes=None):
        """Return the tallies with every column changed."""
        columns = tuple(change(tally) for tally in self.columns)
        return ColumnTallies(columns, self.n_classes if n_classes is None else n_classes)
