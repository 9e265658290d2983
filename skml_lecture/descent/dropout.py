"""Dropout: units that are silent for one update."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, issparse


class Masks(NamedTuple):
    """Factors of what one update goes without."""

    inputs: np.ndarray | None  # (n_features,), None: all are there
    hidden: list  # of ndarray (units, 1), for each hidden layer

    def thin(self, X):
        """Return the rows of a batch with inputs dropped; dense ones are overwritten."""
        kept = self.inputs
        if kept is None:
            return X
        if issparse(X):
            return csr_matrix((X.data * kept[X.indices], X.indices, X.indptr), shape=X.shape)
        X *= kept
        return X


class Dropout:
    """Draws which inputs and hidden units one update goes without, the same for all its rows.

    As in the lecture, a batch trains one thinned network. The kept units are divided by the share
    that is kept (inverted dropout), so that prediction, which drops nothing, needs no change: the
    lecture multiplies the weights by ``1 - p`` instead.

    Parameters
    ----------
    rates : sequence of float
        The probability of being dropped: of an input, then of a unit of every hidden layer.

    rng : numpy.random.Generator
        Draws afresh for every update; its state is that of the descent.
    """

    def __init__(self, rates, rng):
        self.rates = tuple(rates)
        self.rng = rng

    def __call__(self, sizes, dtype):
        """Return the masks of one update.

        Parameters
        ----------
        sizes : sequence of int
            Units of the input, of every hidden layer and of the output.

        dtype : dtype
            Of the rows.

        Returns
        -------
        masks : Masks
            Of the input and of the hidden units.
        """
        inputs = self._mask(sizes[0], self.rates[0], dtype) if self.rates[0] else None
        hidden = zip(sizes[1:], self.rates[1:], strict=False)
        return Masks(inputs, [self._mask(size, rate, dtype)[:, None] for size, rate in hidden])

    def _mask(self, size, rate, dtype):
        """Draw zeros where a unit is dropped, and elsewhere what makes up for the loss."""
        mask = self.rng.random(size, dtype)
        np.greater_equal(mask, rate, out=mask)
        mask *= 1 / (1 - rate)
        return mask
