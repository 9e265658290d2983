"""Fits and scores along the strength of a penalty, of an estimator or of a search."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, check_consistent_length

from skml_lecture.diagnostics.scores import (
    cross_scores,
    final_estimator,
    fit_arguments,
    score_or_nan,
    splits_of,
)
from skml_lecture.ridge import RidgeRegression
from skml_lecture.ridge_cv import RidgeRegressionCV
from skml_lecture.validation import check_weight


@dataclass(frozen=True, eq=False)
class Path:
    """Models of all rows and scores of the folds, for each penalty in rising order."""

    alphas: np.ndarray  # (a,)
    models: list  # (a,)
    train_scores: np.ndarray  # (a, folds), (a, 1) of all rows where a search kept none
    validation_scores: np.ndarray  # (a, folds)
    scoring: object
    name: str  # of the penalty


@dataclass(frozen=True, eq=False)
class Rows:
    """The data of all fits."""

    X: object
    y: object
    weight: np.ndarray | None
    groups: object = None

    @classmethod
    def checked(cls, X, y, sample_weight, groups):
        """Return the rows, their lengths and weights checked."""
        check_consistent_length(X, y, groups)
        return cls(X, y, check_weight(sample_weight, X), groups)

    def fit(self, estimator):
        """Return a clone fitted to all rows; it must be linear in its last step."""
        model = clone(estimator)
        model.fit(self.X, self.y, **fit_arguments(model, sample_weight=self.weight))
        if not hasattr(final_estimator(model), "coef_"):
            raise ValueError(
                f"estimator must be linear in its last step, with coef_ when fitted, got {model}."
            )
        return model


def path_of(estimator, rows, *, param_name, n_jobs, **given):
    """Return the ``Path`` of an estimator; a search brings its own penalties, folds and scores.

    ``given`` are ``alphas``, ``cv`` and ``scoring``, None where they were not.
    """
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if not _is_search(last):
        return _validated(estimator, rows, param_name=param_name, n_jobs=n_jobs, **given)
    given = {name: value for name, value in given.items() if value is not None}
    if given or not hasattr(last, "cv_results_"):
        estimator = _search_again(estimator, rows, given)
    if isinstance(estimator, Pipeline):
        rows = Rows(estimator[:-1].transform(rows.X), rows.y, rows.weight)
        estimator = estimator[-1]
    return _searched(estimator, rows, param_name)


def _search_again(estimator, rows, given):
    """Return a fitted clone of a search, or of a pipeline that ends in one."""
    estimator = clone(estimator)
    search = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if "alphas" in given and not isinstance(search, RidgeRegressionCV):
        raise ValueError(
            f"alphas must be left out for {type(search).__name__}, which brings its own, or pass "
            f"the estimator that it searches for, got alphas={given['alphas']!r}."
        )
    search.set_params(**given)
    arguments = fit_arguments(estimator, sample_weight=rows.weight, groups=rows.groups)
    return estimator.fit(rows.X, rows.y, **arguments)


def _is_search(estimator):
    """Return whether an estimator tries parameters and records, or will, ``cv_results_``."""
    if isinstance(estimator, RidgeRegressionCV):
        return True
    names = estimator.get_params(deep=False)
    return "estimator" in names and any(name.startswith("param_") for name in names)


def _checked_alphas(alphas):
    """Return the penalties as an array, in rising order."""
    options = {"ensure_2d": False, "allow_nd": True, "ensure_min_samples": 0}
    alphas = check_array(np.atleast_1d(alphas), dtype=np.float64, input_name="alphas", **options)
    if alphas.ndim != 1 or not len(alphas):
        raise ValueError(
            f"alphas must be one or more numbers in one dimension, got shape {alphas.shape}."
        )
    return np.sort(alphas)


def _validated(estimator, rows, *, alphas, param_name, cv, scoring, n_jobs):
    """Fit and cross-validate an estimator at every penalty."""
    alphas = np.logspace(-3, 3, 25) if alphas is None else _checked_alphas(alphas)
    key = _parameter(estimator, param_name)
    candidates = [clone(estimator).set_params(**{key: alpha}) for alpha in alphas]
    classifier = is_classifier(estimator)
    if scoring is None:
        scoring = "neg_log_loss" if classifier else "neg_mean_squared_error"
    score = partial(score_or_nan, scorer=check_scoring(estimator, scoring))
    splitter = check_cv(cv, rows.y, classifier=classifier)
    splits = splits_of(splitter, rows.X, rows.y, rows.groups, rows.weight)
    models = [rows.fit(candidate) for candidate in candidates]
    scores = cross_scores(
        candidates, rows.X, rows.y, splits, score, weight=rows.weight, n_jobs=n_jobs
    )
    return Path(alphas, models, *np.moveaxis(scores, -1, 0), scoring, param_name)


def _parameter(estimator, name):
    """Return the full name of a parameter, which may be one of a pipeline's last step."""
    names, prefix, last = estimator.get_params(), "", estimator
    while isinstance(last, Pipeline) and f"{prefix}{name}" not in names:
        step, last = last.steps[-1]
        prefix += f"{step}__"
    if f"{prefix}{name}" in names:
        return f"{prefix}{name}"
    raise ValueError(
        f"{type(last).__name__} has no parameter {name!r} to vary. Name its penalty by param_name, "
        "as 'C' of LogisticRegression; for a model that chooses its penalty itself pass the one "
        "for a single penalty (Ridge for RidgeCV), or a search with cv_results_ such as "
        "RidgeRegressionCV or GridSearchCV."
    )


def _searched(search, rows, param_name):
    """Return the path of a fitted search: its recorded scores, and fits to all rows."""
    results = search.cv_results_
    key, fixed = _searched_parameter(search, param_name)
    chosen = {
        float(params[key]): position
        for position, params in enumerate(results["params"])
        if all(params.get(name) == value for name, value in fixed.items())
    }
    alphas = sorted(chosen)
    base, scoring, metric = _what_it_scores(search)
    order = [chosen[alpha] for alpha in alphas]
    models = [rows.fit(clone(base).set_params(**fixed, **{key: a})) for a in alphas]
    train = _recorded(results, "train", metric, order)
    if train is None:
        score = partial(score_or_nan, scorer=check_scoring(base, scoring))
        train = np.array([[score(model, rows.X, rows.y, rows.weight)] for model in models])
    validation = _recorded(results, "test", metric, order)
    name = key.rpartition("__")[2]
    return Path(np.array(alphas), models, train, validation, scoring, name)


def _what_it_scores(search):
    """Return the estimator of a search's candidates, its scoring, and that one's name."""
    if isinstance(search, RidgeRegressionCV):
        base = RidgeRegression(fit_intercept=search.fit_intercept)
        return base, search.scoring or "neg_mean_squared_error", "score"
    if "mean_test_score" in search.cv_results_:
        return search.estimator, search.scoring, "score"
    metric = search.refit  # the one of several metrics that it chooses by
    scoring = search.scoring[metric] if isinstance(search.scoring, dict) else metric
    return search.estimator, scoring, metric


def _searched_parameter(search, name):
    """Return the name of the penalty among the searched parameters, and the others' best values."""
    names = {key: None for params in search.cv_results_["params"] for key in params}
    keys = [key for key in names if name in (key, key.rpartition("__")[2])]
    if not keys and len(names) == 1:
        keys = list(names)
    if len(keys) != 1:
        raise ValueError(
            f"param_name must name one of the searched parameters {list(names)}, got {name!r}."
        )
    others = [key for key in names if key != keys[0]]
    if others and not hasattr(search, "best_params_"):
        raise ValueError(
            f"The search has no best_params_ to hold {others} at: pass a search with refit."
        )
    return keys[0], {
        key: v for key, v in vars(search).get("best_params_", {}).items() if key in others
    }


def _recorded(results, part, metric, order):
    """Return the scores (a, folds) that a search recorded, None where it did not."""
    folds = (f"split{fold}_{part}_{metric}" for fold in range(len(results)))
    scores = [results[fold] for fold in folds if fold in results]
    return np.transpose(scores)[order] if scores else None
