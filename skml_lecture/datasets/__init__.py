"""The data sets of the lectures."""

from skml_lecture.datasets.loaders import (
    load_naive_bayes_toy,
    load_pokemon,
    load_pokemon_cp,
    make_xor,
)

__all__ = ["load_naive_bayes_toy", "load_pokemon", "load_pokemon_cp", "make_xor"]
