"""Rows seen as blocks, and the tables that they are read from."""

from skml_lecture.data.data import FEW_ROWS, Data, canonical, each, runs_of, sample_positions
from skml_lecture.data.memory import lent
from skml_lecture.data.order import in_order, places_of, shuffled
from skml_lecture.data.table import (
    Table,
    accepts,
    check_namespace,
    choose_columns,
    is_missing,
    read_table,
    take_rows,
)
from skml_lecture.data.threads import (
    all_blas_threads,
    blas_threads,
    free_threads,
    has_wide_vectors,
    one_blas_thread,
    one_thread_if_small,
    quiet,
    run_in_threads,
)

__all__ = [
    "FEW_ROWS",
    "Data",
    "Table",
    "accepts",
    "all_blas_threads",
    "blas_threads",
    "canonical",
    "check_namespace",
    "choose_columns",
    "each",
    "free_threads",
    "has_wide_vectors",
    "in_order",
    "is_missing",
    "lent",
    "one_blas_thread",
    "one_thread_if_small",
    "places_of",
    "quiet",
    "read_table",
    "run_in_threads",
    "runs_of",
    "sample_positions",
    "shuffled",
    "take_rows",
]
