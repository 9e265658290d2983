"""The categorical distribution: how often each class shows each value."""

# ruff: noqa: D102 (the interface documents what its members share)

from functools import partial, reduce
from numbers import Number

import numpy as np
from scipy import sparse

from skml_lecture.data import run_in_threads
from skml_lecture.distributions.distribution import Distribution, as_floats
from skml_lecture.statistics.tallies import ColumnTallies, Tally
from skml_lecture.validation import check_range, check_real

_MAX_CODE = 2**12  # whole numbers up to here are counted and looked up by themselves
_MAX_COUNTS = 2**21  # of a table over classes, columns and codes
_MAX_GATHERED = 2**16  # log probabilities that are summed up without a sparse product


class Categorical(Distribution):
    r"""Distribution of labels, or of numbers of which only their being equal counts.

    .. math:: p(x = v) = (N_v + \alpha) / (W + \alpha m)

    with N_v the weight of value v in the class, W that of all values and m the number of values
    that the column showed in any class. A value that no row had says nothing about the class, as
    if it were missing.

    Parameters
    ----------
    smoothing : float, default=1.0
        Pseudo-count of every value, >= 0; 0 is maximum likelihood.

    See Also
    --------
    sklearn.naive_bayes.CategoricalNB : Of whole numbers from 0 on; fails at one beyond.

    Notes
    -----
    Whole numbers up to 4096 are counted and looked up by themselves, others by a search.

    References
    ----------
    Hung-yi Lee, Machine Learning, lecture "Classification: probabilistic generative model",
    section "Naive Bayes".

    Examples
    --------
    >>> from skml_lecture import NaiveBayes
    >>> from skml_lecture.distributions import Categorical
    >>> model = NaiveBayes(Categorical(smoothing=0.5))
    >>> model.fit([["red"], ["blue"], ["red"]], [1, 0, 1]).predict([["red"], ["green"]])
    array([1, 1])
    """

    accepts_labels = True

    def __init__(self, smoothing=1.0):
        self.smoothing = smoothing

    def summarize(self, table, codes, n_classes, weight=None):
        rows = table.data(codes, weight)
        counts = _count_codes(rows, n_classes)
        if counts is None:
            columns = [[j] for j in range(table.shape[1])]
            work = partial(_count_values, rows, n_classes)
            columns = [tally for part in run_in_threads(work, columns) for tally in part]
        else:
            seen = counts.any(axis=0)  # (d, m)
            columns = [
                (np.flatnonzero(found).tolist(), column[:, found])
                for column, found in zip(np.swapaxes(counts, 0, 1), seen, strict=True)
            ]
        tallies = []
        for j, (values, count) in enumerate(columns):
            labels = table.labels.get(j)
            if labels is not None:
                values = [labels[int(value)] for value in values]
            tallies.append(Tally.sorted(values, count))
        return ColumnTallies(tuple(tallies), n_classes)

    def parameters(self, statistic):
        smoothing = check_real("smoothing", self.smoothing, min_val=0)
        values, probabilities = [], []
        for tally in statistic.columns:
            total = tally.counts.sum(axis=1, keepdims=True) + smoothing * len(tally.values)
            values.append(tally.values)
            probabilities.append((tally.counts + smoothing) / total)
        return {"values": values, "probability": probabilities}

    def log_density(self, X, values, probability):
        one_class = [chances[np.newaxis] for chances in probability]
        table = self.table({"values": values, "probability": one_class})
        return self.contributions(X, table, {})[:, 0]

    def sample(self, random_state, values, probability):
        columns = []
        for column, chances in zip(values, probability, strict=True):
            edges = chances.cumsum(axis=-1)
            edges /= edges[:, -1:]
            picks = (random_state.random_sample((len(edges), 1)) >= edges).sum(axis=1)
            columns.append(_as_column(column)[picks])
        return columns

    def draw(self, parameters, codes, random_state):
        probability = [chances[codes] for chances in parameters["probability"]]
        return self.sample(random_state, parameters["values"], probability)

    def table(self, parameters):
        return CategoricalTable(**parameters)

    def is_exact(self, table):
        return table.has_large

    def scorer(self, table, labels):
        rows_of = table.reader(labels)

        def score(x):
            return sum_of_rows(table.log_probability, rows_of(x))

        return score

    def contributions(self, x, table, labels):
        return np.swapaxes(table.log_probability[table.reader(labels)(x)], 1, 2)


def sum_of_rows(table, rows):
    """Return for every line of ``rows`` the sum of these rows of a table, (n, k)."""
    if rows.size * table.shape[1] <= _MAX_GATHERED:
        return table[rows].sum(axis=1)
    indptr = np.arange(0, rows.size + 1, rows.shape[1])
    indicator = sparse.csr_array(
        (np.ones(rows.size), rows.ravel(), indptr), (len(rows), len(table))
    )
    return indicator @ table


class CategoricalTable:
    """Log probabilities of every value of every column, and the way from values to its rows.

    Row 0 is for what is missing. Then every column has a row of zeros for what no row had, one for
    each whole number up to the largest (or for each of its numbers), once more one of zeros, and
    one for each label.
    """

    def __init__(self, values, probability):
        self.n_classes = len(probability[0])
        parts, n_rows = [np.zeros((1, self.n_classes))], 1
        self.values, self.sorted, self.rows_of_values = values, {}, []
        first, size = [], []
        for j, (column, chances) in enumerate(zip(values, probability, strict=True)):
            n_numbers = sum(isinstance(value, Number) for value in column)
            numbers = column[:n_numbers]  # they stand first, sorted
            if _are_codes(numbers):
                places = np.array(numbers, dtype=np.intp)
                n_keys = int(numbers[-1]) + 1
            else:
                places, n_keys = np.arange(n_numbers), n_numbers
                self.sorted[j] = _as_floats(numbers)
            rows = np.concatenate([places, n_keys + 1 + np.arange(len(column) - n_numbers)]) + 1
            part = np.zeros((n_keys + 2 + len(column) - n_numbers, self.n_classes))
            with np.errstate(divide="ignore"):
                part[rows] = np.log(chances).T
            self.rows_of_values.append(rows + n_rows)
            first.append(n_rows)
            size.append(n_keys)
            parts.append(part)
            n_rows += len(part)
        self.log_probability = np.vstack(parts)
        self.first, self.size = np.array(first), np.array(size)
        self._places = {}
        self.has_large = any(
            isinstance(value, int) and abs(value) > 2**53 for column in values for value in column
        )

    def reader(self, labels):
        """Return a function from a block of numbers to the row of every one of them."""
        found = {}
        for j, column in labels.items():
            places = self._places_of(j)
            found[j] = np.array([places.get(label, 0) for label in column] + [0], dtype=np.intp)
        return partial(self._rows, found)

    def _places_of(self, j):
        """Return the row of every value of a column."""
        if j not in self._places:
            rows = self.rows_of_values[j].tolist()
            self._places[j] = dict(zip(self.values[j], rows, strict=True))
        return self._places[j]

    def _rows(self, found, x):
        with np.errstate(invalid="ignore"):
            codes = x.astype(np.intp)
        whole = codes == x
        rows = np.clip(codes, -1, self.size, out=codes)
        rows += self.first + 1
        for j, numbers in self.sorted.items():
            if j in found or not len(numbers):
                continue
            place = np.minimum(numbers.searchsorted(x[:, j]), len(numbers) - 1)
            row = self.first[j] + 1 + place
            rows[:, j] = np.where(numbers[place] == x[:, j], row, self.first[j])
            whole[:, j] = ~np.isnan(x[:, j])
        for j, row in found.items():
            known = ~np.isnan(x[:, j])
            rows[:, j] = row[np.where(known, x[:, j], -1).astype(np.intp)]
            whole[:, j] = known
        if not whole.all():
            missing = np.isnan(x)
            check_range(x[~missing])
            rows[~whole] = 0
        return rows


def _are_codes(numbers):
    """Whether sorted numbers are looked up by themselves: whole, and small or close together."""
    if not numbers or numbers[0] < 0 or not numbers[-1] <= max(_MAX_CODE, 4 * len(numbers)):
        return False
    return all(number == int(number) for number in numbers)


def _as_floats(numbers):
    """Return numbers as floats that compare as they do, those beyond all floats as infinity."""
    return np.array([min(max(number, -np.inf), np.inf) for number in numbers], dtype=np.float64)


def _as_column(values):
    """Return values as an array: of numbers if all are, else of objects."""
    if all(isinstance(value, Number) for value in values):
        array = np.array(values)
        if array.dtype.kind in "biuf":
            return array
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _count_codes(rows, n_classes):
    """Return the weight of each whole number, of shape (k, d, m), or None if there are others."""
    d = rows.n_features
    runs = rows.map(partial(_count_run, n_classes), width=3 * d + n_classes)
    if any(counts is None for counts in runs):
        return None
    return reduce(_padded_sum, runs)[:, :, 1:]


def _count_run(n_classes, blocks):
    d = blocks[0].n_features
    total = np.zeros((n_classes, d, 1))
    for block in blocks:
        slots = _slots(as_floats(block))
        if slots is None:
            return None
        m = int(slots.max(initial=0)) + 1
        if n_classes * d * m > _MAX_COUNTS:
            return None
        slots += (block.targets[:, np.newaxis] * d + np.arange(d)) * m
        repeated = None if block.weight is None else np.repeat(block.weight, d)
        counts = np.bincount(slots.ravel(), repeated, n_classes * d * m)
        total = _padded_sum(total, counts.reshape(n_classes, d, m))
    return total


def _padded_sum(left, right):
    """Return the sum of arrays whose last axis may be of different length."""
    if left.shape[2] < right.shape[2]:
        left, right = right, left
    total = left.astype(np.float64)
    total[:, :, : right.shape[2]] += right
    return total


def _slots(x):
    """Return one plus the numbers of a block, 0 where missing, if all are codes; else None."""
    with np.errstate(invalid="ignore"):
        codes = x.astype(np.intp)
    if (codes == x).all():
        codes += 1
    else:
        missing = np.isnan(x)
        if not ((codes == x) | missing).all():
            return None
        codes += 1
        codes[missing] = 0
    if np.fmin.reduce(x, axis=None) < 0 or codes.max(initial=0) > _MAX_CODE:
        return None
    return codes


def _count_values(rows, n_classes, columns):
    """Return for each column the distinct numbers, and their weight in each class."""
    counted = []
    for j in columns:
        column = np.asarray(rows.x[:, j], dtype=np.float64)
        known = ~np.isnan(column)
        values, place = np.unique(check_range(column[known]), return_inverse=True)
        cells = rows.targets[known] * len(values) + place
        weight = None if rows.weight is None else rows.weight[known]
        counts = np.bincount(cells, weight, n_classes * len(values)).astype(np.float64)
        counted.append((values.tolist(), counts.reshape(n_classes, len(values))))
    return counted
