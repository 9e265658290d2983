"""What rows are summarised to, with the names of their features: a value that adds."""

from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Summary:
    """The statistic of rows and what they are rows of; ``+``, ``-`` and ``*``.

    A closed-form estimator is a function of it: ``summarize`` makes one of rows, a sum of them is
    that of all rows, and ``fit_statistics`` solves for the model. It holds arrays, numbers and
    labels, no rows, so it may travel where rows may not.

    Parameters
    ----------
    values : object
        The statistic: a frozen value with ``weight``, ``+``, ``-`` and ``*`` a number.
    n_features : int
        Number of features of the rows.
    feature_names : ndarray of shape (n_features,), default=None
        Their names, None where they have none.
    n_targets : int, default=None
        Number of columns of a y of two dimensions, None for one that is a list of values.

    See Also
    --------
    skml_lecture.RidgeRegression.summarize : Makes one; so do the generative classifiers.

    Notes
    -----
    ``sum(parts)`` works. The sum of parts without names and parts with names has the names.

    References
    ----------
    R. A. Fisher, "On the mathematical foundations of theoretical statistics", Philosophical
    Transactions A 222, 1922, section 7: sufficient statistics.

    Examples
    --------
    >>> from skml_lecture import RidgeRegression
    >>> model = RidgeRegression(alpha=0)
    >>> parts = [model.summarize([[0.0], [1.0]], [1.0, 3.0]), model.summarize([[2.0]], [5.0])]
    >>> model.fit_statistics(sum(parts)).predict([[3.0]])
    array([7.])
    """

    values: Any
    n_features: int
    feature_names: np.ndarray | None = None
    n_targets: int | None = None

    @property
    def weight(self) -> float:
        """Total weight of the rows."""
        return float(np.sum(self.values.weight))

    def __add__(self, other: "Summary") -> "Summary":
        if not isinstance(other, Summary):
            return NotImplemented
        names = self._common_names(other)
        return replace(self, values=self.values + other.values, feature_names=names)

    def __radd__(self, other: int) -> "Summary":
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def __sub__(self, other: "Summary") -> "Summary":
        if not isinstance(other, Summary):
            return NotImplemented
        names = self._common_names(other)
        return replace(self, values=self.values - other.values, feature_names=names)

    def __mul__(self, factor: float) -> "Summary":
        if not isinstance(factor, Real):
            return NotImplemented
        return replace(self, values=self.values * factor)

    __rmul__ = __mul__

    def _common_names(self, other):
        """Return the names of the features of both, or raise where they do not fit."""
        if type(self.values) is not type(other.values):
            raise TypeError(
                f"Statistics of one kind add, got {type(self.values).__name__} and "
                f"{type(other.values).__name__}: summarise both with the same estimator."
            )
        if self.n_features != other.n_features:
            raise ValueError(
                f"Statistics that add are of the same features, got {self.n_features} here and "
                f"{other.n_features} in the other."
            )
        if self.n_targets != other.n_targets:
            ours, theirs = (_shape(part.n_targets) for part in (self, other))
            raise ValueError(
                f"Statistics that add have a y of the same shape but for its rows, with as many "
                f"targets: got {ours} here and {theirs} in the other."
            )
        ours, theirs = self.feature_names, other.feature_names
        if ours is None or theirs is None:
            return theirs if ours is None else ours
        if list(ours) != list(theirs):
            raise ValueError(
                f"Statistics that add are of the same feature names in the same order, got "
                f"{list(ours)} here and {list(theirs)} in the other."
            )
        return ours


def _shape(n_targets):
    """Return in words what a y of so many targets is."""
    return "y of shape (n,)" if n_targets is None else f"y of shape (n, {n_targets})"


@dataclass(frozen=True, eq=False)
class LaterSummary:
    """The summary of few rows of many columns, made when it is first asked for.

    It would take longer than the fit. A model is saved with the summary, without the rows.
    """

    summarise: Any  # what makes the values of the rows
    rows: Any
    blank: Summary  # all but the values

    def __call__(self):
        """Return the summary."""
        return replace(self.blank, values=self.summarise(self.rows))
