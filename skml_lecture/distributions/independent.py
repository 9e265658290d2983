"""A product of densities, one for each column: what naive Bayes assumes of a class."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skml_lecture.distributions.distribution import Distribution, as_floats
from skml_lecture.validation import check_if_whole, check_range

_FEW, _FEW_STORED = 2**14, 2**20  # numbers of dense and sparse rows that are scored in one go


def name_of(distribution):
    """Return the name of a family as users write it."""
    return type(distribution).__name__.lower()


@dataclass(frozen=True, eq=False)
class FittedFamily:
    """The columns of one distribution and their parameters.

    Parameters
    ----------
    distribution : Distribution
        The family.
    columns : ndarray of int
        Positions of its columns among the features.
    parameters : dict of str to array
        Its parameters; arrays of shape (n_classes, n_columns), see the family.

    See Also
    --------
    Independent : A product of these.

    Notes
    -----
    What scores are computed from is made once, and left out of pickles.

    References
    ----------
    Hung-yi Lee, Machine Learning, lecture 6, section "Naive Bayes".

    Examples
    --------
    >>> from skml_lecture import NaiveBayes
    >>> model = NaiveBayes("poisson", smoothing=0).fit([[1], [3], [8]], [0, 0, 1])
    >>> model.families_[0].parameters
    {'rate': array([[2.],
           [8.]])}
    """

    distribution: Distribution
    columns: np.ndarray
    parameters: dict

    @cached_property
    def table(self):
        """What scores are computed from, made once and left out of pickles."""
        return self.distribution.table(self.parameters)

    def __getstate__(self):
        return {name: vars(self)[name] for name in ("distribution", "columns", "parameters")}

    def __setstate__(self, state):
        vars(self).update(state)


@dataclass(frozen=True, eq=False)
class ColumnGroups:
    """The statistics of each group of columns that share a family; ``+``, ``-`` and ``*``.

    Where two parts have a column in different groups, and one of them saw no value of it, the
    other is right.

    Parameters
    ----------
    groups : tuple of (str or Distribution, ndarray of int)
        Families and the positions of their columns.
    parts : tuple
        The statistic of each group.

    See Also
    --------
    skml_lecture.statistics.Summary : Holds it, in naive Bayes.

    Notes
    -----
    The only place where the families of two parts are aligned.

    References
    ----------
    Hung-yi Lee, Machine Learning, lecture 6, section "Naive Bayes".

    Examples
    --------
    >>> from skml_lecture import NaiveBayes
    >>> statistic = NaiveBayes().summarize([["a", 1.5], ["b", 2.5]], [0, 1])
    >>> statistic.values.summary.weight
    array([[1., 1.],
           [1., 1.]])
    """

    groups: tuple
    parts: tuple

    @property
    def weight(self):
        """Total weight of the values, of shape (n_classes, n_columns)."""
        n_columns = sum(len(columns) for _, columns in self.groups)
        weight = np.zeros((len(self.parts[0].weight), n_columns))
        for (_, columns), part in zip(self.groups, self.parts, strict=True):
            weight[:, columns] = part.weight
        return weight

    def __add__(self, other):
        if not isinstance(other, ColumnGroups):
            return NotImplemented
        ours, theirs = self._aligned(other)
        sums = (a + b for a, b in zip(ours.parts, theirs.parts, strict=True))
        return ColumnGroups(ours.groups, tuple(sums))

    def __sub__(self, other):
        if not isinstance(other, ColumnGroups):
            return NotImplemented
        ours, theirs = self._aligned(other)
        rest = (a - b for a, b in zip(ours.parts, theirs.parts, strict=True))
        return ColumnGroups(ours.groups, tuple(rest))

    def __mul__(self, factor):
        return ColumnGroups(self.groups, tuple(part * factor for part in self.parts))

    __rmul__ = __mul__

    def expanded(self, positions, n_classes):
        """Return the same over more classes, this class i at ``positions[i]``, the rest empty.

        Parameters
        ----------
        positions : ndarray of int
            Where each class stands among the new ones.
        n_classes : int
            Number of the new classes.

        Returns
        -------
        groups : ColumnGroups
            Over ``n_classes`` classes.
        """
        parts = (part.expanded(positions, n_classes) for part in self.parts)
        return ColumnGroups(self.groups, tuple(parts))

    def of_classes(self, positions):
        """Return the same over some of the classes.

        Parameters
        ----------
        positions : ndarray of int
            Which.

        Returns
        -------
        groups : ColumnGroups
            Over these classes.
        """
        return ColumnGroups(self.groups, tuple(part.of_classes(positions) for part in self.parts))

    def _key(self):
        """Return the groups as something to compare."""
        return [(str(family), columns.tolist()) for family, columns in self.groups]

    def _aligned(self, other):
        """Return both over the same groups, or raise."""
        if self._key() == other._key():
            return self, other
        seen = [part.weight.any(axis=0) for part in (self, other)]
        families = [part._family_of_columns() for part in (self, other)]
        clash = [
            (str(a), str(b))
            for a, b, p, q in zip(*families, *seen, strict=True)
            if str(a) != str(b) and p and q
        ]
        if clash:
            raise ValueError(
                f"Statistics that add are of the same distribution for every column, got "
                f"{clash[0][0]} here and {clash[0][1]} in the other."
            )
        chosen = [b if q else a for a, b, q in zip(*families, seen[1], strict=True)]
        groups = {}
        for j, family in enumerate(chosen):
            groups.setdefault(str(family), (family, []))[1].append(j)
        groups = tuple((family, np.array(columns)) for family, columns in groups.values())
        return self._over(groups, other), other._over(groups, self)

    def _family_of_columns(self):
        """Return the family of each column."""
        families = {}
        for family, columns in self.groups:
            families.update(dict.fromkeys(columns.tolist(), family))
        return [families[j] for j in sorted(families)]

    def _over(self, groups, other):
        """Return the same over other groups; columns that moved have no values here."""
        mine, theirs = (
            {str(family): pair for (family, _), pair in zip(side.groups, _pairs(side), strict=True)}
            for side in (self, other)
        )
        parts = []
        for family, columns in groups:
            held, part = mine.get(str(family), (np.zeros(0, int), None))
            if part is None:  # an empty one of the same kind
                held, part = theirs[str(family)]
                part, n_classes = part.of_classes([]), len(self.parts[0].weight)
                part = part.expanded(np.zeros(0, int), n_classes)
            kept = np.isin(held, columns)
            part = part.select(np.flatnonzero(kept))
            parts.append(part.spread(np.searchsorted(columns, held[kept]), len(columns)))
        return ColumnGroups(groups, tuple(parts))


def _pairs(statistics):
    """Return the columns of each group with their statistic."""
    return [
        (columns, part)
        for (_, columns), part in zip(statistics.groups, statistics.parts, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Independent:
    """Densities of rows whose columns are independent within each class.

    Parameters
    ----------
    families : tuple of FittedFamily
        For each family its columns and parameters; a column of no family says nothing.
    n_classes : int
        Number of classes.
    n_columns : int
        Number of columns.

    See Also
    --------
    MultivariateNormal : Columns that depend on each other.

    Notes
    -----
    Rows are scored in blocks, in threads; a block by one product of matrices for each family that
    is linear in its values, their squares or their indicators.

    References
    ----------
    Hung-yi Lee, Machine Learning, lecture 6, section "Naive Bayes".

    Examples
    --------
    >>> from skml_lecture import NaiveBayes
    >>> model = NaiveBayes().fit([["a", 1.5], ["b", 2.5], ["a", 2.0]], [0, 1, 1])
    >>> model.density_.names
    ['categorical', 'gaussian']
    """

    families: tuple
    n_classes: int
    n_columns: int

    @classmethod
    def of(cls, statistics, family_of, *, whole=True):
        """Return the densities of statistics.

        Parameters
        ----------
        statistics : ColumnGroups
            Of the columns.
        family_of : callable
            Returns the distribution that a name, or an object, of a group stands for.
        whole : bool, default=True
            Whether no more rows are to come, so that what they cannot mend is refused. Of parts it
            is a warning.

        Returns
        -------
        densities : Independent
            Of every class.
        """
        families = []
        for (family, places), statistic in zip(statistics.groups, statistics.parts, strict=True):
            for distribution, columns, part in family_of(family).resolve(statistic):
                seen = np.flatnonzero(part.weight.any(axis=0))
                if len(seen):
                    part = part if len(seen) == len(columns) else part.select(seen)
                    part = part.filled()
                    check_if_whole(distribution.check_whole, part, whole=whole)
                    parameters = distribution.parameters(part)
                    families.append(FittedFamily(distribution, places[columns[seen]], parameters))
        n_columns = sum(len(columns) for _, columns in statistics.groups)
        return cls(tuple(families), len(statistics.parts[0].weight), n_columns)

    @cached_property
    def is_exact(self):
        """Whether whole numbers beyond 2**53 must be told apart."""
        return any(family.distribution.is_exact(family.table) for family in self.families)

    def __getstate__(self):
        return {name: vars(self)[name] for name in ("families", "n_classes", "n_columns")}

    def __setstate__(self, state):
        vars(self).update(state)

    @property
    def names(self):
        """Name of the family of each column, None for a column of no family."""
        names = np.full(self.n_columns, None)
        for family in self.families:
            names[family.columns] = name_of(family.distribution)
        return names.tolist()

    def log_density(self, table):
        """Return the log density of every row in every class.

        Parameters
        ----------
        table : Table
            The rows.

        Returns
        -------
        log_density : ndarray of shape (n_samples, n_classes)
            In nats.
        """
        data = table.data()
        parts = [
            (
                family.distribution.scorer(family.table, part.labels),
                data if part is table else part.data(),
            )
            for family, part in self._parts(table)
        ]
        z = np.zeros((data.n_rows, self.n_classes))
        width = 3 * (data.row_size if data.is_sparse else self.n_columns) + self.n_classes
        if (data.X.nnz <= _FEW_STORED) if data.is_sparse else (data.n_rows * width <= _FEW):
            scores = [score(as_floats(rows)) for score, rows in parts]
            return sum(scores[1:], scores[0]) if scores else z

        def run(blocks):
            for block in blocks:
                for score, rows in parts:
                    z[block.rows] += score(as_floats(rows.block(block.rows)))
            return 0

        data.map(run, width)
        return z

    def contributions(self, table):
        """Return the log density of every value in every class.

        Parameters
        ----------
        table : Table
            The rows.

        Returns
        -------
        terms : ndarray of shape (n_samples, n_classes, n_columns)
            In nats; 0 where a value is missing.
        """
        terms = np.zeros((table.shape[0], self.n_classes, self.n_columns))
        parts = self._parts(table)

        def run(blocks):
            for block in blocks:
                for family, part in parts:
                    x = part.block(block.rows)
                    x = x.toarray() if part.is_sparse else x
                    check_range(x[~np.isnan(x)])
                    terms[block.rows, :, family.columns] = family.distribution.contributions(
                        x, family.table, part.labels
                    )

        table.data().map(run, width=terms[:1].size)
        return terms

    def sample(self, codes, random_state):
        """Draw one row of each class in ``codes``.

        Parameters
        ----------
        codes : ndarray of int of shape (n_samples,)
            The class of each row.
        random_state : numpy.random.RandomState
            The source of chance.

        Returns
        -------
        X : ndarray of shape (n_samples, n_columns)
            The rows.
        """
        columns = [np.full(len(codes), np.nan)] * self.n_columns
        for family in self.families:
            drawn = family.distribution.draw(family.parameters, codes, random_state)
            for j, column in zip(family.columns, drawn, strict=True):
                columns[j] = column
        rows = np.empty((len(codes), len(columns)), np.result_type(*columns))
        for j, column in enumerate(columns):
            rows[:, j] = column
        return rows

    def _parts(self, table):
        """Return the families with their columns of some rows."""
        if table.is_sparse or table.labels:
            for family in self.families:
                table = as_family_reads(table, family.distribution, family.columns)
        if len(self.families) == 1 and len(self.families[0].columns) == self.n_columns:
            return [(self.families[0], table)]
        return [(family, table.select(family.columns)) for family in self.families]


def as_family_reads(table, family, columns):
    """Return the table with columns as a family takes them, or raise."""
    if table.is_sparse and not family.accepts_sparse:
        raise TypeError(
            f"Sparse X was passed, but the {name_of(family)} distribution needs all values: use "
            f"X.toarray()."
        )
    return table if family.accepts_labels else table.as_numbers(columns, name_of(family))
