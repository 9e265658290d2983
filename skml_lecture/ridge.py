"""Ridge regression: least squares with a penalty on the size of the weights."""

import warnings

import numpy as np
from scipy import sparse
from sklearn.base import RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from skml_lecture.least_squares import (
    Rows,
    gram_and_cross,
    solve_dual,
    solve_eigen,
    solve_gram,
    solve_lsqr,
    solve_svd,
)
from skml_lecture.statistics import Moments, Summarizer
from skml_lecture.validation import check_option, check_weight, unchanged_on_failure

_SOLVERS = ("auto", "cholesky", "svd", "lsqr")
_MAX_GRAM = 1000  # features up to which the statistics are kept whatever the number of rows
_MAX_SPARSE_GRAM = 2800  # features up to which a sparse X is worth a dense Gram matrix (63 MB)


def check_alpha(alpha, n_targets):
    """Return ``alpha`` as one value per target."""
    alpha = check_array(np.atleast_1d(alpha), ensure_2d=False, dtype=np.float64, input_name="alpha")
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

    def _read(self, X, y, sample_weight, reset):
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
        return X, y.reshape(len(y), -1), check_weight(sample_weight, X), y.ndim == 1

    def _publish(self, coef, intercept, single):
        """Set ``coef_`` and ``intercept_`` in the shape of the targets."""
        self.coef_ = coef[0] if single else coef
        if not self.fit_intercept:
            self.intercept_ = 0.0
        else:
            self.intercept_ = float(intercept[0]) if single else intercept


def summarize(X, Y, weight):
    """Return the moments of the columns of ``X`` and ``Y``; NaN and infinity raise here."""
    moments = Moments.from_samples(X, weight, targets=Y)
    if not np.isfinite(moments.scatter).all():
        assert_all_finite(X, input_name="X")
        raise ValueError("Values of X or y are too large: their squares overflow. Rescale them.")
    return moments


def intercept_of(moments, coef):
    """Return mean(y) - coef mean(x) of moments whose last columns are the targets."""
    d = coef.shape[1]
    return moments.mean[d:] - coef @ moments.mean[:d]


def solve_rows(X, Y, weight, moments, alpha, *, fit_intercept):
    """Return coefficients, intercepts and the solver's name, as accurate as an SVD of the rows."""
    d = X.shape[1]
    rows = Rows(X, Y, weight, *_centers(moments, d, fit_intercept), fit_intercept)
    coef = solve_gram(*gram_and_cross(moments, d, fit_intercept), alpha, rows)
    if coef is not None:
        return coef, intercept_of(moments, coef), "cholesky"
    return *solve_svd(rows, alpha), "svd"


def _centers(moments, d, fit_intercept):
    center = moments.mean if fit_intercept else np.zeros(moments.n_features)
    return center[:d], center[d:]


class RidgeRegression(LinearPrediction, Summarizer):
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
        - "lsqr": iterations with X itself, in O(nnz) memory.

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
    feature_names_in_ : ndarray of shape (n_features_in_,)
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
    Lee, lecture 1, regularization; lecture 4, "where does the error come from".

    A. E. Hoerl, R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
    Technometrics 12 (1970), eq. (2.1).

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
            X, Y, weight, self._single = self._read(X, y, sample_weight, reset=True)
            alpha = self._check(Y)
            self._statistics = None
            coef, intercept, self.solver_ = self._solve_from_rows(X, Y, weight, alpha)
            self._publish(coef, intercept, self._single)
        return self

    def partial_fit(self, X, y, sample_weight=None):
        """Add rows to the statistics and solve again.

        After any split of the rows into chunks this is the model of one ``fit``, to rounding.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            More rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Non-negative weights; k counts as k equal rows, 0 as no row.

        Returns
        -------
        self : RidgeRegression
            The model of all rows so far.

        Raises
        ------
        ValueError
            As ``fit``, or if an earlier ``fit`` kept no statistics. The model stays as it was.
        """
        with unchanged_on_failure(self):
            first = not hasattr(self, "coef_")
            X, Y, weight, single = self._read(X, y, sample_weight, reset=first)
            self._check(Y)
            moments = summarize(X, Y, weight)
            if not first:
                kept = self._kept_statistics()
                if (kept.n_features, self._single) != (moments.n_features, single):
                    raise ValueError("y must have as many targets as in earlier calls.")
                moments = kept + moments
            self._statistics, self._single = moments, single
            self._solve()
        return self

    @property
    def moments_(self):
        """Weight, mean and scatter of the columns of X and then y."""
        if getattr(self, "_statistics", None) is None:
            raise AttributeError("moments_: this model kept no statistics.")
        return self._statistics

    def _check(self, Y):
        check_option("solver", self.solver, _SOLVERS)
        return check_alpha(self.alpha, Y.shape[1])

    def _solve_from_rows(self, X, Y, weight, alpha):
        """Return coefficients, intercepts and the solver's name; keep statistics where cheap."""
        n, d = X.shape
        large = d > (_MAX_SPARSE_GRAM if sparse.issparse(X) else max(n, _MAX_GRAM))
        iterate = self.solver == "lsqr" or (self.solver == "auto" and sparse.issparse(X) and large)
        if d <= _MAX_GRAM or not (large or iterate or self.solver == "svd"):
            self._statistics = summarize(X, Y, weight)
        else:
            assert_all_finite(X, input_name="X")
        if iterate:
            return self._solve_lsqr(X, Y, weight, alpha)
        if self.solver == "svd":
            rows = Rows.centered(X, Y, weight, self.fit_intercept)
            return *solve_svd(rows, alpha), "svd"
        if large and not sparse.issparse(X):
            return self._solve_dual(X, Y, weight, alpha)
        return solve_rows(X, Y, weight, self._statistics, alpha, fit_intercept=self.fit_intercept)

    def _solve_lsqr(self, X, Y, weight, alpha):
        rows = Rows.centered(X, Y, weight, self.fit_intercept)
        coef, converged = solve_lsqr(rows, alpha)
        if not converged:
            warnings.warn(
                "LSQR did not converge: scale the features, raise alpha, or use solver='svd'.",
                ConvergenceWarning,
                stacklevel=4,
            )
        return coef, rows.y_center - coef @ rows.x_center, "lsqr"

    def _solve_dual(self, X, Y, weight, alpha):
        rows = Rows.centered(X, Y, weight, self.fit_intercept)
        coef = solve_dual(rows, alpha)
        if coef is None:
            return *solve_svd(rows, alpha), "svd"
        return coef, rows.y_center - coef @ rows.x_center, "cholesky"

    def _solve(self):
        """Solve from the kept statistics."""
        moments = self._statistics
        d = self.n_features_in_
        alpha = check_alpha(self.alpha, moments.n_features - d)
        check_option("solver", self.solver, _SOLVERS)
        gram, cross = gram_and_cross(moments, d, self.fit_intercept)
        coef, self.solver_ = solve_gram(gram, cross, alpha), "cholesky"
        if coef is None:
            coef, self.solver_ = solve_eigen(gram, cross, alpha), "eigh"
        self._publish(coef, intercept_of(moments, coef), self._single)

    def _why_no_statistics(self):
        return (
            f"solver_={self.solver_!r} went without them. Use partial_fit from the first rows on, "
            f"or fit with solver='cholesky' and at most {_MAX_GRAM} features."
        )
