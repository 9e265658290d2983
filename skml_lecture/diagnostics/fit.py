"""Underfitting and overfitting, read from training and validation scores (lecture 4)."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import check_consistent_length

from skml_lecture.diagnostics.scores import (
    cross_scores,
    final_estimator,
    score_weighted,
    splits_of,
)
from skml_lecture.validation import check_weight

_GOOD = 0.8  # the default target: so much of the way from a constant to a perfect prediction
_GAP = 0.1  # a gap matters from this part of the way from a constant to the target


@dataclass(frozen=True, eq=False)
class FitDiagnosis:
    """What training and validation scores say about a model; ``str`` gives it in words.

    Parameters
    ----------
    verdict : {"underfitting", "overfitting", "ok"}
        The reading.
    train_scores : ndarray of shape (n_folds,)
        Scores on the rows each fold was fitted to; greater is better.
    validation_scores : ndarray of shape (n_folds,)
        Scores on the rows held out of each fold.
    constant_score : float
        Mean validation score of a constant prediction, the mean or the class fractions.
    target : float
        The training score asked for.
    remedies : tuple of str
        What helps, and what does not.

    See Also
    --------
    diagnose_fit : Makes one.

    Notes
    -----
    ``train_score`` and ``validation_score`` are the plain means over the folds, as in the lecture.

    References
    ----------
    Lee, lecture 4, "Where does the error come from?".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skml_lecture.diagnostics import diagnose_fit
    >>> diagnose_fit(GaussianNB(), *load_iris(return_X_y=True)).verdict
    'ok'
    """

    verdict: str
    train_scores: np.ndarray
    validation_scores: np.ndarray
    constant_score: float
    target: float
    remedies: tuple

    @property
    def train_score(self):
        """Mean training score."""
        return float(self.train_scores.mean())

    @property
    def validation_score(self):
        """Mean validation score, the plain mean over the folds."""
        return float(self.validation_scores.mean())

    def __str__(self):
        numbers = (
            f"training score {self.train_score:.3f}, validation score "
            f"{self.validation_score:.3f} (mean of {len(self.train_scores)} folds); a constant "
            f"gets {self.constant_score:.3f}, asked for is {self.target:.3f}"
        )
        readings = {
            "underfitting": (
                "The model does not fit the very rows it was trained on, so its bias is large; "
                "look at the gap to the validation score after that. If noise leaves no more "
                "than this, lower `target`."
            ),
            "overfitting": (
                "The model fits the rows it was trained on and does worse on the others, so its "
                "variance is large."
            ),
            "ok": (
                "The model fits the rows it was trained on and does about as well on the others."
            ),
        }
        lines = [f"{self.verdict}: {numbers}.", readings[self.verdict]]
        return "\n".join(lines + [f"- {remedy}" for remedy in self.remedies])


def diagnose_fit(
    estimator, X, y, *, cv=None, scoring=None, target=None, n_jobs=None, groups=None,
    sample_weight=None,
):  # fmt: skip
    """Tell underfitting from overfitting by training and validation scores.

    The lecture's rule: look at the training score first. If it is bad the model underfits,
    whatever the validation score is; only a model that fits its training rows can overfit.

    Parameters
    ----------
    estimator : estimator
        Classifier or regressor; it is cloned.
    X : array-like of shape (n_samples, n_features)
        The rows.
    y : array-like of shape (n_samples,)
        Their targets.
    cv : int, splitter, iterable or None, default=None
        Cross-validation as in :func:`~sklearn.model_selection.cross_validate`.
    scoring : str, callable or None, default=None
        The score, greater is better; None is the estimator's own, accuracy or R^2.
    target : float, default=None
        The training score to ask for. None is four fifths of the way from the score of a
        constant prediction to a perfect score, which is 0 for the ``"neg_..."`` scores and 1
        for the others; a callable ``scoring`` needs a number.
    n_jobs : int, default=None
        Number of joblib workers.
    groups : array-like of shape (n_samples,), default=None
        Groups for a splitter that wants them.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows, in the fits and, where the scorer takes them, in the scores; a row of
        weight 0 is not there.

    Returns
    -------
    diagnosis : FitDiagnosis
        With ``verdict``, the scores, ``remedies``; print it to read it.

    Raises
    ------
    ValueError
        If ``target`` is missing for a callable, or not above what a constant gets; if a score is
        not finite, such as R^2 of a single row; if the estimator takes no weights.

    See Also
    --------
    bias_variance_decomposition : The exact parts, where the true function is known.
    sklearn.model_selection.LearningCurveDisplay : Both scores against the number of rows.

    Notes
    -----
    With the mean training score below ``target`` the verdict is "underfitting". Otherwise it is
    "overfitting" where the gap between the two means exceeds a tenth of the way from the
    constant's score to ``target`` and twice its standard error over the folds, or where the
    validation score is no better than the constant's.

    References
    ----------
    Lee, lecture 4, "Where does the error come from?"; "Tips for training DNN", recipe.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skml_lecture.diagnostics import diagnose_fit
    >>> X, y = load_wine(return_X_y=True)
    >>> diagnose_fit(DecisionTreeClassifier(max_depth=1), X, y).verdict
    'underfitting'
    """
    classifier, weight = is_classifier(estimator), check_weight(sample_weight, X)
    check_consistent_length(X, y)
    splits = splits_of(check_cv(cv, y, classifier=classifier), X, y, groups, weight)
    scorer = check_scoring(estimator, scoring)
    constant = DummyClassifier() if classifier else DummyRegressor()

    def scores_of(model, score):
        return cross_scores([model], X, y, splits, score, weight=weight, n_jobs=n_jobs)[0]

    scores, descends = np.moveaxis(scores_of(estimator, partial(_observe, scorer=scorer)), -1, 0)
    baseline = scores_of(constant, partial(score_weighted, scorer=scorer))[:, 1]
    _check_finite(splits, scores.T, baseline)
    target = _checked_target(target, scoring, baseline.mean())
    train, validation = scores.T
    verdict = _verdict(train, validation, baseline.mean(), target)
    remedies = _remedies(verdict, estimator, descends.any())
    return FitDiagnosis(verdict, train, validation, float(baseline.mean()), float(target), remedies)


def _observe(model, X, y, weight, *, scorer):
    """Return a score of a fitted model, and whether the model was learnt step by step."""
    last = final_estimator(model)
    descends = hasattr(last, "loss_curve_") or getattr(last, "n_iter_", None) is not None
    return score_weighted(model, X, y, weight, scorer=scorer), descends


def _check_finite(splits, *scores):
    """Raise where a fold has no finite score, of the model or of a constant."""
    wrong = ~np.isfinite(np.vstack(scores)).all(axis=0)
    if wrong.any():
        fold = int(np.argmax(wrong))
        raise ValueError(
            f"The scores of {wrong.sum()} of {len(splits)} folds are not finite, the first of fold "
            f"{fold} with {len(splits[fold][1])} held-out rows, so nothing can be said of the fit. "
            "R^2 needs two rows or more in each fold, other scores need every class: pass cv with "
            "larger folds, or another scoring such as 'neg_mean_squared_error'."
        )


def _remedies(verdict, estimator, descends):
    """Return what helps this estimator, by what its parameters are called."""
    names = {name.rpartition("__")[2] for name in estimator.get_params()}
    if verdict == "underfitting":
        return (
            "give the model more or better features",
            "take a more flexible model: a higher degree, more units, less regularization",
            *(["descend longer, or scale the features"] if descends else []),
            "do not collect more rows for this: they do not lower the bias",
        )
    if verdict == "overfitting":
        means = {"alpha": "a larger alpha", "C": "a smaller C", "max_depth": "a smaller depth"}
        means |= {"early_stopping": "early stopping", "dropout": "dropout"}
        means = ", ".join(words for name, words in means.items() if name in names)
        shared = ", a shared covariance" if "covariance_type" in names else ""
        return (
            "collect more rows, or make some: mirrored, rotated, noisy copies",
            f"regularize more{': ' if means else ''}{means} (this may raise the bias)",
            f"take a simpler model: fewer features, a lower degree{shared}",
        )
    return ("choose between such models by the validation score, then refit on all rows",)


def _checked_target(target, scoring, constant_score):
    """Return the training score to ask for."""
    if target is None:
        if callable(scoring):
            raise ValueError("target must be a number where scoring is a callable, got None.")
        perfect = 0.0 if isinstance(scoring, str) and scoring.startswith("neg_") else 1.0
        return constant_score + _GOOD * (perfect - constant_score)
    if target <= constant_score:
        raise ValueError(
            f"target must be above {constant_score:.3g}, the score of a constant prediction, "
            f"got {target}."
        )
    return target


def _verdict(train, validation, constant_score, target):
    """Return the lecture's reading of the scores of the folds."""
    if train.mean() < target:
        return "underfitting"
    gaps = train - validation
    standard_error = gaps.std(ddof=1) / np.sqrt(len(gaps)) if len(gaps) > 1 else 0.0
    large = gaps.mean() > max(_GAP * (target - constant_score), 2 * standard_error)
    return "overfitting" if large or validation.mean() <= constant_score else "ok"
