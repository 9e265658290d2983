"""scikit-learn's estimator checks, over the table of options.

Every two values of two options meet in some configuration; with ``SKML_SOAK=1`` all those of the
options that interact. What lies beyond the defaults is marked ``pairs``.
"""

import os
import re
from ast import literal_eval
from inspect import Parameter, signature
from itertools import combinations, product

import pytest
from numpydoc.docscrape import ClassDoc
from options import BRIEF, OPTIONS, REQUIRED, choices, in_full, in_pairs, made
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import (
    check_class_weight_classifiers,
    check_classifiers_classes,
    check_dataframe_column_names_consistency,
    check_decision_proba_consistency,
    check_estimator,
    check_get_feature_names_out_error,
    check_global_output_transform_pandas,
    check_global_set_output_transform_polars,
    check_inplace_ensure_writeable,
    check_sample_weight_equivalence_on_dense_data,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_set_output_transform_polars,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
)

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
    SemiSupervisedEM,
)
from skml_lecture.distributed import DistributedFit

pytestmark = [
    pytest.mark.brief,
    pytest.mark.filterwarnings("ignore:A covariance is singular:UserWarning"),
]
EVERY = [check_dataframe_column_names_consistency, check_inplace_ensure_writeable]
TRANSFORMER = [
    check_get_feature_names_out_error,
    check_global_output_transform_pandas,
    check_global_set_output_transform_polars,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_set_output_transform_polars,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
]
WEIGHT_IS_REPETITION = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)


def excused(model):
    """Name the checks that cannot hold, with the reason."""
    params = model.get_params()
    found = {}
    if params.get("batch_size") not in (None, "auto"):
        reason = "mini-batches: a repetition falls into another batch"
        found |= dict.fromkeys(WEIGHT_IS_REPETITION, reason)
    if params.get("early_stopping"):
        reason = "rows are held out: a repetition may fall on both sides"
        found |= dict.fromkeys(WEIGHT_IS_REPETITION, reason)
    if "class_weight" in params and not params.get("fit_intercept", True):
        found["check_class_weight_classifiers"] = "no weights make one class win at the origin"
    if isinstance(model, NaiveBayes) and model.__sklearn_tags__().input_tags.positive_only:
        found["check_decision_proba_consistency"] = "feeds negative values to a family of counts"
    if isinstance(model, SemiSupervisedEM):
        found["check_classifiers_classes"] = "-1 says that there is no label"
    return found


def configurations():
    """Yield the estimators to check, what lies beyond the defaults marked."""
    for cls, options in OPTIONS.items():
        sizes = [len(values) for values in options.values()]
        rows = in_full(cls) if os.environ.get("SKML_SOAK") else in_pairs(sizes)
        yield pytest.param(cls(*REQUIRED.get(cls, [])), id=cls.__name__)
        models = [made(cls, row) for row in rows]
        for name, model in {re.sub(r"\s+", "", repr(model)): model for model in models}.items():
            yield pytest.param(model, id=name, marks=pytest.mark.pairs)


@pytest.mark.parametrize("model", list(configurations()))
def test_every_configuration_passes_the_estimator_checks(model):
    name = type(model).__name__

    check_estimator(model, expected_failed_checks=excused(model))

    for check in EVERY:
        check(name, clone(model))


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
@pytest.mark.parametrize("check", TRANSFORMER)
@pytest.mark.parametrize("options", [{}, {"hidden_layer_sizes": (8, 6), "dropout": 0.05}], ids=str)
def test_hidden_features_have_names_and_containers(options, check):
    check("CascadedLogisticMLP", CascadedLogisticMLP(**options, max_iter=5))


WRAPPED = [
    RidgeRegression(),
    NaiveBayes(),
    GaussianGenerativeClassifier(),
    LogisticRegressionGD(),
    CascadedLogisticMLP(max_iter=5, random_state=0),
]


@pytest.mark.parametrize("model", WRAPPED, ids=str)
def test_a_model_that_is_wrapped_for_a_cluster_passes_the_estimator_checks(model):
    wrapped = DistributedFit(model)

    check_estimator(wrapped)

    for check in EVERY:
        check("DistributedFit", clone(wrapped))


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
@pytest.mark.parametrize("check", TRANSFORMER)
def test_hidden_features_of_a_wrapped_network_have_names_and_containers(check):
    check("DistributedFit", DistributedFit(CascadedLogisticMLP(max_iter=5, random_state=0)))


@pytest.mark.parametrize(
    ("model", "check"),
    [
        (LogisticRegressionGD(batch_size=8), check_sample_weight_equivalence_on_dense_data),
        (LogisticRegressionGD(early_stopping=True), check_sample_weight_equivalence_on_dense_data),
        (LogisticRegressionGD(fit_intercept=False), check_class_weight_classifiers),
        (LogisticRegression(fit_intercept=False), check_class_weight_classifiers),
        (CascadedLogisticMLP(batch_size=8), check_sample_weight_equivalence_on_dense_data),
        (CascadedLogisticMLP(early_stopping=True), check_sample_weight_equivalence_on_dense_data),
        (NaiveBayes("poisson"), check_decision_proba_consistency),
        (SemiSupervisedEM(NaiveBayes()), check_classifiers_classes),
    ],
    ids=lambda it: str(getattr(it, "__name__", it)),
)
def test_every_excuse_is_needed(model, check):
    with pytest.raises((AssertionError, ValueError)):
        check(type(model).__name__, model)


def test_any_two_choices_meet():
    rows = list(in_pairs([2, 3, 3, 2]))

    for (a, i), (b, j) in combinations(enumerate([2, 3, 3, 2]), 2):
        assert {(row[a], row[b]) for row in rows} == set(product(range(i), range(j)))
    assert len(rows) < 2 * 3 * 3 * 2 / 3


def strings(values):
    """Yield the strings among values and in the containers that they are."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple | dict):
            yield from strings(value)


def documented(cls):
    """Yield the name, the type and the description of the documented parameters."""
    for name, kind, lines in ClassDoc(cls)["Parameters"]:
        yield name, kind, "\n".join(lines)


@pytest.mark.parametrize("cls", OPTIONS)
def test_the_documentation_lists_the_options_of_the_table(cls):
    table = choices(cls)
    listed = {}
    for name, kind, description in documented(cls):
        words = kind.partition("default=")[0] + (description if "str" in kind else "")
        listed[name] = set(re.findall(r'"(\w+)"', words)), kind

    assert list(listed) == list(signature(cls).parameters)
    for name, (words, kind) in listed.items():
        if words or "bool" in kind or "str" in kind:
            assert name in table, name
        if name in table:
            assert set(strings(table[name])) == words, name


@pytest.mark.parametrize("cls", OPTIONS)
def test_the_defaults_are_those_of_the_documentation_and_the_table(cls):
    table = choices(cls)

    for name, kind, _ in documented(cls):
        default = signature(cls).parameters[name].default
        if default is Parameter.empty:
            continue
        assert literal_eval(kind.partition("default=")[2]) == default, name
        assert name not in table or table[name][0] == default or name in BRIEF, name
