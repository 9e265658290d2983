"""Rows that lie in the blocks of Dask collections, and sums over them as trees of tasks."""

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial, reduce
from itertools import chain, groupby, pairwise, zip_longest
from numbers import Real
from typing import Any, NamedTuple
from uuid import uuid4

import dask
import dask.array as da
import numpy as np
from cloudpickle import dumps  # Dask depends on it
from dask import delayed, is_dask_collection
from dask.core import literal
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph
from dask.utils import is_dataframe_like, is_series_like
from distributed import futures_of
from scipy import sparse

from skml_lecture.validation import warn

_FAN_IN = 8  # parts that one task adds up
_TOGETHER = 3  # blocks that one task takes at most, and another worker may have to fetch
_TURNS = 4  # tasks that every thread takes one after the other, at least, to share out the work
_LARGE = 2**16  # bytes
NARROW = 64  # columns, up to which the work on a block is soon done, and what it comes to small
_MANY_BLOCKS = 200
_SMALL_BLOCK = 2**14  # elements: summarised in less time than it takes to hand out the task
_GOOD_BLOCK = 2**23


class Part(NamedTuple):
    """What some blocks come to: how many rows, in how many blocks, and a value that adds.

    ``n_columns`` is their width, and ``where`` the name of the first, where they were read.
    """

    n_rows: int = 0
    n_blocks: int = 0
    value: Any = None
    n_columns: int = 0
    where: str = ""

    def plus(self, other):
        """Return what the blocks of both come to; blocks without rows have no value."""
        if self.value is None or other.value is None:
            return other if self.value is None else self
        return self._replace(
            n_rows=self.n_rows + other.n_rows,
            n_blocks=self.n_blocks + other.n_blocks,
            value=self.value + other.value,
        )


@dataclass(frozen=True, eq=False)
class Blocks:
    """The rows of a call, block by block: lists of delayed blocks of the same length.

    Parameters
    ----------
    X : list
        Blocks of the features.
    y : list
        Blocks of what goes with the rows.
    weight : list
        Blocks of the weights of the rows, or one number, or None, for each.
    columns : list or int
        The names of the columns, or their number, as the collection declares them.
    kind : {"blocks", "partitions"}
        The name of the blocks in the collection.
    sizes : tuple
        Their numbers of rows, NaN where they are not known.
    futures : dict
        Those of blocks of the features that workers hold, by their keys.
    """

    X: list
    y: list
    weight: list
    columns: list | int
    kind: str
    sizes: tuple
    futures: dict

    def name(self, i):
        """Return how a user reaches block i, or some: "3:5"."""
        return f"X.{self.kind}[{i}]"

    def known_sizes(self):
        """Return the numbers of rows of the blocks, counted where they are not known."""
        if not np.isnan(self.sizes).any():
            return self.sizes
        return dask.compute(*[delayed(_n_rows)(block) for block in self.X])

    def each(self, work, name):
        """Return ``work(X, y, weight)`` of every block, delayed, as a :class:`Part`."""
        return tasks(_of_block, (work, self.columns), self._arguments(), name)

    def sum(self, work, name, extra=None):
        """Return the sum of ``work(X, y, weight)`` over the blocks, as a :class:`Part`.

        ``extra`` is one more argument for each block.
        """
        narrow = (len(self.columns) if isinstance(self.columns, list) else self.columns) <= NARROW
        places = workers_of(self.X, self.futures) if narrow and self.futures else None
        shared, arguments = (work, self.columns), self._arguments(extra)
        name_of = partial("X.{}[{}]".format, self.kind)
        return summed(_of_block, shared, arguments, name, places, name_of)

    def _arguments(self, extra=None):
        """Return what a task gets of every block."""
        more = () if extra is None else (extra,)
        names = map(self.name, range(len(self.X)))
        return list(zip(names, self.X, self.y, self.weight, *more, strict=True))

    def warn_if_small(self, part):
        """Warn where handing out the blocks takes longer than the work on them."""
        width = part.n_columns
        if part.n_blocks < _MANY_BLOCKS or part.n_rows * width >= part.n_blocks * _SMALL_BLOCK:
            return
        warn(
            f"X has {part.n_blocks} blocks of about {part.n_rows // part.n_blocks} rows: handing "
            f"them out takes longer than the work. Rechunk it to blocks of about "
            f"{_GOOD_BLOCK // width} rows.",
            UserWarning,
        )


class Layer:
    """Tasks that go into a graph at once: made one by one they would take longer than the work.

    Parameters
    ----------
    name : str
        What their names begin with.
    """

    def __init__(self, name):
        self.name = f"{name}-{uuid4().hex}"
        self._tasks, self._needs = {}, {}

    def add(self, number, function, *arguments):
        """Add the task ``function(*arguments)`` and return its key, which others may take."""
        key = f"{self.name}-{number}"
        self._tasks[key] = (function, *map(self._told, arguments))
        return key

    def delayed(self, keys):
        """Return the results of tasks, delayed."""
        needs = list(self._needs.values())
        graph = HighLevelGraph.from_collections(self.name, self._tasks, needs)
        return [Delayed(key, graph, layer=self.name) for key in keys]

    def _told(self, argument):
        """Return an argument with the keys of what is delayed in it.

        Words and numbers that are no key of this layer are marked: a task of the caller's may be
        called so.
        """
        if isinstance(argument, Delayed):
            self._needs[id(argument.dask), argument.__dask_layers__()] = argument
            return argument.key
        if isinstance(argument, list | tuple):
            return [self._told(one) for one in argument]
        if isinstance(argument, str | Real) and argument not in self._tasks:
            return (literal(argument),)
        return argument


def tasks(work, shared, arguments, name):
    """Return ``work(shared, *arguments)`` of every block, delayed.

    What they share goes along with each task; what is large, with one that comes before them.
    """
    layer, call = Layer(name), (partial(work, shared),)
    if _is_large(shared):
        call = work, delayed(shared, traverse=False, name=f"share-{layer.name}")
    return layer.delayed([layer.add(i, *call, *some) for i, some in enumerate(arguments)])


def _is_large(shared):
    """Whether it is much to send; what cannot be sent at all is for threads, which share it."""
    with suppress(Exception):
        return len(dumps(shared)) > _LARGE
    return False


def summed(work, shared, arguments, name, places=None, name_of=str):
    """Return the sum of the parts ``work(shared, *arguments)`` over the blocks.

    Parts are added in a tree, always in the same order. Where the ``places`` of the blocks are
    known, one task takes some that lie together, for to hand out a task takes as long as the work
    on a small block.
    """
    groups = None if places is None else together(places)
    if groups is None:
        return compute(added(tasks(work, shared, arguments, name), f"add-{name}", name_of))
    several = [([arguments[i] for i in group],) for group in groups]
    lists = tasks(_of_several, (work, shared), several, name)
    order, layer = np.argsort(np.concatenate(groups)), Layer(f"add-{name}")
    return compute(*layer.delayed([layer.add(0, _added_here, order, lists, name_of)]))


def added(parts, name, name_of=str):
    """Return the sum of delayed parts, a tree of tasks; ``name_of(i)`` says what part i is."""
    if len(parts) == 1:
        return parts[0]
    layer = Layer(name)
    root = _tree(parts, lambda where, some, i: layer.add(i, _sum_of, where, some), name_of)
    return layer.delayed([root])[0]


def _tree(parts, add, name_of):
    """Return the sum of parts that ``add(where, some, number)`` adds, a few at a time."""
    width = 1
    while len(parts) > 1:
        parts = [
            add(name_of(f"{i * width}:{(i + _FAN_IN) * width}"), parts[i : i + _FAN_IN],
                f"{width}-{i}")
            for i in range(0, len(parts), _FAN_IN)
        ]  # fmt: skip
        width *= _FAN_IN
    return parts[0]


def workers_of(blocks, futures):
    """Return the worker of every block and the number of its threads, None of one unknown."""
    client = next(iter(futures.values())).client
    held_by = client.who_has(list(futures.values()))
    threads = client.nthreads()
    workers = [min(held_by.get(block.key, ()), default=None) for block in blocks]
    return [None if worker is None else (worker, threads.get(worker, 1)) for worker in workers]


def together(places):
    """Return the numbers of blocks in groups of a few at one place; None where all are alone.

    Places take turns: one that had all its tasks before another has any would seem so busy that
    blocks are moved.
    """
    of_places, order = [], sorted(range(len(places)), key=lambda i: str(places[i]))
    for place, group in groupby(order, key=places.__getitem__):
        group = list(group)
        turns = len(group) if place is None else _TURNS * place[1]
        size = min(max(len(group) // turns, 1), _TOGETHER)
        of_places.append([group[i : i + size] for i in range(0, len(group), size)])
    groups = [group for turn in zip_longest(*of_places) for group in turn if group]
    return None if len(groups) == len(places) else groups


def compute(root):
    """Return the result of a delayed value: on the client there is, or in threads."""
    return dask.compute(root)[0]


def is_distributed(X):
    """Whether X is a Dask collection of rows."""
    return is_dask_collection(X)


def read_blocks(X, y, sample_weight=None):
    """Return dask arrays or frames, and what goes with their rows, as :class:`Blocks`."""
    if isinstance(X, da.Array):
        X = whole_rows(X)
        kind, columns, sizes = "blocks", X.shape[1], X.chunks[0]
    elif is_dataframe_like(X):
        kind, columns, sizes = "partitions", list(X.columns), (np.nan,) * X.npartitions
    else:
        raise TypeError(
            f"X must be a dask array or a dask data frame, or rows in memory, got a "
            f"{type(X).__name__}."
        )
    rows = _delayed(X) if kind == "blocks" else X.to_delayed()
    weight = sample_weight
    if not isinstance(weight, Real | None):
        weight = _aligned("sample_weight", weight, sizes)
    else:
        weight = [weight] * len(rows)
    futures = {future.key: future for future in futures_of(X)}
    return Blocks(rows, _aligned("y", y, sizes), weight, columns, kind, sizes, futures)


def whole_rows(X):
    """Return a dask array whose blocks hold whole rows."""
    if X.ndim != 2:
        raise ValueError(f"Expected 2D array, got X of {X.ndim} dimensions: use X.reshape(-1, 1).")
    if X.numblocks[1] == 1:
        return X
    return da.blockwise(
        _side_by_side, "ik", X, "ij", new_axes={"k": X.shape[1]}, concatenate=False,
        dtype=X.dtype, meta=np.empty((0, 0), X.dtype),
    )  # fmt: skip


def _delayed(values):
    """Return the blocks of an array, each made once for all that is made of it."""
    return values.to_delayed(optimize_graph=False).ravel().tolist()


def _side_by_side(pieces):
    """Return the pieces of some rows as one block."""
    if any(map(sparse.issparse, pieces)):
        return sparse.hstack(pieces, format="csr")
    return np.hstack(pieces)


def _aligned(name, values, sizes):
    """Return blocks of values that go with blocks of rows of these sizes."""
    known = not np.isnan(sizes).any()
    if isinstance(values, da.Array):
        ours = values.chunks[0] if values.ndim else ()
        if known and not np.isnan(ours).any() and ours != sizes:
            _check_length(name, sum(ours), sizes)
            values = values.rechunk({0: sizes})
        values = whole_rows(values) if values.ndim == 2 else values
        blocks = _delayed(values)
    elif is_dask_collection(values) and (is_dataframe_like(values) or is_series_like(values)):
        blocks = values.to_delayed()
    elif is_dask_collection(values):
        raise TypeError(
            f"{name} must be a dask array, series or frame, or rows in memory, got a "
            f"{type(values).__name__}."
        )
    else:
        return _cut(name, values, sizes, known)
    if len(blocks) != len(sizes):
        raise ValueError(
            f"X has {len(sizes)} blocks and {name} has {len(blocks)}, of sizes that are not known: "
            f"make both of the same blocks, or call compute_chunk_sizes() on both."
        )
    return blocks


def _cut(name, values, sizes, known):
    """Return values in memory as blocks that go with those of the rows."""
    if values is None:
        raise ValueError(f"{name} is None: a fit needs one value per row.")
    if not known:
        raise ValueError(
            f"The blocks of X have sizes that are not known, and {name} is in memory: give it as "
            f"a dask array of the same blocks, or call X.compute_chunk_sizes()."
        )
    values = np.asarray(values)
    _check_length(name, len(values) if values.ndim else 0, sizes)
    edges = np.cumsum([0, *sizes])
    return [values[a:b] for a, b in pairwise(edges)]


def _check_length(name, length, sizes):
    if length != sum(sizes):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {sum(sizes)} in X and "
            f"{length} in {name}."
        )


def _n_rows(X):
    return X.shape[0]


def _of_block(shared, where, X, y, weight, *extra):
    """Return what a block comes to."""
    work, columns = shared
    with naming(where):
        n_rows = X.shape[0]
        for name, values in (("y", y), ("sample_weight", weight)):
            if np.ndim(values) and len(values) != n_rows:
                raise ValueError(
                    f"Found input variables with inconsistent numbers of samples: {n_rows} in the "
                    f"block of X and {len(values)} in that of {name}."
                )
        if not n_rows:
            return Part()
        _check_columns(X, columns)
        width = X.shape[1] if np.ndim(X) == 2 else 0
        return Part(n_rows, 1, work(X, y, weight, *extra), width, where)


def _check_columns(X, columns):
    """Raise where a block has not the columns that the collection declares."""
    if isinstance(columns, list):
        if list(X.columns) != columns:
            raise ValueError(f"The columns are {list(X.columns)}, but X declares {columns}.")
    elif np.ndim(X) == 2 and X.shape[1] != columns and not np.isnan(columns):
        raise ValueError(f"X has {X.shape[1]} features here, but declares {columns} features.")


def _of_several(shared, arguments):
    """Return what each of some blocks comes to."""
    work, shared = shared
    return [work(shared, *some) for some in arguments]


def _added_here(order, lists, name_of):
    """Return the sum of the parts of all blocks, put in their order."""
    parts = list(chain.from_iterable(lists))
    return _tree([parts[i] for i in order], lambda where, some, _: _sum_of(where, some), name_of)


def _sum_of(where, parts):
    """Return the sum of parts in their order."""
    _check_widths([part for part in parts if part.value is not None])
    with naming(where):
        return reduce(Part.plus, parts)


def _check_widths(parts):
    """Raise where blocks of a width that is not declared have not the same."""
    for part in parts:
        if part.n_columns != parts[0].n_columns:
            raise ValueError(
                f"{part.where}: X has {part.n_columns} features here, but {parts[0].n_columns} "
                f"features in {parts[0].where}."
            )


@contextmanager
def naming(where):
    """Say of an error in which block it was."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{where}: {error}") from error
    except Exception as error:
        error.add_note(where)
        raise
