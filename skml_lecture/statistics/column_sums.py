"""Sums of each class and column that add, for columns that know nothing of each other."""

from dataclasses import dataclass, replace

import numpy as np

from skml_lecture.statistics.subtraction import remaining


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
    r"""Weight of the values and sums of their statistics, of every class and column.

    They add (``+``), subtract (``-``) and scale (``*`` a number).

    .. math:: W_{cj} = \sum_{i: y_i = c} w_i m_{ij}, \qquad
              S_{tcj} = \sum_{i: y_i = c} w_i m_{ij} T_t(x_{ij})

    where m is 0 for a missing value and 1 for any other.

    Parameters
    ----------
    weight : ndarray of shape (n_classes, n_columns)
        Total weight of the values that are not missing.
    sums : ndarray of shape (n_statistics, n_classes, n_columns)
        Weighted sums of the statistics, raw: neither smoothed nor normalised.
    nonnegative : bool, default=False
        Whether the statistics are never below zero, so that no difference may be.

    See Also
    --------
    Moments : Weight, mean and scatter, for families that need squares.

    Notes
    -----
    Sums of whole numbers are exact, so that taking rows away is exact too.

    References
    ----------
    C. M. Bishop, "Pattern recognition and machine learning", 2006, section 2.4.2, on
    sufficient statistics.

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.statistics import ColumnSums
    >>> part = ColumnSums(np.array([[2.0]]), np.array([[[5.0]]]))
    >>> (part + part).sums
    array([[[10.]]])
    """

    weight: np.ndarray  # (k, d)
    sums: np.ndarray  # (t, k, d)
    nonnegative: bool = False

    def __add__(self, other: "ColumnSums") -> "ColumnSums":
        if not isinstance(other, ColumnSums):
            return NotImplemented
        return replace(self, weight=self.weight + other.weight, sums=self.sums + other.sums)

    def __sub__(self, other: "ColumnSums") -> "ColumnSums":
        if not isinstance(other, ColumnSums):
            return NotImplemented
        weight = remaining(self.weight, other.weight, "The weight of a column in a class")
        sums = self.sums - other.sums
        if self.nonnegative:
            sums = remaining(self.sums, other.sums, "A sum of a column in a class")
        return replace(self, weight=weight, sums=np.where(weight > 0, sums, 0.0))

    def __mul__(self, factor: float) -> "ColumnSums":
        return replace(self, weight=self.weight * factor, sums=self.sums * factor)

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
        sums : ColumnSums
            Over ``n_classes`` classes.
        """
        arrays = (self.weight, self.sums)
        weight, sums = (expanded(array, positions, n_classes) for array in arrays)
        return replace(self, weight=weight, sums=sums)

    def of_classes(self, positions):
        """Return the same over some of the classes.

        Parameters
        ----------
        positions : ndarray of int
            Which.

        Returns
        -------
        sums : ColumnSums
            Over these classes.
        """
        return replace(self, weight=self.weight[positions], sums=self.sums[:, positions])

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
        sums : ColumnSums
            Over ``n_columns`` columns.
        """
        weight, sums = (spread(array, picks, n_columns) for array in (self.weight, self.sums))
        return replace(self, weight=weight, sums=sums)

    def select(self, picks):
        """Return the sums of some of the columns.

        Parameters
        ----------
        picks : ndarray of int
            Their positions.

        Returns
        -------
        sums : ColumnSums
            Of these columns.
        """
        return replace(self, weight=self.weight[:, picks], sums=self.sums[:, :, picks])

    def filled(self):
        """Give a class without values in a column the sums of all classes together.

        Returns
        -------
        sums : ColumnSums
            With a positive weight everywhere, where a column has any value.
        """
        empty = self.weight == 0
        if not empty.any():
            return self
        weight = np.where(empty, self.weight.sum(axis=0), self.weight)
        sums = np.where(empty, self.sums.sum(axis=1, keepdims=True), self.sums)
        return replace(self, weight=weight, sums=sums)
