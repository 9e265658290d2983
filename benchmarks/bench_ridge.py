"""Ridge regression against scikit-learn's."""

import numpy as np
from harness import compare, report
from scipy import sparse
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV

from skml_lecture import RidgeRegression, RidgeRegressionCV

ALPHAS = np.logspace(-3, 3, 50)


def regression(n, d, seed=0):
    """Return features and a linear target with noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, X @ rng.normal(size=d) + rng.normal(size=n)


def coef_gap(ours, peer):
    """Return the largest difference of the coefficients, relative to the largest."""
    return np.abs(ours.coef_ - peer.coef_).max() / np.abs(peer.coef_).max()


def score_gap(ours, peer):
    """Return the largest relative difference of the fold scores."""
    keys = [key for key in peer.cv_results_ if key.startswith("split")]
    a, b = (np.array([m.cv_results_[key] for key in keys]) for m in (ours, peer))
    return np.abs(a / b - 1).max()


def dense_fits():
    """Yield fits of dense data of four shapes."""
    for n, d, target in [
        (1_000_000, 100, 2),
        (1_000_000, 20, 2),
        (20_000, 2_000, 1),
        (500, 20_000, 1),
    ]:
        X, y = regression(n, d)
        yield compare(
            f"fit {n:,} x {d:,}",
            lambda X=X, y=y: RidgeRegression().fit(X, y),
            lambda X=X, y=y: Ridge().fit(X, y),
            peer_name="`Ridge()`",
            at_least=target,
            gap=coef_gap,
            limit=1e-9,
            repeats=7,
        )


def sparse_fit():
    """Return the fit of a large sparse matrix."""
    X = sparse.random(100_000, 10_000, density=1e-3, format="csr", random_state=0)
    rng = np.random.default_rng(1)
    y = X @ rng.normal(size=10_000) + rng.normal(size=100_000)
    return compare(
        "fit sparse 100,000 x 10,000, density 1e-3",
        lambda: RidgeRegression().fit(X, y),
        lambda: Ridge(solver="sparse_cg", tol=1e-8).fit(X, y),
        peer_name='`Ridge(solver="sparse_cg", tol=1e-8)`',
        at_least=1,
        gap=coef_gap,
        limit=1e-7,
        repeats=15,
    )


def searches():
    """Yield the searches over fifty alphas."""
    X, y = regression(100_000, 100)
    yield compare(
        "5 folds x 50 alphas, 100,000 x 100",
        lambda: RidgeRegressionCV(ALPHAS, cv=5).fit(X, y),
        lambda: GridSearchCV(
            Ridge(), {"alpha": ALPHAS}, cv=5, scoring="neg_mean_squared_error"
        ).fit(X, y),
        peer_name="`GridSearchCV(Ridge(), ...)`",
        at_least=100,
        gap=score_gap,
        limit=1e-8,
        repeats=3,
    )
    yield compare(
        "leave-one-out x 50 alphas, 100,000 x 100",
        lambda: RidgeRegressionCV(ALPHAS).fit(X, y),
        lambda: RidgeCV(ALPHAS).fit(X, y),
        peer_name="`RidgeCV(alphas)`",
        at_least=50,
        gap=lambda ours, peer: abs(ours.best_score_ / peer.best_score_ - 1),
        limit=1e-8,
        repeats=7,
    )


def chunks():
    """Return a hundred chunks against one fit of all rows."""
    X, y = regression(1_000_000, 100)

    def by_chunks():
        model = RidgeRegression()
        for start in range(0, len(y), 10_000):
            rows = slice(start, start + 10_000)
            model.partial_fit(X[rows], y[rows])
        return model

    return compare(
        "100 chunks of 10,000 x 100 by partial_fit",
        by_chunks,
        lambda: Ridge().fit(X, y),
        peer_name="one `Ridge().fit` on all rows",
        at_least=1,
        gap=coef_gap,
        limit=1e-9,
    )


if __name__ == "__main__":
    report("Ridge regression", [*dense_fits(), sparse_fit(), *searches(), chunks()])
