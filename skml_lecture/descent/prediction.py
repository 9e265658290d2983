"""Scores and probabilities of many rows, in blocks that fit the cache, on all cores."""

import numpy as np

from skml_lecture.descent.activations import Logistic, Relu
from skml_lecture.descent.network import ROWS
from skml_lecture.parallel import map_runs, row_blocks, row_size


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

    Blocks with values that are not finite are shown to ``check``, which raises.
    """
    blocks = row_blocks(X.shape[0], row_size(X) + 2 * sum(network.sizes[1:]), at_least=ROWS)
    out = np.empty((X.shape[0], network.sizes[-1 if depth is None else depth]), theta.dtype)
    layers = _moved_on(network.layers(theta)[:depth])

    def fill(run):
        buffers = network.buffers(max(rows.stop - rows.start for rows in run), theta.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # of the sum, which is looked at
            for rows in run:
                block = X[rows]
                if not np.isfinite(block.sum()):
                    check(block)
                out[rows] = finish(network.through(layers, block, buffers)[-1]).T

    map_runs(fill, blocks)
    return out


def _moved_on(layers):
    """Return layers that do the same in fewer steps.

    ``max(0, z + b) = max(z, -b) + b``, and the last ``b`` of it can be added by the next layer:
    ``W' (a + b) + b' = W' a + (W' b + b')``.
    """
    layers, moved = list(layers), None
    for depth, (W, b, activation) in enumerate(layers):
        b = b if moved is None else W @ moved + b
        moved = None
        if isinstance(activation, Relu) and b.size and depth + 1 < len(layers):
            moved, b, activation = b, b[:0], _Floor(-b)
        layers[depth] = W, b, activation
    return layers


class _Floor:
    """The rectifier whose floor is not zero."""

    def __init__(self, floor):
        self.floor = floor

    def value(self, z, out):
        return np.maximum(z, self.floor, out=out)
