"""CascadedLogisticMLP: laws, oracles and bad input."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine, make_multilabel_classification
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from skml_lecture import CascadedLogisticMLP, LogisticRegressionGD
from skml_lecture.descent.optimizers import Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def small(**options):
    return CascadedLogisticMLP((6,), **{"random_state": 0, "tol": 0, "max_iter": 10, **options})


OPTIMIZERS = ["gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [None, 16])
def test_without_hidden_layers_it_is_logistic_regression(optimizer, batch_size, iris):
    options = {"optimizer": optimizer, "batch_size": batch_size, "max_iter": 10, "tol": 0}

    cascade = CascadedLogisticMLP((), alpha=1.0, random_state=0, **options).fit(*iris)
    logistic = LogisticRegressionGD(1.0, preconditioner=None, random_state=0, **options).fit(*iris)

    assert_allclose(cascade.coefs_[0].T, logistic.coef_, rtol=1e-9, atol=1e-12)
    assert_allclose(cascade.intercepts_[0], logistic.intercept_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "options",
    [{}, {"batch_size": 16}, {"batch_size": 16, "dropout": 0.2}, {"early_stopping": True}],
)
def test_two_fits_equal_one_of_twice_the_length(optimizer, options, iris):
    options = {"optimizer": optimizer, "n_iter_no_change": 50, **options}

    once = small(max_iter=20, **options).fit(*iris)
    twice = pickle.loads(pickle.dumps(small(warm_start=True, **options).fit(*iris))).fit(*iris)

    assert twice.loss_curve_ == once.loss_curve_
    for a, b in zip(twice.coefs_, once.coefs_, strict=True):
        assert_array_equal(a, b)


def test_partial_fit_is_one_epoch(iris):
    options = {"optimizer": "adam", "batch_size": 16, "dropout": 0.1, "alpha": 0.0}
    fitted = small(**options, max_iter=3).fit(*iris)
    model = small(**options)

    for _ in range(3):
        model.partial_fit(*iris)

    assert_array_equal(model.coefs_[0], fitted.coefs_[0])


def test_partial_fit_goes_on_from_the_best_parameters_by_the_rows_held_out(iris):
    model = small(early_stopping=True, learning_rate=0.5, max_iter=50, optimizer="adam").fit(*iris)
    before = model.coefs_[0]

    model.set_params(learning_rate=1e-30, early_stopping=False).partial_fit(*iris)

    assert_array_equal(model.coefs_[0], before)


def test_float32_is_kept_and_close_to_float64(iris):
    X, y = iris

    single, double = small().fit(X.astype(np.float32), y), small().fit(X, y)

    assert {part.dtype for part in single.coefs_ + single.intercepts_} == {np.dtype(np.float32)}
    assert single.predict_proba(X).dtype == np.float32
    assert_allclose(single.predict_proba(X), double.predict_proba(X), atol=1e-3)


def test_sparse_equals_dense(iris):
    X, y = np.maximum(iris[0], 0), iris[1]

    dense, sparse = small(batch_size=16).fit(X, y), small(batch_size=16).fit(csr_matrix(X), y)

    assert_allclose(sparse.predict_proba(csr_matrix(X)), dense.predict_proba(X), rtol=1e-6)


def test_early_stopping_keeps_the_best_parameters(iris):
    X, y = iris
    train, held = np.arange(0, 150, 2), np.arange(1, 150, 2)
    model = small(early_stopping=True, learning_rate=0.5, max_iter=100, tol=1e-4)

    model.fit(X[train], y[train], X_val=X[held], y_val=y[held])

    loss = -np.mean(model.predict_log_proba(X[held])[np.arange(75), y[held]])
    assert loss == pytest.approx(min(model.validation_loss_curve_))


def test_restarts_keep_the_best(iris):
    model = small(n_init=4, optimizer="adam")

    losses = [small(n_init=k, optimizer="adam").fit(*iris).loss_curve_[-1] for k in (1, 2, 4)]

    assert sorted(losses, reverse=True) == losses
    assert model.fit(*iris).loss_curve_[-1] == losses[-1]


def test_several_labels_are_units_of_their_own():
    X, Y = make_multilabel_classification(random_state=0)

    model = small(max_iter=50, learning_rate=0.05).fit(X, Y)

    assert model.out_activation_ == "logistic"
    assert_array_equal(model.predict(X), model.predict_proba(X) > 0.5)
    assert_allclose(np.log(model.predict_proba(X)), model.predict_log_proba(X))


def test_prediction_drops_nothing(iris):
    model = small(dropout=0.5).fit(*iris)

    assert_array_equal(model.predict_proba(iris[0]), model.predict_proba(iris[0]))


def test_every_hidden_layer_can_be_read_with_names(iris):
    model = CascadedLogisticMLP((5, 3), max_iter=2, random_state=0).fit(*iris)

    frames = [model.set_output(transform="pandas").transform(iris[0], layer) for layer in (0, -1)]

    assert [frame.shape[1] for frame in frames] == [5, 3]
    assert list(frames[1]) == list(model.get_feature_names_out())
    assert model.n_parameters_ == 4 * 5 + 5 + 5 * 3 + 3 + 3 * 3 + 3


def test_interrupt_keeps_the_best_parameters_and_says_so(iris):
    def schedule(t):
        if t == 5:
            raise KeyboardInterrupt
        return 1.0

    with pytest.warns(UserWarning, match="Interrupted after 5 epochs"):
        model = small(schedule=schedule, optimizer="adam").fit(*iris)

    expected = small(max_iter=5, optimizer="adam").fit(*iris)
    assert_array_equal(model.coefs_[0], expected.coefs_[0])


def test_interrupt_between_restarts_keeps_the_best_of_those_finished(iris):
    class Interrupting(Adam):
        starts = 0

        def init(self, theta):
            Interrupting.starts += len(theta) > 1
            if Interrupting.starts == 3:
                raise KeyboardInterrupt
            return super().init(theta)

    settings = {"max_iter": 10, "tol": 0, "random_state": 0}
    model = CascadedLogisticMLP((6,), n_init=9, optimizer=Interrupting(), **settings)

    with pytest.warns(UserWarning, match="Interrupted after 10 epochs"):
        model.fit(*iris)

    assert_array_equal(model.coefs_[0], small(n_init=2, optimizer="adam").fit(*iris).coefs_[0])


@pytest.mark.parametrize("make", [LogisticRegressionGD, CascadedLogisticMLP, MLPClassifier])
def test_a_warm_start_needs_a_row_of_every_class(make, iris):
    X, y = iris
    model = make(warm_start=True, max_iter=2).fit(X, y)

    with pytest.raises(ValueError, match=r"warm_start.* classes .*\[0"):
        model.fit(X[y < 2], y[y < 2])


def test_interrupt_of_a_resumed_fit_keeps_its_own_best(iris):
    X, y = iris
    settings = {"max_iter": 200, "learning_rate": 0.02, "optimizer": "adam"}
    model = small(**settings, warm_start=True).fit(X, y)
    before = log_loss((y + 1) % 3, model.predict_proba(X))

    def schedule(t):
        if t > 600:
            raise KeyboardInterrupt
        return 1.0

    with pytest.warns(UserWarning, match="Interrupted"):
        model.set_params(schedule=schedule, max_iter=1000).fit(X, (y + 1) % 3)

    assert log_loss((y + 1) % 3, model.predict_proba(X)) < before / 2


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
@pytest.mark.parametrize("change", ["labels", "alpha"])
def test_a_warm_start_learns_what_changed(optimizer, change, iris):
    X, y = iris
    options = {"optimizer": optimizer, "batch_size": None, "max_iter": 500}
    model = small(warm_start=True, **options).fit(X, y)
    other = y if change == "alpha" else (y + 1) % 3
    alpha = 5.0 if change == "alpha" else 1e-4

    model.set_params(alpha=alpha).fit(X, other)

    fresh = small(alpha=alpha, **options).fit(X, other)
    assert model.loss_curve_[-1] < fresh.loss_curve_[-1] + 0.05  # another minimum


def test_a_warm_start_follows_dropout_rate_and_patience(iris):
    model = small(warm_start=True, n_iter_no_change=2, tol=10).fit(*iris)

    model.set_params(dropout=0.5, tol=0, n_iter_no_change=50).fit(*iris)
    with_dropout = model.loss_curve_[-1]
    model.set_params(dropout=0.0, optimizer="gd", max_iter=1).fit(*iris)

    assert len(model.loss_curve_) == 3 + 10 + 1
    assert model.loss_curve_[-1] < with_dropout


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("sizes", [(3,), (6, 6), ()])
def test_going_on_with_other_layers_is_refused(method, sizes, iris):
    model = small(warm_start=True).fit(*iris).set_params(hidden_layer_sizes=sizes)

    with pytest.raises(ValueError, match="start anew"):
        getattr(model, method)(*iris)


@pytest.mark.parametrize(
    "changed", [{"hidden_layer_sizes": (9, 9)}, {"activation": "relu"}, {"hidden_layer_sizes": -1}]
)
def test_parameters_set_after_the_fit_do_not_change_predictions(changed, iris):
    model = small().fit(*iris)
    before = model.predict_proba(iris[0])

    model.set_params(**changed)

    assert_array_equal(model.predict_proba(iris[0]), before)


@pytest.mark.parametrize("low", [-1, 1])
def test_indicators_of_several_labels_are_0_and_1(low, rng):
    Y = rng.integers(0, 2, (20, 3)) * (2 if low < 0 else 1) + low

    with pytest.raises(ValueError, match="must hold 0 and 1"):
        small().fit(rng.normal(size=(20, 2)), Y)


def test_classes_of_several_labels_are_the_numbers_of_the_columns(rng):
    X, Y = rng.normal(size=(20, 2)), rng.integers(0, 2, (20, 3))
    model = small()

    for _ in range(2):
        model.partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="numbers of its columns"):
        small().partial_fit(X, Y, classes=["a", "b", "c"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_layer_sizes": 5.0}, "hidden_layer_sizes must be an int or a list"),
        ({"hidden_layer_sizes": None}, "hidden_layer_sizes must be an int or a list"),
        ({"activation": None}, "activation must be one value or one per"),
        ({"dropout": None}, "dropout must be one value or one per"),
    ],
)
def test_parameters_of_the_wrong_kind_are_named(options, message, iris):
    with pytest.raises(TypeError, match=message):
        small().set_params(**options).fit(*iris)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": -1}, "hidden_layer_sizes"),
        ({"activation": ["relu", "tanh"]}, "one per hidden layer"),
        ({"activation": "relo"}, "activation must be one of"),
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": np.nan}, "dropout must be a number"),
        ({"alpha": np.nan}, "alpha must be a number"),
        ({"learning_rate": np.nan}, "learning_rate must be a number"),
        ({"dropout": (0.1, 0.1, 0.1)}, "one per layer"),
        ({"batch_size": 0}, "batch_size"),
        ({"optimizer": "adamm"}, "optimizer must be one of"),
        ({"optimizer": "gd", "learning_rate": 1e200, "activation": "relu"}, "diverged"),
    ],
)
def test_bad_parameters_are_named_and_nothing_is_learnt(options, message, iris):
    model = small().set_params(**options)

    with pytest.raises(ValueError, match=message):
        model.fit(*iris)

    assert not hasattr(model, "coefs_")


@pytest.mark.filterwarnings("error:batch_size")
def test_batches_beyond_the_held_out_rows_are_fine(iris):
    small(batch_size=100, early_stopping=True).fit(*iris)


def test_batches_beyond_the_rows_are_clipped(iris):
    with pytest.warns(UserWarning, match="batch_size=1000"):
        model = small(batch_size=1000).fit(*iris)

    assert_array_equal(model.coefs_[0], small(batch_size=None).fit(*iris).coefs_[0])


@pytest.mark.parametrize("bad", ["nan", "label"])
def test_a_bad_chunk_leaves_the_model_as_it_was(bad, iris):
    X, y = iris[0].copy(), iris[1].copy()
    model = small().partial_fit(X, y)
    before = model.predict_proba(X)
    chunk = (np.full_like(X, np.nan), y) if bad == "nan" else (X, y + 7)

    with pytest.raises(ValueError, match=r"NaN|labels"):
        model.partial_fit(*chunk)

    assert_array_equal(model.predict_proba(X), before)


def test_unseen_labels_of_held_out_rows_are_named(iris):
    X, y = iris

    with pytest.raises(ValueError, match="labels"):
        small().fit(X, y, X_val=X, y_val=y + 1)


@pytest.mark.parametrize(("sizes", "later"), [((3,), ()), ((), (3,))])
def test_hidden_features_are_those_of_the_network_that_was_fitted(rng, sizes, later):
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 2
    model = CascadedLogisticMLP(sizes, max_iter=3, random_state=0).fit(X, y)
    before = model.transform(X) if sizes else None

    model.set_params(hidden_layer_sizes=later)

    assert hasattr(model, "transform") == bool(sizes)
    if sizes:
        assert_array_equal(model.transform(X), before)


@pytest.mark.parametrize("several", [False, True])
def test_rows_to_validate_on_that_do_not_fit_are_named(rng, several):
    X, labels = rng.normal(size=(30, 2)), rng.integers(0, 2, (30, 3))
    y, other = (labels, labels[:, 0]) if several else (labels[:, 0], labels)
    model = CascadedLogisticMLP((3,), max_iter=3)

    with pytest.raises(ValueError, match="sample_weight_val"):
        model.fit(X, y, sample_weight_val=np.ones(30))
    with pytest.raises(ValueError, match="y_val"):
        model.fit(X, y, X_val=X, y_val=other)


@pytest.mark.parametrize("n_rows", [30, 33, 150, 405])
@pytest.mark.parametrize("batch_size", ["auto", None, 40])
@pytest.mark.filterwarnings("ignore:batch_size=40")
def test_rows_that_weigh_nothing_change_no_choice(rng, n_rows, batch_size):
    """Optimizer, rate and batches are those of the rows that are there."""
    X, y = rng.normal(size=(3 * n_rows, 3)), np.arange(3 * n_rows) % 3
    there = rng.permutation(np.arange(3 * n_rows) < n_rows)
    model = CascadedLogisticMLP((3,), batch_size=batch_size, max_iter=4, random_state=0)

    weighted = clone(model).fit(X, y, sample_weight=there.astype(float))
    alone = clone(model).fit(X[there], y[there])

    assert_allclose(weighted.predict_proba(X), alone.predict_proba(X), rtol=1e-6)
    weighted.partial_fit(X, y, sample_weight=there.astype(float))
    alone.partial_fit(X[there], y[there])
    assert_allclose(weighted.predict_proba(X), alone.predict_proba(X), rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{"dropout": [0.0, 0.9]}, {"dropout": 0.7}, {"max_iter": 1, "batch_size": 5}],
    ids=str,
)
def test_a_network_that_does_better_than_guessing_is_not_told_that_it_guesses(options):
    """However high the curve, of units dropped or as an average of the first epoch."""
    X, y = load_wine(return_X_y=True)
    X, found = StandardScaler().fit_transform(X), []
    for seed in range(8):
        model = CascadedLogisticMLP((50,), **{"max_iter": 50, "random_state": seed, **options})

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(X, y)

        guesses = log_loss(y, model.predict_proba(X)) > 0.98 * log_loss(y, np.full((178, 3), 1 / 3))
        found.append(any("guessing" in str(w.message) for w in caught) and not guesses)
    assert not any(found)
