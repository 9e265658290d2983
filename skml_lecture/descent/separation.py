"""Whether classes can be separated: then a loss without a penalty has no smallest value."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, issparse, vstack
from sklearn.utils.extmath import safe_sparse_dot

from skml_lecture.data import one_thread_if_small

_GROWN = 5.0  # a margin in nats, below which nothing has grown without end
_LARGEST = 2**22  # entries of a linear program that is worth its time
_TELLING = 1000  # rows, among which one is mostly on the wrong side if any is


def separates(data, W, b, fit_intercept=True):
    """Say whether a direction keeps every row on its own side, some of them strictly.

    Complete separation shows in the fitted scores. Where rows lie on the boundary, a linear program
    decides: the largest sum of margins that are all >= 0, of coefficients in a box. Where classes
    overlap it is zero. Of data too large for that, a row on the wrong side says no.

    Parameters
    ----------
    data : Data
        The rows, with the targets (n_rows, n_outputs) of the outputs.

    W : ndarray of shape (n_outputs, n_features)
        The fitted weights.

    b : ndarray of shape (n_outputs,)
        The fitted intercepts.

    fit_intercept : bool, default=True
        Whether intercepts are free.

    Returns
    -------
    separated : bool
        Completely or quasi-completely.
    """
    too_large = 2 * max(W.shape[0] - 1, 1) * data.n_rows * (W.shape[1] + 1) > _LARGEST
    with one_thread_if_small(0):  # every block is
        if too_large and _extremes(W, b, [data.sample(_TELLING)]).smallest <= 0:
            return False
        margins = data.sum(partial(_extremes, W, b))
    if margins.smallest > 0:
        return True
    if too_large or margins.largest < _GROWN:
        return False
    return _has_direction(data.sample(data.n_rows), W.shape[0], fit_intercept)


@dataclass(frozen=True)
class _Extremes:
    """The smallest and the largest of some numbers; they add."""

    smallest: float
    largest: float

    def __add__(self, other):
        return _Extremes(min(self.smallest, other.smallest), max(self.largest, other.largest))


def _extremes(W, b, blocks):
    """Return the extreme margins of some blocks."""
    margins = [_margins(block, W, b) for block in blocks]
    return _Extremes(min(map(np.min, margins)), max(map(np.max, margins)))


def _margins(block, W, b):
    """Return how far the own score of every row is above the next."""
    z, Y = safe_sparse_dot(block.X, W.T) + b, block.targets
    if z.shape[1] == 1:
        return np.where(Y[:, 0] > 0, z[:, 0], -z[:, 0])
    rival = np.where(Y > 0, -np.inf, z).max(axis=1)
    return np.where(Y > 0, z, -np.inf).max(axis=1) - rival


def _has_direction(data, n_outputs, fit_intercept):
    """Say whether the linear program finds a direction in which the loss falls for ever."""
    X = data.X.toarray() if issparse(data.X) else np.asarray(data.X, np.float64)
    if fit_intercept:
        X = X - X.mean(axis=0)
    size = np.abs(X).max(axis=0)
    X = X / np.where(size > 0, size, 1)
    X = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    margins = _margin_rows(X, data.targets, n_outputs)
    total = np.asarray(margins.sum(axis=0)).ravel()
    found = linprog(-total, A_ub=-margins, b_ub=np.zeros(margins.shape[0]), bounds=(-1, 1))
    if not found.success:
        return False
    reached = margins @ found.x
    return bool(reached.max() > 1e-4 and reached.min() > -1e-6)


def _margin_rows(X, Y, n_outputs):
    """Return the matrix whose product with coefficients is the margin of every row and rival."""
    if n_outputs == 1:
        return csr_array(X * np.where(Y > 0, 1.0, -1.0))
    codes, q = Y.argmax(axis=1), X.shape[1]
    parts = []
    for own in range(n_outputs):
        rows = X[codes == own]
        for rival in range(n_outputs):
            if rival != own and len(rows):
                part = np.zeros((len(rows), n_outputs, q))
                part[:, own], part[:, rival] = rows, -rows
                parts.append(csr_array(part.reshape(len(rows), -1)))
    return vstack(parts, format="csr")
