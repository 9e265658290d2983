"""Tables: columns of data frames and arrays, read as numbers, chosen by name or position."""

from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.utils.validation import validate_data

from skml_lecture.data.data import Data, canonical


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of numbers; a column of labels holds positions in the list of its labels.

    Parameters
    ----------
    matrix : {ndarray, CSR array or matrix} of shape (n_samples, n_columns)
        Real numbers of any type; a missing value is NaN.
    labels : dict of int to list, default={}
        The distinct labels of every column whose numbers are positions among them.
    picks : ndarray of int or slice, default=None
        The columns of ``matrix`` that are meant; None means all.
    """

    matrix: np.ndarray
    labels: dict = field(default_factory=dict)
    picks: np.ndarray | slice | None = None

    @property
    def shape(self):
        """Number of rows, number of columns."""
        if self.picks is None:
            return self.matrix.shape
        return self.matrix.shape[0], len(np.arange(self.matrix.shape[1])[self.picks])

    @property
    def is_sparse(self):
        """Whether the rows are stored without their zeros."""
        return sparse.issparse(self.matrix)

    def __getitem__(self, rows):
        return Table(self.matrix[rows], self.labels, self.picks)

    def select(self, picks):
        """Return the columns at the increasing positions ``picks`` of these."""
        places = np.arange(self.matrix.shape[1])[slice(None) if self.picks is None else self.picks]
        places = places[picks]
        labels = {}
        if self.labels:
            labels = {i: self.labels[j] for i, j in enumerate(picks) if j in self.labels}
        if len(places) == self.matrix.shape[1]:
            return Table(self.matrix, labels)
        if len(places) and len(places) == places[-1] - places[0] + 1:
            places = slice(places[0], places[-1] + 1)
        return Table(self.matrix, labels, places)

    def as_numbers(self, columns, family):
        """Return the same with the labels of some columns read as numbers, for a family of them."""
        wanted = sorted(self.labels.keys() & set(np.asarray(columns).tolist()))
        if not wanted:
            return self
        matrix = self.matrix.copy()
        for j in wanted:
            if not all(map(_is_number, self.labels[j])):
                raise ValueError(
                    f"The {family} distribution takes numbers, but column {j} holds labels such "
                    f"as {self.labels[j][0]!r}: use 'categorical'."
                )
            known = ~np.isnan(matrix[:, j])
            numbers = np.array(self.labels[j], dtype=np.float64)
            matrix[known, j] = numbers[matrix[known, j].astype(np.intp)]
        rest = {j: labels for j, labels in self.labels.items() if j not in wanted}
        return Table(matrix, rest, self.picks)

    def data(self, targets=None, weight=None):
        """Return the rows as :class:`Data`."""
        return Data(self.matrix, targets, weight, self.picks)

    def blocks(self, width, result=0):
        """Slice the rows into blocks, see :class:`Data`."""
        return [block.rows for block in self.data().blocks(width, result=result)]

    def block(self, rows):
        """Return some rows in float64: a C-contiguous array, or CSR."""
        part = self.data().block(rows).x
        if self.is_sparse:
            return part.astype(np.float64, copy=False)
        return np.ascontiguousarray(part, dtype=np.float64)


def read_table(estimator, X, *, reset):
    """Validate ``X`` and return its :class:`Table`; ``reset`` as in ``validate_data``.

    Numbers and booleans are read as they are. Strings and pandas categories become labels.
    None, NaN and pandas' NA are missing. Infinite numbers are left for the caller to find.
    """
    options = {"accept_sparse": "csr", "dtype": None, "ensure_all_finite": False}
    if getattr(X, "columns", None) is not None:
        columns, categories = _frame_columns(X)
        if any(column.dtype.kind not in "iuf" for column in columns):
            validate_data(estimator, X, reset=reset, skip_check_array=True)
            if not len(columns[0]):
                raise ValueError(f"At least one row is required, got X of shape {X.shape}.")
            return _encode(columns, list(X.columns), categories)
    elif isinstance(X, list) and np.asarray(X).dtype.kind in "US":
        X = np.array(X, dtype=object)  # keeps the numbers that stand beside the strings
    X = validate_data(estimator, X, reset=reset, **options)
    X = canonical(X)
    if sparse.issparse(X) or X.dtype.kind in "biuf":
        return Table(X)
    return _encode(list(X.T), range(X.shape[1]))


def _frame_columns(frame):
    """Return the columns of a pandas or polars frame, and the positions of categories."""
    names = list(frame.columns)
    if len(set(names)) < len(names):
        raise ValueError(f"The names of the columns must differ, got {names}.")
    categories = {j for j, name in enumerate(names) if str(frame[name].dtype) == "category"}
    kinds = (object if j in categories else None for j in range(len(names)))
    columns = [np.asarray(frame[name], dtype=kind) for name, kind in zip(names, kinds, strict=True)]
    return columns, categories


def _encode(columns, names, categories=frozenset()):
    """Return columns of numbers or labels as one matrix of numbers.

    Positions in ``categories`` are of columns whose values are labels, even if they are numbers.
    """
    matrix = np.empty((len(columns[0]), len(columns)), order="F")
    labels = {}
    for j, (column, name) in enumerate(zip(columns, names, strict=True)):
        if column.dtype.kind in "biuf":
            matrix[:, j] = column
        elif column.dtype.kind in "mMcV":
            raise ValueError(
                f"Column {name!r} is of type {column.dtype}: it must hold numbers or labels."
            )
        else:
            matrix[:, j], found = _factorize(column.tolist(), as_labels=j in categories)
            if found is not None:
                labels[j] = found
    return Table(matrix, labels)


def _factorize(values, *, as_labels):
    """Return the numbers of a list of objects and None, or positions and the labels."""
    try:
        distinct = list(dict.fromkeys(values))
    except TypeError:
        return np.asarray(values, dtype=np.float64), None  # raises, and says what it met
    known = [value for value in distinct if not _is_missing(value)]
    as_labels = bool(known) and (as_labels or not all(map(_is_number, known)))
    number = dict.fromkeys(distinct, np.nan)
    number.update(zip(known, range(len(known)) if as_labels else map(float, known), strict=True))
    numbers = np.fromiter(map(number.__getitem__, values), np.float64, len(values))
    return numbers, known if as_labels else None


def _is_missing(value):
    """Whether a value is None, NaN, or the missing value of pandas (which equals nothing)."""
    return value is None or type(value).__name__ in {"NAType", "NaTType"} or value != value


def _is_number(value):
    """Whether a value is a real number or a boolean."""
    return isinstance(value, Real | Decimal | np.bool_)


def choose_columns(columns, X, names, n_features):
    """Return the positions that a column selection means, in increasing order.

    Parameters
    ----------
    columns : str, int, slice, array-like of str, int or bool, or callable
        As in :class:`sklearn.compose.ColumnTransformer`; a callable is given ``X``.
    X : object
        The data as the caller passed it.
    names : list of str or None
        The names of the columns, None where they have none.
    n_features : int
        The number of columns.

    Returns
    -------
    positions : ndarray of int
        Sorted, each once.

    Raises
    ------
    ValueError
        If a name or position is unknown, or names are asked of columns without.
    TypeError
        If the selection is of another kind.
    """
    if callable(columns):
        columns = columns(X)
    if isinstance(columns, slice):
        ends = (columns.start, columns.stop)
        start, stop = (_position(e, names, n_features) if isinstance(e, str) else e for e in ends)
        if isinstance(columns.stop, str):
            stop += 1  # a slice of names includes its end
        return np.sort(np.arange(n_features)[slice(start, stop, columns.step)])
    chosen = np.atleast_1d(np.asarray(columns, dtype=object)).tolist()
    if chosen and all(isinstance(flag, bool | np.bool_) for flag in chosen):
        if len(chosen) != n_features:
            raise ValueError(
                f"A mask of columns must have one entry for each of the {n_features} columns, "
                f"got {len(chosen)}."
            )
        return np.flatnonzero(chosen)
    return np.unique([_position(column, names, n_features) for column in chosen]).astype(np.intp)


def _position(column, names, n_features):
    """Return the position of one column given by name or position."""
    if isinstance(column, str):
        if names is None:
            raise ValueError(
                f"Column {column!r} is given by name, but X has no column names: pass a data "
                f"frame whose names are strings, or use positions."
            )
        if column not in names:
            raise ValueError(f"There is no column {column!r}: the columns are {names}.")
        return names.index(column)
    if isinstance(column, bool | np.bool_) or not isinstance(column, int | np.integer):
        raise TypeError(
            f"Columns are chosen by names, positions, a slice, a mask or a callable, "
            f"got {column!r}."
        )
    if not -n_features <= column < n_features:
        raise ValueError(f"There is no column {column}: X has {n_features} columns.")
    return column % n_features


def take_rows(X, rows):
    """Return some rows, at positions or a slice, of what a caller gave: a frame stays a frame."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if isinstance(X, list | tuple):
        return X[rows] if isinstance(rows, slice) else [X[i] for i in rows]
    return X[rows]
