"""What families of distributions share: statistic -> parameters -> log density -> sample."""

from abc import ABC, abstractmethod
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator

from skml_lecture.data import each
from skml_lecture.statistics.column_sums import ColumnSums
from skml_lecture.statistics.group_sum import GroupSum
from skml_lecture.statistics.subtraction import remaining
from skml_lecture.validation import check_range


class Distribution(BaseEstimator, ABC):
    r"""A family of densities, one for each class and column; subclass it to add your own.

    .. math:: S_{cj} = \sum_{i: y_i = c} w_i T(x_{ij}) \;\to\; \theta_{cj}
              \;\to\; \log p(x_j \mid \theta_{cj})

    The statistics S are sums over the rows that add, raw: whatever smooths or normalises them
    is a hyper-parameter of the object and applied when parameters are read. A subclass gives
    ``parameters``, ``log_density`` and ``sample``, and where the family needs them ``check``
    and ``statistics``. Missing values (NaN) never reach its sums, and count nothing.

    See Also
    --------
    skml_lecture.NaiveBayes : The classifier that takes these objects.

    Notes
    -----
    ``summarize``, ``table``, ``scorer``, ``contributions`` and ``draw`` work for every family by
    way of the three methods; a family overrides them only to be faster.

    References
    ----------
    C. M. Bishop, "Pattern recognition and machine learning", 2006, section 2.4.2, on
    sufficient statistics.

    Examples
    --------
    Waiting times, for a column of which only the mean matters:

    >>> import numpy as np
    >>> from skml_lecture import NaiveBayes
    >>> from skml_lecture.distributions import Distribution
    >>> class Exponential(Distribution):
    ...     def parameters(self, statistic):
    ...         return {"rate": statistic.weight / statistic.sums[0]}
    ...
    ...     def log_density(self, X, rate):
    ...         return np.log(rate) - rate * X
    ...
    ...     def sample(self, random_state, rate):
    ...         return random_state.exponential(1 / rate)
    >>> X, y = np.array([[1.0], [3.0], [5.0], [7.0]]), [0, 0, 1, 1]
    >>> NaiveBayes(Exponential()).fit(X, y).predict([[2.0], [9.0]])
    array([0, 1])
    """

    accepts_sparse: bool = False  # whether rows may come as CSR, in blocks and to ``scorer``
    accepts_labels: bool = False  # whether columns may hold strings and categories
    positive_only: bool = False  # whether a negative value is an error
    nonnegative: bool = False  # whether its statistics are never below zero
    poor_score: bool = False  # whether real numbers of no particular kind tell it little

    def check(self, X: np.ndarray) -> np.ndarray:
        """Return values as the family takes them, or raise a ValueError.

        Parameters
        ----------
        X : ndarray
            Values, some of them perhaps NaN.

        Returns
        -------
        X : ndarray
            The same, or with NaN where a value is to be taken as missing.
        """
        return X

    def statistics(self, X: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the statistics T of each value, whose sums are all the parameters need.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_columns)
            Values.

        Returns
        -------
        T : tuple of ndarray of shape (n_samples, n_columns)
            One array for each statistic; the values themselves if not overridden.
        """
        return (X,)

    @abstractmethod
    def parameters(self, statistic: Any) -> dict[str, np.ndarray]:
        """Return the parameters of every class and column.

        Parameters
        ----------
        statistic : ColumnSums
            ``weight`` of shape (n_classes, n_columns), nowhere zero, and ``sums`` of shape
            (n_statistics, n_classes, n_columns).

        Returns
        -------
        parameters : dict of str to ndarray of shape (n_classes, n_columns)
            What ``log_density`` and ``sample`` take by these names.
        """

    def check_whole(self, statistic: Any) -> None:
        """Raise a ValueError where the statistic of all rows gives no parameters.

        Parameters
        ----------
        statistic : object
            As ``parameters`` gets it. Of parts, which more rows may mend, the error is a warning.
        """

    @abstractmethod
    def log_density(self, X: np.ndarray, **parameters: np.ndarray) -> np.ndarray:
        """Return the natural logarithm of the density of every value.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_columns)
            Values.
        **parameters : ndarray
            The parameters of one class, of shape (n_columns,), or arrays that broadcast.

        Returns
        -------
        log_density : ndarray of shape (n_samples, n_columns)
            In nats; -inf where a value is impossible.
        """

    @abstractmethod
    def sample(self, random_state: np.random.RandomState, **parameters: np.ndarray) -> np.ndarray:
        """Draw one value for each entry of the parameters.

        Parameters
        ----------
        random_state : numpy.random.RandomState
            The source of chance.
        **parameters : ndarray of shape (n_samples, n_columns)
            The parameters of each row's class.

        Returns
        -------
        X : ndarray of shape (n_samples, n_columns)
            The values.
        """

    def summarize(self, table, codes, n_classes, weight=None):
        """Return the statistic of rows.

        Parameters
        ----------
        table : Table
            The columns of this family.
        codes : ndarray of int of shape (n_samples,)
            The class of each row, from 0 on.
        n_classes : int
            Number of classes.
        weight : ndarray of shape (n_samples,), default=None
            Positive weights; None means 1.

        Returns
        -------
        statistic : object
            A frozen value with ``+``, ``-``, ``*``; ``expanded`` and ``only`` over classes;
            ``select``, ``spread`` and ``filled`` over columns.
        """
        d = table.shape[1]
        work = each(partial(self._summarize_block, n_classes))
        rows = table.data(codes, weight)
        return rows.sum(work, width=rows.row_size + n_classes, result=d * n_classes)

    def _summarize_block(self, n_classes, block):
        x = self._checked(as_floats(block))
        group_sum = GroupSum(block.targets, n_classes, block.weight)
        total = np.broadcast_to(group_sum.total[:, np.newaxis], (n_classes, x.shape[1]))
        with np.errstate(all="ignore"):  # the result is looked at
            terms = self.statistics(x)
            sums = _stacked([group_sum(term) for term in terms])
            if not np.isfinite(sums).all():
                missing = missing_values(x)
                total = _weight_of_present(group_sum, missing, total)
                sums = _stacked([group_sum(without(term, missing)) for term in terms])
        return ColumnSums(total, check_range(sums), self.nonnegative)

    def _checked(self, x):
        """Apply ``check`` to a block: to the stored values, where it is sparse."""
        if not sparse.issparse(x):
            return self.check(x)
        values = self.check(x.data)
        return x if values is x.data else _with_data(x, values)

    def table(self, parameters):
        """Return what scores are computed from, made once of the parameters.

        Parameters
        ----------
        parameters : dict
            From ``parameters``.

        Returns
        -------
        table : object
            The parameters themselves, if not overridden.
        """
        return parameters

    def is_exact(self, table):  # noqa: ARG002 - most families take numbers as floats
        """Return whether whole numbers beyond 2**53 must be told apart.

        Parameters
        ----------
        table : object
            From ``table``.

        Returns
        -------
        exact : bool
            False if not overridden.
        """
        return False

    def scorer(self, table, labels):
        """Return a function from a block to its log density in every class, summed over columns.

        Parameters
        ----------
        table : object
            From ``table``.
        labels : dict of int to list
            The labels that the numbers of a column stand for.

        Returns
        -------
        score : callable
            Takes rows of shape (n, n_columns), returns an ndarray of shape (n, n_classes).
        """

        def score(x):
            return self.contributions(x, table, labels).sum(axis=2)

        return score

    def contributions(self, x, table, labels):  # noqa: ARG002 - for families of labels
        """Return the log density of every value of a block in every class.

        Parameters
        ----------
        x : ndarray of shape (n, n_columns)
            Rows; NaN where a value is missing.
        table : object
            From ``table``.
        labels : dict of int to list
            The labels that the numbers of a column stand for.

        Returns
        -------
        terms : ndarray of shape (n, n_classes, n_columns)
            In nats; 0 for a missing value.
        """
        x = self.check(x)
        missing = np.isnan(x)
        n_classes = len(next(iter(table.values())))
        terms = np.empty((len(x), n_classes, x.shape[1]))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            for c in range(n_classes):
                of_class = {name: values[c] for name, values in table.items()}
                terms[:, c] = np.where(missing, 0.0, self.log_density(x, **of_class))
        return terms

    def draw(self, parameters, codes, random_state):
        """Draw one row for each class in ``codes``.

        Parameters
        ----------
        parameters : dict
            From ``parameters``.
        codes : ndarray of int of shape (n_samples,)
            The class of each row.
        random_state : numpy.random.RandomState
            The source of chance.

        Returns
        -------
        X : list of ndarray of shape (n_samples,)
            One array for each column.
        """
        rows = {name: values[codes] for name, values in parameters.items()}
        return list(self.sample(random_state, **rows).T)

    def resolve(self, statistic):
        """Return what the columns turned out to be.

        Parameters
        ----------
        statistic : object
            From ``summarize``.

        Returns
        -------
        families : list of (Distribution, ndarray of int, object)
            Families, positions of their columns and statistics.
        """
        return [(self, np.arange(statistic.weight.shape[1]), statistic)]


def as_floats(block):
    """Return the rows of a block in float64: a C-contiguous array, or CSR."""
    if block.is_sparse:
        return block.x.astype(np.float64, copy=False)
    return np.ascontiguousarray(block.x, dtype=np.float64)


def as_array(product):
    """Return a product of matrices as an ndarray, whether it came out sparse or not."""
    return product.toarray() if sparse.issparse(product) else product


def missing_values(x):
    """Return 1.0 where a block has NaN, else 0.0; sparse where the block is."""
    if not sparse.issparse(x):
        return np.isnan(x).astype(np.float64)
    return _with_data(x, np.isnan(x.data).astype(np.float64))


def without(x, missing):
    """Return a copy of a block (or of statistics of it) with 0 for missing values."""
    if not sparse.issparse(x):
        return np.where(missing, 0.0, x)
    return _with_data(x, np.where(missing.data, 0.0, x.data))


def _weight_of_present(group_sum, missing, total):
    """Return the weight (k, d) of the values that are not missing, zero where all are."""
    if sparse.issparse(missing):  # it is zeros that are not stored
        return remaining(total, group_sum(missing), "The weight of a column")
    return group_sum(1 - missing)


def _stacked(arrays):
    """Return arrays along a new first axis; a view where there is one."""
    return np.stack(arrays) if len(arrays) > 1 else arrays[0][np.newaxis]


def _with_data(x, data):
    """Return a CSR block with other values at the same places."""
    return sparse.csr_array((data, x.indices, x.indptr), shape=x.shape)
