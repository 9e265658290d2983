"""scikit-learn's estimator checks in every configuration of LogisticRegressionGD."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from skml_lecture.logistic import LogisticRegressionGD

CONFIGURATIONS = [
    {},
    {"loss": "squared_error"},
    {"optimizer": "gd"},
    {"optimizer": "momentum"},
    {"optimizer": "adagrad", "max_iter": 100},
    {"optimizer": "rmsprop", "learning_rate": 0.01, "max_iter": 100},
    {"optimizer": "adam", "learning_rate": 0.05, "max_iter": 100},
    {"learning_rate": 0.1, "schedule": "inv_sqrt", "max_iter": 100},
    {"preconditioner": None, "max_iter": 100},
    {"preconditioner": "scale"},
    {"preconditioner": "whiten"},
    {"fit_intercept": False},
    {"class_weight": "balanced"},
    {"alpha": 0.0, "max_iter": 100},
    {"warm_start": True},
    {"batch_size": 8, "max_iter": 30},
    {"batch_size": 1, "optimizer": "gd", "max_iter": 10},
    {"early_stopping": True},
]


def excused(estimator):
    """Name the checks that cannot hold, with the reason."""
    checks = ("check_sample_weight_equivalence_on_dense_data",
              "check_sample_weight_equivalence_on_sparse_data")  # fmt: skip
    if estimator.batch_size is not None:
        return dict.fromkeys(checks, "shuffled mini-batches: a repetition is another batch")
    if not estimator.fit_intercept:
        return {
            "check_class_weight_classifiers": "through the origin no weights make one class win "
            "everywhere; LogisticRegression(fit_intercept=False) fails this check likewise"
        }
    if estimator.early_stopping:
        return dict.fromkeys(checks, "rows are held out: a repetition may fall on both sides")
    return {}


@parametrize_with_checks(
    [LogisticRegressionGD(**options) for options in CONFIGURATIONS],
    expected_failed_checks=excused,
)
def test_every_configuration_passes_the_estimator_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)
