"""The categorical distribution: how often each class shows each value."""

# ruff: noqa: D102 (the interface documents what its members share)

from dataclasses import dataclass
from functools import reduce
from numbers import Number

import numpy as np
from scipy import sparse

from skml_lecture.data.threads import map_runs
from skml_lecture.statistics.column_statistics import check_range, expanded
from skml_lecture.statistics.distribution import Distribution
from skml_lecture.validation import check_real

_MAX_CODE = 2**12  # whole numbers up to here are counted and looked up by themselves
_MAX_COUNTS = 2**21  # of a table over classes, columns and codes


@dataclass(frozen=True, eq=False)
class ColumnTallies:
    """The values of each column and their weight in each class; merge with ``+``.

    Parameters
    ----------
    values : tuple of list
        For each column its values: numbers or labels.
    counts : tuple of ndarray of shape (n_classes, n_values)
        For each column the total weight of every value in every class, unsmoothed.

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.statistics.categorical import ColumnTallies
    >>> part = ColumnTallies((["a", "b"],), (np.array([[1.0, 2.0]]),))
    >>> other = ColumnTallies((["b", "c"],), (np.array([[1.0, 1.0]]),))
    >>> (part + other).values, (part + other).counts
    ((['a', 'b', 'c'],), (array([[1., 3., 1.]]),))
    """

    values: tuple  # d lists
    counts: tuple  # d arrays (k, m)

    @classmethod
    def empty(cls, n_classes, n_columns):
        """Return the tallies of columns without values."""
        none = np.zeros((n_classes, 0))
        return cls(tuple([] for _ in range(n_columns)), (none,) * n_columns)

    @property
    def weight(self):
        """Total weight of the values, of shape (n_classes, n_columns)."""
        return np.stack([counts.sum(axis=1) for counts in self.counts], axis=1)

    def __add__(self, other):
        if not isinstance(other, ColumnTallies):
            return NotImplemented
        columns = (self.values, self.counts, other.values, other.counts)
        merged = [_merged(*column) for column in zip(*columns, strict=True)]
        return ColumnTallies(*zip(*merged, strict=True)) if merged else self

    def expanded(self, positions, n_classes):
        """Return the same over more classes, this class i at ``positions[i]``, the rest empty."""
        counts = tuple(expanded(counts, positions, n_classes) for counts in self.counts)
        return ColumnTallies(self.values, counts)

    def spread(self, picks, n_columns):
        """Return the same over more columns, this column j at ``picks[j]``, the rest empty."""
        whole = ColumnTallies.empty(len(self.counts[0]), n_columns)
        values, counts = list(whole.values), list(whole.counts)
        for j, value, count in zip(picks, self.values, self.counts, strict=True):
            values[j], counts[j] = value, count
        return ColumnTallies(tuple(values), tuple(counts))

    def select(self, picks):
        """Return the tallies of some of the columns."""
        picks = np.asarray(picks).tolist()
        return ColumnTallies(
            *(tuple(part[j] for j in picks) for part in (self.values, self.counts))
        )

    def filled(self):
        """Give a class without values in a column the tally of all classes together."""
        counts = (
            np.where(count.any(axis=1, keepdims=True), count, count.sum(axis=0))
            for count in self.counts
        )
        return ColumnTallies(self.values, tuple(counts))

    def labelled(self, labels):
        """Replace numbers by the labels they stand for."""
        values = [
            [labels[j][int(value)] for value in column] if j in labels else column
            for j, column in enumerate(self.values)
        ]
        return ColumnTallies(tuple(values), self.counts)


def _merged(values, counts, other_values, other_counts):
    """Return the union of the values of one column, and the sum of their counts."""
    if values == other_values:
        return values, counts + other_counts
    place = {value: i for i, value in enumerate(values)}
    for value in other_values:
        place.setdefault(value, len(place))
    whole = np.zeros((len(counts), len(place)))
    whole[:, : len(values)] = counts
    whole[:, [place[value] for value in other_values]] += other_counts
    return list(place), whole


class Categorical(Distribution):
    r"""Distribution of labels, or of numbers of which only their being equal counts.

    .. math:: p(x = v) = (N_v + \alpha) / (W + \alpha m)

    with N_v the weight of value v in the class, W that of all values and m the number of values
    that the column showed in any class. A value that it never showed has the mass of one that
    the class never showed, :math:`\alpha / (W + \alpha m)`; with ``smoothing=0`` it says nothing.

    Parameters
    ----------
    smoothing : float, default=1.0
        Pseudo-count of every value; 0 is maximum likelihood.

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
    >>> from skml_lecture.statistics import Categorical
    >>> model = NaiveBayes(Categorical(smoothing=0.5))
    >>> model.fit([["red"], ["blue"], ["red"]], [1, 0, 1]).predict([["red"], ["green"]])
    array([1, 1])
    """

    accepts_labels = True

    def __init__(self, smoothing=1.0):
        self.smoothing = smoothing

    def summarise(self, data, codes, n_classes, weight=None):
        counts = _count_codes(data, codes, n_classes, weight)
        if counts is not None:
            seen = counts.any(axis=0)  # (d, m)
            values = [np.flatnonzero(column).tolist() for column in seen]
            tallies = zip(np.swapaxes(counts, 0, 1), seen, strict=True)
            found = ColumnTallies(tuple(values), tuple(tally[:, s] for tally, s in tallies))
        else:
            columns = [slice(j, j + 1) for j in range(data.shape[1])]

            def run(picks):
                return [_count_values(data, pick, codes, n_classes, weight) for pick in picks]

            columns = [tally for part in map_runs(run, columns) for tally in part]
            found = ColumnTallies(*zip(*columns, strict=True))
        return found.labelled(data.labels)

    def parameters(self, statistic):
        smoothing = check_real("smoothing", self.smoothing, min_val=0)
        values, probabilities, unseen = [], [], []
        for column, counts in zip(statistic.values, statistic.counts, strict=True):
            order = sorted(range(len(column)), key=lambda i, column=column: _rank(column[i]))
            total = counts.sum(axis=1, keepdims=True) + smoothing * len(column)
            values.append([column[i] for i in order])
            probabilities.append((counts[:, order] + smoothing) / total)
            unseen.append(smoothing / total[:, 0])
        return {"values": values, "probability": probabilities, "unseen": np.stack(unseen, axis=1)}

    def log_density(self, X, values, probability, unseen):
        parameters = {
            "values": values,
            "probability": [chances[np.newaxis] for chances in probability],
            "unseen": unseen[np.newaxis],
        }
        return self.contributions(X, parameters, {})[:, 0]

    def sample(self, random_state, values, probability, unseen):  # noqa: ARG002 - never drawn
        columns = []
        for column, chances in zip(values, probability, strict=True):
            edges = chances.cumsum(axis=-1)
            edges /= edges[:, -1:]
            picks = (random_state.random_sample((len(edges), 1)) >= edges).sum(axis=1)
            columns.append(np.array(column, dtype=None if _is_numeric(column) else object)[picks])
        return columns

    def draw(self, parameters, codes, random_state):
        probability = [chances[codes] for chances in parameters["probability"]]
        return self.sample(random_state, parameters["values"], probability, None)

    def scorer(self, parameters, labels):
        table = _Table(parameters, labels)

        def score(x):
            rows = table.rows(x)
            indptr = np.arange(0, rows.size + 1, rows.shape[1])
            ones = np.ones(rows.size)
            shape = (len(rows), len(table.log_probability))
            return sparse.csr_array((ones, rows.ravel(), indptr), shape) @ table.log_probability

        return score

    def contributions(self, x, parameters, labels):
        table = _Table(parameters, labels)
        return np.swapaxes(table.log_probability[table.rows(x)], 1, 2)


class _Table:
    """Log probabilities of every value of every column, and the way from numbers to its rows.

    Row 0 is for missing values. Then every column has a row for what it never showed, one for
    each number from 0 to its ``size`` (or for each of its sorted numbers), and once more one
    for what it never showed.
    """

    def __init__(self, parameters, labels):
        columns = zip(parameters["values"], parameters["probability"], strict=True)
        parts = [np.zeros((1, len(parameters["unseen"])))]
        first, size, self.sorted = [], [], {}
        with np.errstate(divide="ignore"):
            for j, (values, probability) in enumerate(columns):
                place = {value: i for i, value in enumerate(values)}
                numbers = [value for value in values if isinstance(value, Number)]
                keys = labels.get(j)
                if keys is None and all(map(_is_code, numbers)):
                    keys = range(int(max(numbers, default=-1)) + 1)
                elif keys is None:
                    keys = self.sorted[j] = np.array(numbers, dtype=np.float64)
                picks = [-1, *(place.get(key, -1) for key in keys), -1]
                unseen = parameters["unseen"][:, j]
                unseen = np.where(unseen > 0, np.log(unseen), 0.0)
                first.append(sum(map(len, parts)))
                size.append(len(keys))
                parts.append(np.vstack([np.log(probability).T, unseen])[picks])
        self.log_probability = np.ascontiguousarray(np.vstack(parts))
        self.first, self.size = np.array(first), np.array(size)

    def rows(self, x):
        """Return the row of every number of a block."""
        with np.errstate(invalid="ignore"):
            codes = x.astype(np.intp)
        whole = codes == x
        rows = np.clip(codes, -1, self.size, out=codes)
        rows += self.first + 1
        for j, numbers in self.sorted.items():
            place = np.minimum(numbers.searchsorted(x[:, j]), len(numbers) - 1)
            rows[:, j] = np.where(
                numbers[place] == x[:, j], self.first[j] + 1 + place, self.first[j]
            )
            whole[:, j] = ~np.isnan(x[:, j])
        if not whole.all():
            missing = np.isnan(x)
            check_range(x[~missing])
            rows[~whole] = np.broadcast_to(self.first, x.shape)[~whole]
            rows[missing] = 0
        return rows


def _is_code(number):
    """Whether a number is looked up by itself."""
    return 0 <= number <= _MAX_CODE and number == int(number)


def _rank(value):
    """Return what values are sorted by: numbers first, then the rest as text."""
    return (0, value, "") if isinstance(value, Number) else (1, 0, str(value))


def _is_numeric(values):
    """Whether all values are numbers."""
    return all(isinstance(value, Number) for value in values)


def _count_codes(data, codes, n_classes, weight):
    """Return the weight of each whole number, of shape (k, d, m), or None if there are others."""
    d = data.shape[1]

    def run(blocks):
        total = np.zeros((n_classes, d, 1))
        for rows in blocks:
            slots = _slots(data.block(rows))
            if slots is None:
                return None
            m = int(slots.max(initial=0)) + 1
            if n_classes * d * m > _MAX_COUNTS:
                return None
            slots += (codes[rows, np.newaxis] * d + np.arange(d)) * m
            repeated = None if weight is None else np.repeat(weight[rows], d)
            counts = np.bincount(slots.ravel(), repeated, n_classes * d * m)
            total = _padded_sum(total, counts.reshape(n_classes, d, m))
        return total

    runs = map_runs(run, data.blocks(3 * d + n_classes))
    if any(counts is None for counts in runs):
        return None
    return reduce(_padded_sum, runs)[:, :, 1:]


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


def _count_values(data, column, codes, n_classes, weight):
    """Return the distinct numbers of one column, and their weight in each class."""
    x = data.select(np.arange(data.shape[1])[column]).block(slice(None))[:, 0]
    known = ~np.isnan(x)
    values, place = np.unique(check_range(x[known]), return_inverse=True)
    cells = codes[known] * len(values) + place
    counts = np.bincount(cells, None if weight is None else weight[known], n_classes * len(values))
    return values.tolist(), counts.reshape(n_classes, len(values)).astype(np.float64)
