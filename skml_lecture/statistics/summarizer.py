"""What closed-form estimators share: statistics that add, parameters solved from them."""

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skml_lecture.documented import DocumentedEstimator
from skml_lecture.validation import unchanged_on_failure


class Summarizer(DocumentedEstimator):
    """Base of estimators whose parameters are a function of statistics that add.

    A subclass keeps its statistics (a frozen value with ``+``) in ``_statistics``, or None
    where it kept none, and solves for its parameters in ``_solve()``. A fit without
    statistics says what to do instead in ``_why_no_statistics()``. ``fit`` and ``partial_fit``
    run within ``unchanged_on_failure``.
    """

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
        if not hasattr(other, "n_features_in_"):
            raise NotFittedError(
                f"The {type(other).__name__} to merge is not fitted: fit it first."
            )
        if self.n_features_in_ != other.n_features_in_:
            raise ValueError(
                f"merge needs models of the same features, got {self.n_features_in_} here "
                f"and {other.n_features_in_} in the other."
            )
        ours, theirs = (getattr(model, "feature_names_in_", None) for model in (self, other))
        if ours is not None and theirs is not None and list(ours) != list(theirs):
            raise ValueError("merge needs models of the same feature names in the same order.")
        self._check_merge(other)
        with unchanged_on_failure(self):
            self._statistics = self._kept_statistics() + other._kept_statistics()
            self._solve()
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
            self._kept_statistics()
            self._solve()
        return self

    def _check_merge(self, other):
        """Raise where the statistics of another model do not add to these."""

    def _kept_statistics(self):
        """Return the statistics of the rows so far, or raise."""
        if self._statistics is None:
            raise ValueError(
                f"This {type(self).__name__} kept no statistics of the rows it was fitted on, "
                f"so it can not be refitted, merged or continued by partial_fit: "
                f"{self._why_no_statistics()}"
            )
        return self._statistics
