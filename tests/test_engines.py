"""The lines of the guide that fit a model with another engine, as they stand there."""

import re
import sys
from pathlib import Path
from shutil import which
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


@pytest.fixture
def rows(rng):
    """Numbers of three columns, whose sum is the target but for noise."""
    rows = pd.DataFrame(rng.normal(size=(500, 3)), columns=["age", "bmi", "bp"])
    return rows.assign(y=rows.sum(axis=1) + rng.normal(size=500))


@pytest.mark.skipif(which("java") is None, reason="Spark needs Java")
def test_record_batches_in_spark(rows, tmp_path, monkeypatch):
    pytest.importorskip("pyspark", reason="of the environment of clients")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    rows.to_parquet("patients.parquet")
    found = {}

    exec(lines_with("import SparkSession"), found)

    local = RidgeRegression().fit(rows[["age", "bmi", "bp"]], rows["y"])
    assert_allclose(found["model"].coef_, local.coef_, rtol=1e-10)
    assert found["model"].feature_names_in_.tolist() == ["age", "bmi", "bp"]


def test_remote_functions_of_ray(rows):
    ray = pytest.importorskip("ray", reason="of the environment of clients")
    X, y = rows[["age", "bmi", "bp"]].to_numpy(), rows["y"].to_numpy()
    found = {"X": X, "y": y}

    ray.init(num_cpus=1, include_dashboard=False)
    try:
        exec(lines_with("import ray"), found)
    finally:
        ray.shutdown()

    assert_allclose(found["model"].coef_, RidgeRegression().fit(X, y).coef_, rtol=1e-10)
