"""Folds of rows that lie on a cluster, told from the numbers of the rows."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import KFold, check_cv


def folds_of(cv, sizes):
    """Return how many folds there are, and for each block which of them tests each row."""
    n, edges = sum(sizes), np.cumsum([0, *sizes])
    cv = check_cv(cv)
    if type(cv) is KFold and not cv.shuffle:  # consecutive rows
        lengths = n // cv.n_splits + (np.arange(cv.n_splits) < n % cv.n_splits)
        ends = np.cumsum(lengths)
        return cv.n_splits, [Consecutive(ends, *block) for block in pairwise(edges.tolist())]
    splits = list(cv.split(np.zeros((n, 1)), np.zeros(n)))
    tests = [np.arange(n)[test] for _, test in splits]
    folds = np.full(n, -1)
    for f, test in enumerate(tests):
        folds[test] = f
    if (folds < 0).any() or sum(map(len, tests)) != n:
        raise ValueError("Statistics of folds need every row in one test set of cv.")
    return len(tests), np.split(folds, edges[1:-1])


class Consecutive(NamedTuple):
    """The folds of a block's rows where every fold is some consecutive rows of all."""

    ends: np.ndarray  # of the folds
    start: int  # of the block
    stop: int

    def of_rows(self):
        """Return the fold of every row."""
        return np.searchsorted(self.ends, np.arange(self.start, self.stop), side="right")


def summarizer(model, n_folds):
    """Return what summarises rows by their folds."""
    model = clone(model).set_params(cv=n_folds)

    def summarize(X, y, weight, folds):
        folds = folds.of_rows() if isinstance(folds, Consecutive) else folds
        return model.summarize(X, y, weight, folds=folds)

    return summarize
