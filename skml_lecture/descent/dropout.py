"""Dropout: units that are silent for one update."""

import numpy as np
from scipy.sparse import csr_matrix, issparse


class Dropout:
    """Draws which inputs and hidden units one update goes without.

    The kept ones are divided by the share that is kept (inverted dropout), so that prediction,
    which drops nothing, needs no change: the lecture's "multiply the weights by 1 - p".

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
        """Return a batch with inputs dropped and one mask (units, n_rows) per hidden layer.

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
        n_rows = X.shape[0]
        if self.rates[0] and issparse(X):
            kept = X.data * self._mask(X.data.shape, self.rates[0], X.dtype)
            X = csr_matrix((kept, X.indices, X.indptr), shape=X.shape)
        elif self.rates[0]:
            X *= self._mask(X.shape, self.rates[0], X.dtype)
        hidden = zip(sizes[1:], self.rates[1:], strict=False)
        return X, [self._mask((size, n_rows), rate, X.dtype) for size, rate in hidden]

    def _mask(self, shape, rate, dtype):
        """Draw zeros where a unit is dropped, and elsewhere what undoes the loss."""
        mask = self.rng.random(shape, dtype)
        np.greater_equal(mask, rate, out=mask)
        mask *= 1 / (1 - rate)
        return mask
