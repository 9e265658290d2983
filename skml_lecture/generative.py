"""What generative classifiers share: joint density -> posterior -> label, and drawing rows."""

from abc import abstractmethod
from collections.abc import Mapping
from numbers import Real

import numpy as np
from scipy.special import logsumexp
from sklearn.utils import (
    check_array,
    check_consistent_length,
    check_random_state,
    check_scalar,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import check_is_fitted, column_or_1d

from skml_lecture.classification import ScoreClassifier
from skml_lecture.closed_form import ClosedFormEstimator
from skml_lecture.data import check_namespace
from skml_lecture.statistics.classes import ClassStatistics
from skml_lecture.validation import (
    assert_all_finite,
    check_classes,
    check_finite,
    check_numbers,
    check_weight,
    unchanged_on_failure,
)


def _can_continue(classifier):
    classifier._check_continuable()
    return True


def encode(y):
    """Return the sorted classes of ``y``, the position of each label in them, and their counts."""
    if y.dtype.kind == "i" and int(y.max()) - int(y.min()) < len(y):  # no need to sort, or to copy
        least = y.min()
        steps = np.subtract(y, least, dtype=np.intp) if least or y.dtype != np.intp else y
        counts = np.bincount(steps)
        present = counts > 0
        classes = (np.flatnonzero(present) + int(least)).astype(y.dtype)
        codes = steps if present.all() else (np.cumsum(present) - 1)[steps]
        return classes, codes, counts[present]
    kind = type_of_target(y, input_name="y")
    if kind not in {"binary", "multiclass"}:
        raise ValueError(
            f"Unknown label type: {kind}. y must hold class labels, such as strings or whole "
            f"numbers."
        )
    return np.unique(y, return_inverse=True, return_counts=True)


class GenerativeClassifier(ScoreClassifier, ClosedFormEstimator):
    """Base of classifiers that model p(x, c) = P(c) p(x | c), and hold the densities p(x | c).

    A subclass takes ``priors`` and says what is particular to its family of densities:

    - ``_read(X, reset)``: validate rows, here and nowhere else; ``reset`` as in
      ``sklearn.utils.validation.validate_data``. What it returns has ``shape`` and is indexed
      by arrays of rows;
    - ``_summarize_rows(X, codes, n_classes, weight)``: the rows of ``_read`` as a value that adds
      (see :class:`~skml_lecture.statistics.ClassStatistics`); row i is of class ``codes[i]``,
      every weight is positive, and None means that all are 1;
    - ``_densities(summary, whole)``: the densities of such a value, where classes of
      ``class_count_`` zero are yet without data; silently where it is not the whole. They have
      ``log_density(X)`` of the rows of ``_read``, a new array (n, k), and
      ``sample(codes, random_state)``, one row of each class in ``codes``;
    - ``_publish()``: set the fitted attributes that ``density_`` determines.

    ``_check_continuable()`` raises an AttributeError where the current hyper-parameters need
    all rows at once.
    """

    _announced = None  # the classes that ``classes=`` fixed

    @abstractmethod
    def _read(self, X, *, reset):
        """Validate rows."""

    def _read_rows(self, X):
        """Validate rows to be scored by the densities."""
        return self._read(X, reset=False)

    @abstractmethod
    def _summarize_rows(self, X, codes, n_classes, weight):
        """Return what the rows of each class are summarised to."""

    @abstractmethod
    def _densities(self, summary, *, whole):
        """Return the class densities."""

    def _publish(self):
        """Set the attributes that the densities determine."""

    def _check_continuable(self):
        """Raise an AttributeError where rows cannot come in chunks."""

    def fit(self, X, y, sample_weight=None):
        """Learn the prior and the density of every class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training rows.
        y : array-like of shape (n_samples,)
            Their classes: any labels that sort.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; k means a row that stands there k times. None means 1.

        Returns
        -------
        self : object
            The fitted model.
        """
        with unchanged_on_failure(self):
            self._begin_anew()
            self._become(self._summarize(X, y, sample_weight, reset=True), whole=True)
        return self

    @available_if(_can_continue)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Learn from one more chunk of rows.

        After any split of the rows into chunks the model is that of one ``fit``, to rounding.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows of the chunk.
        y : array-like of shape (n_samples,)
            Their classes.
        classes : array-like of shape (n_classes,), default=None
            All classes that may ever come. None leaves them open: a new class may arrive
            with any chunk.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; None means 1.

        Returns
        -------
        self : object
            The model of all rows so far.
        """
        return self._learn(self.summarize(X, y, sample_weight), classes)

    def _learn(self, added, classes=None):
        with unchanged_on_failure(self):
            self._announce(classes)
            return super()._learn(added)

    def _begin_anew(self):
        self._announced = None

    def _summarize(self, X, y, sample_weight, *, reset):
        X = self._read(X, reset=reset)
        if not (type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "iu"):
            y = column_or_1d(check_namespace("y", y), warn=True)
            assert_all_finite(y, input_name="y")
        check_consistent_length(X, y)
        weight = check_weight(sample_weight, X, may_vanish=True)
        return self._summary_of(self._class_statistics(X, y, weight))

    def _class_statistics(self, X, y, weight):
        """Return the statistics of the rows whose weight is positive."""
        if weight is not None and not weight.all():
            rows = np.flatnonzero(weight)
            self._check_finite(X[weight == 0])
            if not len(rows):
                return ClassStatistics(encode(y)[0][:0], np.zeros(0), None)
            X, y, weight = X[rows], y[rows], weight[rows]
        classes, codes, counts = encode(y)
        self._check_announced(classes)
        if weight is not None:
            counts = np.bincount(codes, weight)
        rows = self._summarize_rows(X, codes, len(classes), weight)
        return ClassStatistics(classes, counts.astype(np.float64), rows)

    def _check_finite(self, X):
        """Raise where rows that ``_read`` returned are not finite: it may leave that open."""
        check_finite(X, type(self).__name__)

    def _announce(self, classes):
        """Fix the classes for good, where the caller names them."""
        classes = check_classes(classes)
        if classes is None:
            return
        if self._announced is not None and not np.array_equal(classes, self._announced):
            raise ValueError(
                f"classes={classes.tolist()} is not what an earlier partial_fit was given: "
                f"{self._announced.tolist()}."
            )
        self._announced = classes

    def _check_announced(self, labels):
        """Raise where labels are not among the classes that the caller named."""
        if self._announced is None:
            return
        unique_labels(self._announced, labels)
        unknown = np.setdiff1d(labels, self._announced)
        if len(unknown):
            raise ValueError(
                f"Labels {unknown.tolist()} are not among the classes that partial_fit was "
                f"given: {self._announced.tolist()}."
            )

    def _takes(self, values):
        return isinstance(values, ClassStatistics)

    def _solve(self, values, *, whole):
        self._check_announced(values.classes)
        if self._announced is not None:
            values = values.over(self._announced)
        self.classes_ = values.classes
        self.class_count_ = values.weight
        self.class_prior_ = self._resolve_priors(whole=whole)
        self.class_log_prior_ = self._resolve_log_priors()
        self.density_ = self._densities(values.summary, whole=whole)
        self._publish()

    def _resolve_priors(self, *, whole):
        """Return the prior probability of each class: ``priors``, or the class fractions.

        Of a part that lacks classes the fractions, since ``priors`` do not say which it lacks.
        """
        fractions = self.class_count_ / self.class_count_.sum()
        if self.priors is None:
            return fractions
        if isinstance(self.priors, Mapping):
            return self._resolve_named_priors(fractions, whole=whole)
        priors = np.atleast_1d(check_numbers("priors", self.priors))
        options = {"ensure_2d": False, "allow_nd": True, "ensure_min_samples": 0, "copy": True}
        priors = check_array(priors, dtype=np.float64, input_name="priors", **options)
        if not whole and priors.ndim == 1 and len(priors) > len(self.classes_):
            return fractions
        if priors.shape != self.classes_.shape:
            raise ValueError(
                f"priors must have one entry per class, {len(self.classes_)} for the classes "
                f"{self.classes_.tolist()}, got shape {priors.shape}."
            )
        return self._checked_priors(priors, whole=whole)

    def _resolve_log_priors(self):
        """Return log P(c); -inf for a class without data, whose density is unknown."""
        chances = np.where(self.class_count_ > 0, self.class_prior_, 0.0)
        if not chances.any():  # of a part that lacks every class with a chance
            chances = self.class_count_ / self.class_count_.sum()
        with np.errstate(divide="ignore"):
            return np.log(chances)

    def _resolve_named_priors(self, fractions, *, whole):
        """Return the priors of a dict by label; of a part those of the classes it has."""
        known = dict(zip(self.classes_.tolist(), range(len(fractions)), strict=True))
        lacking = [label for label in known if label not in self.priors]
        extra = [label for label in self.priors if label not in known]
        if lacking or (extra and whole):
            raise ValueError(
                f"priors must have one entry for each of the classes {self.classes_.tolist()}, "
                f"got {dict(self.priors)!r}."
            )
        given = [self.priors[label] for label in [*known, *extra]]
        if not all(isinstance(prior, Real) for prior in given):
            raise ValueError(f"priors must be numbers, got {dict(self.priors)!r}.")
        given = check_array([given], input_name="priors", dtype=np.float64)[0]
        priors = self._checked_priors(given, whole=False)[: len(known)]
        if not priors.any():
            return fractions
        return self._checked_priors(priors / priors.sum(), whole=whole)

    def _checked_priors(self, priors, *, whole):
        """Return priors that are probabilities, of the whole some of a class that has data."""
        if (priors < 0).any():
            raise ValueError(f"priors must be non-negative, got {priors.tolist()}.")
        if abs(priors.sum() - 1) > 1e-6:
            raise ValueError(f"priors must sum to 1, got a sum of {priors.sum():.6g}.")
        if whole and not priors[self.class_count_ > 0].any():
            raise ValueError("priors must be positive for a class that has data.")
        return priors

    def predict_joint_log_proba(self, X):
        """Return the log of the joint density, log P(c) + log p(x | c).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        log_joint : ndarray of shape (n_samples, n_classes)
            Natural logarithms, columns in the order of ``classes_``; -inf where a class
            cannot bring forth the row.
        """
        check_is_fitted(self)
        return self._log_joint(X)

    def _log_joint(self, X):
        log_joint = self.density_.log_density(self._read_rows(X))
        log_joint += self.class_log_prior_
        return log_joint

    def score_samples(self, X):
        """Return the log density log p(x) of the rows, whatever their class.

        Small values mark rows that no class accounts for.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        log_density : ndarray of shape (n_samples,)
            Natural logarithm of the sum over the classes of the joint density.
        """
        return logsumexp(self.predict_joint_log_proba(X), axis=1)

    def sample(self, n_samples=1, *, class_label=None, random_state=None):
        """Draw rows from the model: a class from the prior, then a row from its density.

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

        Raises
        ------
        ValueError
            If ``class_label`` is no class of the model, or one without data.
        """
        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", (int, np.integer), min_val=1)
        random_state = check_random_state(random_state)
        if class_label is None:
            chances = np.exp(self.class_log_prior_)
            codes = random_state.choice(len(chances), size=n_samples, p=chances / chances.sum())
        else:
            codes = np.full(n_samples, self._code(class_label))
        return self.density_.sample(codes, random_state), self.classes_[codes]

    def _code(self, label):
        """Return the position of a class that has data."""
        known = self.classes_[self.class_count_ > 0].tolist()
        if label not in known:
            raise ValueError(f"class_label must be one of {known}, got {label!r}.")
        return self.classes_.tolist().index(label)

    def _scores(self, X):
        """Return the log joint, or its difference for two classes.

        A row that is impossible under every class says nothing about them: it gets the prior.
        """
        z = self._log_joint(X)
        if z.min(initial=0.0) == -np.inf:
            z[np.isneginf(z.max(axis=1))] = self.class_log_prior_
        return z[:, 1] - z[:, 0] if z.shape[1] == 2 else z
