"""Logistic regression by descent against scikit-learn's and mlxtend's."""

import warnings
from functools import partial

import numpy as np
from harness import compare, report
from scipy import sparse
from scipy.special import log_softmax
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.preprocessing import normalize

from skml_lecture import LogisticRegressionGD

ALPHA = 1.0
GAP = 1e-6
PEER_EPOCHS = (1, 2, 5, 10)  # of stochastic descent, each some seconds
EPOCHS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 60, 100, 150, 200, 400, 800, 1600)


def objective(model, X, y):
    """Return the penalised sum of losses of a fitted model."""
    z = X @ model.coef_.T + model.intercept_
    z = np.column_stack([np.zeros(len(z)), z]) if z.shape[1] == 1 else z
    loss = -log_softmax(z, axis=1)[np.arange(len(y)), y].sum()
    return loss + ALPHA / 2 * (model.coef_**2).sum()


def first_epochs(make, good_enough):
    """Return the smallest number of epochs that is good enough, and how good it was."""
    for max_iter in EPOCHS:
        quality = good_enough(make(max_iter)())
        if quality is not None:
            return max_iter, quality
    raise AssertionError(f"not there after {EPOCHS[-1]} epochs")


def time_to_gap(work, X, y, target):
    """Compare the times to a relative objective gap of 1e-6, each side at its fewest epochs."""
    least = objective(LogisticRegressionGD(ALPHA, tol=1e-9).fit(X, y), X, y)

    def ours(max_iter):
        return partial(LogisticRegressionGD(ALPHA, max_iter=max_iter).fit, X, y)

    def peer(max_iter):
        model = LogisticRegression(C=1 / ALPHA, max_iter=max_iter, tol=1e-14)
        return partial(model.fit, X, y)

    def gap_if_reached(model):
        gap = objective(model, X, y) / least - 1
        return gap if gap <= GAP else None

    counts = [first_epochs(make, gap_if_reached) for make in (ours, peer)]
    note = "; ".join(
        f"{name} {epochs} iterations, gap {gap:.0e}"
        for name, (epochs, gap) in zip(("ours", "peer"), counts, strict=True)
    )
    return compare(
        work,
        ours(counts[0][0]),
        peer(counts[1][0]),
        peer_name="`LogisticRegression` (lbfgs)",
        target=target,
        gap=lambda a, b: abs(objective(a, X, y) / objective(b, X, y) - 1),
        limit=2 * GAP,
        repeats=3,
        note=note,
    )


def classes(n, d, k, **options):
    """Return a classification problem of scikit-learn's making."""
    options = {"n_informative": d // 2, "n_redundant": d // 10, "random_state": 0} | options
    return make_classification(n, d, n_classes=k, **options)


def text_like(n=50_000, d=20_000, words=80):
    """Return rows of normalised tf-idf with Zipf-like frequencies, and linear labels."""
    rng = np.random.default_rng(0)
    columns = np.minimum((d * rng.random(n * words) ** 4).astype(int), d - 1)
    X = sparse.csr_matrix((np.ones(n * words), (np.repeat(np.arange(n), words), columns)), (n, d))
    X.sum_duplicates()
    idf = np.log((1 + n) / (1 + np.bincount(X.indices, minlength=d))) + 1
    X.data = (1 + np.log(X.data)) * idf[X.indices]
    X = normalize(X)
    return X, (X @ rng.normal(size=d) * 8 + rng.normal(size=n) / 2 > 0).astype(int)


def gaps():
    """Yield the rows on time to the same objective gap."""
    yield time_to_gap("gap 1e-6, softmax 200,000 x 50 x 10", *classes(200_000, 50, 10), 1)
    yield time_to_gap("gap 1e-6, binary 200,000 x 50", *classes(200_000, 50, 2), 1)
    yield time_to_gap("gap 1e-6, softmax 100,000 x 200 x 5", *classes(100_000, 200, 5), 1)
    yield time_to_gap("gap 1e-6, sparse text-like 50,000 x 20,000", *text_like(), 1)


def gaussian_classes(n=550_000, d=50, k=10, spread=0.6):
    """Return ten Gaussian classes that overlap."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, k, n)
    return rng.normal(size=(n, d)) + spread * rng.normal(size=(k, d))[y], y


def accuracy_row(work, X, y):
    """Compare the times to within 0.2 points of the optimum's held-out accuracy."""
    X, y, X_test, y_test = X[:500_000], y[:500_000], X[500_000:], y[500_000:]
    best = LogisticRegressionGD().fit(X, y).score(X_test, y_test)

    def ours(max_iter):
        return partial(LogisticRegressionGD(max_iter=max_iter).fit, X, y)

    def peer(max_iter):
        model = SGDClassifier(loss="log_loss", max_iter=max_iter, tol=None, random_state=0)
        return partial(model.fit, X, y)

    def close(model):
        lost = best - model.score(X_test, y_test)
        return lost if lost <= 0.002 else None

    ours_at, _ = first_epochs(ours, close)
    peer_at = next((e for e in PEER_EPOCHS if close(peer(e)()) is not None), None)
    note = f"optimum {best:.4f}; ours after {ours_at} iterations; peer " + (
        f"after {peer_at} epochs"
        if peer_at
        else f"not within {PEER_EPOCHS[-1]} epochs, which are timed"
    )
    return compare(
        work,
        ours(ours_at),
        peer(peer_at or PEER_EPOCHS[-1]),
        peer_name='`SGDClassifier(loss="log_loss")`',
        target=10,
        gap=lambda a, _: max(best - a.score(X_test, y_test), 0),
        limit=0.002,
        repeats=3 if peer_at else 1,
        note=note,
    )


def mini_batch_epoch():
    """Yield one epoch of mini-batch softmax against mlxtend, where it is installed."""
    try:
        from mlxtend.classifier import SoftmaxRegression
    except ImportError:
        print("mlxtend is not installed: its row is skipped.")
        return
    rng = np.random.default_rng(0)
    X, y = rng.random((60_000, 784)), rng.integers(0, 10, 60_000)
    settings = {"batch_size": 100, "max_iter": 1, "optimizer": "gd", "learning_rate": 0.01}
    ours = LogisticRegressionGD(0.0, preconditioner=None, random_state=0, **settings)
    peer = SoftmaxRegression(eta=1e-4, epochs=1, minibatches=600, random_seed=0)
    yield compare(
        "one epoch, batch 100, softmax 60,000 x 784 x 10",
        lambda: ours.fit(X, y),
        lambda: peer.fit(X, y),
        peer_name="mlxtend `SoftmaxRegression`",
        target=3,
        gap=lambda a, b: abs(a.loss_curve_[-1] / (2 * b.cost_[-1]) - 1),  # its cost is halved
        limit=0.05,
        repeats=7,
        note="difference: of the losses; the peer sums gradients, so its rate is 1/100",
    )


def posterior_row():
    """Return the probabilities of many rows against LogisticRegression."""
    X, y = classes(500_000, 50, 10)
    ours = LogisticRegressionGD().fit(X[:20_000], y[:20_000])
    peer = LogisticRegression(max_iter=5).fit(X[:20_000], y[:20_000])
    peer.coef_, peer.intercept_ = ours.coef_, ours.intercept_
    return compare(
        "predict_proba 500,000 x 50 x 10",
        lambda: ours.predict_proba(X),
        lambda: peer.predict_proba(X),
        peer_name="`LogisticRegression`",
        target=1,
        gap=lambda a, b: np.abs(a - b).max(),
        limit=1e-12,
        repeats=7,
    )


def main():
    """Run all rows and write the section."""
    warnings.simplefilter("ignore")  # too few epochs, on purpose
    rows = [*gaps()]
    rows.append(accuracy_row("within 0.2 points, 500,000 x 50 x 10", *gaussian_classes()))
    rows += mini_batch_epoch()
    rows.append(posterior_row())
    report("Logistic regression", rows)


if __name__ == "__main__":
    main()
