"""Mini-batches: rows gathered many at a time, the next ones while these are in use."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse import csr_matrix, issparse

from skml_lecture.parallel import row_size

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
    """Gathers the batches of every epoch out of a data set.

    As a context manager it ends its thread, which otherwise ends with the loader.

    Parameters
    ----------
    rows : Batch
        The data set.
    """

    def __init__(self, rows):
        self.rows = rows
        self._buffers = {}
        self._pool = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self._pool is not None:
            self._pool.shutdown()
        self._pool, self._buffers = None, {}

    def epoch(self, order, batch_size):
        """Yield consecutive batches of the rows in ``order``; each may be written into.

        A batch lasts until the next one is asked for.
        """
        X, Y, weight = self.rows.X, self.rows.Y, self.rows.weight
        n_batches = _CHUNK // (batch_size * row_size(X))
        in_turn = 2 if n_batches > 1 else 1  # one buffer is enough for batches larger than a chunk
        size = batch_size * max(n_batches, 1)
        chunks = [order[start : start + size] for start in range(0, len(order), size)]
        gathers = [partial(self._gather, i % in_turn, rows) for i, rows in enumerate(chunks)]
        ahead = gathers[0]
        for rows, following in zip(chunks, [*gathers[1:], None], strict=True):
            x = ahead()
            if following is not None:
                ahead = following if in_turn == 1 else self._begin(following)
            chunk = Batch(x, Y.take(rows, axis=1), None if weight is None else weight[rows])
            for start in range(0, len(rows), batch_size):
                yield chunk.part(start, start + batch_size)

    def _begin(self, gather):
        """Begin to gather a chunk in a thread; return what waits for it."""
        try:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1)
            return self._pool.submit(gather).result
        except RuntimeError:  # no thread can start, as when the interpreter is about to end
            return gather

    def _gather(self, number, rows):
        """Return the features of a chunk, in a buffer where they last until its next one."""
        X = self.rows.X
        if issparse(X):
            return X[rows]
        buffer = self._buffers.get(number, ())
        if len(buffer) < len(rows):
            buffer = self._buffers[number] = np.empty((len(rows), X.shape[1]), X.dtype)
        # mode "raise" would go through another buffer
        return np.take(X, rows, axis=0, out=buffer[: len(rows)], mode="clip")
