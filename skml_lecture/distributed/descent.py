"""Descents over rows that lie on a cluster: the same ``learn`` over another ``Data``."""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import dask
import numpy as np
from dask import delayed
from scipy import sparse
from sklearn.utils.validation import validate_data

from skml_lecture.data import Data, places_of, shuffled
from skml_lecture.descending import FLOATS, check_held_out, encoded, theta_of
from skml_lecture.descent.rows import (
    check_all_classes,
    class_factors,
    encode,
    groups_of,
    read_targets,
    shares_held,
)
from skml_lecture.distributed.blocks import (
    Part,
    added,
    compute,
    is_distributed,
    naming,
    read_blocks,
)
from skml_lecture.distributed.rows import ClusterData, ClusterLoader
from skml_lecture.statistics.classes import united
from skml_lecture.validation import NoRowsError, check_weight

_TOLD = 2**20  # elements of the sample that callbacks are told of
_BINS = 1024


def fit_by_descent(model, X, y, sample_weight, *, X_val=None, y_val=None, sample_weight_val=None,
                   coef_init=None, intercept_init=None):  # fmt: skip
    """Fit a model that descends, or go on with it; see its ``fit``."""
    validation, start = (X_val, y_val, sample_weight_val), None
    if coef_init is not None or intercept_init is not None:
        start = partial(theta_of, coef_init, intercept_init)
    reader = Reader(model, read_blocks(X, y, sample_weight))

    def read(classes, seed):
        task = reader.task(classes)
        if X_val is None and y_val is None and model.early_stopping:
            n_groups = 1 if task.targets.several else len(task.targets.classes)
            train, held_out = _split(task.data, n_groups, model.validation_fraction, seed)
        else:
            train, held_out = task.data, reader.held_out(task, *validation)
        return task._replace(data=_encoded(train, task)), _encoded(held_out, task)

    def told(task):
        callbacks = hasattr(model, "_skl_callbacks")
        return _rows_told(task, _TOLD // max(task.data.row_size, 1)) if callbacks else {}

    return model._descend(read, told, start, loader=ClusterLoader)


def pass_by_descent(model, X, y, classes, sample_weight):
    """Pass once over rows; see the model's ``partial_fit``."""
    reader = Reader(model, read_blocks(X, y, sample_weight))

    def read(classes, **options):
        task = reader.task(classes, **options)
        return task._replace(data=_encoded(task.data, task))

    return model._pass(read, classes, loader=ClusterLoader)


class Facts(NamedTuple):
    """What a descent has to know of all rows before it begins."""

    n_rows: int  # of any weight
    n_features: int
    classes: np.ndarray  # of those that count
    several: bool
    dtype: np.dtype
    is_sparse: bool
    weighted: bool
    names: Any

    def __add__(self, other):
        return Facts(
            self.n_rows + other.n_rows,
            self.n_features,
            united(self.classes, other.classes),
            self.several or other.several,
            np.promote_types(self.dtype, other.dtype),
            self.is_sparse or other.is_sparse,
            self.weighted or other.weighted,
            self.names,
        )


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads the rows of blocks for a model.

    Parameters
    ----------
    model : DescentEstimator
        What is to be fitted.
    blocks : Blocks
        The rows.
    """

    model: object
    blocks: object

    def task(self, classes, *, reset=None, dtype=FLOATS, stream=False):
        """Return what to learn, and how; the targets of the rows are codes still."""
        model = self.model
        reset = classes is None if reset is None else reset
        rows, facts = self._read(self.blocks, reset, dtype)
        if reset:
            model.n_features_in_ = facts.n_features
            vars(model).pop("feature_names_in_", None)
            if facts.names is not None:
                model.feature_names_in_ = facts.names
        classes = facts.classes if classes is None else classes
        data = self._counted(self.blocks, rows, facts, classes)
        self.blocks.warn_if_small(Part(facts.n_rows, len(rows), n_columns=facts.n_features))
        if not (reset or stream or facts.several):
            check_all_classes(np.searchsorted(classes, facts.classes), classes)
        return model._task_of(data, classes, facts.several, reset=reset, stream=stream)

    def held_out(self, task, X, y, weight):
        """Return rows held out that the caller gave, None where there are none."""
        check_held_out(X, y, weight)
        if X is None:
            return None
        if not is_distributed(X):
            return self.model._hold_out(task, 0, X, y, weight)[1]
        blocks = read_blocks(X, y, weight)
        rows, facts = self._read(blocks, False, task.data.dtype)
        return self._counted(blocks, rows, facts, task.targets.classes)

    def _read(self, blocks, reset, dtype):
        """Return the delayed valid rows of every block, and their facts."""
        name = type(self.model).__name__
        reader = type(self.model)()  # with nothing of the model but what its features are
        for attribute in () if reset else ("n_features_in_", "feature_names_in_"):
            if hasattr(self.model, attribute):
                setattr(reader, attribute, getattr(self.model, attribute))
        read = partial(_read, reader, self.model._several_labels, reset, dtype)
        rows = dask.persist(*blocks.each(read, f"read-{name}"))
        facts = [delayed(_facts)(part) for part in rows]
        total = compute(added(facts, f"add-{rows[0].key}", self.blocks.name))
        if total.value is None or not len(total.value.classes):
            raise NoRowsError(
                f"No row is left to fit: {name} needs at least 1 sample of positive weight, all "
                f"blocks of X are without."
            )
        return rows, total.value

    def _counted(self, blocks, rows, facts, classes):
        """Return the rows that count, with the codes of their classes and their final weights."""
        names = [blocks.name(i) for i in range(len(rows))]
        kind = facts.n_features, facts.dtype, facts.is_sparse
        shared, task = delayed((facts, classes), traverse=False), delayed(_coded)
        parts = [task(shared, *pair) for pair in zip(names, rows, strict=True)]
        data = ClusterData.of(parts, names, *kind)
        return self._weighted(data, classes, facts.several)

    def _weighted(self, data, classes, several):
        """Return the rows with their weights times those of their classes."""
        if self.model.class_weight is not None:
            factors = []
            columns = range(len(classes)) if several else [None]
            for column in columns:
                labels = np.arange(2) if several else classes
                count = data.whole(partial(_counts, factors, column, len(labels)), "count")
                factors.append((column, class_factors(self.model.class_weight, labels, count)))
            data = data.map(partial(_with_factors, factors), "weigh")
        lightest = min(shape.lightest for shape in data.shapes)
        self.model._check_weights(lightest, data.total_weight, data.dtype)
        return data


def _read(model, several, reset, dtype, X, y, weight):
    """Return the valid rows of a block that count, with their labels, and the facts of it."""
    options = {"accept_sparse": "csr", "multi_output": several, "dtype": dtype, "reset": reset}
    X, y = validate_data(model, X, y, **options)
    y, shape = read_targets(y, several), X.shape
    weight = check_weight(weight, X, X.dtype, may_vanish=True)
    if weight is not None and not weight.all():
        X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
    data = Data(X, y, weight)
    kind = y.ndim == 2, X.dtype, data.is_sparse, weight is not None
    return data, Facts(*shape, encode(y)[0], *kind, getattr(model, "feature_names_in_", None))


def _facts(part):
    """Return the facts of a block of rows."""
    return part if part.value is None else part._replace(value=part.value[1])


def _coded(shared, where, part):
    """Return the rows of a block, of the kind of all, with the codes of their classes."""
    if part.value is None:
        return None
    (facts, classes), (data, _) = shared, part.value
    X = data.X.astype(facts.dtype, copy=False)
    X = sparse.csr_array(X) if facts.is_sparse and not data.is_sparse else X
    weight = data.weight
    if facts.weighted and weight is None:
        weight = np.ones(data.n_rows)
    weight = None if weight is None else weight.astype(facts.dtype, copy=False)
    with naming(where):
        codes = encode(data.targets, classes)[1]
        return Data(X, codes.astype(np.min_scalar_type(len(classes))), weight)


def _counts(factors, column, n_labels, data):
    """Return what the rows of every label weigh, under the factors so far."""
    weight = _with_factors(factors, data).weight
    codes = data.targets if column is None else data.targets[:, column]
    return np.bincount(codes, weight, n_labels).astype(np.float64)


def _with_factors(factors, data):
    """Return rows with their weights times the factors of their labels."""
    weight = data.weight
    for column, factor in factors:
        factor = factor[data.targets if column is None else data.targets[:, column]]
        weight = factor if weight is None else factor * weight
    weight = None if weight is None else weight.astype(data.dtype, copy=False)
    return Data(data.X, data.targets, weight)


def _split(data, n_groups, fraction, seed):
    """Return training and held-out rows, those of a local fit: the first of an order."""
    sizes = data.whole(partial(_sizes, n_groups), "count")
    order = shuffled(data.n_rows, np.random.RandomState(seed))
    limits = _limits(data, order, shares_held(sizes, fraction))
    starts = data.edges[:-1].tolist()
    return tuple(
        data.map(partial(_side, order, limits, is_held), "hold-out", starts)
        for is_held in (False, True)
    )


def _sizes(n_groups, data):
    """Return how many rows every group has."""
    return np.bincount(groups_of(data.targets), minlength=n_groups)


def _limits(data, order, held):
    """Return for each group the place in an order before which so many of its rows stand.

    Its places are counted in bins, and those of the bin that has the last of these rows again.
    """
    first, left, width = np.zeros(len(held), int), held.copy(), data.n_rows
    starts, groups = data.edges[:-1].tolist(), np.arange(len(held))
    while width > 1:
        width = -(-width // _BINS)
        work = partial(_histograms, order, first, width)
        sums = np.cumsum(data.whole(work, "count", starts), axis=1)
        bins = (sums < left[:, None]).sum(axis=1)
        left -= np.where(bins > 0, sums[groups, bins - 1], 0)
        first += bins * width
    return np.where(held > 0, first + 1, 0)


def _histograms(order, first, width, data, start):
    """Return for each group how many of its places are in each of the bins from its first on."""
    groups = groups_of(data.targets)
    bins = (_places(order, data, start) - first[groups]) // width
    near = (bins >= 0) & (bins < _BINS)
    cells = groups[near].astype(np.intp) * _BINS + bins[near]
    counts = np.bincount(cells, minlength=len(first) * _BINS)
    return counts.reshape(len(first), _BINS)


def _places(order, data, start):
    """Return at which places of an order the rows of a block stand."""
    return places_of(order, np.arange(start, start + data.n_rows))


def _side(order, limits, is_held, data, start):
    """Return the rows of a block that are held out, or the others."""
    held = _places(order, data, start) < limits[groups_of(data.targets)]
    return data.take(np.flatnonzero(held == is_held))


def _encoded(data, task):
    """Return rows with the targets of the outputs in place of codes."""
    if not isinstance(data, ClusterData):  # none, or rows here
        return encoded(data, task.targets)
    return data.seen_through(partial(encoded, targets=task.targets))


def _rows_told(task, n_rows):
    """Return some rows as callbacks ask for them."""
    data, targets = task.data.sample(n_rows), task.targets
    flat = targets.n_outputs == 1 and not targets.several
    y = targets.decode(data.targets[:, 0] if flat else data.targets)
    weighted = {} if data.weight is None else {"metadata": {"sample_weight": data.weight}}
    return {"X": data.X, "y": y} | weighted
