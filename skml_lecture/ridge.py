"""Ridge regression: least squares with a penalty on the size of the weights."""

from functools import partial
from time import perf_counter

import numpy as np
from scipy import sparse
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from skml_lecture.closed_form import ClosedFormEstimator
from skml_lecture.documented import DocumentedEstimator
from skml_lecture.least_squares import (
    MAX_GRAM,
    Rows,
    check_overflow,
    gram_and_cross,
    intercept_of,
    solve_eigen,
    solve_gram,
    solve_rows,
    solve_svd,
    solve_wide,
    summarize,
)
from skml_lecture.lsqr import solve_lsqr
from skml_lecture.ridge_path import (
    SCORES,
    RidgePath,
    check_splits,
    fold_scores,
    from_errors,
    spread_of_targets,
)
from skml_lecture.statistics import Moments
from skml_lecture.validation import (
    check_flags,
    check_numbers,
    check_option,
    check_weight,
    unchanged_on_failure,
    warn,
)

_SOLVERS = ("auto", "cholesky", "svd", "lsqr")
_MAX_SPARSE_GRAM = 2800  # features up to which a sparse X is worth a dense Gram matrix (63 MB)


def check_alpha(alpha, n_targets):
    """Return ``alpha`` as one value per target."""
    alpha = np.atleast_1d(check_numbers("alpha", alpha))
    alpha = check_array(alpha, ensure_2d=False, input_name="alpha")
    if alpha.ndim != 1 or len(alpha) not in (1, n_targets):
        raise ValueError(
            f"alpha must be a number or one number per target ({n_targets}), "
            f"got shape {alpha.shape}."
        )
    if (alpha < 0).any():
        raise ValueError(f"alpha must be >= 0, got {alpha.min()}.")
    return np.broadcast_to(alpha, n_targets)


class LinearPrediction(RegressorMixin):
    """What both ridge estimators share: reading rows, predicting from ``coef_``."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        return tags

    def predict(self, X):
        """Return the predictions ``X @ coef_.T + intercept_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows, in the units of the training data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions in the units of the target.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, accept_sparse="csr", dtype=[np.float64, np.float32])
        return X @ self.coef_.T + self.intercept_

    def _read(self, X, y, sample_weight, reset, *, may_vanish=False):
        """Return validated ``X``, ``Y`` (n, t) and weights; ``X`` may still hold NaN."""
        X, y = validate_data(
            self,
            X,
            y,
            reset=reset,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            multi_output=True,
            y_numeric=True,
        )
        assert_all_finite(y, input_name="y")
        y = y.astype(np.float64, copy=False)
        weight = check_weight(sample_weight, X, may_vanish=may_vanish)
        return X, y.reshape(len(y), -1), weight, y.ndim == 1

    def _publish(self, coef, intercept, single):
        """Set ``coef_`` and ``intercept_`` in the shape of the targets."""
        check_overflow(coef)
        self.coef_ = coef[0] if single else coef
        if not self.fit_intercept:
            self.intercept_ = 0.0
        else:
            self.intercept_ = float(intercept[0]) if single else intercept


class RidgeRegression(LinearPrediction, ClosedFormEstimator):
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

        - "auto": Cholesky decomposition of the centered Gram matrix (of the kernel matrix where
          features outnumber rows and 1000), refined on the residuals or replaced by "svd" where
          the condition asks for it, so the result is as accurate as that of "svd"; LSQR for
          sparse X of more than 2800 features.
        - "cholesky": the same without LSQR.
        - "svd": singular value decomposition of the rows, reduced block by block to their
          triangular factor.
        - "lsqr": the iterations of Paige and Saunders, which read X once each and need O(nnz)
          memory.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Weights, in units of ``y`` over units of the feature.
    intercept_ : float or ndarray of shape (n_targets,)
        The free term b; 0.0 without intercept.
    solver_ : {"cholesky", "svd", "lsqr", "eigh"}
        What ran. "eigh" are the eigenvectors of the Gram matrix, where only statistics are at
        hand (``partial_fit``, ``merge``, ``refit``) and they are close to singular.
    moments_ : Moments
        Weight, mean and scatter of the columns of X and then y. Only where they were kept: by
        ``partial_fit``, and by ``fit`` where it solved from them.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had string names.

    See Also
    --------
    RidgeRegressionCV : Chooses alpha by cross-validation at the price of one fit.
    sklearn.linear_model.Ridge : The same minimum for the same ``alpha``; cannot learn in chunks.

    Notes
    -----
    Cost O(n d^2 + d^3), one pass over X in blocks, no copy of X; O(n^2 d) for more features than
    rows. The Gram matrix squares the condition number. Where it says so, ``fit`` goes back to the
    rows; ``partial_fit`` cannot, so there a condition number c of the scaled columns leaves about
    ``16 - 2 log10(c)`` digits.

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
            X, Y, weight, single = self._read(X, y, sample_weight, reset=True)
            alpha = self._check(Y)
            coef, intercept, self.solver_, moments = self._solve_from_rows(X, Y, weight, alpha)
            n_targets = None if single else Y.shape[1]
            self._summary = None if moments is None else self._summary_of(moments, n_targets)
            self._publish(coef, intercept, single)
        return self

    def _summarize(self, X, y, sample_weight, *, reset):
        X, Y, weight, single = self._read(X, y, sample_weight, reset=reset, may_vanish=True)
        self._check(Y)
        return self._summary_of(summarize(X, Y, weight), None if single else Y.shape[1])

    def _takes(self, values):
        return isinstance(values, Moments)

    @property
    def moments_(self):
        """Weight, mean and scatter of the columns of X and then y."""
        return self.statistics_.values

    def _check(self, Y):
        check_flags(self)
        check_option("solver", self.solver, _SOLVERS)
        return check_alpha(self.alpha, Y.shape[1])

    def _solve_from_rows(self, X, Y, weight, alpha):
        """Return coefficients, intercepts, the solver's name, and statistics where cheap."""
        moments = None
        (n, d), solver, fit_intercept = X.shape, self.solver, self.fit_intercept
        if solver == "auto" and sparse.issparse(X) and d > _MAX_SPARSE_GRAM:
            solver = "lsqr"
        wide = d > max(n, MAX_GRAM)
        if d <= MAX_GRAM or not (wide or solver in ("svd", "lsqr")):
            moments = summarize(X, Y, weight)
        else:
            assert_all_finite(X, input_name="X")
        if solver == "lsqr":
            return *self._solve_lsqr(X, Y, weight, alpha), moments
        if solver == "svd":
            return *solve_svd(Rows.centered(X, Y, weight, fit_intercept), alpha), "svd", moments
        if wide:
            return *solve_wide(X, Y, weight, alpha, fit_intercept=fit_intercept), moments
        found = solve_rows(X, Y, weight, moments, alpha, fit_intercept=fit_intercept)
        return *found, moments

    def _solve_lsqr(self, X, Y, weight, alpha):
        rows = Rows.centered(X, Y, weight, self.fit_intercept)
        coef, converged = solve_lsqr(rows, alpha)
        if not converged:
            warn(
                "LSQR did not converge: scale the features, raise alpha, or use solver='svd'.",
                ConvergenceWarning,
            )
        return coef, rows.y_center - coef @ rows.x_center, "lsqr"

    def _solve(self, values, *, whole):  # noqa: ARG002 - never warns
        moments, d = values, self.n_features_in_
        check_flags(self)
        alpha = check_alpha(self.alpha, moments.n_features - d)
        check_option("solver", self.solver, _SOLVERS)
        gram, cross = gram_and_cross(moments, d, self.fit_intercept)
        coef, self.solver_ = solve_gram(gram, cross, alpha), "cholesky"
        if coef is None:
            coef, self.solver_ = solve_eigen(gram, cross, alpha), "eigh"
        self._publish(coef, intercept_of(moments, coef), self._summary.n_targets is None)

    def _why_no_statistics(self):
        return (
            f"solver_={self.solver_!r} went without them. Use partial_fit from the first rows on, "
            f"or fit with solver='cholesky' and at most {MAX_GRAM} features."
        )


class RidgeRegressionCV(LinearPrediction, DocumentedEstimator):
    r"""Ridge regression with alpha chosen by cross-validation, at about the price of one fit.

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
    alphas : array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
        Candidates ``>= 0`` with the meaning of ``RidgeRegression``'s ``alpha``.
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
    Cost O(n d^2 + k (d^3 + a d^2)) for k folds and a candidates; leave-one-out O(n d (d + a)).
    More features than rows (and than 1000) go through the kernel matrix, O(n^2 d) for each fold.
    Where the statistics would lose digits (a near-singular Gram matrix, residuals far smaller
    than the targets), the rows are used instead.

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
    >>> model.alpha_
    0.001
    """

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

    def fit(self, X, y, sample_weight=None, groups=None):
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
            X, Y, weight, single = self._read(X, y, sample_weight, reset=True)
            n = len(Y) if weight is None else np.count_nonzero(weight)
            if self.cv is None and n < 2:
                raise ValueError(f"Leave-one-out needs two rows or more, got n_samples = {n}.")
            check_scoring(self, scoring=self.scoring)
            if not (
                self.scoring is None or isinstance(self.scoring, str) or callable(self.scoring)
            ):
                raise ValueError(f"scoring must be one scorer or its name, got {self.scoring!r}.")
            alphas, each = np.unique(self._check_alphas(), return_inverse=True)
            path = RidgePath(X, Y, weight, alphas, self.fit_intercept)
            path.check_finite()
            y = Y[:, 0] if single else Y
            start = perf_counter()
            if self.cv is None:
                scores = self._score_left_out(path, y)[np.newaxis]
            else:
                scores = self._score_folds(path, y, groups)
            if not self.alpha_per_target:
                scores = scores.mean(axis=2, keepdims=True)
            self._choose(alphas[each], scores[:, each], perf_counter() - start, single)
            alpha = np.broadcast_to(self.alpha_, Y.shape[1])
            self._publish(*path.solve(alpha), single)
        return self

    def _check_alphas(self):
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

    def _score_left_out(self, path, y):
        """Return scores (a, t), or (a, 1) over all targets, of rows left out one at a time."""
        Y, weight = path.Y, path.weight
        scoring = self.scoring or "neg_mean_squared_error"
        moments = Moments.from_samples(Y, weight) if path.wide else path.moments
        spread = spread_of_targets(moments, Y.shape[1])
        if from_errors(scoring, len(Y), spread):
            root = None if weight is None else np.sqrt(weight)

            def sum_of_squares(rows, E):
                if root is not None:
                    E *= root[rows]
                return np.einsum("tai,tai->ta", E, E)

            errors = np.sum(path.leave_one_out(sum_of_squares), axis=0).T
            return SCORES[scoring](errors, moments.weight, spread)
        predictions = np.empty((len(path.alphas), *Y.shape))

        def keep(rows, E):
            predictions[:, rows] = Y[rows] - E.transpose(1, 2, 0)

        path.leave_one_out(keep)
        return np.array([self._score(_Given, P, y, weight) for P in predictions])

    def _score_folds(self, path, y, groups):
        """Return scores (folds, a, t), or (folds, a, 1) over all targets."""
        splits = [
            tuple(
                np.flatnonzero(s) if np.asarray(s).dtype == bool else np.asarray(s) for s in split
            )
            for split in check_cv(self.cv).split(path.X, y, groups)
        ]
        splits = check_splits(splits, len(path.Y))
        moments = [(None, None)] * len(splits) if path.wide else path.fold_moments(splits)

        def score_models(coefs, intercepts, test):
            X, _, weight = path.take(test)
            return np.array(
                [
                    self._score(partial(self._model, B, b), X, y[test], weight)
                    for B, b in zip(coefs, intercepts, strict=True)
                ]
            )

        scoring = self.scoring or "neg_mean_squared_error"
        return np.array(
            [
                fold_scores(path, *fold, scoring, score_models)
                for fold in zip(splits, moments, strict=True)
            ]
        )

    def _score(self, model, X, y, weight):
        """Return a scorer's values for the targets apart (t,) or together (1,).

        ``model(target)`` is the estimator of one target, ``model(None)`` that of all.
        """
        scorer = check_scoring(self, scoring=self.scoring)

        def value(model, y):
            if weight is None:
                return scorer(model, X, y)
            try:
                return scorer(model, X, y, sample_weight=weight)
            except TypeError:  # a metric or a callable without weights
                return scorer(model, X, y)

        if y.ndim == 1:
            return [value(model(0), y)]
        if not self.alpha_per_target:
            return [value(model(None), y)]
        return [value(model(t), y[:, t]) for t in range(y.shape[1])]

    def _model(self, coef, intercept, target):
        """Return the fitted model of one target, or of all."""
        model = RidgeRegression(fit_intercept=self.fit_intercept)
        model.n_features_in_ = coef.shape[1]
        chosen = slice(None) if target is None else [target]
        model._publish(coef[chosen], intercept[chosen], target is not None)
        return model

    def _choose(self, alphas, scores, seconds, single):
        """Set the choice and its record from ``scores`` (folds, a, t) or (folds, a, 1)."""
        mean = scores.mean(axis=0)  # (a, t)
        best = np.nan_to_num(mean, nan=-np.inf).argmax(axis=0)
        self.alpha_, self.best_score_ = alphas[best], mean[best, np.arange(len(best))]
        if single or not self.alpha_per_target:
            self.alpha_, self.best_score_ = float(self.alpha_[0]), float(self.best_score_[0])
        over_targets = scores.mean(axis=2)  # (folds, a)
        each = np.full(len(alphas), seconds / over_targets.size / 2)  # half to fit, half to score
        self.cv_results_ = {
            "mean_fit_time": each,
            "std_fit_time": np.zeros_like(each),
            "mean_score_time": each.copy(),
            "std_score_time": np.zeros_like(each),
            "param_alpha": np.ma.MaskedArray(alphas, mask=False),
            "params": [{"alpha": float(alpha)} for alpha in alphas],
            **{f"split{f}_test_score": fold for f, fold in enumerate(over_targets)},
            "mean_test_score": over_targets.mean(axis=0),
            "std_test_score": over_targets.std(axis=0),
            "rank_test_score": rankdata(
                -np.nan_to_num(over_targets.mean(axis=0), nan=-np.inf), method="min"
            ).astype(np.int32),
        }


class _Given(RegressorMixin, BaseEstimator):
    """A model whose predictions are given as its input."""

    def __init__(self, target=None):
        self.target = target

    def predict(self, X):
        return X if self.target is None else X[:, self.target]
