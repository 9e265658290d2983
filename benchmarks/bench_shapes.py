"""Ridge regression at awkward shapes: wide, rare levels, many targets, sparse, single precision."""

from functools import partial
from itertools import product

import numpy as np
from harness import compare, report
from scipy import sparse
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV, LeaveOneOut

from skml_lecture import RidgeRegression, RidgeRegressionCV

THREADS = (1, 2)
MB = 1e6


def coef_gap(ours, peer):
    """Return the largest difference of the coefficients, relative to the largest."""
    return np.abs(ours.coef_ - peer.coef_).max() / np.abs(peer.coef_).max()


def choice_gap(ours, peer):
    """Return the relative difference of the best scores, 1 where another alpha won."""
    if not np.isclose(ours.alpha_, peer.alpha_):
        return 1.0
    return abs(ours.best_score_ / peer.best_score_ - 1)


def grid_gap(ours, peer):
    """Return the largest relative difference of the mean scores."""
    a, b = (model.cv_results_["mean_test_score"] for model in (ours, peer))
    return np.abs(a / b - 1).max()


def linear(rng, X, n_targets=None):
    """Return targets that are linear in the rows, with noise."""
    shape = (n_targets,) if n_targets else ()
    noise = rng.normal(size=(X.shape[0], *shape))
    return np.asarray(X @ rng.normal(size=(X.shape[1], *shape))) + noise


def sides(ours, peer, X, y):
    """Return the two fits as calls."""
    return partial(ours.fit, X, y), partial(peer.fit, X, y)


def rare_levels(rng, threads):
    """Yield leave-one-out where some levels have one row, so a leverage near one."""
    levels = np.concatenate([np.arange(300), np.minimum(rng.zipf(1.3, 700), 300) - 1])
    X = np.eye(300)[rng.permutation(levels)]
    alphas = np.logspace(-6, 3, 10)
    y = linear(rng, X)
    yield compare(
        "leave-one-out, 1,000 x 300 one-hot with rare levels, alphas from 1e-6",
        *sides(RidgeRegressionCV(alphas), RidgeCV(alphas), X, y),
        peer_name="`RidgeCV(alphas)`",
        gap=choice_gap,
        at_least=1,
        limit=1e-6,
        threads=threads,
    )


def many_targets(rng, threads):
    """Yield fits of many targets, whose memory must be that of the coefficients."""
    for n, d, n_targets in [(600, 20, 1000), (600, 20, 3000), (5000, 50, 1000)]:
        X = rng.normal(size=(n, d))
        Y = linear(rng, X, n_targets)
        coefs = n_targets * d * 8 / MB
        yield compare(
            f"fit {n:,} x {d} with {n_targets:,} targets",
            *sides(RidgeRegression(), Ridge(), X, Y),
            peer_name="`Ridge()`",
            gap=coef_gap,
            at_least=1,
            memory_below=8 * coefs + 8,
            bound=f"eight times the coefficients, {coefs:.1f} MB, and blocks of 2 MB",
            limit=1e-9,
            inner=5,
            threads=threads,
        )


def wide(rng, threads):
    """Yield fits and searches of more features than rows."""
    X = rng.normal(size=(100, 900))
    y = linear(rng, X)
    alphas = (0.1, 1.0, 10.0)
    options = {"at_least": 1, "limit": 1e-8, "threads": threads, "inner": 5}
    yield compare(
        "fit 100 x 900",
        *sides(RidgeRegression(), Ridge(), X, y),
        peer_name="`Ridge()`",
        gap=coef_gap,
        **options,
    )
    yield compare(
        "leave-one-out, 100 x 900",
        *sides(RidgeRegressionCV(alphas), RidgeCV(alphas), X, y),
        peer_name="`RidgeCV(alphas)`",
        gap=choice_gap,
        **options,
    )
    yield compare(
        "5 folds, 100 x 900",
        *sides(RidgeRegressionCV(alphas, cv=5), RidgeCV(alphas, cv=5, scoring=MSE), X, y),
        peer_name="`RidgeCV(alphas, cv=5)`",
        gap=choice_gap,
        **options,
    )


MSE, MAE = "neg_mean_squared_error", "neg_mean_absolute_error"


def searches(rng, threads):
    """Yield searches by leave-one-out: very wide rows, another score, few alphas."""
    few, many = (0.1, 1.0, 10.0), np.logspace(-3, 3, 200)
    for (n, d), (name, alphas, scoring) in product(
        [(100, 5000), (2000, 50)],
        [
            ("50 alphas", np.logspace(-3, 3, 50), None),
            ("200 alphas by the absolute error", many, MAE),
            ("3 alphas", few, None),
        ],
    ):
        X = rng.normal(size=(n, d))
        yield compare(
            f"leave-one-out, {n:,} x {d:,}, {name}",
            *sides(
                RidgeRegressionCV(alphas, scoring=scoring),
                RidgeCV(alphas, scoring=scoring),
                X,
                linear(rng, X),
            ),
            peer_name="`RidgeCV(alphas)`",
            gap=choice_gap,
            at_least=1,
            limit=1e-6,
            inner=3,
            threads=threads,
        )


def splitter(rng, threads):
    """Yield leave-one-out by a splitter, whose memory must not grow with rows times features."""
    X = rng.normal(size=(400, 200))
    y, alphas, cv = linear(rng, X), (0.1, 1.0, 10.0), LeaveOneOut()
    yield compare(
        "400 x 200, cv=LeaveOneOut() as splitter",
        *sides(
            RidgeRegressionCV(alphas, cv=cv),
            GridSearchCV(Ridge(), {"alpha": alphas}, cv=cv, scoring=MSE),
            X,
            y,
        ),
        peer_name="`GridSearchCV(Ridge(), ...)`",
        gap=grid_gap,
        at_least=1,
        memory_below=20 * X.nbytes / MB,
        bound="twenty times X",
        limit=1e-8,
        repeats=3,
        threads=threads,
    )


def sparse_fits(rng, threads):
    """Yield fits of sparse rows, of more features than rows, and by LSQR."""
    for n, d, density, n_targets, solver in [
        (20_000, 2_000, 0.005, None, "auto"),
        (500, 2_500, 0.02, None, "auto"),
        (500, 2_500, 0.02, 50, "auto"),
        (500, 2_500, 0.02, 50, "lsqr"),
        (20_000, 5_000, 0.002, 50, "lsqr"),
    ]:
        X = sparse.random(n, d, density=density, format="csr", random_state=0)
        chosen = "" if solver == "auto" else f", {solver}"
        targets = f", {n_targets} targets" if n_targets else ""
        peer = Ridge(solver="lsqr" if solver == "lsqr" else "sparse_cg", tol=1e-8)
        yield compare(
            f"fit sparse {n:,} x {d:,}, {100 * density:g} %{targets}{chosen}",
            *sides(RidgeRegression(solver=solver), peer, X, linear(rng, X, n_targets)),
            peer_name=f"`{peer}`",
            gap=coef_gap,
            at_least=1,
            limit=1e-5,
            threads=threads,
            note=lambda model: f"solver_={model.solver_!r}",
        )


def single_precision(rng, threads):
    """Yield predictions of float32 rows."""
    for n, d, n_targets in [(200_000, 100, None), (100_000, 50, 20), (1, 100, None)]:
        X = rng.normal(size=(max(n, 2000), d)).astype(np.float32)
        y = linear(rng, X, n_targets).astype(np.float32)
        ours, peer = (model.fit(X[:2000], y[:2000]) for model in (RidgeRegression(), Ridge()))
        rows = X[:n]
        targets = f" with {n_targets} targets" if n_targets else ""
        yield compare(
            f"predict {n:,} x {d} of float32{targets}",
            partial(ours.predict, rows),
            partial(peer.predict, rows),
            peer_name="`Ridge()`",
            gap=lambda a, b: np.abs(a - b).max() / np.abs(b).max(),
            at_least=1,
            limit=1e-4,
            repeats=9,
            inner=200 if n == 1 else 3,
            threads=threads,
        )


PARTS = (rare_levels, many_targets, wide, searches, splitter, sparse_fits, single_precision)


if __name__ == "__main__":
    report(
        "Ridge regression at awkward shapes",
        [
            row
            for part in PARTS
            for threads in THREADS
            for row in part(np.random.default_rng(0), threads)
        ],
    )
