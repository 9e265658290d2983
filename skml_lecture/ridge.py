"""Ridge regression: least squares with a penalty on the size of the weights."""

from dataclasses import asdict, replace

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from skml_lecture.closed_form import ClosedFormEstimator
from skml_lecture.data import one_thread_if_small
from skml_lecture.inference import Posterior, infer, of_one_target
from skml_lecture.linear_regression import (
    LinearRegressor,
    check_alpha,
    check_rows,
    summarize,
    warn_of_cancelled_errors,
    warn_of_lost_digits,
)
from skml_lecture.solvers import MAX_GRAM, Equations, Spectrum
from skml_lecture.statistics import RegressionMoments, Triangle
from skml_lecture.statistics.summary import LaterSummary
from skml_lecture.validation import (
    check_flag,
    check_flags,
    check_option,
    check_real,
    unchanged_on_failure,
    warn,
)

_SOLVERS = ("auto", "cholesky", "svd", "lsqr")
_KEEP_THE_FACTOR = "solver='svd' keeps the triangular factor of the rows instead"


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
          condition asks for it, so the result is as accurate as that of "svd". For large sparse X
          LSQR, or conjugate gradients on the kernel, where they take a fraction of the time and
          converge.
        - "cholesky": the same without iterations.
        - "svd": singular values of the rows, reduced block by block to their triangular factor.
          The factor is kept and adds too, so chunks, ``merge`` and ``refit`` are as accurate; it
          takes six times as long for 300 features, thirteen times for 20.
        - "lsqr": the iterations of Paige and Saunders, which read X once each and need O(nnz)
          memory.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Weights, in units of ``y`` over units of the feature.
    intercept_ : float or ndarray of shape (n_targets,)
        The free term b; 0.0 without intercept.
    solver_ : {"cholesky", "svd", "lsqr", "cg", "eigh"}
        What ran. "cg" are conjugate gradients, "eigh" the eigenvectors of the Gram matrix, where
        only that is at hand (``partial_fit``, ``merge``, ``refit``) and it is close to singular.
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

    M. R. Hestenes, E. Stiefel, "Methods of conjugate gradients for solving linear systems",
    Journal of Research of the National Bureau of Standards 49 (1952).

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

    _spectrum = None  # arrays of that of the rows, where the kept statistic lacks its digits

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
            check_rows(data)
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
        d = self.n_features_in_
        with one_thread_if_small(d * (d + len(alpha)), share=True):
            solver = equations.solver(alpha, self.solver)
            coef = solver.coefs(alpha)
            self.solver_ = solver.name
            self._penalty = alpha, self.fit_intercept
            self._spectrum = self._better_than_kept(solver, equations)
            self._publish(coef, equations.intercept(coef), single)
        if solver.name == "lsqr" and not solver.converged:
            warn(
                "LSQR did not converge: scale the features, raise alpha, or use solver='svd'.",
                ConvergenceWarning,
            )
        warn_of_lost_digits(
            equations,
            solver,
            f"coef_. {_KEEP_THE_FACTOR}, which does not square their condition.",
        )

    def _better_than_kept(self, solver, equations):
        """Return the spectrum, as a dict, of rows whose kept statistic knows it less well."""
        of_rows = equations.data is not None and solver.name == "svd"
        if not of_rows or self._summary is None or isinstance(equations.statistic, Triangle):
            return None
        return asdict(replace(solver, U=None))

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
        y = self._predict(X)
        if not return_std:
            return y
        posterior = self._posterior()
        std = posterior.prediction_errors(X.toarray() if sparse.issparse(X) else X)
        return y, std[:, 0] if self.coef_.ndim == 1 else std

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
            standard errors are NaN. Where the noise is so small beside the targets that the
            statistics lose its digits.
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
        statistic = self._kept_summary().values
        of_rows = None if self._spectrum is None else Spectrum(**self._spectrum)
        posterior = Posterior.of(statistic, alpha, fit_intercept, of_rows)
        posterior.warn_if_undetermined()
        if isinstance(statistic, RegressionMoments):
            known = posterior.is_determined
            errors, squares = posterior.squared_errors[known], posterior.total[known]
            what = f"sigma and the standard errors. {_KEEP_THE_FACTOR}."
            warn_of_cancelled_errors(errors, squares, what)
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
