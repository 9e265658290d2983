"""Rows in the memory of workers, as a descent sees them."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import groupby
from os import cpu_count
from typing import NamedTuple

import dask
import numpy as np
from dask import delayed
from dask.sizeof import sizeof
from distributed import futures_of
from scipy import sparse

from skml_lecture.data import Data, sample_positions
from skml_lecture.descent.batches import Batch
from skml_lecture.distributed.blocks import NARROW, Part, naming, summed, tasks, workers_of


@sizeof.register(Data)
def _size_of(data):
    """Return the bytes of rows, by which Dask knows that they are better not moved."""
    return sum(sizeof(part) for part in (data.X, data.targets, data.weight) if part is not None)


class Shape(NamedTuple):
    """What the client has to know of the rows of a block."""

    n_rows: int
    weight: float
    lightest: float
    n_stored: int


@dataclass(frozen=True, eq=False)
class ClusterData:
    """Rows in the memory of workers; see :class:`~skml_lecture.data.Data`.

    Parameters
    ----------
    parts : list
        A delayed :class:`Data` for each block that has rows.
    names : list of str
        How a user reaches these blocks.
    shapes : list of Shape
        What is known of them.
    n_features : int
        Number of columns.
    dtype : dtype
        Type of the features.
    is_sparse : bool
        Whether the rows are stored without their zeros.
    encode : callable, default=None
        What the targets of rows are made by, ``encode(rows)``, whenever these are read: held they
        would take eight times the bytes of the codes, or more. None: they are as stored.
    """

    parts: list
    names: list
    shapes: list
    n_features: int
    dtype: np.dtype
    is_sparse: bool
    encode: Callable | None = None
    _samples: dict = field(default_factory=dict, repr=False)

    @cached_property
    def edges(self):
        """Where in the whole the blocks begin and end."""
        return np.cumsum([0, *(shape.n_rows for shape in self.shapes)])

    @property
    def n_rows(self):
        """Number of rows."""
        return int(self.edges[-1])

    @cached_property
    def total_weight(self):
        """Sum of the weights."""
        return float(sum(shape.weight for shape in self.shapes))

    @cached_property
    def row_size(self):
        """How many numbers a row holds, 1 or more."""
        if not self.is_sparse:
            return max(self.n_features, 1)
        return max(sum(shape.n_stored for shape in self.shapes) // max(self.n_rows, 1), 1)

    @cached_property
    def places(self):
        """The worker of every block and the number of its threads; None without workers."""
        futures = {future.key: future for future in futures_of(self.parts)}
        return workers_of(self.parts, futures) if futures else None

    @cached_property
    def groups(self):
        """The numbers of the blocks that lie together: on one worker, or for one thread."""
        n = len(self.parts)
        places = self.places or (np.arange(n) * cpu_count() // max(n, 1)).tolist()
        order = sorted(range(n), key=lambda i: str(places[i]))
        return [list(group) for _, group in groupby(order, key=places.__getitem__)]

    def seen_through(self, encode):
        """Return the same rows with targets that ``encode(rows)`` makes."""
        return replace(self, encode=encode, _samples={})

    def map(self, work, name, *each):
        """Return the rows that ``work(rows, *one of each)`` makes of those of every block.

        They stay where they are; a block of which nothing is left is none. ``work`` sees the
        targets as they are stored.
        """
        arguments = zip(self.names, self.parts, *each, strict=True)
        parts = tasks(_made_of, work, arguments, name)
        kind = self.n_features, self.dtype, self.is_sparse, self.encode
        return self.of(parts, self.names, *kind)

    @classmethod
    def of(cls, parts, names, *kind):
        """Return delayed rows as data, once they are there."""
        parts = dask.persist(*parts)
        shapes = dask.compute(*[delayed(_shape)(part) for part in parts])
        kept = [i for i, shape in enumerate(shapes) if shape.n_rows]
        parts, names, shapes = ([of[i] for i in kept] for of in (parts, names, shapes))
        return cls(parts, names, shapes, *kind)

    def whole(self, work, name="descend", *each):
        """Return the sum of ``work(rows, *one of each)`` over the blocks, a tree of tasks."""
        arguments = list(zip(self.parts, *each, strict=True))
        places = self.places if self.n_features <= NARROW else None
        return summed(_work_on, (work, self.encode), arguments, name, places).value

    def sum(self, work, width=None, at_least=16, result=0):
        """Return the sum of ``work(blocks)`` over all blocks of the cache's size."""
        return self.whole(partial(_sum_here, work, (width, at_least, result)), "gradient")

    def take(self, rows):
        """Return some rows here."""
        return _seen(self.encode, joined(dask.compute(*self._picked(rows))))

    def sample(self, n_rows):
        """Return about so many rows here, those of :meth:`Data.sample`."""
        if n_rows not in self._samples:
            n = self.n_rows
            rows = np.arange(n) if n <= n_rows else sample_positions(n, n_rows)
            self._samples[n_rows] = self.take(rows)
        return self._samples[n_rows]

    def sum_of_rows(self, work, rows):
        """Return the sum of ``work(batch)`` of some rows: of those of every worker at once."""
        cut = self._cut(rows)
        groups = [[i for i in group if len(cut[i])] for group in self.groups]
        arguments = [
            ([self.parts[i] for i in group], [cut[i] for i in group]) for group in groups if group
        ]
        return summed(_step, (work, self.encode), arguments, "step").value

    def _picked(self, rows):
        """Return some rows as delayed data of every block that has any."""
        task = delayed(Data.take)
        pairs = zip(self.parts, self._cut(rows), strict=True)
        return [task(part, places) for part, places in pairs if len(places)]

    def _cut(self, rows):
        """Return the places of some rows in every block."""
        blocks = np.searchsorted(self.edges[1:], rows, side="right")
        order = np.argsort(blocks, kind="stable")
        ends = np.cumsum(np.bincount(blocks, minlength=len(self.parts)))
        groups = np.split(rows[order], ends[:-1])
        return [group - start for group, start in zip(groups, self.edges[:-1], strict=True)]


class ClusterLoader:
    """Gives the batches of rows that lie on workers, as a ``Loader`` does of rows here.

    Parameters
    ----------
    data : ClusterData
        The rows.
    """

    def __init__(self, data):
        self.data = data

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def epoch(self, order, batch_size):
        """Yield consecutive batches of the rows in ``order``."""
        for start in range(0, len(order), batch_size):
            yield ClusterBatch(self.data, order[start : start + batch_size])

    def whole(self):
        """Return all rows as one batch."""
        return [AllRows(self.data)]


@dataclass(frozen=True, eq=False)
class ClusterBatch:
    """The rows of one update: every worker takes those that it has."""

    data: ClusterData
    rows: np.ndarray

    def __len__(self):
        return len(self.rows)

    def sum(self, work):
        """Return the sum of ``work(batch)`` over the workers."""
        return self.data.sum_of_rows(work, self.rows)


@dataclass(frozen=True, eq=False)
class AllRows:
    """All rows as one update."""

    data: ClusterData

    def __len__(self):
        return self.data.n_rows

    def sum(self, work):
        """Return the sum of ``work(batch)`` over the blocks."""
        return self.data.whole(partial(_on_batch, work), "step")


def _shape(data):
    if data is None:
        return Shape(0, 0.0, 1.0, 0)
    weight = data.weight
    lightest = 1.0 if weight is None or not len(weight) else float(weight.min())
    n_stored = data.X.nnz if data.is_sparse else data.X.size
    return Shape(data.n_rows, data.total_weight, lightest, n_stored)


def _made_of(work, where, data, *one):
    with naming(where):
        return work(data, *one)


def _seen(encode, data):
    """Return rows with their targets."""
    return data if encode is None else encode(data)


def _work_on(shared, data, *one):
    """Return what the rows of a block come to."""
    work, encode = shared
    return Part(data.n_rows, 1, work(_seen(encode, data), *one))


def _sum_here(work, cut, data):
    return data.sum(copy.copy(work), *cut)  # a copy has scratch of its own


def _step(shared, parts, rows):
    """Return what the rows of a batch come to that lie here."""
    work, encode = shared
    data = joined([part.take(some) for part, some in zip(parts, rows, strict=True)])
    return _work_on((partial(_on_batch, work), encode), data)


def _on_batch(work, data):
    return copy.copy(work)(Batch(data.X, data.targets, data.weight))


def joined(parts):
    """Return rows of several blocks as one."""
    if len(parts) == 1:
        X, weight = parts[0].X, parts[0].weight
    else:
        stack = sparse.vstack if parts[0].is_sparse else np.concatenate
        X = stack([part.X for part in parts])
        weight = None
        if parts[0].weight is not None:
            weight = np.concatenate([part.weight for part in parts])
    X = sparse.csr_array(X) if sparse.issparse(X) else X
    return Data(X, np.asfortranarray(np.concatenate([part.targets for part in parts])), weight)
