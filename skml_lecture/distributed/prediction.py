"""Predictions of blocks, when they are asked for, and scores that add."""

from dataclasses import dataclass
from functools import partial

import dask.array as da
import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import accuracy_score, mean_squared_error

from skml_lecture.descending import DescentEstimator
from skml_lecture.distributed.blocks import naming, read_blocks, whole_rows
from skml_lecture.statistics import Moments
from skml_lecture.validation import check_weight, warn


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
            result = getattr(self.model, self.method)(X, **self.arguments)
            return np.asarray(result)  # whatever set_output says


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
    part = read_blocks(X, y, sample_weight).sum(work, f"score-{type(model).__name__}")
    if part.value is None:
        raise ValueError("There is no row to score: every block of X is empty.")
    if not part.value.weight:
        raise ValueError("There is no row to score: all values of sample_weight are zero.")
    return part.value.score(part.n_rows)


def _checked_weights(X, weight):
    """Return the weights of the rows of a block, which may be zero: others may not be."""
    weight = check_weight(weight, X, may_vanish=True)
    return np.ones(X.shape[0]) if weight is None else weight


@dataclass(frozen=True)
class _Hits:
    """Weights of the rows, and of those whose label is right."""

    weight: float
    right: float

    def __add__(self, other):
        return _Hits(self.weight + other.weight, self.right + other.right)

    def score(self, n_rows):  # noqa: ARG002 - of any number
        """Return the accuracy."""
        return float(self.right / self.weight)


def _hits(model, X, y, weight):
    labels, weight = model.predict(X), _checked_weights(X, weight)
    if not weight.any():
        accuracy_score(y, labels)  # checks them: of weights that are all zero it would raise
        return _Hits(0.0, 0.0)
    right = accuracy_score(y, labels, sample_weight=weight, normalize=False)
    return _Hits(float(weight.sum()), float(right))


@dataclass(frozen=True)
class _Squares:
    """Moments of targets, and the squared errors of their predictions."""

    targets: Moments
    errors: np.ndarray

    def __add__(self, other):
        return _Squares(self.targets + other.targets, self.errors + other.errors)

    @property
    def weight(self):
        """Total weight of the rows."""
        return self.targets.weight

    def score(self, n_rows):
        """Return the mean R2 of the targets; of a constant one 1 where it is met, else 0."""
        if n_rows < 2:
            warn("R2 needs two rows or more: it is NaN.", UndefinedMetricWarning)
            return float("nan")
        spread = self.targets.scatter
        constant = np.where(self.errors > 0, 0.0, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.mean(np.where(spread > 0, 1 - self.errors / spread, constant)))


def _squares(model, X, y, weight):
    fitted, weight = model.predict(X), _checked_weights(X, weight)
    mean_squared_error(y, fitted)  # checks them, as R2 of rows in memory does
    y, fitted = (np.asarray(z, dtype=np.float64).reshape(X.shape[0], -1) for z in (y, fitted))
    errors = weight @ (y - fitted) ** 2
    return _Squares(Moments.from_samples(y, weight, kind="diag"), errors)
