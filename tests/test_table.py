import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer, make_column_selector

from skml_lecture import LogisticRegressionGD, NaiveBayes, RidgeRegression
from skml_lecture.data.table import Table, choose_columns, read_table

NAMES = ["a", "b", "c", "d"]


def read(X):
    return read_table(BaseEstimator(), X, reset=True)


@pytest.fixture
def frame():
    return pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=NAMES)


@pytest.mark.parametrize(
    "columns",
    [
        ["b", "d"],
        [0, 2],
        [-1, 0],
        slice(1, 3),
        slice("b", "c"),
        slice("b", None),
        slice(None, "b"),
        [True, False, False, True],
        np.array([False, True, True, False]),
        np.array([0, 3]),
        ("a", "c"),
        make_column_selector(pattern="[ad]"),
        lambda X: list(X.columns[[2]]),
        [],
        slice(0, 0),
    ],
)
def test_columns_are_chosen_as_by_column_transformer(columns, frame):
    transformer = ColumnTransformer(
        [("chosen", "passthrough", columns)], verbose_feature_names_out=False
    )
    theirs = transformer.fit(frame).get_feature_names_out().tolist()

    ours = choose_columns(columns, frame, NAMES, 4)

    assert [NAMES[j] for j in ours] == sorted(theirs)


@pytest.mark.parametrize("column", ["b", 1, -3, np.int64(1)])
def test_one_column_needs_no_list(column, frame):
    assert_array_equal(choose_columns(column, frame, NAMES, 4), [1])


@pytest.mark.parametrize(
    ("columns", "names", "error", "message"),
    [
        ("z", NAMES, ValueError, r"no column 'z': the columns are \['a'"),
        ("a", None, ValueError, "no column names"),
        (slice("a", "z"), NAMES, ValueError, "no column 'z'"),
        (4, NAMES, ValueError, "no column 4: X has 4 columns"),
        (-5, NAMES, ValueError, "no column -5"),
        ([True, False], NAMES, ValueError, "one entry for each of the 4 columns, got 2"),
        (1.5, NAMES, TypeError, "got 1.5"),
        ([None], NAMES, TypeError, "got None"),
    ],
)
def test_bad_choices_are_errors(columns, names, error, message):
    with pytest.raises(error, match=message):
        choose_columns(columns, None, names, 4)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_frames_are_read_as_they_come(kind):
    values = {
        "label": ["x", None, "y"],
        "flag": [True, False, None],
        "real": [0.5, None, 1.5],
        "whole": [1, 2, 3],
    }
    if kind == "pandas":
        frame = pd.DataFrame(values).astype({"flag": "boolean", "whole": "Int64"})
    else:
        frame = pl.DataFrame(values)

    data = read(frame)

    assert data.labels == {0: ["x", "y"]}
    nan = np.nan
    assert_array_equal(data.matrix.T, [[0, nan, 1], [1, 0, nan], [0.5, nan, 1.5], [1, 2, 3]])


@pytest.mark.parametrize("dtype", ["str", "object", "category", "string"])
def test_every_kind_of_pandas_strings_is_labels(dtype):
    frame = pd.DataFrame({"label": pd.Series(["x", "y", "x"], dtype=dtype)})

    data = read(frame)

    assert data.labels == {0: ["x", "y"]}
    assert_array_equal(data.matrix[:, 0], [0, 1, 0])


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["y", "x"])])
def test_every_kind_of_polars_strings_is_labels(dtype):
    frame = pl.DataFrame({"label": pl.Series(["x", "y", "x"], dtype=dtype)})

    assert read(frame).labels == {0: ["x", "y"]}


def test_pandas_categories_are_labels_even_as_numbers():
    data = read(pd.DataFrame({"grade": pd.Categorical([3, 1, 3])}))

    assert data.labels == {0: [3, 1]}
    assert_array_equal(data.as_numbers([0], "poisson").matrix[:, 0], [3, 1, 3])


def test_lists_keep_numbers_beside_strings():
    data = read([["x", 1, 0.5], ["y", 0, None]])

    assert data.labels == {0: ["x", "y"]}
    assert_array_equal(data.matrix[:, 1:], [[1, 0.5], [0, np.nan]])


@pytest.mark.parametrize("X", [np.eye(3), np.eye(3, dtype=int), sparse.csr_array(np.eye(3))])
def test_numbers_are_not_copied(X):
    data = read(X)

    first = data.matrix.data if sparse.issparse(X) else data.matrix
    assert np.shares_memory(first, X.data if sparse.issparse(X) else X)


def test_stored_duplicates_are_one_value():
    X = sparse.csr_array(([1.0, 1.0], [0, 0], [0, 2]), shape=(1, 2))

    data = read(X)

    assert_array_equal(data.matrix.toarray(), [[2, 0]])
    assert X.nnz == 2


@pytest.mark.parametrize(
    "model",
    [
        RidgeRegression(),
        RidgeRegression(solver="svd"),
        NaiveBayes("multinomial"),
        NaiveBayes("gaussian"),
        LogisticRegressionGD(),
    ],
    ids=repr,
)
def test_it_does_not_matter_how_sparse_rows_are_stored(model, rng):
    """Out of order, a value in halves, zeros, long indices, whole numbers; one row or many."""
    for _ in range(5):
        A = rng.integers(0, 4, (60, 8)) * (rng.random((60, 8)) < 0.4)
        y = rng.integers(0, 2, 60)
        X = sparse.csr_array(A.astype(float))
        backwards = np.lexsort((-X.indices, np.repeat(np.arange(60), np.diff(X.indptr))))
        halves = np.repeat(X.data / 2, 2), np.repeat(X.indices, 2), 2 * X.indptr
        padded = sparse.csr_array(np.where(A == 0, 7.0, A))
        padded.data[padded.data == 7] = 0
        long = X.copy()
        long.indices, long.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
        forms = [
            sparse.csr_array((X.data[backwards], X.indices[backwards], X.indptr), X.shape),
            sparse.csr_array(halves, X.shape),
            padded,
            long,
            X.astype(np.int8),
            sparse.csr_matrix(X),
        ]

        expected = clone(model).fit(X, y)
        for form in forms:
            stored = form.nnz
            fitted = clone(model).fit(form, y)

            assert_allclose(fitted.predict(form), expected.predict(X))
            assert_allclose(expected.predict(form), expected.predict(X))
            assert_allclose(expected.predict(form[:1]), expected.predict(X)[:1])
            assert form.nnz == stored


@pytest.mark.parametrize("convert", [np.asarray, np.asfortranarray, sparse.csr_array])
@pytest.mark.parametrize("picks", [[0, 1, 2, 3], [1, 2], [0, 3], [2], []])
def test_blocks_hold_the_chosen_columns(convert, picks, rng):
    X = rng.integers(0, 3, (10, 4)).astype(np.float32)

    data = Table(convert(X)).select(np.array(picks, dtype=int))

    block = data.block(slice(2, 7))
    block = block.toarray() if sparse.issparse(block) else block
    assert data.shape == (10, len(picks))
    assert block.dtype == np.float64
    assert_array_equal(block, X[2:7, picks])


def test_sparse_blocks_hold_equal_shares_of_the_entries():
    entries = np.r_[np.full(100, 8_000), np.full(5_000, 100), 0]  # a row each
    indices = np.concatenate([np.arange(size) for size in entries])
    indptr = np.cumsum([0, *entries])
    X = sparse.csr_array((np.ones(indptr[-1]), indices, indptr), (len(entries), 8_000))

    blocks = Table(X).blocks(width=1)

    rows = np.concatenate([np.arange(len(entries))[block] for block in blocks])
    assert_array_equal(rows, np.arange(len(entries)))
    assert len(blocks) == 4
    assert [round(X[block].nnz / X.nnz, 2) for block in blocks] == [0.25] * 4


def test_choices_of_choices():
    data = Table(np.arange(10.0).reshape(2, 5), {3: ["x", "y"]})

    chosen = data.select(np.array([1, 3, 4])).select(np.array([1, 2]))

    assert_array_equal(chosen.block(slice(None)), [[3, 4], [8, 9]])
    assert chosen.labels == {0: ["x", "y"]}


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (
            pd.DataFrame({"when": pd.to_datetime(["2020-01-01"])}),
            "'when' holds dates or times .datetime64",
        ),
        (pd.DataFrame([["x", 1]], columns=["a", "a"]), "names of the columns must differ"),
        (pd.DataFrame({"a": pd.Series([], dtype="str")}), "At least one row"),
        (np.array([[1j]]), "Complex data"),
    ],
)
def test_what_is_neither_number_nor_label_is_an_error(X, message):
    with pytest.raises(ValueError, match=message):
        read(X)


def test_labels_are_no_numbers():
    data = read([["x", 1]])

    with pytest.raises(ValueError, match="poisson distribution takes numbers, but column 0"):
        data.as_numbers([0], "poisson")
