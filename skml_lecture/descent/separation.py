"""Whether classes can be separated: then a loss without a penalty has no smallest value."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, diags, issparse, vstack
from scipy.sparse.linalg import lsqr
from scipy.special import expit, softmax
from sklearn.utils.extmath import safe_sparse_dot

from skml_lecture.data import one_thread_if_small

_RISEN = 1e-4  # a margin of coefficients in a box that is more than rounding
_ROUNDS = 8  # of Newton's method: where it has not found them, there may be none
_LARGEST = 2**22  # entries of a linear program that is worth its time
_TELLING = 1000  # rows, among which one is mostly on the wrong side if any is


def separates(data, W, b, fit_intercept=True):
    """Say whether a direction keeps every row on its own side, some of them strictly.

    Complete separation shows in the fitted scores. Where rows lie on the boundary or a descent has
    not come far, a linear program decides: the largest sum of margins that are all >= 0, of
    coefficients in a box. Where classes overlap it is zero, which weights that balance the margins
    prove sooner: at an optimum the gradient is such a balance. Of data too large for that, a row
    on the wrong side says no.

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
        if too_large and _smallest_margin(W, b, [data.sample(_TELLING)]).smallest <= 0:
            return False
        if data.sum(partial(_smallest_margin, W, b)).smallest > 0:
            return True
        return not too_large and _has_direction(data.sample(data.n_rows), W, b, fit_intercept)


@dataclass(frozen=True)
class _Smallest:
    """The smallest of some numbers; they add."""

    smallest: float

    def __add__(self, other):
        return _Smallest(min(self.smallest, other.smallest))


def _smallest_margin(W, b, blocks):
    """Return the smallest margin of some blocks."""
    return _Smallest(min(float(np.min(_margins(block, W, b))) for block in blocks))


def _margins(block, W, b):
    """Return how far the own score of every row is above the next."""
    z, Y = safe_sparse_dot(block.X, W.T) + b, block.targets
    if z.shape[1] == 1:
        return np.where(Y[:, 0] > 0, z[:, 0], -z[:, 0])
    rival = np.where(Y > 0, -np.inf, z).max(axis=1)
    return np.where(Y > 0, z, -np.inf).max(axis=1) - rival


def _has_direction(data, W, b, fit_intercept):
    """Say whether there is a direction in which the loss falls for ever."""
    X = data.X.toarray() if issparse(data.X) else np.asarray(data.X, np.float64)
    p = _probabilities(X @ W.T + b)
    if fit_intercept:
        X = X - X.mean(axis=0)
    size = np.abs(X).max(axis=0)
    X = X / np.where(size > 0, size, 1)
    X = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    margins, weights = _margin_rows(X, data.targets, p, data.weight)
    if _add_up_to_zero(margins, weights):
        return False
    total = np.asarray(margins.sum(axis=0)).ravel()
    found = linprog(-total, A_ub=-margins, b_ub=np.zeros(margins.shape[0]), bounds=(-1, 1))
    if not found.success:
        return False
    reached = margins @ found.x
    return bool(reached.max() > _RISEN and reached.min() > -1e-6)


def _probabilities(z):
    """Return the probabilities of the classes, of which one output has two."""
    return np.hstack([expit(-z), expit(z)]) if z.shape[1] == 1 else softmax(z, axis=1)


def _margin_rows(X, Y, p, weight=None):
    """Return the matrix whose product with coefficients is the margin of every row and rival.

    And what the row has of the gradient: the probability of that rival, times the row's weight.
    """
    p = p if weight is None else p * weight[:, np.newaxis]
    if Y.shape[1] == 1:
        own = Y > 0
        return X * np.where(own, 1.0, -1.0), np.where(own[:, 0], p[:, 0], p[:, 1])
    codes, (_, n_outputs), q = Y.argmax(axis=1), Y.shape, X.shape[1]
    parts, weights = [], []
    for own in range(n_outputs):
        rows = X[codes == own]
        for rival in range(n_outputs):
            if rival != own and len(rows):
                part = np.zeros((len(rows), n_outputs, q))
                part[:, own], part[:, rival] = rows, -rows
                parts.append(csr_array(part.reshape(len(rows), -1)))
                weights.append(p[codes == own, rival])
    return vstack(parts, format="csr"), np.concatenate(weights)


def _add_up_to_zero(margins, weights):
    """Say whether weights > 0 are found, near the given ones, that add the rows up to zero.

    So they do with the margins of any direction, which can then not all be >= 0, some > 0. What
    the sum lacks goes by least squares, as in Newton's method for a sum of exponentials; what
    rounding leaves of it is held against the smallest weight.
    """
    weights = weights + np.mean(weights) / 100  # none that rounding outweighs
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)
        step = lsqr(diags(root) @ margins, root, atol=1e-13, btol=1e-13, iter_lim=100)[0]
        share = margins @ step
        found = weights * (1 - share)
        if np.min(found) * _RISEN > np.abs(margins.T @ found).sum():
            return True
        weights = weights * np.exp(np.clip(-share, -9, 9))
    return False
