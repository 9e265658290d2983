"""The Gaussian generative classifier of lecture 6."""

from dataclasses import replace
from functools import partial
from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import column_or_1d

from skml_lecture.data import Data, quiet
from skml_lecture.distributions import MultivariateNormal, ShrunkMoments
from skml_lecture.distributions.covariances import COVARIANCES
from skml_lecture.distributions.normal import fourth_moments, ledoit_wolf
from skml_lecture.generative import GenerativeClassifier
from skml_lecture.statistics import Moments
from skml_lecture.validation import check_option, check_weight, validate_data, warn

_FEW_ROWS = 1000  # that are scored at once


class GaussianGenerativeClassifier(GenerativeClassifier):
    r"""Classifier that models every class by a Gaussian and decides by Bayes' rule.

    The lecture's generative model: class means and covariances are the maximum-likelihood
    ones, and one switch leads from a covariance per class to a shared one to a diagonal one.
    With a shared covariance the posterior is a sigmoid (softmax) of linear scores.

    .. math:: P(c \mid x) = \frac{P(c)\, N(x; \mu_c, \Sigma_c)}{\sum_k P(k)\, N(x; \mu_k,
              \Sigma_k)}, \qquad \mu_c = \frac{1}{N_c} \sum_{i \in c} x_i, \qquad
              \Sigma_c = \frac{1}{N_c} \sum_{i \in c} (x_i - \mu_c)(x_i - \mu_c)^\top

    :math:`N_c` is the number (total weight) of the rows of class c, N that of all rows. The
    shared covariance is :math:`\Sigma = \sum_c (N_c / N) \Sigma_c`. Logarithms are natural.

    Parameters
    ----------
    covariance_type : {"tied", "full", "diag", "tied_diag", "spherical"}, default="tied"
        "tied": one covariance matrix for all classes; "full": one per class; "diag": one
        diagonal matrix per class; "tied_diag": one diagonal matrix for all; "spherical": one
        variance per class.
    priors : array-like of shape (n_classes,) or dict, default=None
        Prior probabilities P(c) in the order of ``classes_``, or by label, summing to 1. None
        means the class fractions N_c / N. They enter the bias only: the weights of the shared
        covariance stay N_c / N.
    shrinkage : float in [0, 1], "oas", "auto" or None, default=None
        How far to shrink the correlations, (1 - a) S + a diag(S), so that units do not matter.
        None or 0: not at all; 1: all the way, to the naive Bayes of the same type; the diagonal
        types have none. "oas": the oracle-approximating amount, found from the statistics.
        "auto": the amount of Ledoit and Wolf on the standardised features of every class, which
        needs all rows at once: ``fit`` only, dense rows only.
    reg_covar : float, default=0.0
        Non-negative number added to all variances, in squared units of the features.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    class_prior_ : ndarray of shape (n_classes,)
        Prior probability of each class.
    class_log_prior_ : ndarray of shape (n_classes,)
        Its natural logarithm; -inf for a class that was announced and not yet seen.
    class_count_ : ndarray of shape (n_classes,)
        Total weight of the rows of each class.
    means_ : ndarray of shape (n_classes, n_features)
        Mean of each class; of all rows for a class that was announced and not yet seen.
    covariances_ : ndarray
        Covariances after shrinkage and ``reg_covar``, in squared units of the features.
        The shape depends on ``covariance_type``: (n_features, n_features) if "tied",
        (n_classes, n_features, n_features) if "full", (n_classes, n_features) if "diag",
        (n_features,) if "tied_diag", (n_classes,) if "spherical".
    precisions_cholesky_ : ndarray
        What predictions use: upper triangular P with P P^T the inverse of the covariance, in the
        shape of ``covariances_``; of diagonal types and "spherical" 1 / standard deviation.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights of the linear scores, for the tied types only; one row for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Bias of the linear scores, for the tied types only.
    rank_ : int or ndarray of shape (n_classes,)
        Rank of the covariance, or of each.
    density_ : MultivariateNormal
        The density of every class.
    statistics_ : Summary
        What the model knows of its rows.
    n_parameters_ : int
        Number of free parameters: priors, means and covariances.
    n_features_in_ : int
        Number of features seen by ``fit``.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where all are strings.

    Raises
    ------
    ValueError
        If a hyper-parameter is out of its range, ``priors`` does not fit the classes, or the
        rows are not finite.

    Warns
    -----
    UserWarning
        If a covariance is singular, once per ``fit``, ``fit_statistics`` or ``refit``;
        ``reg_covar`` or ``shrinkage`` mends it. Of chunks ``rank_`` tells.

    See Also
    --------
    sklearn.discriminant_analysis.LinearDiscriminantAnalysis : The tied model; it weights the
        covariance by user priors, holds all rows in memory, and reduces dimensions too.
    sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis : The full model; it refuses
        singular covariances.
    sklearn.naive_bayes.GaussianNB : The diagonal model.

    Notes
    -----
    The rows are summarised in one pass, O(n d^2) or O(n d) for the diagonal types, to
    statistics that add: ``partial_fit``, ``merge`` and ``refit`` give the model of one ``fit``.
    A model fitted as "full" can be refitted as any other type, "tied" and "diag" as
    "tied_diag", "diag" and "spherical" as each other.

    Distances and determinants come from the Cholesky factor of the correlations, or from their
    eigenvectors where they are nearly singular; no covariance is inverted. An eigenvalue is
    taken for zero up to 10 d eps times the largest, eps = 2.2e-16, and a feature for constant
    whose standard deviation is below 10 eps times its mean. Such null directions get a tenth of
    the features' pooled variance within classes: rows are still told apart along them, and
    directions that are null in every class cancel. ``covariances_`` and ``sample`` keep them at
    zero.

    References
    ----------
    H. Lee, "Machine Learning", lecture 6, "Classification: probabilistic generative model".

    O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance
    matrices", Journal of Multivariate Analysis 88, 2004, section 3.2.

    Y. Chen, A. Wiesel, Y. C. Eldar, A. O. Hero, "Shrinkage algorithms for MMSE covariance
    estimation", IEEE Transactions on Signal Processing 58, 2010, eq. (23).

    Examples
    --------
    The lecture's thirteen points, where naive Bayes decides for class 2:

    >>> from skml_lecture import GaussianGenerativeClassifier
    >>> from skml_lecture.datasets import load_naive_bayes_toy
    >>> X, y = load_naive_bayes_toy(return_X_y=True)
    >>> model = GaussianGenerativeClassifier("tied").fit(X, y)
    >>> model.predict_proba([[1, 1]]).round(6)
    array([[0.863942, 0.136058]])
    """

    def __init__(self, covariance_type="tied", *, priors=None, shrinkage=None, reg_covar=0.0):
        self.covariance_type = covariance_type
        self.priors = priors
        self.shrinkage = shrinkage
        self.reg_covar = reg_covar

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self._took_rows()
        return tags

    def _took_rows(self):
        """Whether the model is, or would be, fitted by what needs dense rows at once."""
        if self._summary is None:
            return self._needs_rows()
        return isinstance(self._summary.values.summary, ShrunkMoments)

    def _needs_rows(self):
        return isinstance(self.shrinkage, str) and self.shrinkage == "auto"

    def _why_no_statistics(self):
        return (
            'shrinkage="auto" (Ledoit-Wolf) needs all rows at once. Use fit, or '
            'shrinkage="oas", which is found from the statistics.'
        )

    def _kept_summary(self):
        if self._needs_rows():
            raise ValueError(self._why_no_statistics())
        summary = super()._kept_summary()
        values = summary.values
        if isinstance(values.summary, ShrunkMoments):  # of a fit that is not continued as such
            values = replace(values, summary=values.summary.moments)
        return replace(summary, values=values)

    def _check_continuable(self):
        if self._needs_rows():
            raise AttributeError(self._why_no_statistics())

    def _check_hyper_parameters(self):
        """Raise where a hyper-parameter is out of its range."""
        check_option("covariance_type", self.covariance_type, COVARIANCES)
        if not (isinstance(self.reg_covar, Real) and 0 <= self.reg_covar < np.inf):
            raise ValueError(f"reg_covar must be a number >= 0, got {self.reg_covar!r}.")
        if self.shrinkage is None or (
            isinstance(self.shrinkage, Real) and 0 <= self.shrinkage <= 1
        ):
            return
        if not (isinstance(self.shrinkage, str) and self.shrinkage in {"oas", "auto"}):
            raise ValueError(
                f"shrinkage must be None, a number in [0, 1], 'oas' or 'auto', "
                f"got {self.shrinkage!r}."
            )

    def _read(self, X, *, reset):
        if reset and self._needs_rows() and sparse.issparse(X):
            raise TypeError(
                'Sparse X was passed, but shrinkage="auto" (Ledoit-Wolf) needs dense rows: use '
                'X.toarray(), or shrinkage="oas", which is found from the statistics.'
            )
        return validate_data(
            self,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            ensure_all_finite=sparse.issparse(X),  # of dense rows, their statistics tell
        )

    def _takes(self, values):
        kinds = (Moments, ShrunkMoments)
        return super()._takes(values) and isinstance(values.summary, kinds)

    def _summarize_rows(self, X, codes, n_classes, weight):
        self._check_hyper_parameters()
        kind = "full" if self._needs_rows() else COVARIANCES[self.covariance_type].scatter
        rows = Data(X, codes, weight)
        moments = Moments.from_data(rows, n_groups=n_classes, kind=kind)
        if not (np.isfinite(moments.mean).all() and np.isfinite(moments.second).all()):
            self._check_finite(X)
            raise ValueError("The squares of X overflow: scale the features.")
        if self._needs_rows():
            return ledoit_wolf(moments, fourth_moments(rows, moments))
        return moments

    def _summarize_in_passes(self, total):
        if not self._needs_rows():
            return super()._summarize_in_passes(total)
        plain = clone(self).set_params(covariance_type="full", shrinkage=None)
        statistic = total(plain.summarize)
        values = statistic.values
        fourth = total(partial(self._fourth_moments, values))
        return replace(
            statistic, values=replace(values, summary=ledoit_wolf(values.summary, fourth))
        )

    def _fourth_moments(self, values, X, y, sample_weight):
        """Return the fourth moments of valid rows about the means of their classes."""
        model = clone(self)
        X, y = model._read(X, reset=True), column_or_1d(y)
        weight = check_weight(sample_weight, X, may_vanish=True)
        if weight is not None:
            X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        if not len(y):
            return np.zeros(len(values.classes))
        rows = Data(X, np.searchsorted(values.classes, y), weight)
        return fourth_moments(rows, values.summary)

    def _densities(self, summary, *, whole):
        self._check_hyper_parameters()
        shrinkage = None if self._needs_rows() else self.shrinkage
        if isinstance(summary, ShrunkMoments):
            summary = summary.final if self._needs_rows() else summary.moments
        elif self._needs_rows():
            raise ValueError(self._why_no_statistics())
        return MultivariateNormal.of(
            summary,
            self.covariance_type,
            shrinkage=shrinkage,
            reg_covar=self.reg_covar,
            whole=whole,
        )

    def _publish(self):
        density = self.density_
        published = density.covariance.published
        self.means_ = density.means
        self.covariances_ = published(density.covariances)
        self.precisions_cholesky_ = published(density.precisions_cholesky)
        self.rank_ = int(density.rank[0]) if density.covariance.is_tied else density.rank
        self.n_parameters_ = len(self.classes_) - 1 + density.n_parameters
        self._score_linearly()

    def _solve(self, values, *, whole):
        super()._solve(values, whole=whole)
        rank, d = self.density_.rank.min(), self.n_features_in_
        if whole and rank < d:
            warn(
                f"A covariance is singular: rank {rank} of {d} features. Its null directions get "
                f"a tenth of the pooled variance; set reg_covar or shrinkage to choose otherwise.",
                UserWarning,
            )

    def _score_linearly(self):
        """Set, for the tied types, the weights and biases of the linear scores."""
        vars(self).pop("coef_", None)
        vars(self).pop("intercept_", None)
        if not self.density_.covariance.is_tied:
            return
        center = self.class_count_ @ self.means_ / self.class_count_.sum()
        shifts = self.means_ - center
        W = self.density_.precise(shifts)  # (k, d)
        halfway = center + shifts / 2
        b = self.class_log_prior_ - np.einsum("cj,cj->c", W, halfway)
        binary = len(W) == 2
        self.coef_ = W[[1]] - W[[0]] if binary else W
        self.intercept_ = b[[1]] - b[[0]] if binary else b

    @quiet  # whoever calls looks at the scores
    def _linear_scores(self, X):
        z = safe_sparse_dot(X, self.coef_.T, dense_output=True)
        z += self.intercept_
        return z

    def _scores(self, X):
        if not self.density_.covariance.is_tied:
            return super()._scores(X)
        X = self._read(X, reset=False)
        if X.shape[0] <= _FEW_ROWS:
            z = self._linear_scores(X)
        else:  # by threads of our own: those of the BLAS would stay in the way of the next
            z = np.empty((X.shape[0], len(self.coef_)))

            def fill(blocks):
                for block in blocks:
                    z[block.rows] = self._linear_scores(block.x)

            Data(X).map(fill)
        if not np.isfinite(z).all():
            self._check_finite(X)
        return z.ravel() if len(self.classes_) == 2 else z
