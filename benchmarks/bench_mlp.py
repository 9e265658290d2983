"""The cascade against scikit-learn's multilayer perceptron and PyTorch on the CPU.

Both sides start from the same weights with the same optimizer, penalty, batches and epochs. The
difference is that of their loss curves over rows in the same order; the timed fits shuffle. It is
rounding where the penalty and Adam's epsilon are nothing, and under 1 % as it is: the peer adds
epsilon before the correction of the bias, which moves weights that hardly have a gradient.
"""

import warnings
from copy import deepcopy
from functools import partial
from math import prod
from time import perf_counter

import numpy as np
from harness import compare, mean_of, report
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from skml_lecture import CascadedLogisticMLP

ALPHA = 1e-4
HIDDEN = (500, 500)


def digits(dtype):
    """Return scikit-learn's digits, scaled to [0, 1]."""
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(dtype), y


def clusters(n, dtype):
    """Return ten overlapping classes."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, n)
    X = rng.normal(size=(10, 256))[y] * 0.3 + rng.normal(size=(n, 256))
    return X.astype(dtype), y


def models(X, y, hidden, activation, batch_size, epochs):
    """Return our cascade and scikit-learn's, whose ``fit`` does the same from the same start."""
    options = {
        "activation": activation,
        "batch_size": batch_size,
        "max_iter": epochs,
        "tol": 0,
        "n_iter_no_change": epochs,
        "random_state": 0,
    }
    ours = CascadedLogisticMLP(hidden, alpha=ALPHA, optimizer="adam", **options)
    alpha = ALPHA * batch_size / len(y)  # the peer divides its penalty by the rows of a batch
    peer = MLPClassifier(hidden, alpha=alpha, warm_start=True, **options)
    start = clone(ours).set_params(max_iter=1, learning_rate=1e-30).fit(X, y)  # does not move
    peer.partial_fit(X, y, classes=np.unique(y))  # makes a model for ``fit`` to resume
    peer.coefs_, peer.intercepts_ = start.coefs_, start.intercepts_
    return ours, peer


def our_curve(ours, X, y, shuffle=True):
    """Return the loss of every epoch of ours."""
    return ours.set_params(shuffle=shuffle).fit(X, y).loss_curve_


def peer_curve(peer, X, y, shuffle=True):
    """Return the loss of every epoch of the peer, from its start."""
    return deepcopy(peer).set_params(shuffle=shuffle).fit(X, y).loss_curve_[-peer.max_iter :]


def torch_curve(peer, X, y, shuffle=True):
    """Return the loss of every epoch of the usual eager loop in PyTorch, from the peer's start."""
    import torch

    layers = []
    for W, b in zip(peer.coefs_, peer.intercepts_, strict=True):
        layer = torch.nn.Linear(*W.shape)
        layer.weight.data, layer.bias.data = torch.tensor(W.T.copy()), torch.tensor(b)
        layers += [layer, torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    adam = torch.optim.Adam(model.parameters(), weight_decay=ALPHA / len(X))
    loss_of = torch.nn.CrossEntropyLoss()
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    curve = []
    for _ in range(peer.max_iter):
        total = 0.0
        order = torch.randperm(len(X)) if shuffle else torch.arange(len(X))
        for batch in order.split(peer.batch_size):
            adam.zero_grad()
            loss = loss_of(model(X[batch]), y[batch])
            loss.backward()
            adam.step()
            total += loss.item() * len(batch)
        curve.append(total / len(X))
    return curve


def fit_row(
    work, X, y, architecture, at_least, *, curve_of=peer_curve, name, repeats=7, note="", **bars
):
    """Return the comparison of two fits of the same work."""
    ours, peer = models(X, y, *architecture)
    mine, others = partial(our_curve, ours, X, y), partial(curve_of, peer, X, y)

    def difference(*_):
        """Return the largest relative difference of the losses, rows in the same order."""
        return np.abs(np.divide(mine(shuffle=False), others(shuffle=False)) - 1).max()

    return compare(
        f"fit {work}",
        mine,
        others,
        peer_name=name,
        at_least=at_least,
        gap=difference,
        limit=0.02,
        repeats=repeats,
        note=f"{ours.max_iter} epochs{note}",
        **bars,
    )


perceptron_row = partial(fit_row, name="`MLPClassifier`")


def small_fits():
    """Yield fits that are bound by overhead."""
    for dtype in (np.float64, np.float32):
        X, y = digits(dtype)
        for activation in ("relu", "logistic"):
            for batch in (32, 200):
                work = f"64-100-10, batch {batch}, {activation}, {dtype.__name__}"
                yield perceptron_row(work, X, y, ((100,), activation, batch, 20), 1.3, repeats=15)


def large_fits():
    """Yield fits that are bound by matrix products."""
    for dtype in (np.float32, np.float64):
        X, y = clusters(20_000, dtype)
        narrow = 1.3 if dtype is np.float64 else None
        for activation, batch in [("relu", 100), ("relu", 200), ("logistic", 200)]:
            work = f"256-500-500-10, batch {batch}, {activation}, {dtype.__name__}"
            architecture = (HIDDEN, activation, batch, 2)
            row = perceptron_row(work, X, y, architecture, None, narrow_at_least=narrow)
            if row:
                share = product_share(row.ours_s / (2 * len(y) // batch), batch, dtype)
                row.note += f"; {share}"
            yield row


def sparse_fit():
    """Return the fit of sparse rows."""
    X = sparse.random(20_000, 784, density=0.01, format="csr", random_state=0)
    y = np.asarray((X @ np.random.default_rng(0).normal(size=(784, 10))).argmax(axis=1))
    return perceptron_row("784-300-10, sparse 1 %", X, y, ((300,), "relu", 200, 3), 1.5)


def torch_fits():
    """Yield the comparisons with PyTorch, where it is installed."""
    try:
        import torch
    except ImportError:
        return
    note = f"; PyTorch {torch.__version__}, {torch.get_num_threads()} threads"
    row = partial(fit_row, curve_of=torch_curve, name="PyTorch, eager", note=note)
    X, y = digits(np.float32)
    yield row("64-100-10, batch 32, relu, float32", X, y, ((100,), "relu", 32, 20), 3)
    X, y = clusters(20_000, np.float32)
    yield row("256-500-500-10, batch 200, float32", X, y, (HIDDEN, "relu", 200, 2), 0.9)


def prediction():
    """Return the probabilities of many rows."""
    X, y = clusters(100_000, np.float32)
    ours, peer = models(X[:5000], y[:5000], HIDDEN, "relu", 200, 1)
    ours.fit(X[:5000], y[:5000])
    peer.coefs_, peer.intercepts_ = ours.coefs_, ours.intercepts_
    return compare(
        "predict_proba 100,000 x 256, 500-500-10, float32",
        lambda: ours.predict_proba(X),
        lambda: peer.predict_proba(X),
        peer_name="`MLPClassifier`",
        at_least=1.5,
        gap=lambda a, b: np.abs(a - b).max(),
        limit=1e-4,
        repeats=7,
    )


def product_share(seconds, batch, dtype):
    """Say how near an update of 256-500-500-10 comes to this machine's matrix-product rate."""
    pairs = [(500, 256), (500, 500), (10, 500)]
    products = [(*pair, batch) for pair in pairs]  # forward
    products += [(a, batch, b) for a, b in pairs]  # gradients
    products += [(b, a, batch) for a, b in pairs[1:]]  # back
    bare = sum(product_seconds(*shape, dtype) for shape in products)
    rate = 2 * sum(map(prod, products)) / seconds
    square = 2 * 2000**3 / product_seconds(2000, 2000, 2000, dtype)
    return (
        f"{rate / 1e9:.0f} GFLOP/s, {bare / seconds:.0%} of the rate of its matrix products alone, "
        f"{rate / square:.0%} of that of a product of two 2,000 x 2,000"
    )


def product_seconds(m, k, n, dtype):
    """Return the least time of one matrix product of this shape."""
    A, B, C = (np.ones(shape, dtype) for shape in [(m, k), (k, n), (m, n)])
    times = []
    for _ in range(10):
        start = perf_counter()
        np.matmul(A, B, out=C)
        times.append(perf_counter() - start)
    return min(times)


def main():
    """Run all rows and write the section."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    small, large = list(small_fits()), list(large_fits())
    against_torch = list(torch_fits())
    rows = [*small, *large, sparse_fit(), prediction(), *against_torch]
    relu = [row for row in large if row and "relu" in row.work]
    means = [
        mean_of("fit 64-100-10 against `MLPClassifier`", small, 2),
        mean_of("fit 256-500-500-10, relu, against `MLPClassifier`", relu, 1.5),
    ]
    lines = [
        "What bounds 256-500-500-10: two thirds of an update are products at nearly the machine's "
        "rate, in double precision of parts of a batch in as many threads; a fifth is Adam, which "
        "memory bounds, so that a second thread gains it a fifth.",
        "Difference of fits: the largest relative one of the losses of the epochs, both from the "
        "same weights and with the rows in the same order. The timed fits shuffle.",
    ]
    if not against_torch:
        lines.append("PyTorch is not installed: its rows are skipped.")
    report("Cascade", rows, lines, means)


if __name__ == "__main__":
    main()
