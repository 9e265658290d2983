"""Whether classes can be separated: then a loss without a penalty has no smallest value."""

import numpy as np
from sklearn.utils.extmath import safe_sparse_dot

from skml_lecture.data import one_thread_if_small


def separates(data, W, b):
    """Say whether every row lies on its own side; stop at a block that does not.

    Parameters
    ----------
    data : Data
        The rows, with the targets (n_rows, n_outputs) of the outputs.

    W : ndarray of shape (n_outputs, n_features)
        The weights.

    b : ndarray of shape (n_outputs,)
        The intercepts.

    Returns
    -------
    separated : bool
        No row on the boundary.
    """
    with one_thread_if_small(0):  # every block is
        return all(_separates_rows(block, W, b) for block in data.blocks())


def _separates_rows(block, W, b):
    """Say whether the rows of a block lie on their own side."""
    z, Y = safe_sparse_dot(block.X, W.T) + b, block.targets
    if z.shape[1] == 1:
        return bool(((z > 0) == (Y > 0)).all() and (z != 0).all())
    rival = np.where(Y > 0, -np.inf, z).max(axis=1)
    return bool((np.where(Y > 0, z, -np.inf).max(axis=1) > rival).all())
