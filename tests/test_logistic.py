"""LogisticRegressionGD against scikit-learn and the laws it promises."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import approx_fprime
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from skml_lecture.descent.optimizers import OPTIMIZERS, Momentum, Nesterov
from skml_lecture.descent.rows import hold_out
from skml_lecture.descent.schedules import InverseSqrt
from skml_lecture.logistic import LogisticRegressionGD


def objective(model, X, y, alpha, weight=None):
    loss = log_loss(y, model.predict_proba(X), normalize=False, sample_weight=weight)
    return loss + alpha / 2 * (model.coef_**2).sum()


def iris(n_classes=3, scale=True):
    X, y = load_iris(return_X_y=True)
    X, y = X[y < n_classes], y[y < n_classes]
    return (StandardScaler().fit_transform(X) if scale else X), y


def quiet(model, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*args, **kwargs)


class TestOptimum:
    @pytest.mark.parametrize("load", [load_breast_cancer, load_wine, load_digits, load_iris])
    @pytest.mark.parametrize("scale", [True, False])
    def test_default_reaches_the_optimum_without_a_warning(self, load, scale):
        X, y = load(return_X_y=True)
        X = StandardScaler().fit_transform(X) if scale else X
        solver = "lbfgs" if scale else "newton-cholesky"  # lbfgs stops short of unscaled optima

        ours = LogisticRegressionGD().fit(X, y)
        peer = quiet(LogisticRegression(tol=1e-10, max_iter=10_000, solver=solver), X, y)

        best = objective(peer, X, y, 1.0)
        assert objective(ours, X, y, 1.0) <= best * (1 + 1e-6)
        assert_allclose(ours.coef_, peer.coef_, atol=1e-3)

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    @pytest.mark.parametrize(("n", "d", "k"), [(300, 250, 2), (60, 300, 2), (400, 100, 5)])
    def test_many_correlated_features_reach_the_optimum_and_never_climb(self, n, d, k, dtype, rng):
        X = (rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) / np.sqrt(d)).astype(dtype)
        y = (X @ rng.normal(size=(d, k)) / np.sqrt(d) + rng.gumbel(size=(n, k))).argmax(axis=1)

        ours = LogisticRegressionGD().fit(X, y)
        peer = LogisticRegression(tol=1e-10, max_iter=10_000).fit(X.astype(float), y)

        best = objective(peer, X, y, 1.0)
        assert objective(ours, X, y, 1.0) <= best * (1 + (1e-8 if dtype == np.float64 else 1e-5))
        assert (np.diff(ours.loss_curve_) <= 8 * np.finfo(dtype).eps).all()

    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_a_tie_goes_to_the_first_class(self, n_classes):
        X, y = iris(n_classes)

        model = LogisticRegressionGD(fit_intercept=False).fit(X, y)

        assert model.predict(np.zeros((1, 4))) == [model.classes_[0]]

    @pytest.mark.parametrize("alpha", [1e-2, 1.0, 100.0])
    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_alpha_is_one_over_c(self, alpha, n_classes):
        X, y = iris(n_classes)

        ours = LogisticRegressionGD(alpha).fit(X, y)
        peer = LogisticRegression(C=1 / alpha, tol=1e-10, max_iter=10_000).fit(X, y)

        assert_allclose(ours.coef_, peer.coef_, atol=1e-4)
        assert_allclose(ours.predict_proba(X), peer.predict_proba(X), atol=1e-5)

    @pytest.mark.parametrize("offset", [0.0, 100.0, 1e6])
    @pytest.mark.parametrize("preconditioner", ["scale", "whiten"])
    def test_coordinates_leave_the_optimum_alone(self, offset, preconditioner):
        X, y = iris()
        reference = LogisticRegressionGD().fit(X, y)

        moved = LogisticRegressionGD(preconditioner=preconditioner).fit(X + offset, y)

        assert_allclose(moved.coef_, reference.coef_, atol=1e-4)
        assert_allclose(moved.predict_proba(X + offset), reference.predict_proba(X), atol=1e-4)

    @pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
    def test_every_curvature_optimizer_reaches_it(self, optimizer):
        X, y = iris()
        reference = LogisticRegressionGD().fit(X, y)

        model = LogisticRegressionGD(optimizer=optimizer).fit(X, y)

        assert_allclose(model.coef_, reference.coef_, atol=1e-4)

    @pytest.mark.parametrize("optimizer", OPTIMIZERS)
    @pytest.mark.parametrize("batch_size", [None, 16])
    def test_every_optimizer_lowers_the_loss(self, optimizer, batch_size):
        X, y = iris()

        model = LogisticRegressionGD(
            optimizer=optimizer, batch_size=batch_size, max_iter=20, random_state=0
        )
        quiet(model, X, y)

        assert model.loss_curve_[-1] < model.loss_curve_[0] <= np.log(3) * 1.01

    def test_one_row_at_a_time_with_decay_comes_close(self):
        X, y = iris()
        best = LogisticRegressionGD().fit(X, y)

        model = LogisticRegressionGD(
            optimizer="gd", batch_size=1, schedule="inv_sqrt", max_iter=60, tol=0, random_state=0
        )
        quiet(model, X, y)

        least = objective(best, X, y, 1.0)
        assert objective(model, X, y, 1.0) - least <= 0.1 * (len(y) * np.log(3) - least)

    @pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
    def test_gradient_vanishes_at_the_solution(self, loss):
        X, y = iris(2)
        model = LogisticRegressionGD(loss=loss, tol=1e-8).fit(X, y)

        def value(theta):
            f = 1 / (1 + np.exp(-(X @ theta[:4] + theta[4])))
            row = -np.log(np.where(y, f, 1 - f)) if loss == "cross_entropy" else (f - y) ** 2
            return row.sum() + (theta[:4] ** 2).sum() / 2

        theta = np.append(model.coef_[0], model.intercept_)
        assert_allclose(approx_fprime(theta, value, 1e-6), 0, atol=1e-4)

    def test_loss_curve_is_the_objective_per_weight(self, rng):
        X, y = iris()
        weight = rng.uniform(0.5, 2, len(y))

        model = LogisticRegressionGD(2.0).fit(X, y, weight)

        expected = objective(model, X, y, 2.0, weight) / weight.sum()
        assert_allclose(model.loss_curve_[-1], expected)
        assert model.n_iter_ == len(model.loss_curve_)

    def test_without_intercept_equals_scikit_learn(self):
        X, y = iris()

        ours = LogisticRegressionGD(fit_intercept=False).fit(X + 1, y)
        peer = LogisticRegression(fit_intercept=False, tol=1e-10, max_iter=10_000).fit(X + 1, y)

        assert_allclose(ours.coef_, peer.coef_, atol=1e-4)
        assert_array_equal(ours.intercept_, 0)

    def test_huge_penalty_leaves_the_class_frequencies(self):
        X, y = iris(scale=False)
        X, y = X[:120], y[:120]

        model = LogisticRegressionGD(1e12).fit(X, y)

        assert_allclose(model.coef_, 0, atol=1e-8)
        assert_allclose(model.predict_proba(X[:1])[0], np.bincount(y) / 120, rtol=1e-5)


class TestData:
    def test_weight_equals_repetition(self, rng):
        X, y = iris()
        times = rng.integers(0, 4, len(y))

        weighted = LogisticRegressionGD().fit(X, y, sample_weight=times)
        repeated = LogisticRegressionGD().fit(np.repeat(X, times, 0), np.repeat(y, times))

        assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-8, atol=1e-10)

    @pytest.mark.parametrize("class_weight", ["balanced", {0: 1, 1: 5, 2: 0.5}])
    def test_class_weight_equals_scikit_learn(self, class_weight):
        X, y = iris()
        X, y = X[30:], y[30:]

        ours = LogisticRegressionGD(class_weight=class_weight).fit(X, y)
        peer = LogisticRegression(class_weight=class_weight, tol=1e-10, max_iter=10_000)

        assert_allclose(ours.coef_, peer.fit(X, y).coef_, atol=1e-4)

    @pytest.mark.parametrize("preconditioner", [None, "scale", "whiten", "auto"])
    def test_sparse_equals_dense(self, preconditioner):
        X, y = iris(scale=False)
        settings = {"preconditioner": preconditioner, "max_iter": 300}

        dense = quiet(LogisticRegressionGD(**settings), X, y)
        sparse = quiet(LogisticRegressionGD(**settings), csr_matrix(X), y)

        assert_allclose(sparse.coef_, dense.coef_, atol=1e-2 if preconditioner is None else 1e-4)
        assert_allclose(sparse.predict_proba(csr_matrix(X)), sparse.predict_proba(X))

    def test_wide_sparse_rows_equal_scikit_learn(self, rng):
        X = csr_matrix(rng.poisson(0.05, (300, 2000)).astype(float))
        y = (np.asarray(X[:, :50].sum(axis=1)).ravel() > 2).astype(int)

        ours = LogisticRegressionGD().fit(X, y)
        peer = LogisticRegression(tol=1e-10, max_iter=10_000).fit(X, y)

        assert_allclose(ours.coef_, peer.coef_, atol=1e-4)

    def test_keeps_float32(self):
        X, y = iris()

        model = LogisticRegressionGD().fit(X.astype(np.float32), y)

        assert model.coef_.dtype == model.predict_proba(X).dtype == np.float32
        assert_allclose(model.coef_, LogisticRegressionGD().fit(X, y).coef_, atol=1e-3)

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("of_rows", [np.asarray, csr_matrix])
    @pytest.mark.parametrize("far", [10, 1e3, 1e4])
    @pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
    def test_float32_far_from_zero_stops_at_what_it_can_tell(self, load, far, of_rows, rng):
        """Years and serial numbers: scores lose as many digits as the mean has spreads."""
        X, y = load(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        for _ in range(3):
            rows = rng.permutation(len(X))[: rng.integers(100, len(X) + 1)]
            x = (X[rows] + far).astype(np.float32)

            model = LogisticRegressionGD(max_iter=250).fit(of_rows(x), y[rows])

            exact = LogisticRegressionGD().fit(x.astype(np.float64), y[rows])
            assert model.loss_curve_[-1] < 1.3 * exact.loss_curve_[-1]

    def test_labels_may_be_anything(self):
        X, y = iris()
        names = np.array(["setosa", "versicolor", "virginica"])

        model = LogisticRegressionGD().fit(X, names[y])

        assert_array_equal(model.classes_, names)
        assert_array_equal(model.predict(X), names[LogisticRegressionGD().fit(X, y).predict(X)])

    def test_many_rows_reach_the_same_optimum(self, rng):
        X = rng.normal(size=(90_000, 50))
        y = (X[:, :3] + rng.normal(size=(90_000, 3))).argmax(axis=1)

        ours = LogisticRegressionGD().fit(X, y)
        peer = LogisticRegression(tol=1e-10, max_iter=1000).fit(X, y)

        assert_allclose(ours.coef_, peer.coef_, atol=1e-5)

    def test_scores_and_probabilities_agree_for_two_classes(self):
        X, y = iris(2)

        model = LogisticRegressionGD().fit(X, y)

        z = model.decision_function(X)
        assert z.shape == (100,)
        assert_allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-z)))
        assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))


class TestResuming:
    @pytest.mark.parametrize("optimizer", OPTIMIZERS)
    @pytest.mark.parametrize("batch_size", [None, 16])
    def test_two_fits_equal_one_of_twice_the_length(self, optimizer, batch_size):
        X, y = iris()
        settings = {"optimizer": optimizer, "batch_size": batch_size, "random_state": 0, "tol": 0}

        once = quiet(LogisticRegressionGD(max_iter=20, **settings), X, y)
        twice = LogisticRegressionGD(max_iter=10, warm_start=True, **settings)
        twice = pickle.loads(pickle.dumps(quiet(twice, X, y)))
        quiet(twice, X, y)

        assert_array_equal(twice.coef_, once.coef_)
        assert twice.loss_curve_ == once.loss_curve_

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    @pytest.mark.parametrize("shape", [(60, 150), (300, 70), (400, 5)])
    def test_coordinates_that_follow_the_curvature_go_on(self, shape, dtype, rng):
        X, y = rng.normal(size=shape).astype(dtype), rng.integers(0, 3, shape[0])

        for max_iter in range(1, 16, 3):
            once = quiet(LogisticRegressionGD(max_iter=2 * max_iter, tol=0), X, y)
            twice = quiet(LogisticRegressionGD(max_iter=max_iter, tol=0, warm_start=True), X, y)
            twice = quiet(pickle.loads(pickle.dumps(twice)), X, y)

            assert_array_equal(twice.coef_, once.coef_)
            assert twice.loss_curve_ == once.loss_curve_

    def test_partial_fit_is_one_epoch(self):
        X, y = iris()
        settings = {"optimizer": "adam", "batch_size": 16, "random_state": 0, "alpha": 0.0}
        settings["preconditioner"] = None

        fitted = quiet(LogisticRegressionGD(max_iter=3, **settings), X, y)
        model = LogisticRegressionGD(**settings)
        for _ in range(3):
            model.partial_fit(X, y, classes=[0, 1, 2])

        assert_array_equal(model.coef_, fitted.coef_)
        assert model.loss_curve_ == fitted.loss_curve_
        assert model.n_iter_ == 1

    def test_partial_fit_on_parts_learns(self):
        X, y = iris()
        order = np.random.default_rng(0).permutation(150)
        model = LogisticRegressionGD(batch_size=10, optimizer="gd", random_state=0)

        for _ in range(30):
            for part in np.array_split(order, 5):
                model.partial_fit(X[part], y[part], classes=[0, 1, 2])

        assert model.score(X, y) >= LogisticRegression().fit(X, y).score(X, y) - 0.02

    def test_partial_fit_refuses_new_labels_and_stays_as_it_was(self):
        X, y = iris()
        model = LogisticRegressionGD().partial_fit(X[:100], y[:100])
        before = pickle.dumps(model)

        with pytest.raises(ValueError, match=r"not among the classes \[0, 1\]: \[2\]"):
            model.partial_fit(X, y)

        assert pickle.dumps(model) == before

    @pytest.mark.parametrize(
        ("known", "new"),
        [(np.array(["a", "b"], object), 5), (np.array(["a", "b"]), 5), (np.array([1, 2]), "a")],
    )
    def test_labels_of_another_kind_are_refused_by_name(self, known, new):
        X, y = iris()
        model = LogisticRegressionGD().partial_fit(X[:100], known[y[:100]])

        with pytest.raises(ValueError, match=r"not among the classes .*: \['?(5|a)'?\]"):
            model.partial_fit(X[:3], [new] * 3)

    def test_the_start_can_be_given(self):
        X, y = iris()
        best = LogisticRegressionGD().fit(X, y)

        again = LogisticRegressionGD(tol=1e-5).fit(
            X, y, coef_init=best.coef_, intercept_init=best.intercept_
        )

        assert again.n_iter_ == 1
        assert_allclose(again.coef_, best.coef_, atol=1e-12)

    def test_a_start_of_the_wrong_shape_is_refused(self):
        X, y = iris()

        with pytest.raises(ValueError, match=r"coef_init must have shape \(3, 4\), got \(2, 4\)"):
            LogisticRegressionGD().fit(X, y, coef_init=np.zeros((2, 4)))

    def test_a_start_of_the_right_size_in_another_shape_is_refused(self):
        with pytest.raises(ValueError, match=r"coef_init must have shape \(3, 4\), got \(4, 3\)"):
            LogisticRegressionGD().fit(*iris(), coef_init=np.zeros((4, 3)))

    @pytest.mark.parametrize("preconditioner", ["auto", "scale", None])
    def test_a_warm_start_learns_what_changed(self, preconditioner):
        X, y = iris()
        model = LogisticRegressionGD(warm_start=True, preconditioner=preconditioner).fit(X, y)

        model.fit(X, (y + 1) % 3)

        fresh = LogisticRegressionGD(preconditioner=preconditioner).fit(X, (y + 1) % 3)
        assert_allclose(model.coef_, fresh.coef_, atol=1e-4)

    @pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_a_warm_start_sees_that_the_rows_are_others(self, dtype, optimizer, rng):
        """At zero parameters the loss is that of any rows, and a few rows hardly change it."""
        settings = {"optimizer": optimizer, "warm_start": True}
        silent = np.r_[np.eye(3), -np.eye(3)].repeat(10, 0).astype(dtype), np.tile([0, 1], 30)
        for _ in range(5):
            X = rng.normal(size=(60, 3)).astype(dtype)
            y = (X[:, 0] + rng.normal(size=60) > 0).astype(int)
            model = quiet(LogisticRegressionGD(**settings), *silent)
            assert_allclose(model.coef_, 0, atol=1e-6)
            cold = quiet(LogisticRegressionGD(optimizer=optimizer), X, y)
            assert_allclose(quiet(model, X, y).coef_, cold.coef_, atol=1e-2)

            X = rng.normal(size=(5000, 3)).astype(dtype)
            y = (X[:, 0] + rng.normal(size=5000) > 0).astype(int)
            model = quiet(LogisticRegressionGD(**settings), X, y)
            y[:20] = 1 - y[:20]
            cold = quiet(LogisticRegressionGD(optimizer=optimizer), X, y)
            assert_allclose(quiet(model, X, y).coef_, cold.coef_, atol=1e-4)

    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_a_warm_start_follows_the_parameters(self, early_stopping):
        X, y = iris()
        model = LogisticRegressionGD(tol=0.1, warm_start=True, early_stopping=early_stopping)
        optimum = LogisticRegressionGD(tol=1e-10).fit(X, y)

        model.fit(X, y)
        model.set_params(tol=1e-10, early_stopping=False, preconditioner="scale").fit(X, y)

        assert_allclose(model.coef_, optimum.coef_, atol=1e-6)
        model.set_params(batch_size=16, optimizer="gd", n_iter_no_change=3)
        assert model.fit(X, y).n_iter_ >= 3

    def test_partial_fit_goes_on_from_the_last_fit_without_early_stopping(self):
        X, y = iris()
        model = LogisticRegressionGD(early_stopping=True, warm_start=True, batch_size=20)
        quiet(model.set_params(max_iter=3, n_iter_no_change=9), X, y)
        quiet(model.set_params(early_stopping=False, max_iter=30), X, y)
        before = model.coef_

        model.set_params(learning_rate=1e-30).partial_fit(X, y)

        assert_allclose(model.coef_, before, rtol=1e-9)

    @pytest.mark.parametrize("at", range(5, 16))
    def test_an_interrupt_where_coordinates_change_keeps_the_best(self, at):
        class Interrupting(Nesterov):
            updates = 0

            def update(self, *arguments):
                Interrupting.updates += 1
                if Interrupting.updates == at:
                    raise KeyboardInterrupt
                super().update(*arguments)

        X, y = iris(2)
        model = LogisticRegressionGD(0.01, optimizer=Interrupting(), tol=1e-14)

        with pytest.warns(UserWarning, match="Interrupted"):
            model.fit(X, y)

        assert_allclose(objective(model, X, y, 0.01) / len(y), min(model.loss_curve_), rtol=1e-6)

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_a_warm_start_from_a_large_alpha_takes_a_rate_of_its_own(self, dtype):
        X, y = iris(2)
        settings = {"optimizer": "gd", "batch_size": 20, "preconditioner": None, "max_iter": 30}
        model = LogisticRegressionGD(1e8, warm_start=True, random_state=0, **settings)
        X = X.astype(dtype)

        quiet(quiet(model, X, y).set_params(alpha=1.0), X, y)

        fresh = quiet(LogisticRegressionGD(1.0, random_state=0, **settings), X, y)
        assert_allclose(model.loss_curve_[-1], fresh.loss_curve_[-1], rtol=0.05)

    def test_a_warm_start_follows_the_momentum(self):
        X, y = iris()
        settings = {"batch_size": 5, "random_state": 0, "max_iter": 3, "tol": 0}
        model = LogisticRegressionGD(optimizer=Momentum(0.5), warm_start=True, **settings)
        quiet(model, X, y)
        start = {"coef_init": model.coef_, "intercept_init": model.intercept_}
        fresh = LogisticRegressionGD(optimizer=Momentum(0.0), **settings)

        quiet(model.set_params(optimizer=Momentum(0.0), shuffle=False), X, y)
        quiet(fresh.set_params(shuffle=False), X, y, **start)

        assert_array_equal(model.coef_, fresh.coef_)
        with pytest.raises(ValueError, match="momentum"):
            model.set_params(optimizer=Momentum(1.5)).fit(X, y)

    @pytest.mark.filterwarnings("error")
    def test_bad_rows_of_a_warm_start_are_named(self):
        X, y = iris()
        settings = {"optimizer": "adam", "batch_size": 20, "preconditioner": None, "tol": 1.0}
        model = LogisticRegressionGD(warm_start=True, **settings).fit(X, y)

        with pytest.raises(ValueError, match="infinity"):
            model.fit(np.where(np.eye(150, 4), np.inf, X), y)

    @pytest.mark.parametrize("change", [{"alpha": 50.0}, {"learning_rate": 1e-3}])
    def test_patience_starts_anew_where_a_parameter_changed(self, change):
        X, y = iris()
        settings = {"early_stopping": True, "warm_start": True, "random_state": 0}
        model = LogisticRegressionGD(**settings, optimizer="adam", batch_size=20)

        quiet(quiet(model, X, y).set_params(**change), X, y)

        assert model.n_iter_ >= model.n_iter_no_change

    def test_early_stopping_on_other_rows_learns_them(self):
        X, y = iris()
        model = LogisticRegressionGD(warm_start=True, early_stopping=True, random_state=0).fit(X, y)

        for _ in range(5):
            model.fit(X[:, ::-1], y)

        fresh = LogisticRegressionGD(early_stopping=True, random_state=0).fit(X[:, ::-1], y)
        for rows in (model, fresh):
            assert_allclose(
                log_loss(y, rows.predict_proba(X[:, ::-1])),
                log_loss(y, LogisticRegressionGD().fit(X, y).predict_proba(X)),
                atol=0.05,
            )

    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_going_on_with_other_layers_is_refused(self, method):
        X, y = iris()
        model = LogisticRegressionGD(warm_start=True).fit(X, y).set_params(fit_intercept=False)

        with pytest.raises(ValueError, match="start anew"):
            getattr(model, method)(X, y)


class TestBatches:
    def test_momentum_takes_no_larger_steps_in_the_end_than_gradient_descent(self, rng):
        X, y = rng.normal(size=(2000, 5)), rng.permutation(np.arange(2000) % 2)
        settings = {"batch_size": 16, "random_state": 0}

        for optimizer in ("gd", "momentum"):
            model = LogisticRegressionGD(optimizer=optimizer, **settings).fit(X, y)

            assert model.loss_curve_[-1] < 0.8  # ln 2 = 0.69 is what noise allows


class TestStopping:
    @pytest.mark.parametrize(
        "steps", [{"learning_rate": 1e-12}, {"schedule": lambda _: 0.0}, {"optimizer": "adam"}]
    )
    def test_steps_too_small_to_see_are_not_arrival(self, steps):
        model = LogisticRegressionGD(**{"learning_rate": 1e-12, "max_iter": 50, **steps})

        with pytest.warns(ConvergenceWarning, match="max_iter=50"):
            model.fit(*iris())

    def test_a_warning_is_of_the_line_that_called_fit(self):
        model = LogisticRegressionGD(max_iter=1)

        with pytest.warns(ConvergenceWarning) as caught:
            model.fit(*iris())

        assert [warning.filename for warning in caught] == [__file__]


class TestValidation:
    def test_validation_curve_is_the_mean_loss_of_the_held_out_rows(self):
        X, y = iris()

        model = LogisticRegressionGD().fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])

        expected = log_loss(y[1::2], model.predict_proba(X[1::2]))
        assert_allclose(model.validation_loss_curve_[-1], expected)
        assert len(model.validation_loss_curve_) == model.n_iter_

    def test_validation_curve_is_there_without_a_step(self):
        model = LogisticRegressionGD(early_stopping=True).fit(np.zeros((40, 2)), [0, 1] * 20)

        assert_allclose(model.validation_loss_curve_, np.log(2))

    def test_early_stopping_keeps_the_best_parameters(self, rng):
        X = rng.normal(size=(120, 40))
        y = (X[:, 0] + rng.normal(size=120) > 0).astype(int)
        settings = {"early_stopping": True, "tol": 0.0}

        model = LogisticRegressionGD(0.0, **settings)
        model.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])

        curve = model.validation_loss_curve_
        assert curve[-1] > min(curve)
        assert_allclose(log_loss(y[60:], model.predict_proba(X[60:])), min(curve))

    def test_held_out_rows_are_those_of_the_random_state(self):
        X, y = iris()
        models = [LogisticRegressionGD(early_stopping=True, random_state=s) for s in (0, 0, 1)]

        curves = [model.fit(X, y).validation_loss_curve_ for model in models]

        assert curves[0] == curves[1] != curves[2]

    @pytest.mark.parametrize("fraction", [0.1, 0.5])
    def test_every_class_trains_and_those_of_two_rows_are_held_out(self, fraction):
        codes = np.repeat([0, 1, 2, 3], [40, 1, 2, 7])

        for seed in range(20):
            train, held = hold_out(codes, fraction, np.random.RandomState(seed))

            assert set(codes[train]) == {0, 1, 2, 3}
            assert set(codes[held]) == {0, 2, 3}
            assert sorted([*train, *held]) == list(range(50))

    def test_rows_to_validate_need_labels(self):
        X, y = iris()

        with pytest.raises(ValueError, match="X_val and y_val belong together"):
            LogisticRegressionGD().fit(X, y, X_val=X)

    def test_unseen_labels_to_validate_are_refused(self):
        X, y = iris()

        with pytest.raises(ValueError, match=r"\[2\]"):
            LogisticRegressionGD().fit(X[:100], y[:100], X_val=X, y_val=y)


class TestBadInput:
    def test_a_diverging_rate_is_an_error_and_leaves_the_model_as_it_was(self):
        X, y = iris(scale=False)
        model = LogisticRegressionGD().fit(X, y)
        before = model.coef_

        model.set_params(optimizer="gd", learning_rate=1e5, preconditioner=None)
        with pytest.raises(ValueError, match=r"learning_rate=1e\+05.*scale the features"):
            model.fit(1000 * X, y)

        assert model.coef_ is before

    @pytest.mark.parametrize("preconditioner", ["auto", "scale", None])
    @pytest.mark.parametrize("size", [1e150, 1e-150])
    def test_huge_and_tiny_features_give_finite_coefficients(self, preconditioner, size):
        X, y = iris()

        model = quiet(LogisticRegressionGD(preconditioner=preconditioner, max_iter=50), X * size, y)

        assert np.isfinite(model.coef_).all()
        assert np.isfinite(model.predict_proba(X * size)).all()

    @pytest.mark.parametrize("size", [1e155, 1e300, np.float32(1e20)])
    @pytest.mark.parametrize("as_rows", [np.asarray, csr_matrix])
    def test_features_whose_squares_overflow_are_learnt(self, size, as_rows):
        X, y = iris()
        large = as_rows((X * size).astype(np.result_type(size)))

        fitted = quiet(LogisticRegressionGD(), large, y)  # to which the penalty is nothing

        penalised = LogisticRegressionGD().fit(X, y)
        least = log_loss(y, penalised.predict_proba(X))
        assert -fitted.predict_log_proba(large)[np.arange(len(y)), y].mean() <= least

    @pytest.mark.parametrize("batch_size", [None, 16])
    def test_features_too_large_for_any_rate_are_named(self, batch_size):
        X, y = iris()
        model = LogisticRegressionGD(preconditioner=None, batch_size=batch_size)

        with pytest.raises(ValueError, match="too large for a learning rate: scale"):
            model.fit(X * 1e155, y)

    @pytest.mark.parametrize("factor", [-1.0, np.nan, np.inf])
    def test_bad_class_weights_are_named(self, factor):
        with pytest.raises(ValueError, match="class_weight"):
            LogisticRegressionGD(class_weight={0: factor, 1: 1, 2: 1}).fit(*iris())

    def test_class_weights_leave_some_row(self):
        with pytest.raises(ValueError, match="class_weight"):
            LogisticRegressionGD(class_weight={0: 0, 1: 0, 2: 0}).fit(*iris())

    def test_constant_columns_get_no_weight(self):
        X, y = iris()
        constant = np.column_stack([X, np.full(150, 1e6), np.zeros(150)])

        model = LogisticRegressionGD().fit(constant, y)

        assert_allclose(model.coef_[:, 4:], 0, atol=1e-9)
        assert_allclose(model.coef_[:, :4], LogisticRegressionGD().fit(X, y).coef_, atol=1e-4)

    def test_one_class_is_refused(self):
        with pytest.raises(ValueError, match="at least 2 classes, got 1 class: 7"):
            LogisticRegressionGD().fit([[0.0], [1.0]], [7, 7])

    def test_labels_that_are_noise_give_even_odds(self, rng):
        X = rng.normal(size=(2000, 3))

        model = LogisticRegressionGD().fit(X, rng.permutation(np.arange(2000) % 2))

        assert_allclose(model.predict_proba(X), 0.5, atol=0.15)

    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_separable_classes_without_penalty_warn_and_stay_finite(self, n_classes):
        X, y = np.repeat(np.eye(3), 5, axis=0)[: 5 * n_classes], np.repeat([0, 1, 2], 5)

        with pytest.warns(ConvergenceWarning, match=r"can be separated.*alpha > 0"):
            model = LogisticRegressionGD(0.0).fit(X, y[: 5 * n_classes])

        assert np.isfinite(model.coef_).all()

    @pytest.mark.parametrize("kind", ["touching", "dummy", "one of three"])
    def test_quasi_complete_separation_warns(self, kind, rng):
        noise = rng.normal(size=(200, 2))
        y = (noise[:, 0] + rng.normal(size=200) > 0).astype(int)
        X = noise.copy()
        if kind == "touching":
            X, y = np.array([[-1.0], [0], [0], [1]]), np.array([0, 0, 1, 1])
        elif kind == "dummy":
            X[:, 1] = rng.random(200) < 0.2
            y[X[:, 1] > 0] = 1
        else:
            y[X[:, 1] > 1] = 2

        with pytest.warns(ConvergenceWarning, match="can be separated"):
            LogisticRegressionGD(0.0).fit(X, y)

    @pytest.mark.parametrize("optimizer", OPTIMIZERS)
    @pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"tol": 1.0}], ids=str)
    def test_every_end_of_a_descent_tells_separation(self, optimizer, options, rng):
        """On a line, a class ends where the other begins, or they overlap."""
        for _ in range(15):
            x, y = rng.integers(4, size=6), np.array([0, 0, 0, 1, 1, 1])
            ends = max(x[:3]) <= min(x[3:]) or max(x[3:]) <= min(x[:3])
            model = LogisticRegressionGD(0.0, optimizer=optimizer, max_iter=20, **options)

            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                model.fit(x[:, np.newaxis], y)

            said = any("can be separated" in str(warning.message) for warning in caught)
            assert said == (ends and len(set(x)) > 1)

    @pytest.mark.parametrize("n_classes", [2, 3])
    @pytest.mark.parametrize("seed", range(5))
    def test_classes_that_overlap_are_not_called_separable(self, n_classes, seed):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(200, 3))
        y = (4 * X[:, :n_classes] + rng.gumbel(size=(200, n_classes))).argmax(axis=1)

        LogisticRegressionGD(0.0).fit(X, y)

    def test_too_few_epochs_warn_what_to_change(self):
        X, y = iris()

        with pytest.warns(ConvergenceWarning, match="max_iter=2 .*Raise max_iter"):
            LogisticRegressionGD(max_iter=2).fit(X, y)

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"optimizer": "adamm"}, "'adagrad', 'adam', .* got 'adamm'"),
            ({"loss": "hinge"}, "'cross_entropy', 'squared_error'"),
            ({"preconditioner": "pca"}, "'auto', 'scale', 'whiten'"),
            ({"schedule": "cosine"}, "'constant', 'inv_sqrt'"),
            ({"schedule": lambda _: -1.0}, "finite number >= 0"),
            ({"learning_rate": "fast"}, "'auto'"),
            ({"learning_rate": -1.0}, "learning_rate"),
            ({"learning_rate": np.inf}, "learning_rate"),
            ({"alpha": -1.0}, "alpha"),
            ({"alpha": np.inf}, "alpha"),
            ({"max_iter": 0}, "max_iter"),
            ({"batch_size": 0}, "batch_size"),
            ({"validation_fraction": 1.0}, "validation_fraction"),
        ],
    )
    def test_a_bad_parameter_is_named(self, parameters, message):
        X, y = iris()

        with pytest.raises(ValueError, match=message):
            LogisticRegressionGD(**parameters).fit(X, y)


class TestComposition:
    def test_optimizers_are_searched_by_their_parameters(self):
        X, y = iris()
        model = LogisticRegressionGD(optimizer=Momentum(), schedule=InverseSqrt(), max_iter=30)

        search = GridSearchCV(model, {"optimizer__momentum": [0.0, 0.9]}, cv=3)
        quiet(search, X, y)

        assert clone(search.best_estimator_).optimizer.momentum in (0.0, 0.9)
        assert model.optimizer.momentum == 0.9


@pytest.mark.parametrize("preconditioner", ["auto", "scale", "whiten"])
@pytest.mark.parametrize("unit", [1e-162, 1e-200, 1e-300, 1e200, 1e300])
@pytest.mark.parametrize("as_rows", [np.asarray, csr_matrix])
@pytest.mark.parametrize("seed", range(3))
def test_features_whose_squares_leave_the_floats_are_learnt_from(
    preconditioner, unit, as_rows, seed
):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(300, 4)) + 3
    y = (X @ [2, -1, 1, 1] + rng.logistic(size=300) > 9).astype(int)
    model = LogisticRegressionGD(alpha=0, preconditioner=preconditioner)
    loss = model.fit(X, y).loss_curve_[-1]

    assert model.fit(as_rows(X * unit), y).loss_curve_[-1] == pytest.approx(loss, abs=1e-5)
    X[:, 0] *= unit
    assert model.fit(as_rows(X), y).loss_curve_[-1] == pytest.approx(loss, abs=1e-5)
    if unit < 1:  # a coefficient that says anything would be too large for the penalty
        model.set_params(alpha=1.0)
        without = model.fit(X[:, 1:], y).loss_curve_[-1]
        assert model.fit(as_rows(X), y).loss_curve_[-1] == pytest.approx(without, abs=1e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_features_whose_coefficients_would_overflow_are_refused(n_classes, fit_intercept, rng):
    X, y = rng.normal(size=(90, 3)), rng.integers(0, n_classes, 90)
    model = LogisticRegressionGD(alpha=0, fit_intercept=fit_intercept)

    with pytest.raises(ValueError, match="coefficients overflow: scale the features"):
        model.fit(X * 1e-308, y)
    assert not hasattr(model, "coef_")
