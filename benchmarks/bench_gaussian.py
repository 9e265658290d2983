"""The Gaussian generative classifier against scikit-learn's discriminant analyses."""

import numpy as np
from harness import compare, report
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)

from skml_lecture import GaussianGenerativeClassifier


def classes(n, d, k, seed=0):
    """Return rows of ``k`` overlapping classes that share a covariance, and their labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    mixing = rng.normal(size=(d, d)) / np.sqrt(d) + np.eye(d)
    return (rng.normal(size=(n, d)) + rng.normal(size=(k, d))[y] / 3) @ mixing, y


def proba_gap(X):
    """Return the largest difference of two models' posteriors on some rows."""
    return lambda ours, peer: np.abs(ours.predict_proba(X) - peer.predict_proba(X)).max()


def fits(X, y):
    """Yield the fits of the shared and of the own covariances."""
    lsqr = LinearDiscriminantAnalysis(solver="lsqr")
    for kind, peer, name, target, repeats in [
        ("tied", lsqr, '`LinearDiscriminantAnalysis(solver="lsqr")`', 3, 11),
        ("tied", LinearDiscriminantAnalysis(), "`LinearDiscriminantAnalysis()`", 20, 5),
        ("full", QuadraticDiscriminantAnalysis(), "`QuadraticDiscriminantAnalysis()`", 4, 7),
    ]:
        yield compare(
            f"{kind}, fit {X.shape[0]:,} x {X.shape[1]}, {y.max() + 1} classes",
            lambda kind=kind: GaussianGenerativeClassifier(kind).fit(X, y),
            lambda peer=peer: peer.fit(X, y),
            peer_name=name,
            at_least=target,
            gap=proba_gap(X[:20_000]),
            limit=1e-3 if name == "`LinearDiscriminantAnalysis()`" else 1e-8,
            repeats=repeats,
            note="pools by N - k" if name == "`LinearDiscriminantAnalysis()`" else "",
        )


def posterior(X, y):
    """Return the posterior of own covariances."""
    ours = GaussianGenerativeClassifier("full").fit(X, y)
    peer = QuadraticDiscriminantAnalysis().fit(X, y)
    return compare(
        f"full, predict_proba {X.shape[0]:,} x {X.shape[1]}, {y.max() + 1} classes",
        lambda: ours.predict_proba(X),
        lambda: peer.predict_proba(X),
        peer_name="`QuadraticDiscriminantAnalysis()`",
        at_least=3,
        gap=lambda a, b: np.abs(a - b).max(),
        limit=1e-8,
    )


if __name__ == "__main__":
    X, y = classes(500_000, 50, 10)
    report("Gaussian generative classifier", [*fits(X, y), posterior(X, y)])
