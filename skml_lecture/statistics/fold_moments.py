"""Moments of the folds of a cross-validation: a statistic for each."""

from dataclasses import dataclass
from functools import reduce
from operator import add

from skml_lecture.statistics.regression_moments import RegressionMoments


@dataclass(frozen=True, eq=False)
class FoldMoments:
    """The moments of every fold's rows; ``+``, ``-`` and ``*`` fold by fold.

    Parameters
    ----------
    folds : tuple of RegressionMoments
        Of the rows that each fold tests; it trains on those of all others.

    See Also
    --------
    skml_lecture.RidgeRegressionCV.fit_statistics : Chooses alpha by them.

    Notes
    -----
    O(n d^2) for all folds together.

    References
    ----------
    H. Lee, "Machine Learning", lecture 4, "N-fold cross validation".

    Examples
    --------
    >>> from skml_lecture import RidgeRegressionCV
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 8.0]
    >>> part = RidgeRegressionCV(cv=2).summarize(X, y)
    >>> [float(fold.weight) for fold in (part + part).values.folds]
    [4.0, 4.0]
    """

    folds: tuple

    @property
    def weight(self):
        """Total weight of the rows."""
        return sum(fold.weight for fold in self.folds)

    @property
    def whole(self):
        """The moments of all rows, a :class:`RegressionMoments`."""
        return reduce(add, self.folds)

    def __add__(self, other: "FoldMoments") -> "FoldMoments":
        if not isinstance(other, FoldMoments):
            return NotImplemented
        return self._with(other, RegressionMoments.__add__)

    def __sub__(self, other: "FoldMoments") -> "FoldMoments":
        if not isinstance(other, FoldMoments):
            return NotImplemented
        return self._with(other, RegressionMoments.__sub__)

    def __mul__(self, factor: float) -> "FoldMoments":
        return FoldMoments(tuple(fold * factor for fold in self.folds))

    __rmul__ = __mul__

    def _with(self, other, operation):
        if len(self.folds) != len(other.folds):
            raise ValueError(
                f"Statistics of {len(self.folds)} and of {len(other.folds)} folds do not add."
            )
        return FoldMoments(tuple(map(operation, self.folds, other.folds)))
