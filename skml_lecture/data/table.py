"""Tables: columns of data frames and arrays, read as numbers, chosen by name or position."""

import sys
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Real

import numpy as np
from scipy import sparse
from sklearn import get_config
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skml_lecture.data.data import Data, canonical

_PLAIN = np.ndarray, sparse.csr_array, sparse.csr_matrix
_ARRAYS = "torch.Tensor", "dask.array.core.Array"  # that do not say so by __array_namespace__
_MAX_EXACT = 2**53  # whole numbers beyond are not all float64
_TEMPORAL = ("date", "time", "timestamp", "duration")  # how Arrow's types of dates begin


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
    objects : frozenset of int, default=frozenset()
        Columns of Python objects: they hold numbers or labels in these rows, and may hold the
        other in the next.
    categories : frozenset of int, default=frozenset()
        Columns whose values are labels even where they are numbers.
    """

    matrix: np.ndarray
    labels: dict = field(default_factory=dict)
    picks: np.ndarray | slice | None = None
    objects: frozenset = frozenset()
    categories: frozenset = frozenset()

    @property
    def shape(self):
        """Number of rows, number of columns."""
        if self.picks is None:
            return self.matrix.shape
        return self.matrix.shape[0], len(np.arange(self.matrix.shape[1])[self.picks])

    @property
    def is_sparse(self):
        """Whether the rows are stored without their zeros."""
        return not isinstance(self.matrix, np.ndarray)

    def __getitem__(self, rows):
        return replace(self, matrix=self.matrix[rows])

    def select(self, picks):
        """Return the columns at the increasing positions ``picks`` of these."""
        places = np.arange(self.matrix.shape[1])[slice(None) if self.picks is None else self.picks]
        places = places[picks]
        if len(places) == self.matrix.shape[1]:
            places = None
        elif len(places) and len(places) == places[-1] - places[0] + 1:
            places = slice(places[0], places[-1] + 1)
        if not (self.labels or self.objects):
            return Table(self.matrix, picks=places)
        picks = np.asarray(picks).tolist()
        labels = {i: self.labels[j] for i, j in enumerate(picks) if j in self.labels}
        kinds = (
            frozenset(i for i, j in enumerate(picks) if j in kind)
            for kind in (self.objects, self.categories)
        )
        return Table(self.matrix, labels, places, *kinds)

    def as_numbers(self, columns, family):
        """Return the same with the labels of some columns read as numbers, for a family of them."""
        if not self.labels:
            return self
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
            numbers = np.array([_as_float(label) for label in self.labels[j]])
            matrix[known, j] = numbers[matrix[known, j].astype(np.intp)]
        rest = {j: labels for j, labels in self.labels.items() if j not in wanted}
        return replace(self, matrix=matrix, labels=rest)

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


def read_table(estimator, X, *, reset, exact=True):
    """Validate ``X`` and return its :class:`Table`; ``reset`` as in ``validate_data``.

    Numbers and booleans are read as they are, whole numbers beyond 2**53 to their last digit if
    the table is to be ``exact``.
    Strings and pandas categories become labels. None, NaN and pandas' NA are missing. Infinite
    numbers are left for the caller to find.
    """
    check_namespace("X", X)
    if type(X).__name__ == "RecordBatch":  # of Arrow, whose tables have names that are read
        X = sys.modules["pyarrow"].Table.from_batches([X])
    if getattr(X, "columns", None) is not None:
        names, columns, categories, objects = _frame_columns(X)
        if objects or categories or any(map(_is_large, columns)):
            validate_data(estimator, X, reset=reset, skip_check_array=True)
            if not len(columns[0]):
                raise ValueError(f"At least one row is required, got X of shape {X.shape}.")
            return _encode(columns, names, categories, objects)
        if hasattr(X, "column_names"):  # Arrow's table, which NumPy does not read
            validate_data(estimator, X, reset=reset, skip_check_array=True)
            return Table(check_array(np.column_stack(columns), dtype=None, ensure_all_finite=False))
    elif isinstance(X, list) and np.asarray(X).dtype.kind in "US":
        X = np.array(X, dtype=object)  # keeps the numbers that stand beside the strings
    X = _validated(estimator, X, reset=reset)
    if sparse.issparse(X) or not (X.dtype.kind in "OSUmMV" or (exact and _is_large(X))):
        return Table(X)
    columns = range(X.shape[1])
    return _encode(list(X.T), columns, objects=columns if X.dtype == object else ())


def check_namespace(name, values):
    """Return ``values``, or raise where scikit-learn was told to leave them another library's."""
    if type(values) in _PLAIN or not get_config()["array_api_dispatch"]:
        return values
    names = [f"{cls.__module__}.{cls.__name__}" for cls in type(values).__mro__]
    known = any(array in names for array in _ARRAYS)
    if not known and (
        not hasattr(values, "__array_namespace__") or values.__array_namespace__() is np
    ):
        return values
    blocks = "; for rows in blocks there is skml_lecture.distributed.DistributedFit"
    raise TypeError(
        f"{name} is a {names[0]}, which array_api_dispatch=True asks to compute with, but this is "
        f"done by NumPy alone: convert it, such as by np.asarray({name}), or set "
        f"array_api_dispatch=False{blocks if 'dask' in names[0] else ''}."
    )


def accepts(estimator, X, dtype=None, *, reset):
    """Tell whether ``X`` is an array or CSR rows, to ``reset`` the width or as wide as the fitted.

    So there is nothing to convert and no name to compare: what scikit-learn's validation takes
    longer to find than one row takes to predict.
    """
    named = hasattr(estimator, "feature_names_in_")
    plain = type(X) in _PLAIN and X.ndim == 2 and all(X.shape) and X.dtype.kind in "fiub"
    types = dtype if isinstance(dtype, list | tuple) else [dtype]
    if named or not plain or not (dtype is None or X.dtype in types):
        return False
    if reset:
        estimator.n_features_in_ = X.shape[1]
    return X.shape[1] == getattr(estimator, "n_features_in_", None)


def _validated(estimator, X, *, reset):
    """Return ``X`` as an array of any type, or as canonical CSR."""
    if accepts(estimator, X, reset=reset):
        return canonical(X)
    options = {"accept_sparse": "csr", "dtype": None, "ensure_all_finite": False}
    try:
        with np.errstate(invalid="ignore", over="ignore"):  # an error names infinities
            return canonical(validate_data(estimator, X, reset=reset, **options))
    except OverflowError as error:
        raise ValueError(f"X holds a number that is too large: {error}.") from error


def _frame_columns(frame):
    """Return names and columns of a frame, and the positions of categories and of objects."""
    arrow = hasattr(frame, "column_names")
    names = list(frame.column_names if arrow else frame.columns)
    if len(set(names)) < len(names):
        raise ValueError(f"The names of the columns must differ, got {names}.")
    columns, categories, objects = [], set(), set()
    for j, name in enumerate(names):
        column = frame[name]
        kind = str(column.type if arrow else column.dtype)
        if kind.startswith("dictionary"):
            column = column.cast(column.type.value_type)
        if kind == "category" or kind.startswith("dictionary"):
            categories.add(j)
        if kind.lower().startswith(_TEMPORAL):
            raise ValueError(_no_dates(name, kind))
        columns.append(_as_array(column, kind))
        if columns[j].dtype.kind not in "iuf":
            objects.add(j)
    return names, columns, frozenset(categories), frozenset(objects)


def _as_array(column, kind):
    """Return a column of a frame as an array, of objects where whole numbers would lose digits."""
    whole = kind.lower().startswith(("int", "uint"))
    if kind == "category" or (whole and _has_missing(column)):
        values = column.to_pylist() if hasattr(column, "to_pylist") else column.to_list()
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array
    return np.asarray(column)


def _has_missing(column):
    """Whether a column of a pandas, polars or Arrow frame misses a value."""
    if hasattr(column, "isna"):
        return bool(column.isna().any())
    count = column.null_count  # of Arrow a number, of polars a method
    return bool(count() if callable(count) else count)


def _is_large(column):
    """Whether whole numbers of an array are beyond what float64 tells apart."""
    if column.dtype.kind not in "iu" or column.dtype.itemsize < 8 or not column.size:
        return False
    return int(column.max()) > _MAX_EXACT or int(column.min()) < -_MAX_EXACT


def _encode(columns, names, categories=frozenset(), objects=frozenset()):
    """Return columns of numbers or labels as one matrix of numbers.

    Positions in ``categories`` are of columns whose values are labels, even if they are numbers.
    """
    matrix = np.empty((len(columns[0]), len(columns)), order="F")
    labels = {}
    for j, (column, name) in enumerate(zip(columns, names, strict=True)):
        if _is_large(column):
            found, matrix[:, j] = np.unique(column, return_inverse=True)
            labels[j] = found.tolist()
        elif column.dtype.kind in "biuf":
            matrix[:, j] = column
        elif column.dtype.kind in "mM":
            raise ValueError(_no_dates(name, column.dtype))
        elif column.dtype.kind in "cV":
            raise ValueError(
                f"Column {name!r} is of type {column.dtype}: it must hold numbers or labels."
            )
        else:
            matrix[:, j], found = _factorize(column.tolist(), name, as_labels=j in categories)
            if found is not None:
                labels[j] = found
    return Table(matrix, labels, None, frozenset(objects) | frozenset(labels), categories)


def _factorize(values, name, *, as_labels):
    """Return the numbers of a list of objects and None, or positions and the labels."""
    try:
        distinct = list(dict.fromkeys(values))
    except TypeError:
        found = next(value for value in values if type(value).__hash__ is None)
        raise TypeError(
            f"Column {name!r} holds a {type(found).__name__}, {found!r}: a value given as argument "
            f"must be a label, such as a string, or a number."
        ) from None
    known = [value for value in distinct if not is_missing(value)]
    odd = next(filter(_is_date, known), None)
    if odd is not None:
        raise ValueError(_no_dates(name, type(odd).__name__))
    as_labels = bool(known) and (as_labels or not all(map(_is_float, known)))
    number = dict.fromkeys(distinct, np.nan)
    number.update(zip(known, range(len(known)) if as_labels else map(float, known), strict=True))
    numbers = np.fromiter(map(number.__getitem__, values), np.float64, len(values))
    return numbers, known if as_labels else None


def _no_dates(name, kind):
    """Return what to say of a column of dates or times."""
    return (
        f"Column {name!r} holds dates or times ({kind}): derive features from it that are numbers "
        f"or labels, such as the days since a date, the month, or the hour."
    )


def is_missing(value):
    """Whether a value is None, NaN, or the missing value of pandas (which equals nothing)."""
    return value is None or type(value).__name__ in {"NAType", "NaTType"} or value != value


def _is_date(value):
    """Whether a value is a date, a time, a span of time or a period."""
    known = date | time | timedelta | np.datetime64 | np.timedelta64
    return isinstance(value, known) or type(value).__name__ == "Period"


def _is_number(value):
    """Whether a value is a real number or a boolean."""
    return isinstance(value, Real | Decimal | np.bool_)


def _is_float(value):
    """Whether a value is a number that float64 holds without taking another for it."""
    if isinstance(value, int) and not -_MAX_EXACT <= value <= _MAX_EXACT:
        return False
    return _is_number(value)


def _as_float(number):
    """Return a number as a float, infinite where it is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return np.inf if number > 0 else -np.inf


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
    if hasattr(X, "to_pylist"):  # Arrow's
        return X.take(np.arange(len(X))[rows])
    if sparse.issparse(X):
        X = X.tocsr()
    return X[rows] if hasattr(X, "__getitem__") else np.asarray(X)[rows]
