"""Statistics of labelled rows: what each class was summarised to."""

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils.multiclass import unique_labels

from skml_lecture.statistics.subtraction import remaining


def united(labels, others):
    """Return the labels of two parts, sorted, or raise where strings meet numbers."""
    if not len(labels) or not len(others):
        return labels if len(labels) else others
    if "O" in (kinds := labels.dtype.kind + others.dtype.kind) or len(set(kinds)) > 1:
        unique_labels(labels, others)  # says so
    return np.union1d(labels, others)


@dataclass(frozen=True, eq=False)
class ClassStatistics:
    """Classes, their weights and what their rows were summarised to; ``+``, ``-`` and ``*``.

    The sum is over the union of the classes: a part may lack some of them. A class of which a
    difference leaves nothing is dropped.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    weight : ndarray of shape (n_classes,)
        Total weight of each class; zero for one that was announced and has not been seen.
    summary : object
        What a family of densities keeps of each class, in the order of ``classes``: a frozen
        value with ``+``, ``-``, ``*``; ``expanded(positions, n_classes)``, which returns the same
        value over ``n_classes`` classes, class i standing at ``positions[i]`` and the rest empty;
        and ``of_classes(positions)``, that of some of the classes. None where there is no class.

    See Also
    --------
    Moments : What the Gaussian model keeps of each class.

    Notes
    -----
    The only place where the classes of two parts are aligned: O(size of the summaries).

    References
    ----------
    H. Lee, "Machine Learning", lecture 6, "Classification: probabilistic generative model":
    class weights and class densities are all that the posterior needs.

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.statistics import ClassStatistics, Moments
    >>> X, codes = np.array([[1.0], [3.0], [4.0]]), np.array([0, 0, 1])
    >>> moments = Moments.from_samples(X, groups=codes)
    >>> part = ClassStatistics(np.array(["a", "c"]), moments.weight, moments)
    >>> other = ClassStatistics(np.array(["b", "c"]), moments.weight, moments)
    >>> whole = part + other
    >>> whole.classes
    array(['a', 'b', 'c'], dtype='<U1')
    >>> whole.weight
    array([2., 2., 2.])
    """

    classes: np.ndarray  # (k,)
    weight: np.ndarray  # (k,)
    summary: Any

    def over(self, classes):
        """Return the same statistics over more classes, the new ones empty.

        Parameters
        ----------
        classes : ndarray of shape (n_classes,)
            Sorted labels, among them all of ``self.classes``.

        Returns
        -------
        statistics : ClassStatistics
            Over ``classes``.
        """
        if np.array_equal(classes, self.classes):
            return self
        positions = np.searchsorted(classes, self.classes)
        weight = np.zeros(len(classes))
        weight[positions] = self.weight
        return ClassStatistics(classes, weight, self.summary.expanded(positions, len(classes)))

    def __add__(self, other: "ClassStatistics") -> "ClassStatistics":
        if not isinstance(other, ClassStatistics):
            return NotImplemented
        if not len(self.classes) or not len(other.classes):
            return self if len(self.classes) else other
        classes = united(self.classes, other.classes)
        ours, theirs = self.over(classes), other.over(classes)
        return ClassStatistics(classes, ours.weight + theirs.weight, ours.summary + theirs.summary)

    def __sub__(self, other: "ClassStatistics") -> "ClassStatistics":
        if not isinstance(other, ClassStatistics):
            return NotImplemented
        if not len(other.classes):
            return self
        unknown = np.setdiff1d(other.classes, self.classes)
        if len(unknown):
            raise ValueError(
                f"Rows of class {unknown.tolist()[0]!r} cannot be taken away: there are none."
            )
        other = other.over(self.classes)
        weight = remaining(self.weight, other.weight, "The weight of a class")
        kept = np.flatnonzero(weight)
        rest = (self.summary - other.summary).of_classes(kept) if len(kept) else None
        return ClassStatistics(self.classes[kept], weight[kept], rest)

    def __mul__(self, factor: float) -> "ClassStatistics":
        if not isinstance(factor, Real):
            return NotImplemented
        summary = self.summary * factor if len(self.classes) else None
        return ClassStatistics(self.classes, self.weight * factor, summary)

    __rmul__ = __mul__
