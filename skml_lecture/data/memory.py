"""Memory for what is computed on the way, which a thread keeps from one call to the next."""

from contextlib import contextmanager
from math import prod
from threading import local

import numpy as np

_SMALL = 2**14  # numbers, whose memory the allocator has at hand
_PIECE = 2**18  # numbers, as a block of rows has
_KEPT = 4  # pieces, 2 MB each, that a thread keeps


class _Pieces(local):
    def __init__(self):
        self.free = []


_pieces = _Pieces()


@contextmanager
def lent(*shape):
    """Lend an array of float64, whose numbers are anything.

    Where the allocator gives memory back at once, as on the workers of Dask, to get it anew for
    every block of rows takes a fifth of the work on the block.
    """
    size = prod(shape)
    if not _SMALL < size <= _PIECE:
        yield np.empty(shape)
        return
    free = _pieces.free
    piece = free.pop() if free else np.empty(_PIECE)
    try:
        yield piece[:size].reshape(shape)
    finally:
        if len(free) < _KEPT:
            free.append(piece)
