"""What every classifier shares: scores -> labels and probabilities."""

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skml_lecture.data.threads import map_runs, row_blocks

_LARGEST = 1e300  # of which differences, and sums over many rows, are finite too


def _by_blocks(normalise, z):
    """Normalise the rows of ``z`` in place, on all cores and with little extra memory."""

    def fill(run):
        for block in run:
            z[block] = normalise(z[block], axis=1)

    map_runs(fill, row_blocks(*z.shape))
    return z


class ScoreClassifier(ClassifierMixin):
    """Labels and probabilities from raw scores.

    A subclass gives ``classes_`` and ``_scores(X)``, which validates ``X`` and returns

    - two classes: ``z`` of shape (n,), the log-odds of ``classes_[1]``;
    - otherwise: ``z`` of shape (n, k), logarithms of the posterior up to a constant per row.

    A score may be infinite, of a class that is impossible or certain: probabilities are 0 and 1
    then, and ``decision_function`` says 1e300, so that metrics can count with it.
    """

    def decision_function(self, X):
        """Return the raw scores of the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to score.

        Returns
        -------
        z : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Two classes: the log-odds of ``classes_[1]``, positive where it is predicted.
            More: one score per class, the largest is predicted.
        """
        z = self._fitted_scores(X)
        return np.clip(z, -_LARGEST, _LARGEST, out=z) if np.isinf(z).any() else z

    def _fitted_scores(self, X):
        check_is_fitted(self)
        return self._scores(X)

    def predict(self, X):
        """Return the most probable class of each row; a tie goes to the first class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to classify.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Members of ``classes_``.
        """
        z = self._fitted_scores(X)
        return self.classes_[(z > 0).astype(np.intp) if z.ndim == 1 else z.argmax(axis=1)]

    def predict_proba(self, X):
        """Return the posterior probability of every class: sigmoid or softmax of the scores.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to classify.

        Returns
        -------
        P : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; rows sum to one.
        """
        z = self._fitted_scores(X)
        if z.ndim > 1:
            return _by_blocks(softmax, z)
        return np.column_stack([expit(-z), expit(z)])

    def predict_log_proba(self, X):
        """Return the natural logarithm of ``predict_proba``, without underflow.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to classify.

        Returns
        -------
        log_P : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        z = self._fitted_scores(X)
        if z.ndim > 1:
            return _by_blocks(log_softmax, z)
        return np.column_stack([log_expit(-z), log_expit(z)])
