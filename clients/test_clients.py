"""One short, realistic use of our estimators in each of the packages put around them."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
)


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the clients
        yield


CLASSIFIERS = [
    LogisticRegressionGD(),
    GaussianGenerativeClassifier("full"),
    NaiveBayes(),
    CascadedLogisticMLP((5,), max_iter=20, random_state=0),
]


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda m: type(m).__name__)
def test_imbalanced_learn_resamples_in_front(model):
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.pipeline import make_pipeline as make_imbalanced

    X, y = load_breast_cancer(return_X_y=True)
    keep = (y == 1) | (np.arange(len(y)) % 10 == 0)

    model = make_imbalanced(StandardScaler(), RandomOverSampler(random_state=0), model)

    assert cross_val_score(model, X[keep], y[keep], cv=3, scoring="roc_auc").min() > 0.5


def test_shap_explains_a_linear_model_and_any_function():
    import shap

    X, y = load_diabetes(return_X_y=True)
    ridge = RidgeRegression().fit(X, y)

    explainer = shap.LinearExplainer(ridge, X)

    values, base = explainer.shap_values(X[:5]), explainer.expected_value
    np.testing.assert_allclose(values.sum(axis=1) + base, ridge.predict(X[:5]), rtol=1e-6)
    X, y = load_iris(return_X_y=True)
    model = NaiveBayes().fit(X, y)
    explained = shap.Explainer(model.predict_proba, X[:50])(X[:3])
    np.testing.assert_allclose(
        explained.values.sum(axis=1) + explained.base_values, model.predict_proba(X[:3]), atol=1e-6
    )


def test_mapie_gives_intervals():
    from mapie.regression import SplitConformalRegressor

    X, y = load_diabetes(return_X_y=True)
    model = SplitConformalRegressor(RidgeRegression(0.1), confidence_level=0.9, prefit=False)
    model.fit(X[:200], y[:200]).conformalize(X[200:300], y[200:300])

    _, intervals = model.predict_interval(X[300:])

    inside = (intervals[:, 0, 0] <= y[300:]) & (y[300:] <= intervals[:, 1, 0])
    assert 0.8 < inside.mean() <= 1


def test_skrub_vectorizes_a_table():
    from skrub import tabular_pipeline

    iris = load_iris(as_frame=True)
    table = iris.data.assign(word=np.where(iris.target > 0, "no", "setosa"))

    model = tabular_pipeline(LogisticRegressionGD())

    assert model.fit(table, iris.target).predict(table).shape == (150,)


def test_optuna_tunes_a_penalty():
    import optuna

    X, y = load_diabetes(return_X_y=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def error(trial):
        alpha = trial.suggest_float("alpha", 1e-3, 1e2, log=True)
        return -cross_val_score(RidgeRegression(alpha), X, y, cv=3).mean()

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(error, n_trials=10)

    assert study.best_value < error(optuna.trial.FixedTrial({"alpha": 1e2}))


def test_mlxtend_stacks_and_selects():
    from mlxtend.classifier import StackingCVClassifier
    from mlxtend.feature_selection import SequentialFeatureSelector

    X, y = load_iris(return_X_y=True)
    stack = StackingCVClassifier([NaiveBayes(), LogisticRegressionGD()], LogisticRegressionGD())
    chosen = SequentialFeatureSelector(LogisticRegressionGD(), k_features=2, cv=3).fit(X, y)

    assert stack.fit(X, y).predict(X).shape == y.shape
    assert len(chosen.k_feature_idx_) == 2


def test_category_encoders_stand_in_front():
    from category_encoders import TargetEncoder

    X, y = load_diabetes(return_X_y=True)
    frame = pd.DataFrame({"half": np.where(X[:, 0] > 0, "old", "young"), "bmi": X[:, 2]})

    model = make_pipeline(TargetEncoder(), RidgeRegression()).fit(frame, y)

    assert np.isfinite(model.predict(frame)).all()


def test_feature_engine_stands_in_front():
    from feature_engine.discretisation import EqualFrequencyDiscretiser
    from feature_engine.imputation import MeanMedianImputer

    X, y = load_iris(return_X_y=True, as_frame=True)
    X.iloc[::9, 0] = np.nan

    model = make_pipeline(
        MeanMedianImputer(), EqualFrequencyDiscretiser(q=5), NaiveBayes("categorical")
    )

    assert cross_val_score(model, X, y, cv=3).min() > 0.5


@pytest.mark.parametrize("make", [LogisticRegressionGD, NaiveBayes])
def test_dask_ml_fits_block_by_block_and_predicts_in_parallel(make):
    import dask.array as da
    from dask_ml.wrappers import Incremental, ParallelPostFit

    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(150)
    blocks = da.from_array(X[order], chunks=(50, 4)), da.from_array(y[order], chunks=50)

    model = Incremental(make()).fit(*blocks, classes=[0, 1, 2])
    parallel = ParallelPostFit(make()).fit(X, y)

    assert model.predict(blocks[0]).compute().shape == (150,)
    np.testing.assert_array_equal(
        parallel.predict(blocks[0]).compute(), parallel.estimator.predict(X[order])
    )


def test_arrow_tables_are_frames():
    import pyarrow as pa

    X, y = load_iris(return_X_y=True, as_frame=True)

    table = pa.Table.from_pandas(X)

    model = NaiveBayes().fit(table, y)
    np.testing.assert_array_equal(model.predict(table), NaiveBayes().fit(X, y).predict(X))
    assert list(model.feature_names_in_) == list(X.columns)


@pytest.mark.parametrize(
    "model", [RidgeRegression(), LogisticRegressionGD(), GaussianGenerativeClassifier()]
)
@pytest.mark.parametrize("select", [RFE, SelectFromModel])
def test_linear_models_select_features(select, model):
    X, y = load_iris(return_X_y=True)

    kept = select(model).fit(X, y).transform(X)

    assert 0 < kept.shape[1] < 4


@pytest.mark.parametrize(
    "model", [NaiveBayes(), GaussianGenerativeClassifier("full"), CascadedLogisticMLP(max_iter=5)]
)
def test_models_without_weights_of_features_are_said_to_be(model):
    X, y = load_iris(return_X_y=True)

    with pytest.raises(
        (ValueError, AttributeError), match=r"coef_|feature_importances_|importance"
    ):
        SelectFromModel(model).fit(X, y).transform(X)
