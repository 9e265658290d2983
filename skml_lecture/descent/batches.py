"""Mini-batches: rows gathered many at a time, the next ones while these are in use."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial, reduce
from itertools import pairwise
from operator import iadd

import numpy as np
from scipy.sparse import csr_array, issparse

from skml_lecture.data import free_threads, in_order, run_in_threads, shuffled

_CHUNK = 2**19  # elements: two chunks and what a batch needs fit the cache
LEAST_PART = 48  # rows of a batch that a thread takes: matrix products of fewer are slower


@dataclass(slots=True)
class Batch:
    """The rows of one update."""

    X: np.ndarray | csr_array  # (n, d)
    targets: np.ndarray  # (n, k), one output after the other in memory
    weight: np.ndarray | None  # (n,)
    number: int = 0  # among the parts of an update

    def __len__(self):
        return self.X.shape[0]

    def sum(self, work):
        """Return ``work(rows)``, or the sum over as many parts of them as there are threads."""
        n_parts = min(free_threads(), len(self) // LEAST_PART)
        if n_parts < 2:
            return work(self)
        edges = [len(self) * i // n_parts for i in range(n_parts + 1)]
        parts = [self.part(*ends, number) for number, ends in enumerate(pairwise(edges))]
        return reduce(iadd, run_in_threads(work, parts))

    def part(self, start, stop, number=0):
        """Return some consecutive rows, as views where dense."""
        weight = None if self.weight is None else self.weight[start:stop]
        return Batch(self.X[start:stop], self.targets[start:stop], weight, number)


def batches_of(n_rows, recipe, rng, loader):
    """Return the maker of the batches of an epoch; None: all rows at once.

    Their order is drawn from the number of rows alone, wherever these lie.
    """
    size = recipe.rows_per_update(n_rows)
    if size is None:
        return None

    def batches():
        shuffles = recipe.shuffle and size < n_rows
        return loader.epoch(shuffled(n_rows, rng) if shuffles else in_order(n_rows), size)

    return batches


class Loader:
    """Gathers the batches of every epoch out of a data set.

    As a context manager it ends its thread, which otherwise ends with the loader.

    Parameters
    ----------
    data : Data
        The data set.
    """

    def __init__(self, data):
        self.data = data
        self._buffers = None
        self._pool = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self._pool is not None:
            self._pool.shutdown()
        self._pool, self._buffers = None, None

    def epoch(self, order, batch_size):
        """Yield consecutive batches of the rows in ``order``; each may be written into.

        ``order[places]`` gives the rows at a slice of places.
        A batch lasts until the next one is asked for.
        """
        n_batches = _CHUNK // (batch_size * self.data.row_size)
        in_turn = 2 if n_batches > 1 else 1  # one buffer is enough for batches larger than a chunk
        size = batch_size * max(n_batches, 1)
        self._allocate(in_turn, min(size, len(order)))
        starts = range(0, len(order), size)
        gathers = [
            partial(self._gather, i % in_turn, order, slice(start, start + size))
            for i, start in enumerate(starts)
        ]
        ahead = gathers[0]
        for following in [*gathers[1:], None]:
            chunk = ahead()
            if following is not None:
                ahead = following if in_turn == 1 else self._begin(following)
            for start in range(0, len(chunk), batch_size):
                yield chunk.part(start, start + batch_size)

    def whole(self):
        """Return all rows as one batch."""
        return [Batch(self.data.X, self.data.targets, self.data.weight)]

    def _allocate(self, in_turn, n_rows):
        """Have buffers of so many rows, in one piece: of large ones the pages are large too."""
        shape = in_turn, n_rows, self.data.X.shape[1]
        if not issparse(self.data.X) and np.shape(self._buffers) != shape:
            self._buffers = np.empty(shape, self.data.X.dtype)

    def _begin(self, gather):
        """Begin to gather a chunk in a thread; return what waits for it."""
        try:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1)
            return self._pool.submit(gather).result
        except RuntimeError:  # no thread can start, as when the interpreter is about to end
            return gather

    def _gather(self, number, order, places):
        """Return a chunk, its features in a buffer where they last until its next one."""
        X, weight, rows = self.data.X, self.data.weight, order[places]
        targets = self.data.targets.T.take(rows, axis=1).T
        weight = None if weight is None else weight[rows]
        if issparse(X):
            return Batch(X[rows], targets, weight)
        # mode "raise" would go through another buffer
        x = np.take(X, rows, axis=0, out=self._buffers[number, : len(rows)], mode="clip")
        return Batch(x, targets, weight)
