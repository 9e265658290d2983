"""The cascade against scikit-learn's multilayer perceptron and PyTorch on the CPU."""

import warnings
from importlib.util import find_spec
from itertools import pairwise
from math import prod
from time import perf_counter

import numpy as np
from harness import compare, report
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from skml_lecture import CascadedLogisticMLP

HAS_TORCH = find_spec("torch") is not None
ALPHA = 1e-4


def digits(dtype):
    """Return scikit-learn's digits, scaled to [0, 1]."""
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(dtype), y


def clusters(n, d, dtype, seed=0):
    """Return ten overlapping classes."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 10, n)
    X = rng.normal(size=(10, d))[y] * 0.3 + rng.normal(size=(n, d))
    return X.astype(dtype), y


def ours(hidden, activation, batch_size, epochs):
    """Return our cascade, which runs all epochs."""
    return CascadedLogisticMLP(
        hidden,
        activation=activation,
        batch_size=batch_size,
        max_iter=epochs,
        tol=0,
        n_iter_no_change=epochs,
        alpha=ALPHA,
        random_state=0,
    )


def theirs(hidden, activation, batch_size, epochs):
    """Return scikit-learn's with the same architecture, optimizer, batches and epochs."""
    return MLPClassifier(
        hidden,
        activation=activation,
        batch_size=batch_size,
        max_iter=epochs,
        tol=0,
        n_iter_no_change=epochs,
        alpha=ALPHA,
        random_state=0,
    )


def loss_excess(ours, peer):
    """Return by how much our training loss of the last epoch is the higher one, in nats."""
    return max(ours - peer, 0.0)


def fit_row(name, X, y, hidden, activation, batch_size, epochs, target, repeats=5):
    """Return the comparison of two fits of the same work."""
    arguments = (hidden, activation, batch_size, epochs)
    return compare(
        name,
        lambda: ours(*arguments).fit(X, y).loss_curve_[-1],
        lambda: theirs(*arguments).fit(X, y).loss_curve_[-1],
        peer_name="`MLPClassifier`",
        target=target,
        gap=loss_excess,
        limit=0.1,
        repeats=repeats,
        note=f"{epochs} epochs",
    )


def small_fits():
    """Yield fits that are bound by overhead."""
    for dtype in (np.float64, np.float32):
        X, y = digits(dtype)
        for activation in ("relu", "logistic"):
            for batch_size in (32, 200):
                name = f"fit 64-100-10, batch {batch_size}, {activation}, {dtype.__name__}"
                yield fit_row(name, X, y, (100,), activation, batch_size, 20, 2)


def large_fits():
    """Yield fits that are bound by matrix products."""
    for dtype in (np.float32, np.float64):
        X, y = clusters(20_000, 256, dtype)
        for batch_size in (100, 200):
            name = f"fit 256-500-500-10, batch {batch_size}, {dtype.__name__}"
            yield fit_row(name, X, y, (500, 500), "relu", batch_size, 2, 1.8, repeats=3)


def sparse_fit():
    """Return the fit of sparse rows."""
    X = sparse.random(20_000, 784, density=0.01, format="csr", random_state=0)
    y = np.asarray((X @ np.random.default_rng(0).normal(size=(784, 10))).argmax(axis=1))
    return fit_row("fit 784-300-10, sparse 1 %", X, y, (300,), "relu", 200, 3, 1.5, repeats=3)


def prediction():
    """Return the probabilities of many rows."""
    X, y = clusters(100_000, 256, np.float32)
    arguments = ((500, 500), "relu", 200, 1)
    mine, peer = (model(*arguments).fit(X[:5000], y[:5000]) for model in (ours, theirs))
    for k, (W, b) in enumerate(zip(peer.coefs_, peer.intercepts_, strict=True)):
        mine.coefs_[k], mine.intercepts_[k] = W, b
    return compare(
        "predict_proba 100,000 x 256, 500-500-10, float32",
        lambda: mine.predict_proba(X),
        lambda: peer.predict_proba(X),
        peer_name="`MLPClassifier`",
        target=1.5,
        gap=lambda a, b: np.abs(a - b).max(),
        limit=1e-4,
        repeats=3,
    )


def torch_fit(X, y, hidden, batch_size, epochs):
    """Return the last epoch's mean loss of the usual eager loop in PyTorch."""
    import torch

    torch.manual_seed(0)
    sizes = [X.shape[1], *hidden, 10]
    layers = []
    for fan_in, fan_out in pairwise(sizes):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    adam = torch.optim.Adam(model.parameters(), weight_decay=ALPHA / len(X))
    loss_of = torch.nn.CrossEntropyLoss()
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(X)).split(batch_size):
            adam.zero_grad()
            loss = loss_of(model(X[batch]), y[batch])
            loss.backward()
            adam.step()
            total += loss.item() * len(batch)
    return total / len(X)


def torch_rows():
    """Yield the comparisons with PyTorch."""
    work = [
        ("fit 64-100-10, batch 32, relu, float32", *digits(np.float32), (100,), 32, 20, 3),
        ("fit 256-500-500-10, batch 200, float32", *clusters(20_000, 256, np.float32), (500, 500),
         200, 2, 0.9),
    ]  # fmt: skip
    for name, X, y, hidden, batch_size, epochs, target in work:
        if not HAS_TORCH:
            print(f"{name}: skipped, PyTorch is not installed")
            continue
        yield compare(
            name,
            lambda a=(hidden, "relu", batch_size, epochs), X=X, y=y: (
                ours(*a).fit(X, y).loss_curve_[-1]
            ),
            lambda a=(hidden, batch_size, epochs), X=X, y=y: torch_fit(X, y, *a),
            peer_name="PyTorch, eager",
            target=target,
            gap=loss_excess,
            limit=0.1,
            note=f"{epochs} epochs",
        )


def product_share(row, n, batch_size, epochs):
    """Say how much of this machine's own matrix-product rate a fit of 256-500-500-10 reaches."""
    sizes = [256, 500, 500, 10]
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    products = [(*pair, batch_size) for pair in pairs]  # forward
    products += [(a, batch_size, b) for a, b in pairs]  # gradients
    products += [(b, a, batch_size) for a, b in pairs[1:]]  # back
    updates = n // batch_size * epochs
    seconds = updates * sum(product_seconds(*shape) for shape in products)
    work = 2 * updates * sum(map(prod, products))
    return f"{work / row.ours_s / 1e9:.0f} GFLOP/s, {seconds / row.ours_s:.0%} of the bare products"


def product_seconds(m, k, n, dtype=np.float32):
    """Return the time of one matrix product of this shape."""
    A, B, C = (np.ones(shape, dtype) for shape in [(m, k), (k, n), (m, n)])
    times = []
    for _ in range(20):
        start = perf_counter()
        np.matmul(A, B, out=C)
        times.append(perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    large = list(large_fits())
    large[1].note += "; " + product_share(large[1], 20_000, 200, 2)
    rows = [*small_fits(), *large, sparse_fit(), prediction(), *torch_rows()]
    report("Cascade", rows)
