"""Predictions of blocks, when they are asked for, and scores that add."""

from dataclasses import dataclass
from functools import partial

import dask.array as da
import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import accuracy_score

from skml_lecture.descending import DescentEstimator
from skml_lecture.distributed.blocks import naming, read_blocks, whole_rows
from skml_lecture.statistics import Moments


def predicted(model, method, X, **arguments):
    """Return ``model.method(X, **arguments)`` as a lazy dask array, block by block."""
    like = _like(model, method, **arguments)
    call = _Call(model, method, arguments, like)
    if not isinstance(X, da.Array):
        return X.map_partitions(partial(_of_partition, call), meta=like)
    X = whole_rows(X)
    options = {
        "dtype": like.dtype,
        "meta": like,
        "name": f"{method}-{da.core.tokenize(model, arguments, X)}",
    }
    options |= {"drop_axis": 1} if like.ndim == 1 else {"chunks": (X.chunks[0], like.shape[1:])}
    return X.map_blocks(partial(_of_block, call), **options)


@dataclass(frozen=True)
class _Call:
    """A method of a fitted model under some arguments, and what it returns of no rows."""

    model: object
    method: str
    arguments: dict
    like: np.ndarray

    def of(self, X, where):
        """Return what it returns of a block."""
        with naming(where):
            if not X.shape[0]:
                return self.like
            return getattr(self.model, self.method)(X, **self.arguments)


def _like(model, method, layer=None):
    """Return no rows of what a method returns."""
    dtype, shape = np.float64, ()
    if isinstance(model, DescentEstimator):
        dtype = model._fitted_layers()[1][0][0].dtype
    several = getattr(model, "_multilabel", False)
    if method == "transform":
        shape = model.intercepts_[:-1][layer].shape
    elif several:
        dtype, shape = np.dtype(int) if method == "predict" else dtype, model.classes_.shape
    elif method == "predict" and is_classifier(model):
        dtype = model.classes_.dtype
    elif method == "predict":
        shape = model.coef_.shape[:-1]
    elif method not in ("score_samples", "decision_function") or (
        method == "decision_function" and len(model.classes_) > 2
    ):
        shape = model.classes_.shape
    return np.empty((0, *shape), dtype)


def _of_block(call, X, block_id=None):
    """Return the predictions of a block of an array."""
    return call.of(X, f"X.blocks[{block_id[0]}]")


def _of_partition(call, X, partition_info=None):
    """Return the predictions of a block of a frame."""
    return call.of(X, f"X.partitions[{partition_info['number']}]")


def score(model, X, y, sample_weight=None):
    """Return ``model.score(X, y, sample_weight)`` from the sums over the blocks."""
    work = partial(_hits if is_classifier(model) else _squares, model)
    name = f"score-{type(model).__name__}"
    sums = read_blocks(X, y, sample_weight).sum(work, name).value
    if sums is None:
        raise ValueError("There is no row to score: every block of X is empty.")
    return sums.score()


@dataclass(frozen=True)
class _Hits:
    """Weights of the rows, and of those whose label is right."""

    weight: float
    right: float

    def __add__(self, other):
        return _Hits(self.weight + other.weight, self.right + other.right)

    def score(self):
        """Return the accuracy."""
        return float(self.right / self.weight) if self.weight else float("nan")


def _hits(model, X, y, weight):
    weight = np.broadcast_to(1.0 if weight is None else np.asarray(weight, float), X.shape[0])
    right = accuracy_score(y, model.predict(X), sample_weight=weight, normalize=False)
    return _Hits(float(weight.sum()), float(right))


@dataclass(frozen=True)
class _Squares:
    """Moments of targets, and the squared errors of their predictions."""

    targets: Moments
    errors: np.ndarray

    def __add__(self, other):
        return _Squares(self.targets + other.targets, self.errors + other.errors)

    def score(self):
        """Return the mean R2 of the targets; of a constant one 1 where it is met, else 0."""
        spread = self.targets.scatter
        constant = np.where(self.errors > 0, 0.0, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.mean(np.where(spread > 0, 1 - self.errors / spread, constant)))


def _squares(model, X, y, weight):
    n_rows = X.shape[0]
    y = np.asarray(y, dtype=np.float64).reshape(n_rows, -1)
    weight = np.broadcast_to(1.0 if weight is None else np.asarray(weight, float), n_rows)
    errors = weight @ (y - model.predict(X).reshape(n_rows, -1)) ** 2
    return _Squares(Moments.from_samples(y, weight, kind="diag"), errors)
