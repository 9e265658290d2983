"""Naive Bayes against scikit-learn's four."""

from functools import partial

import numpy as np
import pandas as pd
from harness import compare, report
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, GaussianNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

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
        at_least=targets[0],
        gap=joint_gap(X[:20_000]),
        limit=1e-8,
        repeats=repeats,
    )
    yield compare(
        f"{work}, {method}",
        lambda: getattr(ours, method)(X),
        lambda: getattr(peer, method)(X),
        peer_name=name,
        at_least=targets[1],
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


def every_category(rng, n_columns):
    """Return columns of 20,000 categories, each of which stands there twice."""
    return rng.permuted(np.tile(np.arange(40_000) // 2, (n_columns, 1)), axis=1).T


def one_row(rng):
    """Yield predictions of one row: what a model costs that was made for nothing else."""
    iris, species = load_iris(return_X_y=True)
    codes = every_category(rng, 6)
    words = sparse.random(2_000, 20_000, density=0.005, format="csr", random_state=0)
    words.data = np.ceil(5 * words.data)
    for work, ours, peer, X, y, at_least in [
        (
            "categorical, 6 columns of 20,000 categories",
            NaiveBayes("categorical"),
            CategoricalNB(),
            codes,
            rng.integers(0, 2, len(codes)),
            1,
        ),
        ("gaussian, iris", NaiveBayes("gaussian"), GaussianNB(), iris, species, 0.9),
        ("auto, iris", NaiveBayes(), GaussianNB(), iris, species, 0.9),
        (
            "multinomial, 20,000 words x 20 classes",
            NaiveBayes("multinomial"),
            MultinomialNB(),
            words,
            np.arange(2_000) % 20,
            1,
        ),
    ]:
        ours.fit(X, y)
        peer.fit(X, y)
        for method in ("predict", "predict_proba"):
            yield compare(
                f"{work}, one row, {method}",
                partial(getattr(ours, method), X[:1]),
                partial(getattr(peer, method), X[:1]),
                peer_name=f"`{type(peer).__name__}()`",
                at_least=at_least,
                gap=array_gap,
                limit=1e-6,
                repeats=9,
                inner=100,
            )


def small_chunk(rng):
    """Return a chunk of ten rows of columns with many categories."""
    codes, y = every_category(rng, 2), np.arange(40_000) % 2
    ours = NaiveBayes("categorical").partial_fit(codes, y)
    peer = CategoricalNB().partial_fit(codes, y, classes=[0, 1])
    rows = slice(0, 10)
    return compare(
        "categorical, 2 columns of 20,000 categories, partial_fit of 10 rows",
        lambda: ours.partial_fit(codes[rows], y[rows]),
        lambda: peer.partial_fit(codes[rows], y[rows]),
        peer_name="`CategoricalNB()`",
        at_least=1,
        gap=lambda a, b: np.abs(a.class_count_ - b.class_count_).max(),
        repeats=9,
        inner=10,
    )


def few_rows(rng):
    """Yield fits on 150 rows: numbers, categories, and a frame of both."""
    iris, species = load_iris(return_X_y=True)
    codes = rng.integers(0, 5, (150, 4))
    frame = pd.DataFrame(iris[:, :2], columns=["a", "b"]).assign(
        c=np.array(["red", "green", "blue"])[codes[:, 0] % 3], d=codes[:, 1].astype(str)
    )
    numbers_and_words = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["c", "d"]), remainder="passthrough"),
        GaussianNB(),
    )
    rows = [
        ("gaussian", NaiveBayes("gaussian"), GaussianNB(), iris, 1.3, 0.01),
        ("categorical", NaiveBayes("categorical"), CategoricalNB(), codes, 2, 1e-8),
        ("mixed frame", NaiveBayes(), numbers_and_words, frame, 2.5, 1),
    ]
    for work, ours, peer, X, at_least, limit in rows:
        pipeline = hasattr(peer, "steps")
        yield compare(
            f"{work}, fit 150 x 4",
            partial(ours.fit, X, species),
            partial(peer.fit, X, species),
            peer_name="`OneHotEncoder`, `GaussianNB`" if pipeline else f"`{type(peer).__name__}()`",
            at_least=at_least,
            gap=lambda a, b, X=X: np.abs(a.predict_proba(X) - b.predict_proba(X)).max(),
            limit=limit,
            repeats=15,
            inner=20,
            note="another model; the answers are not compared" if pipeline else "",
        )


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    families = (gaussian, bernoulli, multinomial, categorical, one_row, few_rows)
    rows = [row for family in families for row in family(rng)]
    report("Naive Bayes", [*rows, small_chunk(rng)])
