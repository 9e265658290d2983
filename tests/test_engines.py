"""The lines of the guide that fit a model with another engine, as they stand there."""

import re
from pathlib import Path
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from skml_lecture import RidgeRegression

GUIDE = Path(__file__).parents[1] / "docs" / "guide" / "clusters.rst"


def lines_with(word):
    """Return the block of code of the guide that has a word."""
    text = GUIDE.read_text(encoding="utf-8")
    blocks = re.findall(r"\.\. code-block:: python\n\n((?:   .*\n|\n)+)", text)
    (code,) = [block for block in blocks if word in block]
    return dedent(code)


def test_sums_of_a_table_in_duckdb(rng, tmp_path, monkeypatch):
    duckdb = pytest.importorskip("duckdb", reason="not on every platform")
    monkeypatch.chdir(tmp_path)
    rows = pd.DataFrame(rng.normal(1e4, 1.0, size=(500, 4)), columns=["age", "bmi", "bp", "y"])
    with duckdb.connect("patients.db") as base:
        base.execute("CREATE TABLE t AS SELECT * FROM rows")
    found = {"np": np}

    exec(lines_with("import duckdb"), found)

    X, y = rows[["age", "bmi", "bp"]], rows["y"]
    local = RidgeRegression().fit(X, y)
    assert_allclose(found["model"].coef_, local.coef_, rtol=1e-9)
    assert_allclose(found["model"].predict(X), local.predict(X), rtol=1e-10)
    assert found["model"].feature_names_in_.tolist() == ["age", "bmi", "bp"]
