"""Ridge regression: least squares with a penalty on the size of the weights."""

from time import perf_counter

import numpy as np
from scipy import sparse
from scipy.stats import rankdata
from sklearn import get_config
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch, assert_all_finite, check_array
from sklearn.utils.metadata_routing import (
    UNUSED,
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from skml_lecture.closed_form import ClosedFormEstimator
from skml_lecture.documented import DocumentedEstimator
from skml_lecture.inference import Posterior, infer, of_one_target
from skml_lecture.linear_regression import LinearRegressor, check_alpha, summarize
from skml_lecture.ridge_search import Scorer, Search, check_splits, splits_of
from skml_lecture.solvers import MAX_GRAM, Equations
from skml_lecture.statistics import RegressionMoments, Triangle
from skml_lecture.statistics.summary import LaterSummary
from skml_lecture.validation import (
    check_flag,
    check_flags,
    check_numbers,
    check_option,
    check_real,
    unchanged_on_failure,
    warn,
)

_SOLVERS = ("auto", "cholesky", "svd", "lsqr")
_DEFAULT_SCORING = "neg_mean_squared_error"
_DIGITS_GONE_BELOW = 1e-6  # reciprocal condition of a Gram matrix, in columns of unit norm


class RidgeRegression(LinearRegressor, ClosedFormEstimator):
    r"""Linear regression with an L2 penalty, from statistics that add.

    The lecture's regularised linear model. A larger ``alpha`` gives smaller weights, so a
    smoother function: inputs that change a little change the prediction less.

    .. math:: \min_{\beta, b} \; \tfrac12 \sum_i s_i (y_i - b - \beta^\top x_i)^2
              + \tfrac{\alpha}{2} \|\beta\|^2

    with sample weights :math:`s_i`. A sum over the rows, not a mean; the intercept b is free.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        The lecture's lambda, ``>= 0``, in units of ``y^2`` over ``coef_^2``; one number or one
        per target. 0 is least squares, of minimum norm where the rank is deficient; for a large
        alpha the prediction tends to the mean of ``y``.
    fit_intercept : bool, default=True
        Whether to fit b; without it the function passes through zero.
    solver : {"auto", "cholesky", "svd", "lsqr"}, default="auto"
        How the minimum is computed; all give the same one.

        - "auto": Cholesky decomposition of the centered Gram matrix, of the kernel matrix where
          features outnumber rows; refined on the residuals or replaced by "svd" where the
          condition asks for it, so the result is as accurate as that of "svd". LSQR for large
          sparse X, where it takes a fraction of the time and converges.
        - "cholesky": the same without LSQR.
        - "svd": singular values of the rows, reduced block by block to their triangular factor.
          The factor is kept and adds too, so chunks, ``merge`` and ``refit`` are as accurate; it
          takes about six times as long.
        - "lsqr": the iterations of Paige and Saunders, which read X once each and need O(nnz)
          memory.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Weights, in units of ``y`` over units of the feature.
    intercept_ : float or ndarray of shape (n_targets,)
        The free term b; 0.0 without intercept.
    solver_ : {"cholesky", "svd", "lsqr", "eigh"}
        What ran. "eigh" are the eigenvectors of the Gram matrix, where only that is at hand
        (``partial_fit``, ``merge``, ``refit``) and it is close to singular.
    statistics_ : Summary
        What the model was solved from, kept by ``partial_fit``, and by ``fit`` up to 1000 features
        or where it solved from it. With solver="svd" a :class:`~skml_lecture.statistics.Triangle`.
    moments_ : RegressionMoments
        The values of ``statistics_``: weight, mean and scatter of the columns of X and then y.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had string names.

    See Also
    --------
    RidgeRegressionCV : Chooses alpha by cross-validation.
    statsmodels.api.OLS : The inference at ``alpha=0``.
    sklearn.linear_model.Ridge : The same minimum for the same ``alpha``; cannot learn in chunks.

    Notes
    -----
    Cost O(n d^2 + d^3), one pass over X in blocks, no copy of X; O(n^2 d) for more features than
    rows. The rank is decided once, on columns of unit norm, then least squares is of minimum norm
    in the units of the features. The Gram matrix squares the condition number. Where it says so,
    ``fit`` goes back to the rows; ``partial_fit`` cannot, so there a condition number c of the
    scaled columns leaves about ``16 - 2 log10(c)`` digits: a warning says how many are gone, and
    solver="svd" keeps them.

    References
    ----------
    Lee, lecture 2, regularization; lecture 4, "where does the error come from".

    A. E. Hoerl, R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
    Technometrics 12 (1970), eq. (2.1).

    C. C. Paige, M. A. Saunders, "LSQR: an algorithm for sparse linear equations and sparse least
    squares", ACM Transactions on Mathematical Software 8 (1982).

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture import RidgeRegression
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    >>> model = RidgeRegression(alpha=0).fit(X, y)
    >>> model.predict([[3.0]])
    array([7.])
    >>> model.set_params(alpha=2.0).refit().coef_  # no data needed
    array([1.])
    """

    def __init__(self, alpha=1.0, *, fit_intercept=True, solver="auto"):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver

    def fit(self, X, y, sample_weight=None):
        """Fit the model, forgetting earlier data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Non-negative weights; k counts as k equal rows, 0 as no row.

        Returns
        -------
        self : RidgeRegression
            The fitted model.

        Raises
        ------
        ValueError
            If an input is not finite, a shape does not fit, a weight or alpha is negative, or
            the solver is unknown.
        """
        with unchanged_on_failure(self):
            data, single = self._read(X, y, sample_weight, reset=True)
            alpha = self._check(data.targets.shape[1])
            statistic, self._summary = self._summarized(data, single)
            self._solve_equations(Equations(self.fit_intercept, data, statistic), alpha, single)
        return self

    def _summarized(self, data, single):
        """Return the statistic to solve from, and the summary to keep; None where it is too large.

        Fewer rows than features are solved without, so theirs is made when it is asked for.
        """
        n_targets = None if single else data.targets.shape[1]
        if self.solver != "svd" and data.n_rows < data.n_features <= MAX_GRAM:
            assert_all_finite(data.X, input_name="X")
            blank = self._summary_of(None, n_targets)
            return None, LaterSummary(RegressionMoments.from_data, data.copy(), blank)
        statistic = summarize(data, self.solver)
        return statistic, None if statistic is None else self._summary_of(statistic, n_targets)

    def _summarize(self, X, y, sample_weight, *, reset):
        data, single = self._read(X, y, sample_weight, reset=reset, may_vanish=True)
        self._check(data.targets.shape[1])
        statistic = summarize(data, self.solver, always=True)
        return self._summary_of(statistic, None if single else data.targets.shape[1])

    def _takes(self, values):
        return isinstance(values, RegressionMoments | Triangle)

    def _solve(self, values, *, whole):  # noqa: ARG002 - a warning is due at any time
        alpha = self._check(values.n_targets)
        single = self._summary.n_targets is None
        self._solve_equations(Equations(self.fit_intercept, statistic=values), alpha, single)

    def _solve_equations(self, equations, alpha, single):
        """Set the solution, and say where it has lost digits."""
        solver = equations.solver(alpha, self.solver)
        coef = solver.coefs(alpha)
        self.solver_ = solver.name
        self._penalty = alpha, self.fit_intercept
        self._publish(coef, equations.intercept(coef), single)
        if solver.name == "lsqr" and not solver.converged:
            warn(
                "LSQR did not converge: scale the features, raise alpha, or use solver='svd'.",
                ConvergenceWarning,
            )
        of_gram = equations.data is None and isinstance(equations.statistic, RegressionMoments)
        if of_gram and solver.rcond < _DIGITS_GONE_BELOW:
            digits = -np.log10(max(solver.rcond, 1e-16))
            warn(
                f"The columns are nearly dependent: the Gram matrix that was kept loses about "
                f"{digits:.0f} of 16 digits of coef_. solver='svd' keeps the triangular factor "
                f"of the rows instead, which does not square their condition.",
                UserWarning,
            )

    def predict(self, X, return_std=False):
        r"""Return the predictions ``X @ coef_.T + intercept_``, and how uncertain they are.

        The variance of a new target is that of the noise and that of the coefficients,

        .. math:: \hat\sigma^2 \big(1 + 1 / W + (x - \bar x)^\top (S + \alpha I)^{-1}
                  (x - \bar x)\big)

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows, in the units of the training data.
        return_std : bool, default=False
            Whether to return standard deviations too. They come from the kept statistics, at
            the cost of one more solution, O(d^3).

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions in the units of the target.
        std : ndarray of the shape of y
            Standard deviations of new targets, in the same units; only with ``return_std``.
            NaN, with a warning, where they are not determined.
        """
        check_flag("return_std", return_std)
        X = self._read_rows(X)
        if not return_std:
            return self._predict(X)
        posterior = self._posterior()
        std = posterior.prediction_errors(X.toarray() if sparse.issparse(X) else X)
        return self._predict(X), std[:, 0] if self.coef_.ndim == 1 else std

    def inference(self, level=0.95):
        """Return standard errors, tests and intervals of the coefficients.

        From the kept statistics, so also after chunks, ``merge``, ``forget`` and ``refit``. At
        ``alpha=0`` those of ordinary least squares, a weight of k counting as k rows. With a
        penalty those of the posterior of the Gaussian prior that it is; its estimates are
        shrunk, so the intervals are of the penalised coefficients.

        Parameters
        ----------
        level : float, default=0.95
            Probability of the intervals, between 0 and 1.

        Returns
        -------
        inference : Bunch
            ``coef``, ``standard_error``, ``t``, ``p_value`` (two-sided) in the shape of
            ``coef_``, ``interval`` with lower and upper ends in a last axis; the same for the
            ``intercept`` (None without one); ``sigma``, the standard deviation of the noise;
            ``degrees_of_freedom``, the trace of the hat matrix; ``r2``, ``log_likelihood`` (in
            nats), ``aic``, ``bic``. Printed, it is a table.

        Raises
        ------
        ValueError
            If the fit kept no statistics, or the level is not between 0 and 1.

        Warns
        -----
        UserWarning
            Where rows do not determine the coefficients, or leave nothing to tell the noise by:
            standard errors are NaN.
        """
        check_is_fitted(self)
        bounds = {"min_val": 0, "max_val": 1, "include_boundaries": "neither"}
        check_real("level", level, **bounds)
        posterior = self._posterior()
        single = self.coef_.ndim == 1
        names = getattr(self, "feature_names_in_", None)
        names = [f"x{j}" for j in range(self.n_features_in_)] if names is None else list(names)
        coef, intercept = np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_)
        result = infer(posterior, coef, intercept, names, level)
        return of_one_target(result) if single else result

    def _posterior(self):
        """Return the distribution of the coefficients, and warn where it is none."""
        alpha, fit_intercept = self._penalty
        posterior = Posterior.of(self._kept_summary().values, alpha, fit_intercept)
        posterior.warn_if_undetermined()
        return posterior

    @property
    def moments_(self):
        """Weight, mean and scatter of the columns of X and then y."""
        values = self.statistics_.values
        if isinstance(values, Triangle):  # no such attribute
            raise AttributeError(  # noqa: TRY004
                "moments_: solver='svd' keeps the triangular factor of the rows, see statistics_."
            )
        return values

    def _check(self, n_targets):
        check_flags(self)
        check_option("solver", self.solver, _SOLVERS)
        return check_alpha(self.alpha, n_targets)

    def _why_no_statistics(self):
        return (
            f"solver_={self.solver_!r} went without them. Use partial_fit from the first rows on, "
            f"or fit with solver='cholesky' and at most {MAX_GRAM} features."
        )


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
    >>> model = RidgeRegressionCV([0.001, 0.1, 10.0, 1000.0], cv=5).fit(X, y)
    >>> print(model.alpha_)
    0.001
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
            self._check_alphas()
            data, single = self._read(X, y, sample_weight, reset=True)
            statistic = summarize(data)
            equations = Equations(self.fit_intercept, data, statistic)
            grid = equations.grid() if self._is_automatic() else self._check_alphas()
            alphas, each = np.unique(grid, return_inverse=True)
            y = y if hasattr(y, "iloc") else (data.targets[:, 0] if single else data.targets)
            routed = self._route(sample_weight, groups, params)
            start = perf_counter()
            search = self._search(data, X, y, alphas, routed)
            if self.cv is None:
                scores = search.left_out()
            else:
                splits = splits_of(self.cv, X, y, **routed.splitter.split)
                scores = search.of_folds(check_splits(splits, data.n_rows))
            search.scorer.warn_of_failures()
            if not self.alpha_per_target:
                scores = scores.mean(axis=2, keepdims=True)
            self._choose(alphas[each], scores[:, each], perf_counter() - start, single)
            alpha = np.broadcast_to(self.alpha_, data.targets.shape[1])
            coef = equations.solver(alpha, "cholesky").coefs(alpha)
            self._publish(coef, equations.intercept(coef), single)
        return self

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

    def _search(self, data, X, y, alphas, routed):
        """Return the search among the candidates, its scorer checked."""
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
            _Models(self),
            self.alpha_per_target,
        )

    def _scorer(self):
        """Return what scores fitted models."""
        if not (self.scoring is None or isinstance(self.scoring, str) or callable(self.scoring)):
            raise ValueError(f"scoring must be one scorer or its name, got {self.scoring!r}.")
        return check_scoring(
            self, scoring=_DEFAULT_SCORING if self.scoring is None else self.scoring
        )

    def _is_automatic(self):
        return isinstance(self.alphas, str) and self.alphas == "auto"

    def _check_alphas(self):
        """Return the candidates as an array, None where the data choose them."""
        if self._is_automatic():
            return None
        alphas = check_array(
            np.atleast_1d(check_numbers("alphas", self.alphas)),
            ensure_2d=False,
            allow_nd=True,
            ensure_min_samples=0,  # said below, by name
            input_name="alphas",
        )
        if alphas.ndim != 1 or not len(alphas) or (alphas < 0).any():
            raise ValueError(f"alphas must be one or more numbers >= 0, got {self.alphas!r}.")
        return alphas

    def _choose(self, alphas, scores, seconds, single):
        """Set the choice and its record from ``scores`` (folds, a, t) or (folds, a, 1)."""
        used = ~np.isnan(scores).all(axis=(1, 2))
        if not used.any():
            raise ValueError(
                f"No candidate has a score: scoring={self.scoring!r} is NaN on every fold. Use "
                f"larger test sets or another scoring."
            )
        mean = scores[used].mean(axis=0)  # (a, t)
        if np.isnan(mean).all(axis=0).any():
            raise ValueError(f"No candidate has a score on every fold: {mean.ravel().tolist()}.")
        if np.isnan(mean).any():
            warn("Some candidates have scores of NaN: they are out of the choice.", UserWarning)
        best = np.nanargmax(mean, axis=0)
        self.alpha_, self.best_score_ = alphas[best], mean[best, np.arange(len(best))]
        self._warn_of_edges(alphas, mean)
        if single or not self.alpha_per_target:
            self.alpha_, self.best_score_ = self.alpha_[0], self.best_score_[0]
        over_targets = scores.mean(axis=2)  # (folds, a)
        mean = over_targets[used].mean(axis=0)
        each = np.full(len(alphas), seconds / over_targets.size / 2)  # half to fit, half to score
        self.cv_results_ = {
            "mean_fit_time": each,
            "std_fit_time": np.zeros_like(each),
            "mean_score_time": each.copy(),
            "std_score_time": np.zeros_like(each),
            "param_alpha": np.ma.MaskedArray(alphas, mask=False),
            "params": [{"alpha": float(alpha)} for alpha in alphas],
            **{f"split{f}_test_score": fold for f, fold in enumerate(over_targets)},
            "mean_test_score": mean,
            "std_test_score": over_targets[used].std(axis=0),
            "rank_test_score": rankdata(-np.nan_to_num(mean, nan=-np.inf), method="min").astype(
                np.int32
            ),
        }

    def _warn_of_edges(self, alphas, mean):
        """Say where the best candidate is at the edge, so that a better one may lie beyond."""
        differ = np.nanmax(mean, axis=0) > np.nanmin(mean, axis=0)
        chosen = self.alpha_[differ]
        sides = [
            side
            for side, edge in (("smallest", alphas.min()), ("largest", alphas.max()))
            if edge > 0 and (chosen == edge).any()
        ]
        if sides and len(np.unique(alphas)) > 1:
            edges = " and ".join(sides)
            beyond = " and ".join({"smallest": "smaller", "largest": "larger"}[s] for s in sides)
            warn(
                f"The best alpha is the {edges} of the candidates: add {beyond} ones to alphas, "
                f"or let alphas='auto' choose them.",
                UserWarning,
            )
