import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LinearRegression

from skml_lecture.datasets import (
    load_naive_bayes_toy,
    load_pokemon,
    load_pokemon_cp,
    make_xor,
)

LOADERS = [load_pokemon, load_pokemon_cp, load_naive_bayes_toy]


@pytest.mark.parametrize("load", LOADERS)
def test_pair_alone_is_that_of_the_bunch(load):
    X, y = load(return_X_y=True)

    bunch = load()
    assert_array_equal(X, bunch.data)
    assert_array_equal(y, bunch.target)
    assert X.shape == (len(y), len(bunch.feature_names))


@pytest.mark.parametrize("load", LOADERS)
def test_description_states_the_source(load):
    assert "Source:" in load().DESCR


@pytest.mark.parametrize("load", LOADERS)
def test_frames_hold_the_same_numbers(load):
    bunch = load(as_frame=True)

    X, y = load(return_X_y=True)
    assert list(bunch.data.columns) == bunch.feature_names
    assert_array_equal(bunch.data, X)
    assert_array_equal(bunch.frame[bunch.target.name], y)
    assert isinstance(load(as_frame=True, return_X_y=True)[1], pd.Series)


def test_pikachu_is_the_lectures():
    pokemon = load_pokemon()

    stats = pokemon.data[pokemon.name == "pikachu"]

    assert_array_equal(stats, [[35, 55, 40, 50, 50, 90]])
    assert len(pokemon.target_names) == 18
    assert pokemon.number.max() == 721


def test_types_select_rows():
    pokemon = load_pokemon(types=["water", "normal"])

    train = pokemon.number < 400

    assert_array_equal(np.unique(pokemon.target[train], return_counts=True)[1], [61, 79])
    assert_array_equal(np.unique(pokemon.target[~train], return_counts=True)[1], [36, 32])


def test_unknown_type_is_refused():
    with pytest.raises(ValueError, match=r"got \['watr'\]"):
        load_pokemon(types=["watr"])


def test_least_squares_on_the_ten_points_is_the_lectures():
    X, y = load_pokemon_cp(return_X_y=True)

    line = LinearRegression().fit(X, y)

    assert line.intercept_ == pytest.approx(-188.433197, abs=1e-6)
    assert line.coef_[0] == pytest.approx(2.669455, abs=1e-6)


def test_toy_has_thirteen_points():
    X, y = load_naive_bayes_toy(return_X_y=True)

    rows, counts = np.unique(np.column_stack([X, y]), axis=0, return_counts=True)

    assert_array_equal(rows, [[0, 0, 2], [0, 1, 2], [1, 0, 2], [1, 1, 1]])
    assert_array_equal(counts, [4, 4, 4, 1])


def test_xor_differs_where_the_coordinates_do():
    X, y = make_xor(10, noise=0.1, random_state=0)

    corners = X.round()

    assert_array_equal(y, corners[:, 0] != corners[:, 1])
    assert_array_equal(X, make_xor(10, noise=0.1, random_state=0)[0])


@pytest.mark.parametrize("arguments", [{"n_samples": 0}, {"noise": -1.0}, {"noise": np.nan}])
def test_impossible_xor_is_refused(arguments):
    with pytest.raises(ValueError, match=r"must be (>=|a number)"):
        make_xor(**arguments)
