"""Dropout: units that are silent for one update."""

import numpy as np
from scipy.sparse import csr_matrix, issparse


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

    def __call__(self, X, sizes):
        """Return a batch with inputs dropped and one mask (units, 1) per hidden layer.

        Parameters
        ----------
        X : {ndarray, CSR matrix} of shape (n_rows, n_features)
            The batch; a dense one is overwritten.

        sizes : sequence of int
            Units of the input, of every hidden layer and of the output.

        Returns
        -------
        X, masks : {ndarray, CSR matrix}, list of ndarray
            What remains of the input; factors of the hidden units.
        """
        if self.rates[0]:
            kept = self._mask(sizes[0], self.rates[0], X.dtype)
            if issparse(X):
                X = csr_matrix((X.data * kept[X.indices], X.indices, X.indptr), shape=X.shape)
            else:
                X *= kept
        hidden = zip(sizes[1:], self.rates[1:], strict=False)
        return X, [self._mask(size, rate, X.dtype)[:, None] for size, rate in hidden]

    def _mask(self, size, rate, dtype):
        """Draw zeros where a unit is dropped, and elsewhere what makes up for the loss."""
        mask = self.rng.random(size, dtype)
        np.greater_equal(mask, rate, out=mask)
        mask *= 1 / (1 - rate)
        return mask
