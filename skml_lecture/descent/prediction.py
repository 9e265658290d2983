"""Scores and probabilities of many rows, in blocks that fit the cache, on all cores."""

import numpy as np

from skml_lecture.data.threads import map_runs, row_blocks, row_size
from skml_lecture.descent.activations import Logistic
from skml_lecture.descent.network import ROWS


def scores(network, theta, X, check):
    """Return the raw scores of the rows, (n, n_outputs)."""
    return _by_blocks(network, theta, X, lambda z: z, check)


def hidden(network, theta, X, check, layer):
    """Return the activations of a hidden layer, (n, units)."""
    return _by_blocks(network, theta, X, lambda a: a, check, layer + 1)


def probabilities(network, theta, X, check):
    """Return the softmax of the scores; of one sigmoid unit, both classes' probabilities."""
    if network.sizes[-1] > 1:
        return _by_blocks(network, theta, X, _softmax, check)
    P = np.empty((X.shape[0], 2), theta.dtype)
    z = scores(network, theta, X, check)[:, 0]
    Logistic().value(z, out=P[:, 1])
    Logistic().value(-z, out=P[:, 0])
    return P


def _softmax(z):
    """Overwrite scores (k, n) with their softmax."""
    z -= z.max(axis=0)
    np.exp(z, out=z)
    z /= z.sum(axis=0)
    return z


def _by_blocks(network, theta, X, finish, check, depth=None):
    """Return ``finish(output)`` of the last layer passed, of every block of rows, joined.

    ``check(X)`` is called, and raises, where a block holds a value that is not finite.
    """
    blocks = row_blocks(X.shape[0], row_size(X) + 2 * sum(network.sizes[1:]), at_least=ROWS)
    out = np.empty((X.shape[0], network.sizes[-1 if depth is None else depth]), theta.dtype)

    def fill(run):
        buffers = network.buffers(max(rows.stop - rows.start for rows in run), theta.dtype)
        for rows in run:
            block = X[rows]
            if not _has_finite_sum(block):
                check(X)
            out[rows] = finish(network.forward(theta, block, buffers, depth)[-1]).T

    map_runs(fill, blocks)
    return out


@np.errstate(over="ignore", invalid="ignore")
def _has_finite_sum(X):
    """Tell whether the sum of all values is finite: then all are."""
    return np.isfinite(X.sum())
