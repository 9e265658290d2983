"""Ridge regression that chooses its penalty by cross-validation."""

from copy import copy
from functools import cache
from numbers import Integral
from time import perf_counter

import numpy as np
from sklearn import get_config
from sklearn.metrics import check_scoring, get_scorer
from sklearn.model_selection import check_cv
from sklearn.utils import (
    Bunch,
    check_consistent_length,
    check_scalar,
    column_or_1d,
)
from sklearn.utils.metadata_routing import (
    UNUSED,
    MetadataRouter,
    MethodMapping,
    process_routing,
)

from skml_lecture.documented import DocumentedEstimator
from skml_lecture.linear_regression import LinearRegressor, summarize, warn_of_lost_digits
from skml_lecture.ridge import RidgeRegression
from skml_lecture.ridge_search import (
    ADVICE,
    Scorer,
    Search,
    best_of,
    check_splits,
    is_partition,
    results_of,
    scores_of_statistics,
    splits_of,
)
from skml_lecture.solvers import Equations
from skml_lecture.statistics import FoldMoments, RegressionMoments, Summary
from skml_lecture.validation import (
    check_flags,
    check_penalties,
    check_total_weight,
    unchanged_on_failure,
    warn,
)

_DEFAULT_SCORING = "neg_mean_squared_error"


@cache
def _named_scorer(name):
    return get_scorer(name)  # a copy, which nobody else can change


def _default_scorer():
    """Return the scorer where the caller has none, and so none to request weights with."""
    if not get_config()["enable_metadata_routing"]:
        return _named_scorer(_DEFAULT_SCORING)
    return get_scorer(_DEFAULT_SCORING).set_score_request(sample_weight=True)


class _Predictions(RidgeRegression):
    """A candidate whose predictions of the rows, each left out in turn, are given."""

    def predict(self, X):  # noqa: ARG002 - the rows that were left out
        return self._given


class _Models:
    """The fitted models of the candidates, as scorers see them."""

    def __init__(self, search):
        self.search = search

    def __call__(self, alpha, coef, intercept, target, cls=RidgeRegression):
        model = cls(float(alpha), fit_intercept=self.search.fit_intercept)
        model.n_features_in_ = self.search.n_features_in_
        if hasattr(self.search, "feature_names_in_"):
            model.feature_names_in_ = self.search.feature_names_in_
        model.solver_ = "eigh"
        chosen = slice(None) if target is None else [target]
        model._publish(coef[chosen], intercept[chosen], target is not None)
        return model

    def of_predictions(self, alpha, predictions):
        """Return what makes the model of a target whose predictions are given."""
        d, t = self.search.n_features_in_, predictions.shape[1]

        def model(target):
            fitted = self(alpha, np.zeros((t, d)), np.zeros(t), target, _Predictions)
            fitted._given = predictions if target is None else predictions[:, target]
            return fitted

        return model


class RidgeRegressionCV(LinearRegressor, DocumentedEstimator):
    r"""Ridge regression with alpha chosen by cross-validation, from statistics of the folds.

    The lecture's N-fold cross-validation: every candidate is scored on rows that it was not
    fitted on, and the winner is refitted on all rows. The statistics of a training set are the
    sum of those of its folds, one eigendecomposition of each serves every alpha, and the squared
    errors of a fold follow from its statistics, so X is read once however many candidates.

    .. math:: \mathrm{score}(\alpha) = -\frac1k \sum_{f=1}^k \frac{1}{W_f}
              \sum_{i \in f} s_i \big(y_i - b^{(-f)}_\alpha - x_i^\top
              \beta^{(-f)}_\alpha\big)^2

    The score of a fold is weighted by the rows' weights; folds count equally.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,) or "auto", default=(0.1, 1.0, 10.0)
        Candidates ``>= 0`` with the meaning of ``RidgeRegression``'s ``alpha``. "auto": five for
        each power of ten, from what changes nothing to what leaves nothing of the coefficients,
        by the eigenvalues of the data. Where the best of several is the smallest or the largest,
        a warning says so.
    fit_intercept : bool, default=True
        Whether to fit the free term.
    cv : int, cross-validation generator or iterable, default=None
        None: leave-one-out, exactly, without refitting. Otherwise as in ``GridSearchCV``: a
        number of folds, a splitter, or a list of (train, test) positions; test sets may overlap
        or leave rows out.
    scoring : str or callable, default=None
        Any regression scorer; None is "neg_mean_squared_error". That one,
        "neg_root_mean_squared_error" and "r2" come from the statistics, others from predictions.
        A scorer that takes no ``sample_weight`` scores unweighted.
    alpha_per_target : bool, default=False
        Whether each target has an alpha of its own.

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The best candidate; the first of equals.
    best_score_ : float or ndarray of shape (n_targets,)
        Its mean score.
    cv_results_ : dict of ndarrays
        The keys of ``GridSearchCV``: ``params``, ``param_alpha``, ``split0_test_score``, ...,
        ``mean_test_score``, ``std_test_score``, ``rank_test_score`` and the times in seconds (a
        whole search's, shared out equally). Scores are means over targets. Leave-one-out is
        one split, scored over all rows together.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Weights of the best candidate on all rows.
    intercept_ : float or ndarray of shape (n_targets,)
        Its free term; 0.0 without intercept.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had string names.

    See Also
    --------
    RidgeRegression : The model for one alpha.
    sklearn.linear_model.RidgeCV : The same choice; k folds cost it one fit per fold and alpha.
    sklearn.model_selection.GridSearchCV : The same scores for ``Ridge``, one fit for each.

    Notes
    -----
    Cost O(n d^2 + k (d^3 + a d^2)) for k folds and a candidates; leave-one-out O(n d (d + a)), rows
    of leverage one included. More features than rows go through the kernel matrix, O(n^2 d) for
    each fold. Where the statistics would lose digits (a near-singular Gram matrix, residuals far
    smaller than the targets), the rows are used instead. So for many rows a search takes about
    the time of a fit; where a fit takes less than a millisecond, it takes one for each fold and
    what the scores cost.

    A fold that weighs nothing is skipped. A score that fails or is NaN is NaN, is told, and never
    wins. Scorers see a fitted :class:`RidgeRegression` of the candidate and the rows as they were
    given; metadata are routed as by ``GridSearchCV``.

    References
    ----------
    Lee, lecture 4, "N-fold cross validation".

    R. M. Rifkin, R. A. Lippert, "Notes on regularized least squares", MIT-CSAIL-TR-2007-025,
    section 4 (leave-one-out).

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skml_lecture import RidgeRegressionCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = RidgeRegressionCV([0.001, 0.01, 0.1, 1.0]).fit(X, y)
    >>> print(model.alpha_)
    0.01
    """

    __metadata_request__fit = {"groups": UNUSED}  # noqa: RUF012 - scikit-learn reads it so

    def __init__(
        self,
        alphas=(0.1, 1.0, 10.0),
        *,
        fit_intercept=True,
        cv=None,
        scoring=None,
        alpha_per_target=False,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.scoring = scoring
        self.alpha_per_target = alpha_per_target

    def get_metadata_routing(self):
        """Return what scorer and splitter take of the metadata of ``fit``.

        Returns
        -------
        routing : MetadataRouter
            See scikit-learn's guide on metadata routing.
        """
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        for name, part, callee in (
            ("scorer", self._scorer(), "score"),
            ("splitter", check_cv(self.cv), "split"),
        ):
            mapping = MethodMapping().add(caller="fit", callee=callee)
            router.add(**{name: part}, method_mapping=mapping)
        return router

    def fit(self, X, y, sample_weight=None, groups=None, **params):
        """Score every candidate and fit the best on all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Non-negative weights of the rows, in the fits and in the scores.
        groups : array-like of shape (n_samples,), default=None
            Groups for a splitter that wants them.
        **params : dict
            Metadata for scorer and splitter, with scikit-learn's metadata routing.

        Returns
        -------
        self : RidgeRegressionCV
            The fitted model.

        Raises
        ------
        ValueError
            If an input is not finite, a shape does not fit, a weight or alpha is negative, or
            the scorer or splitter does not fit the data.
        """
        with unchanged_on_failure(self):
            check_flags(self)
            grid = self._check_alphas()
            data, single = self._read(X, y, sample_weight, reset=True)
            statistic, self._summary = summarize(data, of_wide=False), None
            equations = Equations(self.fit_intercept, data, statistic)
            grid = equations.grid() if grid is None else grid
            alphas, each = np.unique(grid, return_inverse=True)
            y = y if hasattr(y, "iloc") else (data.targets[:, 0] if single else data.targets)
            routed = self._route(sample_weight, groups, params)
            start = perf_counter()
            search = self._search(equations, X, y, alphas, routed)
            if self.cv is None:
                scores = search.left_out()
            else:
                splits = splits_of(self.cv, X, y, **routed.splitter.split)
                scores = search.of_folds(list(check_splits(splits, data.n_rows)))
            search.scorer.warn_of_failures()
            if not self.alpha_per_target:
                scores = scores.mean(axis=2, keepdims=True)
            self._choose(alphas[each], scores[:, each], perf_counter() - start, single)
            alpha = np.full(data.targets.shape[1], self.alpha_, np.float64)
            coef = equations.solver(alpha, "cholesky").coefs(alpha)
            self._publish(coef, equations.intercept(coef), single)
        return self

    def summarize(self, X, y, sample_weight=None, *, folds=None):
        """Return a statistic for each fold of rows; the model stays as it is.

        Statistics add (``+``), subtract and scale: those of parts of the rows to that of all.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Non-negative weights.
        folds : array-like of int of shape (n_samples,), default=None
            The fold that tests each row, from 0 to one less than their number; ``cv`` must be
            that number. None: as ``cv`` splits these rows, its test sets a partition of them.

        Returns
        -------
        statistic : Summary
            With a :class:`~skml_lecture.statistics.FoldMoments`.
        """
        reader, fitted = copy(self), hasattr(self, "coef_")
        data, single = reader._read(X, y, sample_weight, reset=not fitted, may_vanish=True)
        if folds is None:
            if self.cv is None:
                raise ValueError("Leave-one-out has a fold for each row: use cv=5, or folds=.")
            splits = list(check_splits(splits_of(self.cv, X, y), data.n_rows))
            if not is_partition(splits, data.n_rows):
                raise ValueError("Statistics of folds need every row in one test set of cv.")
            tests = [test for _, test in splits]
        else:
            check_scalar(self.cv, "cv", Integral, min_val=2)
            folds = column_or_1d(folds)
            check_consistent_length(data.targets, folds)
            tests = [np.flatnonzero(folds == f) for f in range(self.cv)]
            if sum(map(len, tests)) < data.n_rows:
                raise ValueError(f"folds must be from 0 to {self.cv - 1}, got {np.unique(folds)}.")
        return reader._summarize_parts(data, single, tests)

    def _summarize_parts(self, data, single, parts):
        """Return a statistic of the moments of the rows at each of some positions."""
        summarize(data, "cholesky", always=True)  # which refuses what is not finite
        moments = tuple(RegressionMoments.from_data(data.pick(rows)) for rows in parts)
        names = getattr(self, "feature_names_in_", None)
        n_targets = None if single else data.targets.shape[1]
        return Summary(FoldMoments(moments), self.n_features_in_, names, n_targets)

    def fit_statistics(self, statistic):
        """Choose alpha and set the model from statistics of folds alone.

        Parameters
        ----------
        statistic : Summary
            From :meth:`summarize`, or a sum of such.

        Returns
        -------
        self : RidgeRegressionCV
            The fitted model.

        Raises
        ------
        TypeError
            If it is no statistic of folds.
        ValueError
            If fewer than two folds have rows, or ``scoring`` needs predictions.
        """
        if not (isinstance(statistic, Summary) and isinstance(statistic.values, FoldMoments)):
            raise TypeError(
                f"fit_statistics needs what RidgeRegressionCV.summarize returns, or a sum of such, "
                f"got {type(statistic).__name__}."
            )

        def scores(equations, alphas, scoring):
            folds = statistic.values.folds
            scores = scores_of_statistics(folds, alphas, scoring, self.fit_intercept)
            return scores, equations

        self._fit_statistics(statistic, statistic.values.whole, scores)
        self._summary = statistic
        return self

    def _fit_statistics(self, statistic, whole, scores_of):
        """Choose alpha by its score, and solve for it.

        ``scores_of(equations, alphas, scoring)`` gives the scores, and the equations to solve.
        """
        with unchanged_on_failure(self):
            check_flags(self)
            grid = self._check_alphas()
            single = statistic.n_targets is None
            check_total_weight(whole.weight)
            equations = Equations(self.fit_intercept, statistic=whole)
            grid = equations.grid() if grid is None else grid
            alphas, each = np.unique(grid, return_inverse=True)
            start = perf_counter()
            scoring = _DEFAULT_SCORING if self.scoring is None else self.scoring
            scores, equations = scores_of(equations, alphas, scoring)
            if not self.alpha_per_target:
                scores = scores.mean(axis=2, keepdims=True)
            vars(self).pop("feature_names_in_", None)
            self.n_features_in_ = statistic.n_features
            if statistic.feature_names is not None:
                self.feature_names_in_ = statistic.feature_names
            self._choose(alphas[each], scores[:, each], perf_counter() - start, single)
            alpha = np.full(whole.n_targets, self.alpha_, np.float64)
            solver = equations.solver(alpha)
            coef = solver.coefs(alpha)
            self._publish(coef, equations.intercept(coef), single)
            self._summary = None
            warn_of_lost_digits(equations, solver, f"coef_. {ADVICE}")
        return self

    @property
    def statistics_(self):
        """The statistic that :meth:`fit_statistics` was given."""
        if getattr(self, "_summary", None) is None:
            raise AttributeError("statistics_: the model was fitted on rows and kept none.")
        return self._summary

    def _route(self, sample_weight, groups, params):
        """Return the metadata of scorer and splitter."""
        given = {"sample_weight": sample_weight, "groups": groups, **params}
        given = {name: value for name, value in given.items() if value is not None}
        if get_config()["enable_metadata_routing"]:
            return process_routing(self, "fit", **given)
        if params:
            raise ValueError(
                f"fit got {list(params)}, which only metadata routing can pass on: call "
                f"sklearn.set_config(enable_metadata_routing=True)."
            )
        weight = {} if sample_weight is None else {"sample_weight": sample_weight}
        return Bunch(scorer=Bunch(score=weight), splitter=Bunch(split={"groups": groups}))

    def _search(self, equations, X, y, alphas, routed):
        """Return the search among the candidates, its scorer checked."""
        data = equations.data
        present = data.n_rows if data.weight is None else np.count_nonzero(data.weight)
        if self.cv is None and present < 2:
            raise ValueError(f"Leave-one-out needs two rows or more, got n_samples = {present}.")
        metadata = dict(routed.scorer.score)
        if metadata.get("sample_weight") is not None:
            metadata["sample_weight"] = data.weight
        routing = get_config()["enable_metadata_routing"]
        return Search(
            data,
            X,
            y,
            alphas,
            self.fit_intercept,
            _DEFAULT_SCORING if self.scoring is None else self.scoring,
            Scorer(self._scorer(), metadata, optional=not routing),
            equations,
            _Models(self),
            self.alpha_per_target,
        )

    def _scorer(self):
        """Return what scores fitted models."""
        if not (self.scoring is None or isinstance(self.scoring, str) or callable(self.scoring)):
            raise ValueError(f"scoring must be one scorer or its name, got {self.scoring!r}.")
        if callable(self.scoring):
            return check_scoring(self, scoring=self.scoring)
        return _default_scorer() if self.scoring is None else _named_scorer(self.scoring)

    def _check_alphas(self):
        """Return the candidates as an array, None where the data choose them."""
        if isinstance(self.alphas, str) and self.alphas == "auto":
            return None
        return check_penalties("alphas", self.alphas)

    def _choose(self, alphas, scores, seconds, single):
        """Set the choice and its record from ``scores`` (folds, a, t) or (folds, a, 1)."""
        mean, best = best_of(scores, self.scoring)
        self.alpha_, self.best_score_ = alphas[best], mean[best, np.arange(len(best))]
        self._warn_of_edges(alphas, mean)
        if single or not self.alpha_per_target:
            self.alpha_, self.best_score_ = self.alpha_[0], self.best_score_[0]
        self.cv_results_ = results_of(alphas, scores, seconds)

    def _warn_of_edges(self, alphas, mean):
        """Say where the best candidate is at the edge, so that a better one may lie beyond."""
        least, most = alphas.min(), alphas.max()
        if least == most:
            return
        chosen = self.alpha_[np.fmax.reduce(mean) > np.fmin.reduce(mean)]
        sides = [
            side
            for side, edge in (("smallest", least), ("largest", most))
            if edge > 0 and (chosen == edge).any()
        ]
        if sides:
            edges = " and ".join(sides)
            beyond = " and ".join({"smallest": "smaller", "largest": "larger"}[s] for s in sides)
            warn(
                f"The best alpha is the {edges} of the candidates: add {beyond} ones to alphas, "
                f"or let alphas='auto' choose them.",
                UserWarning,
            )
