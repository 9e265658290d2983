"""The options of every estimator: one table, for the estimator checks and for the documentation.

Values are listed with the default first. A key of several names has values that go together.
"""

from itertools import combinations, product

import numpy as np
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import KFold

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
    RidgeRegressionCV,
    SemiSupervisedEM,
)
from skml_lecture.descent.activations import Tanh
from skml_lecture.descent.optimizers import Adagrad, Adam, RMSProp
from skml_lecture.distributions import Bernoulli, Distribution, Gaussian
from skml_lecture.validation import check_range


class Exponential(Distribution):
    """Waiting times: a family of one's own."""

    poor_score = True

    def check(self, X):
        return np.abs(X)

    def parameters(self, statistic):
        return {"rate": (statistic.weight + 1) / (statistic.sums[0] + 1)}

    def log_density(self, X, rate):
        return np.log(rate) - rate * X

    def sample(self, random_state, rate):
        return random_state.exponential(1 / rate)


class Flags(Bernoulli):
    """Whether a number is above 1, as "bernoulli" itself takes 0 and 1 only."""

    nonnegative = False

    def check(self, X):
        check_range(X[~np.isnan(X)])
        return np.where(np.isnan(X), X, X > 1)


class FittingPriors:
    """Priors of the length that each check needs, found by a fit without them."""

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight=sample_weight)
        steps = np.arange(10.0, len(self.classes_) + 10)
        self.priors = steps / steps.sum()
        super().fit(X, y, sample_weight=sample_weight)
        self.priors = None
        return self


class GaussianWithPriors(FittingPriors, GaussianGenerativeClassifier):
    """The classifier under priors of the caller's."""


class NaiveBayesWithPriors(FittingPriors, NaiveBayes):
    """The classifier under priors of the caller's."""


WITH_PRIORS = {
    GaussianGenerativeClassifier: GaussianWithPriors,
    NaiveBayes: NaiveBayesWithPriors,
}
FITTING = object()  # priors of the caller's


def first(X):
    return [0]


def slower(t):
    return 1 / (1 + t / 500)


FLAG = [False, True]
STEPS = ("optimizer", "learning_rate", "warm_start")
BATCHES = ("batch_size", "max_iter")
GENERATIVE = [
    GaussianGenerativeClassifier("tied", reg_covar=1e-3),
    GaussianGenerativeClassifier("full", reg_covar=1e-3),
    GaussianGenerativeClassifier("diag", reg_covar=1e-3),
    GaussianGenerativeClassifier("tied", shrinkage="oas", reg_covar=1e-3),
    NaiveBayes("gaussian", var_floor=1e-3),
    NaiveBayes("histogram"),
]

OPTIONS = {
    RidgeRegression: {
        "alpha": [1.0, 0.0, 1e-6],
        "fit_intercept": [True, False],
        "solver": ["auto", "cholesky", "svd", "lsqr"],
    },
    RidgeRegressionCV: {
        "alphas": [(0.1, 1.0, 10.0), "auto"],
        "fit_intercept": [True, False],
        "cv": [None, 3, KFold(3, shuffle=True, random_state=0)],
        "scoring": [
            None,
            "r2",
            "neg_mean_squared_error",
            "neg_root_mean_squared_error",
            make_scorer(mean_absolute_error, greater_is_better=False),
        ],
        "alpha_per_target": FLAG,
    },
    GaussianGenerativeClassifier: {
        "covariance_type": ["tied", "full", "diag", "tied_diag", "spherical"],
        "priors": [None, FITTING],
        "shrinkage": [None, 0.3, "oas", "auto"],
        "reg_covar": [0.0, 1e-3],
    },
    NaiveBayes: {
        "distributions": [
            "auto",
            "gaussian",
            Flags(),
            "categorical",
            "poisson",
            "multinomial",
            "histogram",
            Gaussian(var_floor=1e-3),
            Bernoulli(handle_unknown="ignore"),
            Exponential(),
            {"categorical": slice(0, 1), "gaussian": slice(1, None)},
            {"auto": first, "gaussian": slice(1, None)},
            {"poisson": [0, -1], "gaussian": slice(1, -1)},
            {"bernoulli": [], "gaussian": slice(None)},  # no column: the checks' are real numbers
        ],
        "priors": [None, FITTING],
        "smoothing": [1.0, 0],
        "var_floor": [1e-9, 0],
    },
    SemiSupervisedEM: {
        "estimator": GENERATIVE,
        "unlabeled_weight": [1.0, 0.5, 0.0],
    },
    LogisticRegressionGD: {
        "alpha": [1.0, 0.0],
        "loss": ["cross_entropy", "squared_error"],
        STEPS: [
            ("nesterov", "auto", False),
            ("gd", "auto", False),
            ("momentum", "auto", False),
            ("adagrad", "auto", False),
            ("rmsprop", 0.05, False),
            ("adam", 0.05, False),
            (Adam(epsilon=1e-4), 0.05, False),
            ("gd", 0.1, False),
            ("nesterov", "auto", True),
        ],
        "schedule": ["constant", "inv_sqrt", slower],
        BATCHES: [(None, 100), (8, 30), (1, 10)],
        "preconditioner": ["auto", "scale", "whiten", None],
        "fit_intercept": [True, False],
        "class_weight": [None, "balanced"],
        "shuffle": [True, False],
        "early_stopping": FLAG,
    },
    CascadedLogisticMLP: {
        ("hidden_layer_sizes", "activation"): [
            ((10,), "logistic"),
            ((), "logistic"),
            ((10,), "tanh"),
            ((10,), "relu"),
            ((10,), "leaky_relu"),
            ((10,), "identity"),
            ((8, 6), ("relu", Tanh())),
        ],
        "alpha": [1e-4, 0.0, 1.0],
        "loss": ["cross_entropy", "squared_error"],
        STEPS: [
            ("auto", "auto", False),
            ("gd", "auto", False),
            ("momentum", "auto", False),
            ("nesterov", "auto", False),
            ("adagrad", "auto", False),
            ("rmsprop", 0.02, False),
            ("adam", 0.02, False),
            ("nesterov", "auto", True),
        ],
        "schedule": ["constant", "inv_sqrt", slower],
        BATCHES: [("auto", 60), (None, 60), (8, 30)],
        "dropout": [0.0, 0.05],
        "class_weight": [None, "balanced"],
        "shuffle": [True, False],
        "early_stopping": FLAG,
        "n_init": [1, 2],
    },
}
# Within a group every choice may alter what every other one does.
INTERACTING = {
    LogisticRegressionGD: [
        [STEPS, "schedule", BATCHES, "preconditioner"],
        ["loss", "fit_intercept", "class_weight", "early_stopping", BATCHES],
    ],
    CascadedLogisticMLP: [
        [STEPS, "schedule", BATCHES, "shuffle"],
        [("hidden_layer_sizes", "activation"), "loss", "dropout", "class_weight"],
        ["early_stopping", "n_init", BATCHES, "alpha"],
    ],
}
REQUIRED = {SemiSupervisedEM: [GENERATIVE[0]]}  # what has no default
# Features as they are take a descent too long that does not see all rows at a constant rate; in
# more epochs a network at a large rate makes 1e-7 of one rounding, where the checks allow 1e-9.
UNSCALED = {"schedule": "constant", "batch_size": None, "early_stopping": False, "max_iter": 60}
# Nor do units without a bound, far from the target, where dropout or a vanishing gradient is added.
BOUNDED = {"dropout": 0.0, "loss": "cross_entropy"}
# A second fit that resumes the first gives the same only where the first has arrived.
ARRIVING = {
    LogisticRegressionGD: UNSCALED | {"preconditioner": "auto", "max_iter": 3000},
    CascadedLogisticMLP: UNSCALED
    | {"hidden_layer_sizes": (10,), "activation": "logistic", "loss": "cross_entropy", "n_init": 1}
    | {"alpha": 0.1, "tol": 0.0, "max_iter": 3000, "dropout": 0.0, "class_weight": None},
}
# Where weights are balanced the first gradient of an intercept is zero but for rounding, and a rule
# without epsilon takes a whole step along its sign.
WITHOUT_EPSILON = {"adagrad": Adagrad(epsilon=1e-8), "rmsprop": RMSProp(epsilon=1e-8)}
BRIEF = {"hidden_layer_sizes", "max_iter"}  # not at their defaults: small and short


def names(key):
    """Return the parameters of a key of the table."""
    return (key,) if isinstance(key, str) else key


def choices(cls):
    """Return the values of each parameter of an estimator that the table has."""
    return {
        name: [value if isinstance(key, str) else value[place] for value in values]
        for key, values in OPTIONS[cls].items()
        for place, name in enumerate(names(key))
    }


def in_pairs(sizes):
    """Yield few rows of choices, such that any two choices of two options meet in one."""
    places = range(len(sizes))
    left = {
        ((a, i), (b, j))
        for a, b in combinations(places, 2)
        for i, j in product(range(sizes[a]), range(sizes[b]))
    }
    while left:
        row = dict(min(left))
        for place in sorted(set(places) - set(row), key=lambda place: -sizes[place]):
            gains = [
                sum(tuple(sorted([(place, value), it])) in left for it in row.items())
                for value in range(sizes[place])
            ]
            row[place] = gains.index(max(gains))
        left -= set(combinations(sorted(row.items()), 2))
        yield [row[place] for place in places]


def in_full(cls):
    """Yield the choices of every group of options that interact, the others at their defaults."""
    keys = list(OPTIONS[cls])
    for group in INTERACTING.get(cls, [keys]):
        yield from product(
            *[range(len(OPTIONS[cls][key])) if key in group else [0] for key in keys]
        )


def made(cls, row):
    """Return the estimator of a row of choices."""
    chosen = {}
    for (key, values), choice in zip(OPTIONS[cls].items(), row, strict=True):
        together = values[choice] if names(key) == key else (values[choice],)
        chosen |= zip(names(key), together, strict=True)
    scales = chosen.get("preconditioner") or chosen.get("optimizer") == "auto"
    if "optimizer" in chosen and not scales:
        chosen |= UNSCALED | (BOUNDED if "dropout" in chosen else {})
    if chosen.get("class_weight") and str(chosen["optimizer"]) in WITHOUT_EPSILON:
        chosen["optimizer"] = WITHOUT_EPSILON[chosen["optimizer"]]
    if chosen.get("warm_start"):
        chosen |= ARRIVING[cls]
    if chosen.get("priors") is FITTING:
        del chosen["priors"]
        cls = WITH_PRIORS[cls]
    return cls(**chosen)
