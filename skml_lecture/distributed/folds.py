"""Cross-validation of rows that lie on a cluster, its splits told from the numbers of the rows."""

from copy import copy
from dataclasses import dataclass
from functools import partial, reduce
from itertools import pairwise
from numbers import Integral
from operator import add

import numpy as np
from sklearn.model_selection import KFold, check_cv

from skml_lecture.data import quiet
from skml_lecture.ridge_search import (
    LOSSES,
    check_of_errors,
    check_splits,
    scores_of_sets,
    splits_of,
    sums_without_each,
)


def fit_by_folds(model, total, sizes):
    """Fit a RidgeRegressionCV whose ``cv`` splits rows.

    ``total(work, each)`` is the sum over the blocks of ``work(X, y, weight, *one of each)``;
    ``sizes`` are their numbers of rows.
    """
    plan, codes = plan_of(model.cv, sizes)
    statistic = total(partial(_summarize, model, plan.kept), codes)
    parts = statistic.values.folds

    def scores(equations, alphas, scoring):
        check_of_errors(scoring, LOSSES)

        def of_rows(candidates, loss):
            work = partial(_losses, model, plan.kept, plan.tests, candidates, loss)
            return total(work, codes)

        values = scores_of_sets(plan.sets(parts), alphas, scoring, model.fit_intercept, of_rows)
        if scoring == "r2":
            values[np.equal(plan.tested, 1)] = np.nan  # a row has no spread of its own
        return values, equations

    model._fit_statistics(statistic, plan.whole(parts), scores)
    if plan.is_partition:
        model._summary = statistic


def summarize_folds(model, total, sizes):
    """Return the statistic of the folds of rows, the test sets of ``cv``."""
    plan, codes = plan_of(model.cv, sizes)
    if not plan.is_partition:
        raise ValueError("Statistics of folds need every row in one test set of cv.")
    return total(partial(_summarize, model, plan.kept), codes)


def _summarize(model, kept, X, y, weight, codes):
    """Return the statistic of a block: the moments of every part that is kept."""
    reader, reset = copy(model), not hasattr(model, "coef_")
    data, single = reader._read(X, y, weight, reset=reset, may_vanish=True)
    return reader._summarize_parts(data, single, rows_of_parts(kept, codes))


def rows_of_parts(kept, codes):
    """Return where in a block the rows of every part are: of the groups that are kept."""
    parts = []
    for groups, code in zip(kept, codes, strict=True):
        code = np.asarray(code)
        if code.ndim == 2:
            rows = [np.repeat(np.arange(len(code)), times) for times in code.T]
        else:
            sizes = np.bincount(code, minlength=len(groups))
            rows = np.split(np.argsort(code, kind="stable"), np.cumsum(sizes)[:-1])
        parts += [rows[group] for group in np.flatnonzero(groups)]
    return parts


@quiet
def _losses(model, kept, tests, candidates, loss, X, y, weight, codes):
    """Return the weighted sums (f, a, t) of the losses of some splits' tests in a block.

    ``candidates`` are for each of these splits coefficients (a, t, d) and free terms (a, t).
    """
    data, _ = copy(model)._read(X, y, weight, reset=True, may_vanish=True)
    parts, sums = rows_of_parts(kept, codes), []
    for f, (coefs, intercepts) in candidates.items():
        a, t, d = coefs.shape
        total = np.zeros((a, t))
        for part, times in tests[f]:
            for block in data.pick(parts[part]).blocks(a * t):
                fitted = (block.x @ coefs.reshape(a * t, d).T).reshape(-1, a, t) + intercepts
                losses = loss(block.targets[:, np.newaxis] - fitted)
                each = np.ones(block.n_rows) if block.weight is None else block.weight
                total += times * np.tensordot(each, losses, 1)
        sums.append(total)
    return np.array(sums)


def plan_of(cv, sizes):
    """Return a plan for the splits of rows in blocks of these sizes, and the codes of each block.

    Codes say for each grouping of the plan in which group a row is.
    """
    n, edges = sum(sizes), np.cumsum([0, *sizes]).tolist()
    splitter = check_cv(cv) if isinstance(cv, Integral | KFold) else None
    if type(splitter) is KFold and not splitter.shuffle and splitter.n_splits <= n:
        k = splitter.n_splits
        lengths = n // k + (np.arange(k) < n % k)  # consecutive rows
        tests = np.eye(k, dtype=np.uint8)
        plan = Plan([np.stack([1 - tests, tests], axis=2)], lengths)
        codes = [_Runs(np.cumsum(lengths), 0, n)]
    else:
        groupings = groupings_of(_splits(cv, n), n)
        plan = Plan([part.table() for part in groupings], [m for g in groupings for m in g.tests])
        codes = [part.codes for part in groupings]
    return plan, [[code[slice(*block)] for code in codes] for block in pairwise(edges)]


def _splits(cv, n):
    """Yield the checked splits of n rows of which nothing but their number is known."""
    splits = check_splits(splits_of(cv, _Counted("X", n, 1), _Counted("y", n)), n)
    try:
        yield from splits
    except (TypeError, ValueError) as error:
        if not hasattr(cv, "get_n_splits"):
            raise
        raise ValueError(
            f"{error} Splits of rows in blocks are told from the numbers of the rows, without X, "
            f"y and groups: give cv a list of pairs of positions, got {cv!r}."
        ) from error


@dataclass(frozen=True, eq=False)
class Plan:
    """What splits train and test on, as sums of parts of the rows.

    The groups of the first grouping add up to all rows.

    Parameters
    ----------
    tables : list of ndarray of shape (splits, groups, 2)
        For consecutive splits how often each has the rows of the groups of one grouping, for
        training and for tests.
    tested : list of int
        The number of rows that each split tests.
    """

    tables: list
    tested: list

    @property
    def kept(self):
        """Which groups of each grouping are parts: those of any use, and of the first all."""
        used = [table.any(axis=(0, 2)) for table in self.tables]
        return [np.ones_like(used[0]), *used[1:]]

    @property
    def is_partition(self):
        """Whether part f is what split f tests, and what all others train on, as for folds."""
        train, test = np.moveaxis(self.tables[0], 2, 0)
        eye = np.eye(len(self.tested), dtype=int)
        return np.array_equal(test, eye) and np.array_equal(train, 1 - eye)

    def whole(self, parts):
        """Return the moments of all rows."""
        return reduce(add, parts[: self.tables[0].shape[1]])

    def sets(self, parts):
        """Yield the moments of what each split trains on, and of what it tests."""
        if self.is_partition:
            yield from zip(sums_without_each(parts), parts, strict=True)
            return
        parts = iter(parts)
        for table, kept in zip(self.tables, self.kept, strict=True):
            groups = np.flatnonzero(kept)
            ours = [next(parts) for _ in groups]
            for counts in table[:, groups]:
                yield tuple(_sum_of(ours, times) for times in counts.T.tolist())

    @property
    def tests(self):
        """What each split tests: numbers of parts, and how often it has their rows."""
        tests, first = [], 0
        for table, kept in zip(self.tables, self.kept, strict=True):
            for times in table[:, kept, 1]:
                parts = np.flatnonzero(times)
                tests.append(list(zip(first + parts, times[parts], strict=True)))
            first += np.count_nonzero(kept)
        return tests


def _sum_of(parts, times):
    """Return the sum of parts, each so many times."""
    terms = zip(parts, times, strict=True)
    return reduce(add, [part if n == 1 else part * n for part, n in terms if n])


class _Counted:
    """Values of which a splitter may know how many they are, and no more."""

    def __init__(self, name, *shape):
        self.name, self.shape, self.ndim = name, shape, len(shape)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        raise ValueError(f"cv reads {self.name}.")

    def __array__(self, dtype=None, copy=None):
        raise ValueError(f"cv reads {self.name}.")


@dataclass(frozen=True, eq=False)
class _Runs:
    """The group of each row where groups are consecutive rows: nothing of their number is held."""

    ends: np.ndarray  # of the groups
    start: int
    stop: int

    def __getitem__(self, rows):
        return _Runs(self.ends, self.start + rows.start, self.start + rows.stop)

    def __array__(self, dtype=None, copy=None):
        rows = np.arange(self.start, self.stop)
        codes = np.searchsorted(self.ends, rows, side="right")
        return codes.astype(dtype or np.min_scalar_type(len(self.ends)))


@dataclass(frozen=True, eq=False)
class Grouping:
    """Groups of rows of which the sets of some splits consist.

    Parameters
    ----------
    codes : ndarray of int of shape (n,) or (n, 2)
        The group of each row, or how often each of two groups has it.
    counts : list of ndarray of shape (g, 2)
        How often each split has the rows of each group of its level for training, and for tests.
    parents : list of ndarray of shape (g,)
        The groups of the level before, that these are parts of. The last level is that of
        ``codes``; the first has one group, all rows.
    used : ndarray of bool of shape (g,)
        Which groups any split has.
    tests : list of int
        The number of rows that each split tests.
    """

    codes: object
    counts: list
    parents: list
    used: np.ndarray
    tests: list

    @classmethod
    def of_none(cls, n):
        """Return the one group of no split."""
        return cls(np.zeros(n, np.uint8), [], [], np.zeros(1, bool), [])

    @classmethod
    def of_sets(cls, train, test, n):
        """Return as groups the two sets of one split."""
        codes = np.column_stack([np.bincount(side, minlength=n) for side in (train, test)])
        codes = codes.astype(np.min_scalar_type(codes.max()))
        counts = np.eye(2, dtype=np.uint8)
        return cls(codes, [counts], [np.zeros(2, int)], np.ones(2, bool), [len(test)])

    @classmethod
    def of_split(cls, train, test, n):
        """Return the groups of one split: rows that it has as often, on both sides."""
        times = [np.bincount(side, minlength=n) for side in (train, test)]
        base = times[1].max() + 1
        kinds, codes = _numbered(times[0] * base + times[1])
        counts = np.column_stack(np.divmod(kinds, base))
        counts = counts.astype(np.min_scalar_type(counts.max()))
        parents = np.zeros(len(kinds), int)
        return cls(codes, [counts], [parents], counts.any(axis=1), [len(test)])

    def joined(self, other):
        """Return the groups in which those of another split are told apart too."""
        size = len(other.used)
        kinds, codes = _numbered(self.codes.astype(np.intp) * size + other.codes)
        ours, theirs = np.divmod(kinds, size)
        return Grouping(
            codes,
            [*self.counts, other.counts[0][theirs]],
            [*self.parents, ours],
            self.used[ours] | other.used[theirs],
            self.tests + other.tests,
        )

    @property
    def size(self):
        """How many groups the splits have."""
        return np.count_nonzero(self.used)

    def table(self):
        """Return how often every split has the rows of each group, (splits, groups, 2)."""
        groups, table = np.arange(len(self.used)), []
        for counts, parents in zip(self.counts[::-1], self.parents[::-1], strict=True):
            table.append(counts[groups])
            groups = parents[groups]
        return np.reshape(table[::-1], (-1, len(self.used), 2))


def _numbered(codes):
    """Return the codes that occur, and the number of each row's among them."""
    if codes.max() > 4 * len(codes) + 2**16:
        kinds, codes = np.unique(codes, return_inverse=True)
    else:
        seen = np.bincount(codes) > 0
        kinds, codes = np.flatnonzero(seen), (np.cumsum(seen) - 1)[codes]
    return kinds, codes.astype(np.min_scalar_type(len(kinds)))


def groupings_of(splits, n):
    """Return groupings of n rows for consecutive splits, each for as many as it is worth.

    A split shares the grouping of those before it where that makes no more groups in all than its
    sets: folds of one partition do, random halves do not. So there are no more groups than sets,
    and every set is a sum of groups: no digit cancels.
    """
    groupings = [Grouping.of_none(n)]
    for train, test in splits:
        own, last = Grouping.of_split(train, test, n), groupings[-1]
        joined = last.joined(own) if last.codes.ndim == 1 else None
        if joined and joined.size <= last.size + min(own.size, 2):
            groupings[-1] = joined
        else:
            groupings.append(own if own.size <= 2 else Grouping.of_sets(train, test, n))
    return groupings
