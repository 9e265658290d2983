"""Count the digits that are right: ``python benchmarks/digits.py`` writes benchmarks/DIGITS.md.

Every answer is compared with the one that exact arithmetic gives of the same floats: by rational
numbers where the model is linear, else by mpmath with 60 digits.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
from mpmath import mp, mpf
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeCV
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.neural_network import MLPClassifier

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
    RidgeRegressionCV,
    SemiSupervisedEM,
)

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

import exact  # noqa: E402 - ridge regression in rational arithmetic, for the tests too
import nist  # noqa: E402

mp.dps = 60
MOST = 15.0  # what two floats that differ in the last bit agree to
LEAST = mpf("1e-300")  # what is smaller is zero to a float
RNG = np.random.default_rng(0)


def digits(found, true):
    """Return the digits of the worst number, against the largest where the true one is zero."""
    found, true = np.ravel(found).tolist(), [mpf(str(0)) + _mpf(t) for t in np.ravel(true)]
    largest = max(abs(t) for t in true) or mpf(1)
    worst = mpf(0)
    for f, t in zip(found, true, strict=True):
        if not np.isfinite(f):
            return 0.0
        worst = max(worst, abs(mpf(f) - t) / (abs(t) if abs(t) > LEAST else largest))
    return float(min(MOST, max(0, -mp.log10(worst)))) if worst else MOST


def _mpf(number):
    """Return a rational number, a float or a number of mpmath as one of mpmath."""
    if hasattr(number, "numerator") and not isinstance(number, float):
        return mpf(int(number.numerator)) / mpf(int(number.denominator))
    return mpf(number)


# Ridge regression


def hilbert(d):
    return 1 / (np.arange(d + 4)[:, np.newaxis] + np.arange(d) + 1.0)


def tables():
    """Yield name, X, y, weight, alpha, whether there is an intercept."""
    for name, (X, y, _, intercept) in nist.PROBLEMS.items():
        yield f"NIST {name}", X, y, None, 0.0, intercept is not None
    X = RNG.normal(size=(20, 3))
    y = X @ [1.0, -2.0, 3.0] + RNG.normal(size=20)
    yield "well-conditioned", X, y, None, 1.0, True
    yield "well-conditioned, float32", X.astype(np.float32), y.astype(np.float32), None, 1.0, True
    yield "means of 1e8 spreads", X + 1e8, y, None, 1.0, True
    yield "weights from 1e-8 to 1e8", X, y, 10.0 ** np.linspace(-8, 8, 20), 1.0, True
    yield "units from 1e-8 to 1e8", X * [1e-8, 1.0, 1e8], y, None, 0.0, True
    for d in (5, 7):
        H = hilbert(d)
        yield f"Hilbert, {d} columns", H, H.sum(axis=1) + H[:, 0] ** 2, None, 0.0, False
    H = hilbert(10)
    yield "Hilbert, 10 columns, alpha 1e-10", H, H.sum(axis=1), None, 1e-10, False
    D = np.eye(3)[RNG.integers(0, 3, 20)]
    yield (
        "rank-deficient: dummies",
        D,
        D @ [1.0, 2.0, 4.0] + RNG.integers(0, 4, 20),
        None,
        0.0,
        True,
    )
    yield "rank-deficient: a column twice", X[:, [0, 1, 1]], y, None, 0.0, True
    yield "more columns than rows", RNG.normal(size=(6, 10)), y[:6], None, 0.0, True
    yield "more columns than rows, alpha 1", RNG.normal(size=(6, 10)), y[:6], None, 1.0, True


def in_chunks(model, X, y, weight):
    for part in (slice(0, len(y) // 2), slice(len(y) // 2, None)):
        model.partial_fit(X[part], y[part], None if weight is None else weight[part])
    return model


def coefficients(model, fit_intercept):
    return np.append(model.coef_, model.intercept_) if fit_intercept else np.ravel(model.coef_)


def ridge():
    """Yield a row for each table: ours by each route, and the peers'."""
    for name, X, y, weight, alpha, fit_intercept in tables():
        coef, intercept = exact.ridge(X, y, alpha, weight, fit_intercept=fit_intercept)
        true = [*coef, *([intercept] if fit_intercept else [])]
        options = {"fit_intercept": fit_intercept}
        models = {
            "fit": RidgeRegression(alpha, **options).fit(X, y, weight),
            '"svd"': RidgeRegression(alpha, solver="svd", **options).fit(X, y, weight),
            "chunks": in_chunks(RidgeRegression(alpha, **options), X, y, weight),
            'chunks, "svd"': in_chunks(
                RidgeRegression(alpha, solver="svd", **options), X, y, weight
            ),
            "Ridge": Ridge(alpha, **options).fit(X, y, weight),
            'Ridge "svd"': Ridge(alpha, solver="svd", **options).fit(X, y, weight),
        }
        if not alpha:
            models["LinearRegression"] = LinearRegression(**options).fit(X, y, weight)
        yield (
            name,
            {
                route: digits(coefficients(model, fit_intercept), true)
                for route, model in models.items()
            },
        )


def left_out():
    """Yield a row for each table: the score of rows left out one at a time."""
    for name, X, y, weight, alpha, fit_intercept in tables():
        if weight is not None or name in ("NIST NoInt2", "rank-deficient: dummies"):
            continue  # where a row alone decides a coefficient no score is defined
        true = exact.left_out_score(X, y, alpha, fit_intercept=fit_intercept)
        options = {"fit_intercept": fit_intercept}
        ours = RidgeRegressionCV([alpha], **options).fit(X, y).best_score_
        rows = [(np.delete(np.arange(len(y)), i), [i]) for i in range(len(y))]
        folds = RidgeRegressionCV([alpha], cv=rows, **options).fit(X, y).best_score_
        found = {"leave-one-out": digits(ours, true), "folds of one": digits(folds, true)}
        if alpha:
            peer = RidgeCV([alpha], scoring="neg_mean_squared_error", **options).fit(X, y)
            found["RidgeCV"] = digits(peer.best_score_, true)
        yield name, found


# Generative models: log-odds of the classes, of rows of the table


def matrix(array):
    return mp.matrix([[_mpf(float(v)) for v in row] for row in np.atleast_2d(array)])


def log_odds(X, y, kind):
    """Return ln P(1, x) - ln P(0, x) with Gaussian classes, for every row."""
    rows = matrix(X)
    n, d = X.shape
    means, scatters, counts = [], [], []
    for c in (0, 1):
        of_class = [rows[i, :] for i in range(n) if y[i] == c]
        mean = sum(of_class[1:], of_class[0]) / len(of_class)
        scatter = mp.zeros(d)
        for row in of_class:
            scatter += (row - mean).T * (row - mean)
        means.append(mean)
        scatters.append(scatter)
        counts.append(len(of_class))
    if kind.startswith("tied"):
        covariances = [(scatters[0] + scatters[1]) / n] * 2
    else:
        covariances = [scatters[c] / counts[c] for c in (0, 1)]
    if kind.endswith("diag"):
        covariances = [mp.diag([S[j, j] for j in range(d)]) for S in covariances]
    inverses = [mp.inverse(S) for S in covariances]
    constants = [
        mp.log(mpf(count) / n) - mp.log(mp.det(S)) / 2
        for count, S in zip(counts, covariances, strict=True)
    ]

    def score(row, c):
        z = row - means[c]
        return constants[c] - (z * inverses[c] * z.T)[0] / 2

    return [score(rows[i, :], 1) - score(rows[i, :], 0) for i in range(n)]


def classes():
    """Yield name, X and y of tables of two classes."""
    y = np.arange(24) % 2
    X = RNG.normal(size=(24, 3)) + y[:, np.newaxis] * [1.0, 0.5, 0.0]
    yield "well-conditioned", X, y
    yield "well-conditioned, float32", X.astype(np.float32), y
    yield "means of 1e8 spreads", X + 1e8, y
    yield "units from 1e-8 to 1e8", X * [1e-8, 1.0, 1e8], y
    near = np.column_stack([X[:, 0], X[:, 0] + 1e-4 * X[:, 1], X[:, 2]])
    yield "correlations of condition 1e8", near, y
    near = np.column_stack([X[:, 0], X[:, 0] + 1e-6 * X[:, 1], X[:, 2]])
    yield "correlations of condition 1e12", near, y
    yield "classes 1e6 spreads apart", X + 1e6 * y[:, np.newaxis], y


def gaussian():
    """Yield a row for each table and kind of covariance."""
    peers = {
        "tied": {
            'LDA "lsqr"': LinearDiscriminantAnalysis(solver="lsqr"),
            'LDA "svd"': LinearDiscriminantAnalysis(tol=1e-20),
        },
        "full": {"QDA": QuadraticDiscriminantAnalysis(tol=1e-20)},
        "diag": {"GaussianNB": GaussianNB(var_smoothing=0)},
    }
    for kind, others in peers.items():
        for name, X, y in classes():
            true = log_odds(X, y, kind)
            model = GaussianGenerativeClassifier(kind)
            chunks = in_chunks(GaussianGenerativeClassifier(kind), X, y, None)
            found = {"fit": model.fit(X, y), "chunks": chunks}
            if kind == "diag":
                found["NaiveBayes"] = NaiveBayes("gaussian", var_floor=0).fit(X, y)
            found = {k: digits(m.decision_function(X), true) for k, m in found.items()}
            for peer, other in others.items():
                other.fit(X, y)
                if kind == "diag":
                    odds = np.diff(other.predict_joint_log_proba(X), axis=1)
                else:
                    odds = other.decision_function(X)
                found[peer] = digits(odds, true)
            yield f'"{kind}": {name}', found


# What counts are


def discrete():
    """Yield a row for each family of discrete values: joint log probabilities."""
    y = np.arange(40) % 2
    flags = (RNG.random((40, 6)) < 0.3) * 1.0
    counts = RNG.poisson(3, (40, 6)).astype(float)
    for name, X, ours, peer in [
        ("flags", flags, NaiveBayes("bernoulli"), BernoulliNB()),
        (
            "flags, pseudo-counts of 1e-12",
            flags,
            NaiveBayes("bernoulli", smoothing=1e-12),
            BernoulliNB(alpha=1e-12),
        ),
        ("counts", counts, NaiveBayes("multinomial"), MultinomialNB()),
        ("counts of 1e12", counts * 1e12, NaiveBayes("multinomial"), MultinomialNB()),
    ]:
        true = joint(X, y, name.startswith("flags"), ours.smoothing)
        found = {
            "fit": ours.fit(X, y),
            "chunks": in_chunks(type(ours)(**ours.get_params()), X, y, None),
        }
        found[type(peer).__name__] = peer.fit(X, y)
        yield name, {k: digits(m.predict_joint_log_proba(X), true) for k, m in found.items()}


def joint(X, y, flags, smoothing):
    """Return ln P(c, x) of flags, or of counts without their coefficient."""
    a = mpf(smoothing)
    result = []
    tables = []
    for c in (0, 1):
        sums = [sum(map(mpf, X[y == c, j].tolist())) for j in range(X.shape[1])]
        total = mpf(int((y == c).sum())) + 2 * a if flags else sum(sums) + a * len(sums)
        tables.append([(s + a) / total for s in sums])
    for row in X.tolist():
        for c in (0, 1):
            value = mp.log(mpf(int((y == c).sum())) / len(y))
            for x, p in zip(row, tables[c], strict=True):
                value += mp.log(p if x else 1 - p) if flags else mpf(x) * mp.log(p)
            result.append(value)
    return result


# Descent


def newton(X, y, alpha):
    """Return coefficients and intercept at the minimum of the penalised cross entropy."""
    n, d = X.shape
    A = matrix(np.column_stack([X, np.ones(n)]))
    theta = mp.zeros(d + 1, 1)
    penalty = mp.diag([mpf(alpha)] * d + [mpf(0)])

    def value(theta):
        z = A * theta
        losses = sum(mp.log1p(mp.exp(-z[i] if y[i] else z[i])) for i in range(n))
        return losses + (theta.T * penalty * theta)[0] / 2

    for _ in range(200):
        p = [1 / (1 + mp.exp(-z)) for z in A * theta]
        gradient = A.T * mp.matrix([p[i] - int(y[i]) for i in range(n)]) + penalty * theta
        hessian = A.T * mp.diag([q * (1 - q) for q in p]) * A + penalty
        step = mp.lu_solve(hessian, gradient)
        size = mpf(1)
        while value(theta - size * step) > value(theta) and size > mpf("1e-30"):
            size /= 2
        theta -= size * step
        if mp.norm(step) < mpf("1e-40") * mp.norm(theta):
            break
    return list(theta)


def logistic():
    """Yield a row for each table: the coefficients at the minimum."""
    y = np.arange(30) % 2
    X = RNG.normal(size=(30, 3)) + y[:, np.newaxis] * [1.0, 0.5, 0.0]
    near = np.column_stack([X[:, 0], X[:, 0] + 1e-3 * X[:, 1], X[:, 2]])
    for name, table, alpha in [
        ("well-conditioned", X, 1.0),
        ("means of 1e4 spreads", X + 1e4, 1.0),
        ("units from 1e-4 to 1e4", X * [1e-4, 1.0, 1e4], 1e-3),
        ("correlations of condition 1e6", near, 1e-2),
        ("nearly separable, alpha 1e-4", X + 2 * y[:, np.newaxis], 1e-4),
    ]:
        true = newton(table, y, alpha)
        models = {
            "default": LogisticRegressionGD(alpha),
            "tol=1e-13": LogisticRegressionGD(alpha, tol=1e-13, max_iter=10000),
            "network": CascadedLogisticMLP(
                (), alpha=alpha, optimizer="nesterov", batch_size=None, tol=1e-13, max_iter=10000
            ),
            '"lbfgs"': LogisticRegression(C=1 / alpha),
            '"lbfgs", tol=1e-13': LogisticRegression(C=1 / alpha, tol=1e-13, max_iter=10000),
            '"newton-cholesky", tol=1e-13': LogisticRegression(
                C=1 / alpha, tol=1e-13, max_iter=10000, solver="newton-cholesky"
            ),
        }
        found = {}
        for route, model in models.items():
            model.fit(table, y)
            if route == "network":
                parameters = [*model.coefs_[0].ravel(), *model.intercepts_[0]]
            else:
                parameters = [*model.coef_[0], *model.intercept_]
            found[route] = digits(parameters, true)
        yield name, found


def saturated():
    """Yield a row for each depth: log probabilities where sigmoids are saturated."""
    X = np.linspace(-1, 1, 9)[:, np.newaxis] * [1.0, 0.5]
    y = np.arange(9) % 2
    for scale in (1.0, 30.0, 1000.0):
        for hidden in ((), (4,)):
            model = CascadedLogisticMLP(hidden, activation="tanh", max_iter=1, random_state=0)
            peer = MLPClassifier(hidden or (4,), activation="tanh", max_iter=1, random_state=0)
            model.fit(X, y)
            peer.fit(X, y)
            W = [scale * W + 0.1 for W in model.coefs_]
            b = [scale * b + 0.2 for b in model.intercepts_]
            model.coefs_, model.intercepts_ = W, b
            true = []
            for row in X:
                a = [mpf(v) for v in row.tolist()]
                for layer, (V, c) in enumerate(zip(W, b, strict=True)):
                    z = [
                        sum(v * mpf(w) for v, w in zip(a, V[:, j].tolist(), strict=True))
                        + mpf(float(c[j]))
                        for j in range(V.shape[1])
                    ]
                    a = [mp.tanh(v) for v in z] if layer + 1 < len(W) else z
                true += [-mp.log1p(mp.exp(a[0])), -mp.log1p(mp.exp(-a[0]))]
            found = {"network": digits(model.predict_log_proba(X), true)}
            if hidden:
                peer.coefs_, peer.intercepts_ = W, b
                with np.errstate(divide="ignore"):
                    found["MLPClassifier"] = digits(peer.predict_log_proba(X), true)
            yield f"scores of {scale:g}, {len(hidden)} hidden layers", found


# Rows without labels


def steps():
    """Yield a row for each table: log-likelihood after steps of expectation-maximisation."""
    y = np.r_[0, 0, 1, 1, -np.ones(12, dtype=int)]
    for name, shift in (("spreads of 1", 0.0), ("means of 1e8 spreads", 1e8)):
        x = np.r_[-2.0, -1.5, 1.5, 2.5, RNG.normal(size=12) * 2] + shift
        n_steps = 5
        model = SemiSupervisedEM(GaussianGenerativeClassifier("diag"), max_iter=n_steps, tol=0)
        model.fit(x[:, np.newaxis], y)
        rows = [mpf(v) for v in x.tolist()]
        posterior = {i: [mpf(int(y[i] == c)) for c in (0, 1)] for i in range(4)}
        for _ in range(n_steps + 1):
            theta = []
            for c in (0, 1):
                weight = sum(p[c] for p in posterior.values())
                mean = sum(p[c] * rows[i] for i, p in posterior.items()) / weight
                spread = sum(p[c] * (rows[i] - mean) ** 2 for i, p in posterior.items()) / weight
                theta.append((weight / len(posterior), mean, spread))
            densities = [
                [p * mp.exp(-((x - m) ** 2) / v / 2) / mp.sqrt(2 * mp.pi * v) for p, m, v in theta]
                for x in rows
            ]
            likelihood = sum(
                mp.log(sum(density) if y[i] < 0 else density[y[i]])
                for i, density in enumerate(densities)
            ) / len(rows)
            posterior |= {
                i: [d / sum(densities[i]) for d in densities[i]] for i in range(4, len(rows))
            }
        yield name, {"diag": digits([model.log_likelihood_curve_[-1]], [likelihood])}


PARTS = {
    "RidgeRegression: coefficients and intercept": ridge,
    "RidgeRegressionCV: the leave-one-out score": left_out,
    "GaussianGenerativeClassifier: log-odds": gaussian,
    "NaiveBayes: joint log probabilities": discrete,
    "LogisticRegressionGD: coefficients and intercept at the minimum": logistic,
    "CascadedLogisticMLP: log probabilities of given weights": saturated,
    "SemiSupervisedEM: log-likelihood after five steps": steps,
}


def main():
    """Write one table for each estimator."""
    lines = ["# Digits that are right", ""]
    for title, part in PARTS.items():
        rows = list(part())
        routes = list(dict.fromkeys(route for _, found in rows for route in found))
        lines += [f"## {title}", "", f"| table | {' | '.join(routes)} |"]
        lines += ["|---" * (len(routes) + 1) + "|"]
        for name, found in rows:
            cells = [f"{found[route]:.1f}" if route in found else "" for route in routes]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        lines.append("")
        print("\n".join(lines[-len(rows) - 5 :]), flush=True)
    (HERE / "DIGITS.md").write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
