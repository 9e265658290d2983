"""Logistic regression by descent against scikit-learn's and mlxtend's."""

import warnings
from functools import partial

import numpy as np
from harness import ONLY, compare, mean_of, report
from scipy import sparse
from scipy.special import log_softmax
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler, normalize

from skml_lecture import LogisticRegressionGD

ALPHA = 1.0
WITHIN = "within 0.2 points, 500,000 x 50 x 10"
GAP = 1e-6
SGD_EPOCHS = (1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 40)  # each about a second
EPOCHS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 100, 120, 140)
EPOCHS += (160, 180, 200, 250, 300, 400)


def objective(model, X, y):
    """Return the penalised sum of losses of a fitted model."""
    z = X @ model.coef_.T + model.intercept_
    z = np.column_stack([np.zeros(len(z)), z]) if z.shape[1] == 1 else z
    loss = -log_softmax(z, axis=1)[np.arange(len(y)), y].sum()
    return loss + ALPHA / 2 * (model.coef_**2).sum()


def first_epochs(make, good_enough, epochs=EPOCHS):
    """Return the smallest number of epochs that is good enough, and how good it was."""
    for max_iter in epochs:
        quality = good_enough(make(max_iter)())
        if quality is not None:
            return max_iter, quality
    raise AssertionError(f"not there after {epochs[-1]} epochs")


def time_to_gap(work, X, y, target):
    """Compare the times to a relative objective gap of 1e-6, each side at its fewest epochs."""
    if not ONLY.search(work):
        return None
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
        at_least=target,
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
    yield time_to_gap("gap 1e-6, binary 200,000 x 50", *classes(200_000, 50, 2), 0.7)
    yield time_to_gap("gap 1e-6, softmax 100,000 x 200 x 5", *classes(100_000, 200, 5), 0.7)
    yield time_to_gap("gap 1e-6, sparse text-like 50,000 x 20,000", *text_like(), 0.7)


def accuracies():
    """Yield the rows on time to within 0.2 points of the optimum's held-out accuracy.

    The features are standardised, as stochastic descent needs it and ours does not. One-vs-rest
    is another objective than the softmax; on this data its optimum is as accurate.
    """
    if not ONLY.search(WITHIN):
        return
    X, y = classes(550_000, 50, 10)
    train, test = train_test_split(np.arange(len(y)), test_size=50_000, random_state=0)
    X = StandardScaler().fit(X[train]).transform(X)
    data = X[train], y[train], X[test], y[test]
    best = LogisticRegressionGD().fit(*data[:2]).score(*data[2:])
    one_vs_rest = OneVsRestClassifier(LogisticRegressionGD()).fit(*data[:2]).score(*data[2:])
    note = f"optimum {best:.4f}, one-vs-rest {one_vs_rest:.4f}"
    yield accuracy_row(*data, best, note, 10, n_jobs=2)
    yield accuracy_row(*data, best, note, None, n_jobs=2, average=True)  # in the peer's favour


def accuracy_row(X, y, X_test, y_test, best, note, target, **options):
    """Compare the times to within 0.2 points of the accuracy ``best``, at the fewest epochs."""
    if not ONLY.search(WITHIN):
        return None

    def ours(max_iter):
        return partial(LogisticRegressionGD(max_iter=max_iter).fit, X, y)

    def peer(max_iter):
        settings = {"max_iter": max_iter, "tol": None, "random_state": 0} | options
        return partial(SGDClassifier(loss="log_loss", **settings).fit, X, y)

    def lost_if_close(model):
        lost = best - model.score(X_test, y_test)
        return lost if lost <= 0.002 else None

    ours_at, ours_lost = first_epochs(ours, lost_if_close)
    peer_at, peer_lost = first_epochs(peer, lost_if_close, SGD_EPOCHS)
    shown = "".join(f", {name}={value}" for name, value in options.items())
    return compare(
        WITHIN,
        ours(ours_at),
        peer(peer_at),
        peer_name=f'`SGDClassifier(loss="log_loss"{shown})`',
        at_least=target,
        gap=lambda *models: best - min(model.score(X_test, y_test) for model in models),
        limit=0.002,
        repeats=3 if peer_at < 10 else 1,
        note=f"{note}; ours {ours_at} iterations, lost {ours_lost:.4f}; "
        f"peer {peer_at} epochs, lost {peer_lost:.4f}",
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
        at_least=2.3,
        bound="products and loss are five sixths of the time, the gather runs beside them",
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
        at_least=1,
        gap=lambda a, b: np.abs(a - b).max(),
        limit=1e-12,
        repeats=7,
    )


def main():
    """Run all rows and write the section."""
    warnings.simplefilter("ignore")  # too few epochs, on purpose
    same_gap = list(gaps())
    rows = [*same_gap, *accuracies(), *mini_batch_epoch(), posterior_row()]
    means = [mean_of("gap 1e-6, all but the first", same_gap[1:], 1)]
    lines = [
        "Iterations are passes over all rows. Where rows are many, ours come after up to nine over "
        "a sample, which the times include.",
    ]
    report("Logistic regression", rows, lines, means)


if __name__ == "__main__":
    main()
