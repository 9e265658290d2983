"""Naive Bayes against scikit-learn's four."""

import numpy as np
from harness import compare, report
from scipy import sparse
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, GaussianNB, MultinomialNB

from skml_lecture import NaiveBayes


def joint_gap(X):
    """Return the largest relative difference of two models' joint densities of some rows."""

    def gap(ours, peer):
        return np.abs(ours.predict_joint_log_proba(X) / peer.predict_joint_log_proba(X) - 1).max()

    return gap


def array_gap(ours, peer):
    """Return the largest difference of two arrays, or the share of labels that differ."""
    return np.mean(ours != peer) if ours.ndim == 1 else np.abs(ours - peer).max()


def pair(work, ours, peer, X, y, targets, *, method="predict_proba", repeats=7):
    """Yield the fit and the prediction of one model and its peer."""
    name = f"`{type(peer).__name__}()`"
    yield compare(
        f"{work}, fit",
        lambda: ours.fit(X, y),
        lambda: peer.fit(X, y),
        peer_name=name,
        target=targets[0],
        gap=joint_gap(X[:20_000]),
        limit=1e-8,
        repeats=repeats,
    )
    yield compare(
        f"{work}, {method}",
        lambda: getattr(ours, method)(X),
        lambda: getattr(peer, method)(X),
        peer_name=name,
        target=targets[1],
        gap=array_gap,
        limit=1e-8,
        repeats=repeats,
    )


def gaussian(rng):
    """Yield the rows of the gaussian family, named and found by itself."""
    y = rng.integers(0, 10, 500_000)
    X = rng.normal(size=(len(y), 50)) + rng.normal(size=(10, 50))[y]
    peer = GaussianNB(var_smoothing=1e-12)
    for name in ("gaussian", "auto"):
        work = f"{name}, 500,000 x 50, 10 classes"
        yield from pair(work, NaiveBayes(name), peer, X, y, (2.5, 8))


def bernoulli(rng):
    """Yield the rows of the bernoulli family, of two types of numbers."""
    y = rng.integers(0, 10, 200_000)
    X = (rng.random((len(y), 200)) < rng.random((10, 200))[y]).astype(np.float64)
    for numbers in (X, X.astype(np.int64)):
        work = f"bernoulli, 200,000 x 200 of {numbers.dtype}"
        ours, peer = NaiveBayes("bernoulli"), BernoulliNB()
        yield from pair(work, ours, peer, numbers, y, (1.5, 1.5), method="predict", repeats=5)


def multinomial(rng):
    """Yield the rows of the multinomial family: documents of a hundred words."""
    n, d, words = 100_000, 50_000, 100
    y = rng.integers(0, 20, n)
    topics = rng.integers(0, d, 20)
    ranks = np.minimum(rng.zipf(1.3, (n, words)), d) - 1
    columns = ((ranks + topics[y][:, np.newaxis]) % d).astype(np.int32)
    indptr = np.arange(0, n * words + 1, words, dtype=np.int32)
    X = sparse.csr_array((np.ones(n * words), columns.ravel(), indptr), shape=(n, d))
    X.sum_duplicates()
    work = f"multinomial, sparse {n:,} x {d:,}, {X.nnz:,} counts"
    yield from pair(work, NaiveBayes("multinomial"), MultinomialNB(), X, y, (1, 1), repeats=15)


def categorical(rng):
    """Yield the rows of the categorical family."""
    y = rng.integers(0, 10, 500_000)
    X = rng.integers(0, 12, (len(y), 20)) // rng.integers(1, 3, (10, 20))[y]
    work = "categorical, 500,000 x 20, 10 classes"
    yield from pair(work, NaiveBayes("categorical"), CategoricalNB(), X, y, (2, 2))


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    families = (gaussian, bernoulli, multinomial, categorical)
    report("Naive Bayes", [row for family in families for row in family(rng)])
