"""scikit-learn's estimator checks in every configuration of CascadedLogisticMLP."""

import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_set_output_transform,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    parametrize_with_checks,
)

from skml_lecture import CascadedLogisticMLP

SMALL = {"hidden_layer_sizes": (10,), "max_iter": 100, "learning_rate": 0.02}
CONFIGURATIONS = [
    {},
    SMALL,
    {**SMALL, "hidden_layer_sizes": ()},
    {**SMALL, "hidden_layer_sizes": (8, 6), "activation": ("relu", "tanh")},
    {**SMALL, "activation": "tanh"},
    {**SMALL, "activation": "relu"},
    {**SMALL, "activation": "leaky_relu"},
    {**SMALL, "activation": "identity"},
    {**SMALL, "loss": "squared_error"},
    {**SMALL, "class_weight": "balanced"},
    {**SMALL, "alpha": 0.0},
    {**SMALL, "alpha": 1.0, "batch_size": None},
    {**SMALL, "optimizer": "gd", "learning_rate": "auto"},
    {**SMALL, "optimizer": "momentum", "learning_rate": "auto"},
    {**SMALL, "optimizer": "nesterov", "learning_rate": "auto"},
    {**SMALL, "optimizer": "adagrad", "learning_rate": "auto"},
    {**SMALL, "optimizer": "rmsprop"},
    {**SMALL, "schedule": "inv_sqrt"},
    {
        "hidden_layer_sizes": (10,),
        "warm_start": True,  # so that a second fit begins, and ends, where the first arrived
        "alpha": 0.1,
        "optimizer": "nesterov",
        "batch_size": None,
        "tol": 0.0,
        "max_iter": 3000,
    },
    {**SMALL, "n_init": 2},
    {**SMALL, "dropout": (0.0, 0.2)},
    {**SMALL, "dropout": 0.05},
    {**SMALL, "batch_size": 8},
    {**SMALL, "batch_size": 8, "shuffle": False},
    {**SMALL, "early_stopping": True},
]


def excused(estimator):
    """Name the checks that cannot hold, with the reason."""
    checks = (
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    )
    if estimator.batch_size not in (None, "auto"):
        return dict.fromkeys(checks, "mini-batches: a repetition falls into another batch")
    if estimator.early_stopping:
        return dict.fromkeys(checks, "rows are held out: a repetition may fall on both sides")
    return {}


@parametrize_with_checks(
    [CascadedLogisticMLP(**options) for options in CONFIGURATIONS],
    expected_failed_checks=excused,
)
def test_every_configuration_passes_the_estimator_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        check_dataframe_column_names_consistency,
        check_set_output_transform,
        check_transformer_get_feature_names_out,
        check_transformer_get_feature_names_out_pandas,
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_features_have_names(check):
    check("CascadedLogisticMLP", CascadedLogisticMLP(**SMALL))
