"""Descents over rows that lie on a cluster: the same ``learn`` over another ``Data``."""

import copy
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

import dask
import numpy as np
from dask import delayed
from sklearn.base import clone
from sklearn.utils.validation import validate_data

from skml_lecture.classification import Labels
from skml_lecture.data import Data, sample_positions
from skml_lecture.descending import FLOATS, Task
from skml_lecture.descent.learning import learn
from skml_lecture.descent.rows import encode, read_targets, with_class_weight
from skml_lecture.distributed.blocks import Part, added, compute, read_blocks
from skml_lecture.validation import check_flags, check_weight


class Facts(NamedTuple):
    """What a descent has to know of all rows before it begins."""

    classes: np.ndarray  # (k,)
    counts: np.ndarray  # (k,), weights of their rows
    dtype: np.dtype
    names: Any
    weighted: bool

    def __add__(self, other):
        classes = np.union1d(self.classes, other.classes)
        counts = np.zeros(len(classes))
        for part in (self, other):
            counts[np.searchsorted(classes, part.classes)] += part.counts
        dtype = np.promote_types(self.dtype, other.dtype)
        return Facts(classes, counts, dtype, self.names, self.weighted or other.weighted)


@dataclass(frozen=True, eq=False)
class ClusterData:
    """Rows in the memory of workers, as a descent sees them; see :class:`~skml_lecture.data.Data`.

    Parameters
    ----------
    parts : list
        A delayed :class:`Data` for each block that has rows.
    lengths : list of int
        Their numbers of rows.
    total_weight : float
        Sum of the weights of all rows.
    n_features : int
        Number of columns.
    dtype : dtype
        Type of the features.
    """

    parts: list
    lengths: list
    total_weight: float
    n_features: int
    dtype: np.dtype
    _samples: dict = field(default_factory=dict, repr=False)

    is_sparse = False

    @property
    def n_rows(self):
        """Number of rows."""
        return sum(self.lengths)

    @property
    def row_size(self):
        """How many numbers a row holds."""
        return self.n_features

    def whole(self, work, name="descend"):
        """Return the sum of ``work(rows)`` over the blocks, a tree of tasks."""
        token = uuid4().hex
        shared = delayed(work, traverse=False, name=f"share-{name}-{token}")
        task = delayed(_work_on, pure=False)
        parts = [
            task(shared, part, dask_key_name=f"{name}-{token}-{i}")
            for i, part in enumerate(self.parts)
        ]
        return compute(added(parts, f"add-{name}-{token}")).value

    def sum(self, work, width=None, at_least=16, result=0):
        """Return the sum of ``work(blocks)`` over all blocks of the cache's size."""
        return self.whole(partial(_sum_here, work, (width, at_least, result)), "gradient")

    def sample(self, n_rows):
        """Return about so many rows here, those of :meth:`Data.sample`."""
        if n_rows not in self._samples:
            n = self.n_rows
            rows = np.arange(n) if n <= n_rows else sample_positions(n, n_rows)
            edges = np.cumsum([0, *self.lengths])
            picks = np.split(rows, np.searchsorted(rows, edges[1:-1]))
            picked = [
                delayed(Data.take)(part, rows - start)
                for part, rows, start in zip(self.parts, picks, edges[:-1], strict=True)
                if len(rows)
            ]
            self._samples[n_rows] = _joined(dask.compute(*picked))
        return self._samples[n_rows]


def _work_on(work, data):
    """Return what the rows of a block come to."""
    return Part(data.n_rows, 1, work(data))


def _sum_here(work, cut, data):
    return data.sum(copy.copy(work), *cut)  # a copy has scratch of its own


def _joined(parts):
    """Return rows of several blocks as one."""
    X = np.concatenate([part.X for part in parts])
    targets = np.asfortranarray(np.concatenate([part.targets for part in parts]))
    weight = None
    if parts[0].weight is not None:
        weight = np.concatenate([part.weight for part in parts])
    return Data(X, targets, weight)


def fit_by_descent(model, X, y, sample_weight):
    """Fit a model that descends over all rows at once."""
    check_flags(model)
    name = type(model).__name__
    blocks = read_blocks(X, y, sample_weight)
    rows = dask.persist(*blocks.each(partial(_read, model), f"read-{name}"))
    read = compute(added([delayed(_facts)(part) for part in rows], f"add-facts-{uuid4().hex}"))
    if read.value is None or not read.value.counts.any():
        raise ValueError(
            f"No row is left to fit: {name} needs at least 1 sample of positive weight, all blocks "
            f"of X are without."
        )
    facts, lengths = read.value, dask.compute(*[delayed(_length)(part) for part in rows])
    if len(facts.classes) < 2:
        raise ValueError(f"{name} needs at least 2 classes, got 1 class: {facts.classes[0]}.")
    factors, targets = _factors(model, facts), Labels(facts.classes)
    rows = [part for part, length in zip(rows, lengths, strict=True) if length]
    shared = delayed((targets, factors, facts.dtype, facts.weighted), traverse=False)
    parts = dask.persist(*[delayed(_encoded)(part, shared) for part in rows])
    total = facts.counts.sum() if factors is None else facts.counts @ factors
    d = blocks.n_columns
    data = ClusterData(list(parts), [n for n in lengths if n], float(total), d, facts.dtype)
    task = Task(data, targets, model._network(d, targets), model._recipe(data.n_rows))
    state = learn(*task, rng=np.random.RandomState(model._draw_seed()))
    model.n_features_in_ = d
    if facts.names is not None:
        model.feature_names_in_ = facts.names
    model._publish(state, task, keep=False)
    model._say(state, task._replace(data=data.sample(2**20 // max(d, 1))))
    return model


def _read(model, X, y, weight):
    """Return the valid rows of a block that count, with their labels, and the names of columns."""
    model = clone(model)
    X, y = validate_data(model, X, y, dtype=FLOATS, reset=True)
    y, weight = read_targets(y, several=False), check_weight(weight, X, X.dtype, may_vanish=True)
    if weight is not None and not weight.all():
        X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
    return Data(X, y, weight), getattr(model, "feature_names_in_", None)


def _facts(part):
    """Return the facts of a block of rows."""
    if part.value is None or not part.value[0].n_rows:
        return Part()
    data, names = part.value
    classes, codes = encode(data.targets)
    counts = np.bincount(codes, data.weight, len(classes)).astype(np.float64)
    return Part(data.n_rows, 1, Facts(classes, counts, data.dtype, names, data.weight is not None))


def _length(part):
    return 0 if part.value is None else part.value[0].n_rows


def _factors(model, facts):
    """Return the factors of the classes' weights, None where there are none."""
    if model.class_weight is None:
        return None
    codes = np.arange(len(facts.classes))
    weights = with_class_weight(facts.counts, model.class_weight, facts.classes, codes)
    return weights / facts.counts


def _encoded(part, shared):
    """Return the rows of a block with the targets of the outputs."""
    (data, _), (targets, factors, dtype, weighted) = part.value, shared
    codes, weight = encode(data.targets, targets.classes)[1], data.weight
    if weighted and weight is None:
        weight = np.ones(data.n_rows)
    if factors is not None:
        weight = factors[codes] if weight is None else factors[codes] * weight
    weight = None if weight is None else weight.astype(dtype, copy=False)
    return Data(data.X.astype(dtype, copy=False), targets.encode(codes, dtype), weight)
