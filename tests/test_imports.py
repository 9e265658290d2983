"""What importing costs, and what it does not import."""

import subprocess
import sys

import pytest

import skml_lecture

OPTIONAL = ["matplotlib", "pandas", "polars", "pyarrow", "dask", "onnx", "skl2onnx", "torch"]


def run(code):
    """Return what a fresh Python printed."""
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_package_imports_nothing_that_linear_models_do_not():
    """So it takes no longer than ``sklearn.linear_model``, whatever the machine is doing."""
    code = "import sys; {}; print(*sorted(m for m in sys.modules if '.' not in m))"

    ours = set(run(code.format("import skml_lecture; skml_lecture.RidgeRegression")).split())
    sklearn = set(run(code.format("import sklearn.linear_model")).split())

    assert ours - sklearn <= {"skml_lecture"}


def test_modules_of_ours_are_imported_when_an_estimator_is_asked_for():
    code = "import sys, skml_lecture; print(sum(m.startswith('skml_lecture') for m in sys.modules))"

    assert int(run(code)) == 1


def test_an_estimator_brings_none_of_the_other_way():
    code = (
        "import sys; from skml_lecture import {}; "
        "print(*(m for m in sys.modules if m.startswith('skml_lecture.{}')))"
    )

    assert not run(code.format("RidgeRegression", "descent")).split()
    assert not run(code.format("LogisticRegressionGD", "solvers")).split()


def test_no_optional_package_is_imported():
    """But those that scikit-learn imports where it finds them."""
    code = f"import sys; {{}}; print(*set({OPTIONAL}) & set(sys.modules))"
    scikit_learn = "import sklearn.dummy, sklearn.linear_model, sklearn.model_selection"
    rooms = "import skml_lecture.datasets, skml_lecture.diagnostics, skml_lecture.plotting"

    ours = set(run(code.format(f"from skml_lecture import *; {rooms}")).split())

    assert ours <= set(run(code.format(scikit_learn)).split())


def test_names_are_found_as_if_they_had_been_imported():
    assert set(skml_lecture.__all__) <= set(dir(skml_lecture))
    assert skml_lecture.datasets.load_pokemon is not None
    assert skml_lecture.RidgeRegression is skml_lecture.ridge.RidgeRegression
    with pytest.raises(AttributeError, match="has no attribute 'Ridge'"):
        skml_lecture.Ridge  # noqa: B018


def test_the_version_stands_in_one_place():
    from importlib.metadata import version

    assert version("skml-lecture") == skml_lecture.__version__
