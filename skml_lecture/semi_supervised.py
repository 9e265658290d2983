"""Semi-supervised generative models of lecture 22: rows without a label teach, too."""

from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real

import numpy as np
from scipy.special import logsumexp, softmax
from sklearn.base import ClassifierMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_consistent_length, check_scalar, get_tags
from sklearn.utils.validation import check_is_fitted, column_or_1d

from skml_lecture.data import check_namespace, is_missing
from skml_lecture.documented import DocumentedEstimator
from skml_lecture.generative import GenerativeClassifier
from skml_lecture.statistics.summary import Summary
from skml_lecture.validation import check_real, check_weight, unchanged_on_failure, warn


class SemiSupervisedEM(ClassifierMixin, DocumentedEstimator):
    r"""Generative classifier that also learns from rows without a label.

    The lecture's expectation-maximisation: a row without a label belongs to every class by its
    posterior, so it is summarised once for each with that weight; the model of all statistics
    gives new posteriors.

    .. math:: \log L(\theta) = \sum_{r} w_r \log P_\theta(x_r, y_r)
              + \lambda \sum_{u} w_u \log \sum_c P_\theta(x_u, c)

    over the labelled rows r and the unlabelled rows u, natural logarithms, with sample weights w
    and :math:`\lambda` the ``unlabeled_weight``.

    Parameters
    ----------
    estimator : GenerativeClassifier
        The model: a :class:`GaussianGenerativeClassifier` or a :class:`NaiveBayes`, with any of
        their options but ``shrinkage="auto"``. It is cloned.
    max_iter : int, default=100
        Largest number of steps, at least 1.
    tol : float, default=1e-4
        The steps end when log L divided by the total weight rises by no more, in nats; >= 0.
    unlabeled_weight : float, default=1.0
        Weight of a row without a label against one with a label, finite and at least 0; 0 leaves
        them out.

    Attributes
    ----------
    estimator_ : GenerativeClassifier
        The model of the last step.
    classes_ : ndarray of shape (n_classes,)
        The class labels, those of labelled rows.
    transduction_ : ndarray of shape (n_samples,)
        The labels of the rows of ``fit``: as given, or as predicted where there was none.
    log_likelihood_curve_ : list of float
        log L divided by the total weight before each step and after the last, in nats.
    n_iter_ : int
        Number of steps, at least 1.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where ``X`` has them.

    Raises
    ------
    TypeError
        If ``estimator`` is no generative classifier.
    ValueError
        If no row has a label, or an argument is out of its range.

    Warns
    -----
    ConvergenceWarning
        If ``max_iter`` steps were too few.

    See Also
    --------
    sklearn.semi_supervised.SelfTrainingClassifier : Takes its own hard labels for true ones.
    sklearn.mixture.GaussianMixture : The same steps where no row has a label.

    Notes
    -----
    A row has no label where y is -1, or among labels that are objects None or NaN. One step costs
    a prediction and one ``summarize`` for each class.

    Of maximum-likelihood models log L never falls. Smoothing, shrinkage and floors are no maximum
    likelihood: a step that would let it fall is not taken, and is the last.

    The start is the model of the labelled rows, and the end a local maximum: more rows help where
    the model holds, and can mislead it where it does not.

    References
    ----------
    Hung-yi Lee, Machine Learning, lecture 22, "Semi-supervised learning", section "Semi-supervised
    generative model". The printed update of the mean adds two means; theirs is the weighted one.

    A. P. Dempster, N. M. Laird, D. B. Rubin, "Maximum likelihood from incomplete data via the EM
    algorithm", Journal of the Royal Statistical Society B 39, 1977, section 3.

    Examples
    --------
    >>> from skml_lecture import GaussianGenerativeClassifier, SemiSupervisedEM
    >>> X = [[-2.2], [-1.8], [1.8], [2.2], [-2.5], [-1.4], [1.5], [2.4]]
    >>> y = ["low", "low", "high", "high", None, None, None, None]
    >>> model = SemiSupervisedEM(GaussianGenerativeClassifier("tied")).fit(X, y)
    >>> model.transduction_[4:].tolist()
    ['low', 'low', 'high', 'high']
    """

    def __init__(self, estimator, *, max_iter=100, tol=1e-4, unlabeled_weight=1.0):
        self.estimator = estimator
        self.max_iter = max_iter
        self.tol = tol
        self.unlabeled_weight = unlabeled_weight

    def fit(self, X, y, sample_weight=None):
        """Learn from rows with and without a label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,)
            Their labels; -1, or None or NaN among objects, where there is none.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; None means 1.

        Returns
        -------
        self : SemiSupervisedEM
            The fitted model.
        """
        with unchanged_on_failure(self):
            self._check_parameters()
            y, labeled = read_labels(y)
            check_consistent_length(X, y)
            weight = check_weight(sample_weight, y)
            weight = np.ones(len(y)) if weight is None else weight
            hidden = np.where(labeled, 0.0, self.unlabeled_weight * weight)
            rows = X, y, np.where(labeled, weight, 0.0), hidden
            self._maximise(lambda work: work(*rows))
            self._publish()
            self.transduction_ = np.where(labeled, y, self.estimator_.predict(X))
            self.transduction_ = self.transduction_.astype(self.classes_.dtype, copy=False)
        return self

    def _fit_in_passes(self, total):
        """Learn from rows that lie elsewhere, all but their ``transduction_``.

        ``total(work)`` is the sum of ``work(X, y, sample_weight)`` over parts of them.
        """
        with unchanged_on_failure(self):
            self._check_parameters()
            self._maximise(lambda work: total(partial(_of_part, self.unlabeled_weight, work)))
            self._publish()
        return self

    def _check_parameters(self):
        if not isinstance(self.estimator, GenerativeClassifier):
            raise TypeError(
                f"estimator must be a generative classifier, such as "
                f"GaussianGenerativeClassifier() or NaiveBayes(), got {self.estimator!r}."
            )
        check_scalar(self.max_iter, "max_iter", Integral, min_val=1)
        check_real("tol", self.tol, min_val=0)
        check_real("unlabeled_weight", self.unlabeled_weight, min_val=0)
        if not isinstance(self.unlabeled_weight, Real) or np.isinf(self.unlabeled_weight):
            raise ValueError(f"unlabeled_weight must be finite, got {self.unlabeled_weight!r}.")

    def _maximise(self, total):
        """Set the model, its likelihoods and the number of steps.

        ``total(work)`` is ``work(X, y, weight, hidden)`` of all rows.
        """
        model = clone(self.estimator)
        labeled = total(partial(_of_labeled, model))
        if not labeled.weight:
            raise ValueError("No row has a label (and a positive weight): give some.")
        model.fit_statistics(labeled)
        found = total(partial(_expectation, model))
        statistic, curve, rise = labeled, [found.mean], np.inf
        n_steps = 0 if found.statistic is None else self.max_iter
        while len(curve) <= n_steps and rise > self.tol:
            candidate = labeled + found.statistic
            model = clone(self.estimator)
            model._become(candidate, whole=False)
            found = total(partial(_expectation, model))
            rise = found.mean - curve[-1]
            if rise >= 0:
                statistic = candidate
                curve.append(found.mean)
        if n_steps and rise > self.tol:
            warn(
                f"The likelihood still rises after max_iter={self.max_iter} steps: raise max_iter, "
                f"or tol.",
                ConvergenceWarning,
            )
        self.log_likelihood_curve_, self.n_iter_ = curve, max(len(curve) - 1, 1)
        self.estimator_ = clone(self.estimator).fit_statistics(statistic)

    def _publish(self):
        self.classes_ = self.estimator_.classes_
        self.n_features_in_ = self.estimator_.n_features_in_
        vars(self).pop("feature_names_in_", None)
        if hasattr(self.estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.estimator_.feature_names_in_

    def predict(self, X):
        """Return the most probable class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Members of ``classes_``.
        """
        return self._fitted().predict(X)

    def predict_proba(self, X):
        """Return the posterior probability of every class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        P : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; rows sum to one.
        """
        return self._fitted().predict_proba(X)

    def predict_log_proba(self, X):
        """Return the natural logarithm of ``predict_proba``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        log_P : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        return self._fitted().predict_log_proba(X)

    def predict_joint_log_proba(self, X):
        """Return log P(c) + log p(x | c).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        log_joint : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        return self._fitted().predict_joint_log_proba(X)

    def decision_function(self, X):
        """Return the scores of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        z : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Two classes: the log-odds of ``classes_[1]``. More: one score per class.
        """
        return self._fitted().decision_function(X)

    def score_samples(self, X):
        """Return the log density log p(x) of the rows, whatever their class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        log_density : ndarray of shape (n_samples,)
            In nats.
        """
        return self._fitted().score_samples(X)

    def sample(self, n_samples=1, *, class_label=None, random_state=None):
        """Draw rows from the model.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows, at least 1.
        class_label : label, default=None
            Draw from this class only.
        random_state : int, RandomState instance or None, default=None
            Pass an int for the same rows on every call.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            The rows.
        y : ndarray of shape (n_samples,)
            Their classes.
        """
        return self._fitted().sample(n_samples, class_label=class_label, random_state=random_state)

    def _fitted(self):
        check_is_fitted(self)
        return self.estimator_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = getattr(self, "estimator_", self.estimator)
        if not isinstance(inner, GenerativeClassifier):
            return tags
        inner = get_tags(inner)
        tags.input_tags = inner.input_tags
        tags.classifier_tags.poor_score = inner.classifier_tags.poor_score
        return tags


@dataclass(frozen=True)
class Expectation:
    """The log likelihood of rows, their weight, and their statistic by posteriors; it adds."""

    value: float
    weight: float
    statistic: Summary | None  # of rows without a label, None where there are none

    def __add__(self, other):
        parts = [part for part in (self.statistic, other.statistic) if part is not None]
        statistic = sum(parts) if parts else None
        return Expectation(self.value + other.value, self.weight + other.weight, statistic)

    @property
    def mean(self):
        """The log likelihood divided by the weight."""
        return self.value / self.weight


def _of_part(unlabeled_weight, work, X, y, sample_weight):
    """Work on a part of the rows, whose labels were not read."""
    y, labeled = read_labels(y, may_lack=True)
    weight = check_weight(sample_weight, y, may_vanish=True)
    weight = np.ones(len(y)) if weight is None else weight
    hidden = np.where(labeled, 0.0, unlabeled_weight * weight)
    return work(X, y, np.where(labeled, weight, 0.0), hidden)


def _of_labeled(model, X, y, weight, _):
    """Return the statistic of the rows with a label."""
    return model.summarize(X, y, weight)


def _expectation(model, X, y, weight, hidden):
    """Return what the rows are under a model."""
    codes = np.searchsorted(model.classes_, np.where(weight > 0, y, model.classes_[0]))
    value, posterior = _evaluate(model, X, codes, weight, hidden)
    statistic = None
    if hidden.any():
        statistic = sum(
            model.summarize(X, np.full(len(y), label), hidden * share)
            for label, share in zip(model.classes_, posterior.T, strict=True)
        )
    return Expectation(value, float(weight.sum() + hidden.sum()), statistic)


def read_labels(y, *, may_lack=False):
    """Return the labels, with one of them where there is none, and where there is one.

    Where all ``may_lack`` one, any will do.
    """
    y = column_or_1d(check_namespace("y", y), warn=True)
    if y.dtype == object:
        labeled = np.array([not (is_missing(label) or label == -1) for label in y], dtype=bool)
    else:
        labeled = y != -1 if y.dtype.kind in "iuf" else np.ones(len(y), dtype=bool)
    if y.dtype.kind == "f" and np.isnan(y).any():
        raise ValueError("Input y contains NaN: a number as a label is -1 where there is none.")
    if may_lack and not labeled.any():
        return np.zeros(len(y), dtype=int), labeled
    if not labeled.any():
        raise ValueError(
            f"No row has a label: -1, or None or NaN among objects, means that there is none, "
            f"got {len(y)} of them."
        )
    if labeled.all():
        return y, labeled
    filled = y.copy()
    filled[~labeled] = y[labeled][0]
    return filled, labeled


def _evaluate(model, X, codes, weight, hidden):
    """Return the log likelihood, and the posteriors of all rows."""
    z = model.predict_joint_log_proba(X)
    density = logsumexp(z, axis=1)
    known = weight > 0
    total = weight[known] @ z[np.flatnonzero(known), codes[known]]
    unknown = hidden > 0
    total += hidden[unknown] @ density[unknown]
    impossible = np.isneginf(density)
    if impossible.any():
        z[impossible] = np.log(model.class_prior_)
    return float(total), softmax(z, axis=1)
