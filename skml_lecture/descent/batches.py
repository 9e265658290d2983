"""Mini-batches: rows gathered many at a time, the next ones while these are in use."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, issparse

from skml_lecture.parallel import one_ahead, row_size

_CHUNK = 2**19  # elements: two chunks and what a batch needs fit the cache


@dataclass(slots=True)
class Batch:
    """The rows of one update."""

    X: np.ndarray | csr_matrix  # (n, d)
    Y: np.ndarray  # (k, n)
    weight: np.ndarray | None  # (n,)

    def __len__(self):
        return self.X.shape[0]

    def part(self, start, stop):
        """Return some consecutive rows, as views where dense."""
        weight = None if self.weight is None else self.weight[start:stop]
        return Batch(self.X[start:stop], self.Y[:, start:stop], weight)


class Loader:
    """Gathers the batches of every epoch out of a data set, into memory allocated once.

    Parameters
    ----------
    rows : Batch
        The data set.
    """

    def __init__(self, rows):
        self.rows = rows
        self._buffers = {}

    def epoch(self, order, batch_size):
        """Yield consecutive batches of the rows in ``order``; each may be written into.

        A batch lasts until the next one is asked for.
        """
        X, Y, weight = self.rows.X, self.rows.Y, self.rows.weight
        size = batch_size * max(_CHUNK // (batch_size * row_size(X)), 1)
        chunks = [order[start : start + size] for start in range(0, len(order), size)]
        gathered = one_ahead(self._gather, enumerate(chunks))
        for x, rows in zip(gathered, chunks, strict=True):
            chunk = Batch(x, Y.take(rows, axis=1), None if weight is None else weight[rows])
            for start in range(0, len(rows), batch_size):
                yield chunk.part(start, start + batch_size)

    def take(self, rows):
        """Return a batch of the given rows."""
        X, Y, weight = self.rows.X, self.rows.Y, self.rows.weight
        return Batch(X[rows], Y[:, rows], None if weight is None else weight[rows])

    def _gather(self, numbered):
        """Return the features of a chunk, a copy that the chunk after the next overwrites."""
        number, rows = numbered
        X = self.rows.X
        if issparse(X):
            return X[rows]
        buffer = self._buffers.get(number % 2, ())
        if len(buffer) < len(rows):
            buffer = self._buffers[number % 2] = np.empty((len(rows), X.shape[1]), X.dtype)
        # mode "raise" would go through another buffer
        return np.take(X, rows, axis=0, out=buffer[: len(rows)], mode="clip")
