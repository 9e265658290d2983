"""Training and validation scores of an estimator, weighted, and what lies inside composites."""

import re
import warnings

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import has_fit_parameter

from skml_lecture.data import take_rows

_NO_WEIGHT = re.compile("unexpected keyword argument '?sample_weight")


def final_estimator(estimator):
    """Return what predicts inside pipelines and fitted searches, itself where there are none."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator[-1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "regressor_"):  # of a transformed target
            estimator = estimator.regressor_
        else:
            return estimator


def splits_of(splitter, X, y, groups, weight):
    """Return the (train, test) positions of the splits that hold weight on both sides."""
    splits = []
    for split in splitter.split(X, y, groups):
        train, test = (
            np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows)
            for rows in split
        )
        if weight is not None:  # a row of weight zero is not there
            train, test = train[weight[train] > 0], test[weight[test] > 0]
        if len(train) and len(test):
            splits.append((train, test))
    if not splits:
        raise ValueError("cv made no split with rows, of positive weight, on both of its sides.")
    return splits


def fit_arguments(estimator, **data):
    """Return the arguments by which ``fit`` takes ``sample_weight`` and ``groups`` where given.

    Without scikit-learn's metadata routing a pipeline wants its last step's name before them.
    """
    arguments, path, last = {}, [], estimator
    routed = get_config()["enable_metadata_routing"]
    data = {name: value for name, value in data.items() if value is not None}
    while True:
        if isinstance(last, Pipeline):
            name, last = last.steps[-1]
            path += [] if routed else [name]
        elif hasattr(last, "estimator") and not has_fit_parameter(last, "sample_weight"):
            if "groups" in data:  # a search splits by them
                arguments["__".join([*path, "groups"])] = data.pop("groups")
            last, path = last.estimator, []
        else:
            break
    for name, value in data.items():
        if not has_fit_parameter(last, name):
            raise ValueError(
                f"{name} was given, but {type(last).__name__}.fit takes none: leave it out or take "
                "an estimator that has it."
            )
        arguments["__".join([*path, name])] = value
    return arguments


def fit_weighted(estimator, X, y, weight):
    """Return a fitted clone."""
    return clone(estimator).fit(X, y, **fit_arguments(estimator, sample_weight=weight))


def score_weighted(model, X, y, weight, *, scorer):
    """Return a score, unweighted where the scorer takes no weights.

    A NaN stands for itself: what scikit-learn warns of it is left to the caller to say.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        score = float(_score(scorer, model, X, y, weight))
    if not np.isnan(score):
        for warning in caught:
            warnings.warn(warning.message, warning.category, stacklevel=2)
    return score


def _score(scorer, model, X, y, weight):
    """Call a scorer with the weights where it takes them."""
    if weight is None:
        return scorer(model, X, y)
    try:
        return scorer(model, X, y, sample_weight=weight)
    except TypeError as error:
        if not _NO_WEIGHT.search(str(error)):
            raise
    return scorer(model, X, y)


def cross_scores(estimators, X, y, splits, score, *, weight=None, n_jobs=None):
    """Return an array (n_estimators, n_splits, 2, ...) of what ``score`` returns.

    ``score(model, X, y, weight)`` is asked for the rows fitted to and for those held out.
    """
    jobs = (
        delayed(_fit_and_score)(estimator, X, y, weight, split, score)
        for estimator in estimators
        for split in splits
    )
    scores = np.array(Parallel(n_jobs=n_jobs)(jobs), dtype=np.float64)
    return scores.reshape(len(estimators), len(splits), *scores.shape[1:])


def _fit_and_score(estimator, X, y, weight, split, score):
    """Fit to the training rows and return the scores of both parts."""
    parts = [
        (take_rows(X, rows), take_rows(y, rows), None if weight is None else weight[rows])
        for rows in split
    ]
    model = fit_weighted(estimator, *parts[0])
    return [score(model, *part) for part in parts]


def score_or_nan(model, X, y, weight, *, scorer):
    """Return a score, NaN with a warning where the scorer fails, as a grid search does."""
    try:
        return score_weighted(model, X, y, weight, scorer=scorer)
    except Exception as error:
        message = f"Scoring failed, so the score is NaN: {type(error).__name__}: {error}"
        warnings.warn(message, UserWarning, stacklevel=2)
        return np.nan
