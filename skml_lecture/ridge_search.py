"""Cross-validation of ridge regression over many alphas, from the statistics of the folds."""

from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils import check_array

from skml_lecture.data import Data, quiet, take_rows
from skml_lecture.left_out import LeftOut
from skml_lecture.linear_regression import warn_of_cancelled_errors, warn_of_lost_digits
from skml_lecture.solvers import Equations
from skml_lecture.statistics import Moments, RegressionMoments
from skml_lecture.statistics.regression_moments import is_constant
from skml_lecture.validation import warn

_CANCELLED_BELOW = 1e-5  # squared error from the statistics / squared targets and their terms
_FEW_FOLDS = 20  # whose statistics are held all at once


def _negative_mean(errors, weight, _):
    return -errors / weight


def _r2(errors, _, spread):
    with np.errstate(divide="ignore", invalid="ignore"):
        constant = np.where(errors > 0, 0.0, 1.0)
        return np.where(spread > 0, 1 - errors / spread, constant)


# from squared errors (..., t), weight, and squared deviations (t,) of the targets from their mean
SCORES = {
    "neg_mean_squared_error": _negative_mean,
    "neg_root_mean_squared_error": lambda errors, weight, _: -np.sqrt(errors / weight),
    "r2": _r2,
}
ADVICE = "Take larger alphas, or fit on rows in memory, which are factorised themselves."
LOSSES = {"neg_mean_absolute_error": np.abs}  # scores that are means of other losses of errors


def score_of(scoring):
    """Return the score of sums of its losses, in the place of squared errors."""
    return SCORES.get(scoring, _negative_mean)


class Scorer:
    """A scorer of fitted models, its metadata, and what went wrong with it.

    Parameters
    ----------
    scorer : callable
        ``scorer(model, X, y, **metadata)``.
    metadata : dict
        What it is given of every row.
    optional : bool
        Whether it goes without ``sample_weight`` where it does not know it.
    """

    def __init__(self, scorer, metadata, *, optional):
        self.scorer, self.metadata, self.optional = scorer, metadata, optional
        self.failures = []

    def __call__(self, model, X, y, rows):
        """Return the score of some rows, NaN where the scorer fails."""
        given = {name: take_rows(value, rows) for name, value in self.metadata.items()}
        try:
            try:
                score = self.scorer(model, X, y, **given)
            except TypeError as error:
                if not (self.optional and "unexpected keyword" in str(error)):
                    raise
                self.metadata = {}
                score = self.scorer(model, X, y)
        except Exception as error:  # as GridSearchCV: whatever it is
            self.failures.append(error)
            return np.nan
        if not np.isscalar(score):
            raise ValueError(f"scoring must return a number, got {score!r}.")
        return score

    def warn_of_failures(self):
        """Say once how often the scorer failed, and how."""
        if self.failures:
            first = self.failures[0]
            warn(
                f"Scoring failed {len(self.failures)} times: these scores are NaN. The first "
                f"failure was {type(first).__name__}: {first}",
                UserWarning,
            )


@dataclass(frozen=True, eq=False)
class Search:
    """The scores of every candidate on the rows of one data set.

    Parameters
    ----------
    data : Data
        The rows, with targets (n, t).
    X, y : object
        The same as the caller gave them, for scorers and splitters.
    alphas : ndarray of shape (a,)
        The candidates.
    fit_intercept : bool
        Whether rows are centered.
    scoring : str or callable
        Name of a squared-error score, else what ``scorer`` calls.
    scorer : Scorer
        Scores fitted models.
    equations : Equations
        Of all rows.
    model : callable
        ``model(alpha, coef, intercept, target)`` is the fitted model of one target, or for None
        of all; ``model.of_predictions(alpha, predictions)`` makes one of given predictions.
    per_target : bool
        Whether every target is scored by itself.
    """

    data: Data
    X: object
    y: object
    alphas: np.ndarray
    fit_intercept: bool
    scoring: object
    scorer: Scorer
    equations: Equations
    model: object
    per_target: bool

    def left_out(self):
        """Return the scores (1, a, t), or (1, a, 1) of all targets, leaving out each row once."""
        data, present = self._present()
        spread = self._spread(data)
        left_out = LeftOut(self.equations_of(data), self.alphas)
        if self._from_errors(data.n_rows, spread):
            errors = sum(left_out.use(_WeightedSquares(data.root_weight)))
            return SCORES[self.scoring](errors.T, data.total_weight, spread)[np.newaxis]
        predictions = np.empty((len(self.alphas), *data.targets.shape))

        def keep(rows, E):
            predictions[:, rows] = data.targets[rows] - E.transpose(1, 2, 0)

        left_out.use(keep)
        X, y = take_rows(self.X, present), take_rows(self.y, present)
        pairs = zip(self.alphas, predictions, strict=True)
        scores = [self._score(self.model.of_predictions(*pair), X, y, present) for pair in pairs]
        return np.array(scores)[np.newaxis]

    def of_folds(self, splits):
        """Return the scores (f, a, t), or (f, a, 1); NaN of a fold that weighs nothing."""
        weight = np.ones(self.data.n_rows) if self.data.weight is None else self.data.weight
        used = [f for f, split in enumerate(splits) if all(weight[part].any() for part in split)]
        if not used:
            raise ValueError("Every fold has training or test rows of zero weight only.")
        of_errors = isinstance(self.scoring, str) and self.scoring in SCORES
        if of_errors and self.scoring != "r2" and leaves_one_out(splits, self.data.n_rows):
            return self._of_single_rows(splits)
        kept = [splits[f] for f in used]
        scores = [self._of_fold(*fold) for fold in zip(kept, self._fold_moments(kept), strict=True)]
        width = max(np.shape(score)[1] for score in scores)  # one where targets went together
        whole = np.full((len(splits), len(self.alphas), width), np.nan)
        for f, score in zip(used, scores, strict=True):
            whole[f] = score
        return whole

    def equations_of(self, data):
        """Return the equations of all rows, or of those that weigh something."""
        if data is self.data:
            return self.equations
        equations = Equations(self.fit_intercept, data)
        if equations.is_wide:
            return equations
        return replace(equations, statistic=RegressionMoments.from_data(data))

    def _present(self):
        """Return the rows that weigh something, and their positions."""
        if self.data.weight is None or self.data.weight.all():
            return self.data, slice(None)
        present = np.flatnonzero(self.data.weight)
        return self.data.take(present), present

    def _of_single_rows(self, splits):
        """Return the scores of folds that test one row each."""
        data, present = self._present()
        squares = np.full((self.data.n_rows, len(self.alphas), data.targets.shape[1]), np.nan)
        kept = np.empty((data.n_rows, *squares.shape[1:]))

        def keep(rows, E):
            kept[rows] = np.square(E).transpose(2, 1, 0)

        LeftOut(self.equations_of(data), self.alphas).use(keep)
        squares[present] = kept
        order = np.concatenate([test for _, test in splits])
        return SCORES[self.scoring](squares[order], 1.0, None)

    def _fold_moments(self, splits):
        """Yield train and test moments of each split, None for fewer rows than features.

        Where the test sets are a partition of the rows, the training set of a fold is the sum of
        the other folds: one pass for all of them, and sums lose no digits as differences would.
        """
        least = min(len(train) for train, _ in splits)
        if least < self.data.n_features:
            return ((None, None) for _ in splits)
        tests = [test for _, test in splits]
        if not is_partition(splits, self.data.n_rows):
            return ((self._moments(train), self._moments(test)) for train, test in splits)
        if len(splits) <= _FEW_FOLDS:
            parts = [self._moments(test) for test in tests]
            return zip(sums_without_each(parts), parts, strict=True)
        return self._without_each(tests, None)

    def _moments(self, rows):
        return RegressionMoments.from_data(self.data.pick(rows))

    def _without_each(self, tests, rest):
        """Yield the moments without each of many test sets, and its own, few at a time."""
        if len(tests) == 1:
            yield rest, self._moments(tests[0])
            return
        half = len(tests) // 2
        halves = tests[:half], tests[half:]
        for inside, outside in (halves, halves[::-1]):
            others = self._moments(np.concatenate(outside))
            yield from self._without_each(inside, others if rest is None else rest + others)

    def _of_fold(self, split, moments):
        """Return the scores (a, t) of one split, or (a, 1) where targets are scored together."""
        (train, test), (of_train, of_test) = split, moments
        if self.data.weight is not None:  # a row of weight zero is not there
            test = test[self.data.weight[test] > 0]
        data = self.data.take(train) if of_train is None else self.data.pick(train)
        equations = Equations(self.fit_intercept, data, of_train)
        coefs = coefs_of_path(equations, self.alphas, data.targets.shape[1])
        tested = self.data.pick(test)
        spread = self._spread(tested)
        if self._from_errors(len(test), spread):
            errors = None
            if of_test is not None:
                errors, cancelled = squared_errors_of_moments(
                    coefs, of_train, of_test, self.fit_intercept
                )
            if errors is None or cancelled:
                errors = squared_errors(coefs, equations, tested)
            return SCORES[self.scoring](errors, tested.total_weight, spread)
        if self.scoring == "r2" and len(test) == 1:  # a row has no spread of its own
            return np.full((len(self.alphas), 1), np.nan)
        X, y = take_rows(self.X, test), take_rows(self.y, test)
        candidates = zip(self.alphas, coefs, strict=True)
        return np.array(
            [
                self._score(
                    lambda target, a=a, B=B: self.model(a, B, equations.intercept(B), target),
                    X,
                    y,
                    test,
                )
                for a, B in candidates
            ]
        )

    def _spread(self, data):
        """Return what r2 compares squared errors with, (t,); None for other scores."""
        if not (isinstance(self.scoring, str) and self.scoring == "r2"):
            return None
        return spread_of_targets(Moments.from_samples(data.targets, data.weight, kind="diag"))

    def _from_errors(self, n_rows, spread):
        """Tell whether scores follow from squared errors: r2 of a constant target does not."""
        if not (isinstance(self.scoring, str) and self.scoring in SCORES):
            return False
        return self.scoring != "r2" or (n_rows > 1 and spread.all())

    def _score(self, model, X, y, rows):
        """Return the scorer's values for the targets apart (t,) or together (1,)."""
        if self.data.targets.shape[1] == 1 or not self.per_target:
            target = 0 if np.ndim(y) == 1 else None
            return [self.scorer(model(target), X, y, rows)]
        y = np.asarray(y)
        return [self.scorer(model(t), X, y[:, t], rows) for t in range(y.shape[1])]


class _WeightedSquares:
    """Weighted sums of squared errors (t, a) of a block."""

    def __init__(self, root_weight):
        self.root = root_weight

    def __call__(self, rows, E):
        if self.root is not None:
            E *= self.root[rows]
        return np.einsum("tai,tai->ta", E, E)


@quiet
def squared_errors(coefs, equations, test):
    """Return the weighted sums of squared errors (a, t) on the rows ``test``."""
    rows = equations.rows
    weight = np.ones(test.n_rows) if test.weight is None else test.weight
    x, y = test.x, test.targets - rows.y_center
    return np.array([weight @ (y - (x @ B.T - rows.x_center @ B.T)) ** 2 for B in coefs])


def squared_errors_of_moments(coefs, train, test, fit_intercept):
    """Return the same from the moments of the rows, and whether their digits cancelled."""
    x_shift, y_shift = (
        of_test.mean_minus(of_train) if fit_intercept else of_test.mean
        for of_train, of_test in ((train.x, test.x), (train.y, test.y))
    )
    Sxx, Sxy, Syy = test.x.scatter, test.cross, test.y.scatter
    explained = np.sum(coefs @ Sxx * coefs, axis=2)  # (a, t)
    terms = coefs**2 @ Sxx.diagonal()  # which of dependent columns cancel already in explained
    centered = Syy - 2 * np.sum(coefs * Sxy.T, axis=2) + explained
    cancelled = (centered < _CANCELLED_BELOW * (Syy + explained + terms)).any()
    shift = test.weight * (y_shift - coefs @ x_shift) ** 2
    return np.maximum(centered, 0) + shift, cancelled


def check_of_errors(scoring, more=()):
    """Raise where a score follows neither from squared errors nor from those losses more."""
    names = [*SCORES, *more]
    if not (isinstance(scoring, str) and scoring in names):
        raise ValueError(
            f"Where rows are not at hand scoring is one of {', '.join(map(repr, names))}, got "
            f"{scoring!r}: fit on the rows for any other."
        )


def scores_of_statistics(folds, alphas, scoring, fit_intercept):
    """Return the scores (f, a, t) of folds of which there is nothing but the moments."""
    check_of_errors(scoring)
    used = np.count_nonzero([fold.weight for fold in folds])
    if used < 2:
        raise ValueError(f"Cross-validation needs two folds with rows, got {used}.")
    sets = zip(sums_without_each(folds), folds, strict=True)
    return scores_of_sets(sets, alphas, scoring, fit_intercept)


def scores_of_sets(sets, alphas, scoring, fit_intercept, of_rows=None):
    """Return the scores (f, a, t) of splits, NaN where one trains on or tests nothing.

    Parameters
    ----------
    sets : iterable of pairs of RegressionMoments
        Of what each split trains on, and of what it tests.
    alphas : ndarray of shape (a,)
        The candidates.
    scoring : str
        Name of the score.
    fit_intercept : bool
        Whether rows are centered.
    of_rows : callable, default=None
        ``of_rows({f: (coefs, intercepts)}, loss)`` are the sums (..., a, t) of the losses of these
        splits' tests, for what the moments do not say, or not to enough digits.
    """
    loss, found, again = LOSSES.get(scoring), {}, {}
    for f, (train, test) in enumerate(sets):
        if not (train.weight and test.weight):
            continue
        equations = Equations(fit_intercept, statistic=train)
        coefs = coefs_of_path(equations, alphas, train.n_targets)
        squares, cancelled = squared_errors_of_moments(coefs, train, test, fit_intercept)
        if not found:
            solver = equations.solver(np.full(train.n_targets, alphas[0]))
            what = f"the coefficients at alpha={alphas[0]:g}, whose scores these are. {ADVICE}"
            warn_of_lost_digits(equations, solver, what)
        found[f] = [squares, test.weight, spread_of_targets(test.y)]
        if of_rows is not None and (loss or cancelled):
            again[f] = coefs, np.array([equations.intercept(B) for B in coefs])
    if not found:
        raise ValueError("Every fold has training or test rows of zero weight only.")
    if again:
        for i, sums in zip(again, of_rows(again, loss or np.square), strict=True):
            found[i][0] = sums
    if of_rows is None:
        errors, _, spreads = map(sum, zip(*found.values(), strict=True))
        warn_of_cancelled_errors(errors, spreads, f"the scores. {ADVICE}")
    scores = np.full((f + 1, *np.shape(squares)), np.nan)
    for i, values in found.items():
        scores[i] = score_of(scoring)(*values)
    return scores


def coefs_of_path(equations, alphas, n_targets):
    """Return the coefficients (a, t, d) of all candidates."""
    each = np.repeat(alphas[:, np.newaxis], n_targets, axis=1)
    return equations.path(alphas).coefs(each)


def splits_of(cv, X, y, **groups):
    """Yield the pairs of positions that ``cv`` gives."""
    try:
        for train, test in check_cv(cv).split(X, y, **groups):
            yield _positions(train), _positions(test)
    except (TypeError, ValueError) as error:
        if hasattr(cv, "split") and not isinstance(cv, bytes):  # a splitter speaks for itself
            raise
        raise ValueError(
            f"cv must be a number of folds, a splitter, or pairs of the positions that train and "
            f"test, got {cv!r}: {error}"
        ) from error


def _positions(rows):
    """Return positions, or a mask, as an array."""
    if np.ndim(rows) != 1:
        raise ValueError(f"positions have one dimension, got {rows!r}.")
    return check_array(rows, ensure_2d=False, dtype=None, ensure_min_samples=0)


def check_splits(splits, n):
    """Yield splits as positions counted from the front; each side needs a row."""
    f = -1
    for f, split in enumerate(splits):
        for name, part in zip(("training", "test"), split, strict=True):
            if not len(part):
                raise ValueError(f"The {name} set of fold {f} of cv is empty.")
        yield tuple(np.arange(n)[np.asarray(part)] for part in split)
    if f < 0:
        raise ValueError("cv must have one split or more, got none.")


def is_partition(splits, n):
    """Tell whether each row is tested once and trains every other fold once."""
    once = np.ones(n)
    tested = np.concatenate([test for _, test in splits])
    return np.array_equal(np.bincount(tested, minlength=n), once) and all(
        np.array_equal(np.bincount(np.concatenate(split), minlength=n), once) for split in splits
    )


def leaves_one_out(splits, n):
    """Tell whether every row is tested once, by itself, under a model of all the others."""
    return (
        len(splits) == n > 1
        and all(len(test) == 1 and len(train) == n - 1 for train, test in splits)
        and is_partition(splits, n)
    )


def sums_without_each(parts):
    """Return, for each part, the sum of all others."""
    before = list(accumulate(parts[:-1]))
    after = list(accumulate(reversed(parts[1:])))[::-1]
    middle = [left + right for left, right in zip(before[:-1], after[1:], strict=True)]
    return [after[0], *middle, before[-1]]


def spread_of_targets(y):
    """Return squared deviations (t,) of targets from their mean; of constant ones 0."""
    squares = y.scatter
    return np.where(is_constant(squares, y.mean, y.weight), 0, squares)


def best_of(scores, scoring):
    """Return the mean scores (a, t) of the folds that count, and the best candidate of each target.

    Folds of NaN alone weighed nothing; a candidate of NaN on any other is never the best.
    """
    mean = _of_used_folds(scores).mean(axis=0)
    if not len(mean) or np.isnan(mean).all(axis=0).any():
        raise ValueError(
            f"No candidate has a score: scoring={scoring!r} is NaN on a fold for each. Use larger "
            f"test sets or another scoring."
        )
    if not np.isnan(mean).any():
        return mean, mean.argmax(axis=0)
    warn("Some candidates have scores of NaN: they are out of the choice.", UserWarning)
    return mean, np.nanargmax(mean, axis=0)


def results_of(alphas, scores, seconds):
    """Return the record of a search under the keys of ``GridSearchCV``."""
    over_targets = scores.mean(axis=2)  # (folds, a)
    used = _of_used_folds(scores).mean(axis=2)
    mean = used.mean(axis=0)
    each = np.full(len(alphas), seconds / over_targets.size / 2)  # half to fit, half to score
    rank = 1 + np.searchsorted(np.sort(-mean), -mean)  # of equals the best; NaN comes last
    return {
        "mean_fit_time": each,
        "std_fit_time": np.zeros_like(each),
        "mean_score_time": each.copy(),
        "std_score_time": np.zeros_like(each),
        "param_alpha": np.ma.MaskedArray(alphas, mask=False),
        "params": [{"alpha": float(alpha)} for alpha in alphas],
        **{f"split{f}_test_score": fold for f, fold in enumerate(over_targets)},
        "mean_test_score": mean,
        "std_test_score": used.std(axis=0),
        "rank_test_score": rank.astype(np.int32),
    }


def _of_used_folds(scores):
    """Return the scores of the folds that are not NaN for every candidate, or of all."""
    used = ~np.isnan(scores).all(axis=(1, 2))
    return scores[used] if used.any() else scores
