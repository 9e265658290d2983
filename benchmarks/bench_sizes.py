"""Descents at awkward sizes: small tables, one row, short streams.

Ours is at its default. The peer of a fit is `LogisticRegression` at the loosest tolerance that
comes as near to the optimum as ours does, or takes ten seconds; what it takes at its own default
stands in the note.
"""

import warnings
from functools import partial
from itertools import cycle
from time import perf_counter

import numpy as np
from harness import ONLY, blas_threads, compare, report, seconds
from scipy import sparse
from scipy.special import log_softmax
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from skml_lecture import CascadedLogisticMLP, LogisticRegressionGD

THREADS = (1, 2)
TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10)
MOST = 5_000  # iterations of the peer; on raw tables it may need more for our gap
LONGEST = 10  # seconds, after which a peer need not come nearer, and that its turns may take
LEAST_GAP = 1e-9  # nearer to the optimum than this nobody asks for
SIZES = [
    (3_000, 1_000, 2),
    (3_000, 1_200, 2),
    (20_000, 600, 2),
    (6_000, 1_450, 2),
    (500, 1_400, 2),
    (600, 300, 4),
    (300, 60, 20),
    (8_000, 100, 14),
]


def objective(model, X, y):
    """Return the penalised sum of losses of a fitted model."""
    z = X @ model.coef_.T + model.intercept_
    z = np.column_stack([np.zeros(len(z)), z]) if z.shape[1] == 1 else z
    loss = -log_softmax(z, axis=1)[np.arange(len(y)), y].sum()
    return loss + (model.coef_**2).sum() / 2


def warnings_of(call):
    """Return the result of ``call()`` and the warnings it gave."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return call(), len(caught)


def as_near(X, y, gap, least):
    """Return the peer's fit at the loosest tolerance of no larger gap, its gap and seconds."""
    for tol in TOLERANCES:
        fit = partial(LogisticRegression(tol=tol, max_iter=MOST).fit, X, y)
        start = perf_counter()
        model, _ = warnings_of(fit)
        took = perf_counter() - start
        reached = objective(model, X, y) / least - 1
        if reached <= max(gap, LEAST_GAP) or model.n_iter_.max() >= MOST or took > LONGEST:
            break
    return fit, reached, took, f"peer tol={tol:g}, gap {reached:.0e}"


def fit_rows(work, X, y):
    """Yield comparisons of a fit of ours, at its default, with the peer at the same gap."""
    if not ONLY.search(work):
        return
    with blas_threads(1):  # with two the peer's search takes many times as long on small tables
        options = same_gap(X, y)
    for threads in THREADS:
        yield compare(work, **options, threads=threads)


def same_gap(X, y):
    """Return both fits, and what `compare` has to know of them."""
    ours = partial(LogisticRegressionGD().fit, X, y)
    default = partial(LogisticRegression().fit, X, y)
    model, warned = warnings_of(ours)
    close = LogisticRegressionGD(tol=1e-8, max_iter=10_000)  # a gap of about its square
    best, _ = warnings_of(partial(close.fit, X, y))
    least = min(objective(best, X, y), objective(model, X, y))
    gap = objective(model, X, y) / least - 1
    peer, peer_gap, took, reached = as_near(X, y, gap, least)
    usual, usual_warned = warnings_of(default)
    note = (
        f"ours gap {gap:.0e}, {warned} warnings; {reached}; peer at its default "
        f"{min(seconds(default) for _ in range(3)):.2g} s, gap "
        f"{objective(usual, X, y) / least - 1:.0e}, {usual_warned} warnings"
    )
    return {
        "ours": ours,
        "peer": peer,
        "peer_name": "`LogisticRegression`, same gap",
        "at_least": 1,
        "gap": lambda a, b: np.inf if warned else abs(objective(a, X, y) / objective(b, X, y) - 1),
        "limit": max(10 * gap, 2 * peer_gap, 1e-5),
        "repeats": min(max(int(LONGEST / took), 1), 7),
        "note": note,
    }


def tables():
    """Yield the fits of scikit-learn's small tables, raw and standardised."""
    for load in (load_iris, load_breast_cancer, load_wine, load_digits):
        X, y = load(return_X_y=True)
        name = load.__name__.removeprefix("load_").replace("_", " ")
        for form, rows in [("raw", X), ("standardised", StandardScaler().fit_transform(X))]:
            yield from fit_rows(f"fit {name}, {form}", rows, y)


def sizes():
    """Yield the fits of tables with about as many features as rows, or many classes."""
    for n, d, k in SIZES:
        options = {"n_informative": d // 2, "n_redundant": d // 10, "n_clusters_per_class": 1}
        X, y = make_classification(n, d, n_classes=k, random_state=0, **options)
        shown = f" x {k} classes" if k > 2 else ""
        yield from fit_rows(f"fit {n:,} x {d:,}{shown}", X, y)


def largest(a, b):
    """Return the largest difference of two arrays, the share that differs of labels."""
    return np.mean(a != b) if a.ndim == 1 else np.abs(a - b).max()


def rows_of(work, ours, peer, row, at_least, threads, inner=100):
    """Yield labels and probabilities of one row."""
    for method in ("predict", "predict_proba"):
        yield compare(
            f"one row, {work}, {method}",
            partial(getattr(ours, method), row),
            partial(getattr(peer, method), row),
            peer_name=f"`{type(peer).__name__}`",
            at_least=at_least,
            gap=largest,
            limit=1e-5,
            repeats=9,
            inner=inner,
            threads=threads,
        )


def one_row(threads):
    """Yield predictions of one row."""
    for load in (load_iris, load_breast_cancer):
        X, y = load(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        ours, peer = LogisticRegressionGD().fit(X, y), LogisticRegression(tol=1e-8).fit(X, y)
        peer.coef_, peer.intercept_ = ours.coef_, ours.intercept_
        name = load.__name__.removeprefix("load_").replace("_", " ")
        yield from rows_of(name, ours, peer, X[:1], 0.9, threads)
    X = sparse.random(400, 2**18, density=1e-4, format="csr", random_state=0)
    y = np.arange(400) % 20
    ours = LogisticRegressionGD(max_iter=2).fit(X, y)
    peer = LogisticRegression(max_iter=2).fit(X, y)
    peer.coef_, peer.intercept_ = ours.coef_, ours.intercept_
    yield from rows_of("sparse 262,144 x 20", ours, peer, X[:1], 1, threads, inner=20)
    rng = np.random.default_rng(0)
    X, y = rng.random((200, 784)), np.arange(200) % 10
    ours = CascadedLogisticMLP((1000, 1000), activation="relu", max_iter=1).fit(X, y)
    peer = MLPClassifier((1000, 1000), max_iter=1).fit(X, y)
    peer.coefs_, peer.intercepts_ = ours.coefs_, ours.intercepts_
    yield from rows_of("network 784-1000-1000-10", ours, peer, X[:1], 1, threads, inner=20)


def learn_next(model, X, y, chunks):
    """Learn from the next chunk of an endless stream; return the model."""
    rows = next(chunks)
    return model.partial_fit(X[rows], y[rows])


def endless(n_rows, size):
    """Return chunks of rows, round and round."""
    return cycle(np.array_split(np.random.default_rng(0).permutation(n_rows), n_rows // size))


def chunks(threads):
    """Yield the next chunk of a stream, of one row and of fifty, after three passes by fifty."""
    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    for ours, peer in [
        (LogisticRegressionGD(), SGDClassifier(loss="log_loss")),
        (CascadedLogisticMLP(), MLPClassifier()),
    ]:
        name = type(ours).__name__
        for model in (ours, peer):
            stream = endless(len(y), 50)
            model.partial_fit(X[:50], y[:50], classes=np.arange(10))
            for _ in range(3 * len(y) // 50):
                learn_next(model, X, y, stream)
        for n in (1, 50):
            yield compare(
                f"partial_fit, {name}, {n} rows of digits",
                partial(learn_next, ours, X, y, endless(len(y), n)),
                partial(learn_next, peer, X, y, endless(len(y), n)),
                peer_name=f"`{type(peer).__name__}`",
                at_least=0.9,
                gap=lambda a, b: 1 - min(a.score(X, y), b.score(X, y)),
                limit=0.2,
                repeats=9,
                inner=50,
                threads=threads,
                note="difference: the larger of the two errors on all rows",
            )


def main():
    """Run all rows and write the section."""
    warnings.simplefilter("ignore")  # they are counted where they matter
    rows = [*tables(), *sizes()]
    rows += [row for part in (one_row, chunks) for threads in THREADS for row in part(threads)]
    report("Descents at awkward sizes", rows)


if __name__ == "__main__":
    main()
