"""What every classifier shares: targets to learn, and scores -> labels and probabilities."""

import numpy as np
from scipy.special import expit, log_expit
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skml_lecture.data import Data

__all__ = ["Indicators", "Labels", "ScoreClassifier"]

_LARGEST = 1e250  # of which differences, sums over many rows and rounded values are finite too


class Labels:
    """One label of several per row: one sigmoid unit where there are two, else a softmax.

    Parameters
    ----------
    classes : array-like of shape (n_classes,)
        The labels, sorted.
    """

    several = False
    """Whether a row may have several labels."""

    def __init__(self, classes):
        self.classes = np.asarray(classes)

    @property
    def n_outputs(self):
        """Number of scores of a row."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def output(self):
        """What turns scores into probabilities, "logistic" or "softmax"."""
        return "logistic" if len(self.classes) == 2 else "softmax"

    def encode(self, codes, dtype):
        """Return 0 and 1 of every output, (n, n_outputs), one output after the other in memory.

        Parameters
        ----------
        codes : ndarray of shape (n,)
            Positions of the labels in ``classes``.

        dtype : dtype
            Of the result.

        Returns
        -------
        Y : ndarray of shape (n, n_outputs)
            One unit's target, or one-hot rows.
        """
        if self.n_outputs == 1:
            return codes[:, None].astype(dtype)
        Y = np.zeros((self.n_outputs, len(codes)), dtype)
        Y[codes, np.arange(len(codes))] = 1
        return Y.T

    def decode(self, z):
        """Return the label of the largest score; a tie goes to the first.

        Parameters
        ----------
        z : ndarray of shape (n,) or (n, n_classes)
            Scores.

        Returns
        -------
        y : ndarray of shape (n,)
            Members of ``classes``.
        """
        return self.classes[(z > 0).astype(np.intp) if z.ndim == 1 else z.argmax(axis=1)]

    def probabilities(self, z):
        """Overwrite the scores of a block, (n, k), with the probabilities of the classes.

        Parameters
        ----------
        z : ndarray of shape (n,) or (n, n_classes)
            Scores.

        Returns
        -------
        P : ndarray of shape (n, n_classes)
            Rows sum to one.
        """
        if z.ndim == 1:
            return np.column_stack([expit(-z), expit(z)])
        z -= z.max(axis=1, keepdims=True)
        np.exp(z, out=z)
        z /= z.sum(axis=1, keepdims=True)
        return z

    def log_probabilities(self, z):
        """Overwrite the scores of a block, (n, k), with logarithms of ``probabilities``.

        Parameters
        ----------
        z : ndarray of shape (n,) or (n, n_classes)
            Scores.

        Returns
        -------
        log_P : ndarray of shape (n, n_classes)
            Without underflow.
        """
        if z.ndim == 1:
            return np.column_stack([log_expit(-z), log_expit(z)])
        z -= z.max(axis=1, keepdims=True)
        z -= np.log(np.exp(z).sum(axis=1, keepdims=True))
        return z


class Indicators:
    """Several labels per row, each there or not: a sigmoid unit for every label.

    Parameters
    ----------
    n_labels : int
        Number of labels.
    """

    output = "logistic"
    several = True

    def __init__(self, n_labels):
        self.n_labels = n_labels

    @property
    def classes(self):
        """The numbers of the labels."""
        return np.arange(self.n_labels)

    @property
    def n_outputs(self):
        """Number of scores of a row."""
        return self.n_labels

    def encode(self, codes, dtype):
        """Return the indicators (n, n_labels), one label after the other in memory.

        Parameters
        ----------
        codes : ndarray of shape (n, n_labels)
            0 and 1.

        dtype : dtype
            Of the result.

        Returns
        -------
        Y : ndarray of shape (n, n_labels)
            The same numbers.
        """
        return np.asfortranarray(codes, dtype)

    def decode(self, z):
        """Return 1 for every label that is more likely than not.

        Parameters
        ----------
        z : ndarray of shape (n,) or (n, n_labels)
            Scores.

        Returns
        -------
        y : ndarray of the same shape
            0 and 1.
        """
        return (z > 0).astype(int)

    def probabilities(self, z):
        """Return the probability of every label.

        Parameters
        ----------
        z : ndarray of shape (n,) or (n, n_labels)
            Scores.

        Returns
        -------
        P : ndarray of the same shape
            Between 0 and 1.
        """
        return expit(z)

    def log_probabilities(self, z):
        """Return the logarithm of ``probabilities``, without underflow.

        Parameters
        ----------
        z : ndarray of shape (n,) or (n, n_labels)
            Scores.

        Returns
        -------
        log_P : ndarray of the same shape
            Not positive.
        """
        return log_expit(z)


class ScoreClassifier(ClassifierMixin):
    """Labels and probabilities from raw scores.

    A subclass gives ``classes_`` and ``_scores(X)``, which validates ``X`` and returns

    - two classes: ``z`` of shape (n,), the log-odds of ``classes_[1]``;
    - otherwise: ``z`` of shape (n, k), logarithms of the posterior up to a constant per row.

    A score may be infinite, of a class that is impossible or certain: probabilities are 0 and 1
    then, and ``decision_function`` says 1e250, so that metrics can count with it.
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
        check_is_fitted(self)
        z = self._scores(X)
        return np.clip(z, -_LARGEST, _LARGEST, out=z) if np.isinf(z).any() else z

    def predict(self, X):
        """Return the most probable class of each row; a tie goes to the first class.

        Of several labels per row: every label that is more likely than not.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to classify.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Members of ``classes_``; of several labels, 0 and 1.
        """
        if "classes_" not in vars(self):  # else fitted, which is all there is to check
            check_is_fitted(self)
        return self._targets().decode(self._scores(X))

    def predict_proba(self, X):
        """Return the posterior probability of every class: sigmoid or softmax of the scores.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to classify.

        Returns
        -------
        P : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; of classes, rows sum to one.
        """
        check_is_fitted(self)
        return self._finished(X, self._targets().probabilities)

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
        check_is_fitted(self)
        return self._finished(X, self._targets().log_probabilities)

    def _targets(self):
        """Return what the scores stand for."""
        return Labels(self.classes_)

    def _finished(self, X, finish):
        """Return ``finish(scores)`` of blocks of rows, joined; on all cores, in place."""
        z = self._scores(X)
        if z.ndim == 1:
            return finish(z)

        def overwrite(blocks):
            for block in blocks:
                z[block.rows] = finish(block.X)

        Data(z).map(overwrite)
        return z
