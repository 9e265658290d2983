"""The histogram: numbers of any shape, by the mass of bins that all classes share."""

# ruff: noqa: D102 (the interface documents what its members share)

from functools import partial
from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from skml_lecture.data import run_in_threads
from skml_lecture.distributions.categorical import sum_of_rows
from skml_lecture.distributions.distribution import Distribution
from skml_lecture.statistics.tallies import ColumnTallies, Tally
from skml_lecture.validation import check_range, check_real

_STEPS = 256  # cells from one power of two to the next, twice
_FARTHEST = 2.0**1022  # beyond it numbers share a cell, so that widths are finite
_TIE = 1e-9  # of a bin: a cell whose middle is at an end, but for rounding, begins the next


class Histogram(Distribution):
    r"""Distribution of numbers of any shape: skewed, heavy-tailed, with a spike at zero.

    .. math:: p(x) = \frac{1}{u_b - l_b} \, \frac{N_b + \alpha}{W + \alpha m}

    for x in bin b of m, from :math:`l_b` to :math:`u_b`, with N_b its weight in the class and W
    that of all. The bins are the same for every class and hold about equal masses of all classes
    together, so that they are narrow where rows are many.

    Parameters
    ----------
    smoothing : float, default=1.0
        Pseudo-count of every bin, >= 0; 0 is maximum likelihood.
    n_bins : int, default=10
        Largest number of bins, at least 1. A value heavier than its share has a bin of its own.

    See Also
    --------
    sklearn.preprocessing.KBinsDiscretizer : Bins of equal mass, from all rows at once.

    Notes
    -----
    The statistic is the weight of the cells of a fixed grid, between 0.4 and 0.8 % wide relative
    to their distance from zero (0 and whole numbers up to 256 have cells of their own), so it adds
    exactly, in any order. Bins are chosen when parameters are read. Far from zero a cell is wide:
    of years subtract one. A number beyond the outermost bins has the density of the nearest.

    References
    ----------
    J. Dougherty, R. Kohavi, M. Sahami, "Supervised and unsupervised discretization of continuous
    features", ICML 1995, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture import NaiveBayes
    >>> y = np.arange(400) % 2
    >>> incomes = np.random.default_rng(0).lognormal(y[:, np.newaxis])
    >>> model = NaiveBayes("histogram").fit(incomes, y)
    >>> model.predict([[0.5], [9.0]])
    array([0, 1])
    """

    def __init__(self, smoothing=1.0, *, n_bins=10):
        self.smoothing = smoothing
        self.n_bins = n_bins

    def summarize(self, table, codes, n_classes, weight=None):
        rows = table.data(codes, weight)
        work = partial(_count_cells, rows, n_classes)
        tallies = run_in_threads(work, range(table.shape[1]))
        return ColumnTallies(tuple(tallies), n_classes)

    def parameters(self, statistic):
        smoothing = check_real("smoothing", self.smoothing, min_val=0)
        n_bins = check_scalar(self.n_bins, "n_bins", Integral, min_val=1)
        edges, probabilities = [], []
        for tally in statistic.columns:
            cells = np.array(tally.values)
            starts = _starts(tally.counts.sum(axis=0), n_bins)
            counts = np.add.reduceat(tally.counts, starts, axis=1)
            total = counts.sum(axis=1, keepdims=True) + smoothing * len(starts)
            edges.append(np.append(cells[starts], _end_of_cell(cells[-1])))
            probabilities.append((counts + smoothing) / total)
        return {"edges": edges, "probability": probabilities}

    def log_density(self, X, edges, probability):
        one_class = [chances[np.newaxis] for chances in probability]
        table = self.table({"edges": edges, "probability": one_class})
        return self.contributions(X, table, {})[:, 0]

    def sample(self, random_state, edges, probability):
        columns = []
        for column, chances in zip(edges, probability, strict=True):
            cumulative = chances.cumsum(axis=-1)
            cumulative /= cumulative[:, -1:]
            bins = (random_state.random_sample((len(chances), 1)) >= cumulative).sum(axis=1)
            share = random_state.random_sample(len(bins))
            columns.append(column[bins] + share * (column[bins + 1] - column[bins]))
        return columns

    def draw(self, parameters, codes, random_state):
        probability = [chances[codes] for chances in parameters["probability"]]
        return self.sample(random_state, parameters["edges"], probability)

    def table(self, parameters):
        return HistogramTable(**parameters)

    def scorer(self, table, labels):  # noqa: ARG002 - no labels here
        def score(x):
            return sum_of_rows(table.log_density, table.rows(x))

        return score

    def contributions(self, x, table, labels):  # noqa: ARG002 - no labels here
        return np.swapaxes(table.log_density[table.rows(x)], 1, 2)


class HistogramTable:
    """Log densities of every bin of every column, row 0 for what is missing."""

    def __init__(self, edges, probability):
        self.edges = edges
        self.first = np.cumsum([1, *(len(column) - 1 for column in edges)])
        self.log_density = np.zeros((self.first[-1], len(probability[0])))
        with np.errstate(divide="ignore"):
            for first, column, chances in zip(self.first, edges, probability, strict=False):
                density = np.log(chances) - np.log(np.diff(column))
                self.log_density[first : first + len(column) - 1] = density.T

    def rows(self, x):
        """Return the row of every number of a block."""
        rows = np.empty(x.shape, dtype=np.intp)
        for j, column in enumerate(self.edges):
            inner = column[1:-1]
            rows[:, j] = self.first[j] + inner.searchsorted(x[:, j], side="right")
        missing = np.isnan(x)
        if not np.isfinite(x).all():
            check_range(x[~missing])
            rows[missing] = 0
        return rows


def cells_of(x):
    """Return the lower end of the cell of every number: its eight leading binary digits."""
    fraction, exponent = np.frexp(np.clip(x, -_FARTHEST, np.nextafter(_FARTHEST, 0)))
    return np.ldexp(np.floor(fraction * _STEPS), exponent - 8)


def _end_of_cell(cell):
    """Return the upper end of a cell; of the cell of zero alone 1, which has no width."""
    if cell == 0:
        return 1.0
    exponent = np.frexp(cell)[1]
    return max(cell + np.ldexp(1.0, int(exponent) - 8), float(np.nextafter(cell, np.inf)))


def _count_cells(rows, n_classes, j):
    """Return the tally of the cells of one column."""
    column = np.asarray(rows.x[:, j], dtype=np.float64)
    known = ~np.isnan(column)
    values, place = np.unique(cells_of(check_range(column[known])), return_inverse=True)
    cells = rows.targets[known] * len(values) + place
    weight = None if rows.weight is None else rows.weight[known]
    counts = np.bincount(cells, weight, n_classes * len(values)).astype(np.float64)
    return Tally(values.tolist(), counts.reshape(n_classes, len(values)))


def _starts(weight, n_bins):
    """Return the positions of the first cells of bins of about equal weight."""
    middle = weight.cumsum() - weight / 2
    bins = np.floor(n_bins * middle / weight.sum() + _TIE)
    return np.flatnonzero(np.diff(bins, prepend=-1))
