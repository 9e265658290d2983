"""Folds of rows that lie on a cluster, told from the numbers of the rows."""

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import check_cv


def folds_of(cv, sizes):
    """Return how many folds there are, and for each block which of them tests each row."""
    n = sum(sizes)
    splits = list(check_cv(cv).split(np.zeros((n, 1)), np.zeros(n)))
    tests = [np.arange(n)[test] for _, test in splits]
    folds = np.full(n, -1)
    for f, test in enumerate(tests):
        folds[test] = f
    if (folds < 0).any() or sum(map(len, tests)) != n:
        raise ValueError("Statistics of folds need every row in one test set of cv.")
    return len(tests), np.split(folds, np.cumsum(sizes)[:-1])


def summarizer(model, n_folds):
    """Return what summarises rows by their folds."""
    model = clone(model).set_params(cv=n_folds)

    def summarize(X, y, weight, folds):
        return model.summarize(X, y, weight, folds=folds)

    return summarize
