"""The output of a layer for many rows, in blocks that fit the cache, on all cores."""

import numpy as np

from skml_lecture.descent.network import ROWS
from skml_lecture.validation import has_finite_sum


def forward_rows(network, layers, data, check, finish=None, depth=None):
    """Return the output of the last layer passed of every row, (n, units).

    Parameters
    ----------
    network : Network
        Its sizes.

    layers : list
        Weights, intercepts and activation of every layer, where they lie.

    data : Data
        The rows.

    check : callable
        ``check(X)`` is called, and raises, where a block holds a value that is not finite.

    finish : callable or None, default=None
        ``finish(output)`` of every block, (rows, units), which it may overwrite.

    depth : int or None, default=None
        Number of layers to pass through; None: all.

    Returns
    -------
    out : ndarray of shape (n_rows, units)
        Of the type of the weights.
    """
    dtype, units = layers[0][0].dtype, network.sizes[-1 if depth is None else depth]
    out = np.empty((data.n_rows, units), dtype)

    def fill(blocks):
        buffers = network.buffers(max(block.n_rows for block in blocks), dtype)
        for block in blocks:
            if not has_finite_sum(block.X):
                check(data.X)
            z = network.forward_through(layers, block.X, buffers, depth)[-1].T
            out[block.rows] = z if finish is None else finish(z)

    if data.n_rows <= ROWS:  # one block, as it is
        fill([data])
    else:
        data.map(fill, data.row_size + 2 * sum(network.sizes[1:]), ROWS)
    return out
