"""What closed-form estimators share: statistics that add, parameters solved from them."""

from abc import ABC, abstractmethod
from numbers import Real

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skml_lecture.documented import DocumentedEstimator
from skml_lecture.statistics.summary import LaterSummary, Summary
from skml_lecture.validation import check_total_weight, unchanged_on_failure


class ClosedFormEstimator(DocumentedEstimator, ABC):
    """Base of estimators whose parameters are a function of statistics that add.

    A subclass says what is particular to it, and ``summarize``, ``partial_fit``, ``merge``,
    ``forget``, ``discount``, ``refit`` and ``fit_statistics`` follow:

    - ``_summarize(X, y, sample_weight, *, reset)``: validate rows and return their
      :class:`~skml_lecture.statistics.Summary`. It runs on a copy of the estimator, so it may
      set attributes freely; ``reset`` as in ``sklearn.utils.validation.validate_data``. Weights
      that are all zero make a summary of no weight;
    - ``_solve(values, *, whole)``: set the parameters from ``summary.values``. Where ``whole`` is
      False more rows may follow, and nothing is refused or warned of that they might mend;
    - ``_takes(values)``: whether the values are of the kind that ``_solve`` needs.

    A fit that keeps no statistics leaves ``_summary`` None and says in ``_why_no_statistics()``
    what to do instead.
    """

    _summary = None

    @abstractmethod
    def _summarize(self, X, y, sample_weight, *, reset):
        """Return the summary of rows."""

    @abstractmethod
    def _solve(self, values, *, whole):
        """Set the parameters."""

    @abstractmethod
    def _takes(self, values):
        """Whether the values are of the kind that this estimator is solved from."""

    def _begin_anew(self):
        """Forget what earlier calls fixed about the rows to come."""

    def _why_no_statistics(self):
        """Return what to do instead, where a fit kept no statistics."""
        return "fit it with partial_fit."

    @property
    def statistics_(self):
        """The statistic of all rows so far, a :class:`~skml_lecture.statistics.Summary`."""
        summary = self._current_summary()
        if summary is None:
            why = self._why_no_statistics() if self._is_fitted() else "fit the model first."
            raise AttributeError(f"statistics_: none were kept: {why}")
        return summary

    def summarize(self, X, y, sample_weight=None):
        """Return the statistic of rows; the model stays as it is.

        Statistics add (``+``), subtract (``-``) and scale (``*`` a number), and pickle. That of
        all rows is the sum over their parts; :meth:`fit_statistics` makes the model of it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows; of a fitted model, of the same features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; k means a row that stands there k times. None means 1.

        Returns
        -------
        statistic : Summary
            Of the rows whose weight is positive.
        """
        return self._blank()._summarize(X, y, sample_weight, reset=not self._is_fitted())

    def _summarize_in_passes(self, total):
        """Return the statistic of rows that lie elsewhere.

        ``total(work)`` is the sum of ``work(X, y, sample_weight)`` over parts of them.
        """
        return total(self.summarize)

    def fit_statistics(self, statistic):
        """Set the model to that of one ``fit`` on all rows of a statistic.

        Parameters
        ----------
        statistic : Summary
            From :meth:`summarize`, or a sum of such.

        Returns
        -------
        self : object
            The fitted model; earlier rows are forgotten.

        Raises
        ------
        TypeError
            If it is no statistic, or one of another kind of model.
        ValueError
            If it is of no rows, or the hyper-parameters do not fit it.
        """
        if not isinstance(statistic, Summary) or (
            statistic.weight and not self._takes(statistic.values)
        ):
            got = statistic.values if isinstance(statistic, Summary) else statistic
            raise TypeError(
                f"fit_statistics needs what {type(self).__name__}.summarize returns, or a sum of "
                f"such, got {type(got).__name__}."
            )
        with unchanged_on_failure(self):
            self._begin_anew()
            self._become(statistic, whole=True)
        return self

    def partial_fit(self, X, y, sample_weight=None):
        """Learn from one more chunk of rows.

        After any split of the rows into chunks the model is that of one ``fit``, to rounding.
        A chunk whose weights are all zero changes nothing.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows of the chunk.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; None means 1.

        Returns
        -------
        self : object
            The model of all rows so far.
        """
        return self._learn(self.summarize(X, y, sample_weight))

    def _learn(self, added):
        """Add the statistic of more rows."""
        with unchanged_on_failure(self):
            kept = self._kept_summary() if self._is_fitted() else None
            if kept is not None or added.weight:
                self._become(added if kept is None else kept + added, whole=False)
        return self

    def merge(self, other):
        """Fold the data of another fitted model into this one.

        The result is the model of one ``fit`` on the rows of both, to rounding.

        Parameters
        ----------
        other : object of the same class
            A fitted model of the same features. It is left as it is; its hyper-parameters do
            not matter.

        Returns
        -------
        self : object
            This model, refitted under its own hyper-parameters.

        Raises
        ------
        TypeError
            If ``other`` is of another class.
        ValueError
            If the features differ, or one of the models kept no statistics.
        sklearn.exceptions.NotFittedError
            If one of the models is not fitted.
        """
        check_is_fitted(self)
        if not isinstance(other, type(self)):
            raise TypeError(
                f"merge needs another {type(self).__name__}, got {type(other).__name__}."
            )
        if not other._is_fitted():
            raise NotFittedError(
                f"The {type(other).__name__} to merge is not fitted: fit it first."
            )
        with unchanged_on_failure(self):
            self._become(self._kept_summary() + other._kept_summary(), whole=False)
        return self

    def forget(self, X, y, sample_weight=None):
        """Take rows away again: the model becomes that of one ``fit`` on the rest.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows that were learnt. What was never learnt is only noticed where a weight or a
            count would fall below zero.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights they were learnt with; None means 1.

        Returns
        -------
        self : object
            The model of the rest.

        Raises
        ------
        ValueError
            If a weight or a count would fall below zero, no row would be left, or what is left
            of a spread is so little of it that half of the digits are gone. Nothing is changed.
        """
        check_is_fitted(self)
        return self._unlearn(self.summarize(X, y, sample_weight))

    def _unlearn(self, removed):
        """Take the statistic of rows away."""
        with unchanged_on_failure(self):
            rest = self._kept_summary() - removed
            if not rest.weight:
                raise ValueError(
                    "No row would be left to fit: forget fewer rows, or begin again with fit."
                )
            self._become(rest, whole=False)
        return self

    def discount(self, factor):
        """Multiply the weight of all rows so far by a factor, so that later ones count more.

        ``model.discount(0.99).partial_fit(X, y)`` for every chunk follows a stream that drifts:
        a chunk of k chunks ago has the weight ``0.99**k``.

        Parameters
        ----------
        factor : float
            Above 0 and at most 1.

        Returns
        -------
        self : object
            The model of the same rows under the new weights.
        """
        check_is_fitted(self)
        if isinstance(factor, bool) or not (isinstance(factor, Real) and 0 < factor <= 1):
            raise ValueError(f"factor must be a number above 0 and at most 1, got {factor!r}.")
        with unchanged_on_failure(self):
            self._become(self._kept_summary() * factor, whole=False)
        return self

    def refit(self):
        """Recompute the parameters from the kept statistics, without data.

        Call it after ``set_params``; the result is that of ``fit`` with the new parameters on
        the same rows.

        Returns
        -------
        self : object
            This model with new parameters.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model is not fitted.
        ValueError
            If it kept no statistics.
        """
        check_is_fitted(self)
        with unchanged_on_failure(self):
            self._become(self._kept_summary(), whole=True)
        return self

    def _is_fitted(self):
        return "n_features_in_" in vars(self)

    def __sklearn_is_fitted__(self):
        return self._is_fitted()

    def _blank(self):
        """Return a copy that may be written to."""
        copy = object.__new__(type(self))
        vars(copy).update(vars(self))
        return copy

    def _summary_of(self, values, n_targets=None):
        """Return the summary of values, of the features that ``validate_data`` just met."""
        names = getattr(self, "feature_names_in_", None)
        return Summary(values, self.n_features_in_, names, n_targets)

    def _become(self, summary, *, whole):
        """Set this model to that of a summary."""
        check_total_weight(summary.weight)
        vars(self).pop("feature_names_in_", None)
        self.n_features_in_ = summary.n_features
        if summary.feature_names is not None:
            self.feature_names_in_ = summary.feature_names
        self._summary = summary
        self._solve(summary.values, whole=whole)

    def __getstate__(self):
        """Return what is saved: the summary, where rows are kept to make it from."""
        state = super().__getstate__()
        return state | {"_summary": self._current_summary()} if "_summary" in state else state

    def _current_summary(self):
        """Return the summary, made now where the fit put it off; None where there is none."""
        later = self._summary
        if isinstance(later, LaterSummary):
            self._summary = later = later()  # read once: another thread may be here too
        return later

    def _kept_summary(self):
        """Return the summary of the rows so far, or raise."""
        summary = self._current_summary()
        if summary is None:
            raise ValueError(
                f"This {type(self).__name__} kept no statistics of the rows it was fitted on, "
                f"so it cannot be refitted, merged or continued by partial_fit: "
                f"{self._why_no_statistics()}"
            )
        return summary
