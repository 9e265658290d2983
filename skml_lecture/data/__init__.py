"""Rows seen as blocks, and the tables that they are read from."""

from skml_lecture.data.data import Data, canonical, each, sample_positions
from skml_lecture.data.table import Table, choose_columns, is_missing, read_table, take_rows
from skml_lecture.data.threads import one_thread_if_small, quiet, run_in_threads

__all__ = [
    "Data",
    "Table",
    "canonical",
    "choose_columns",
    "each",
    "is_missing",
    "one_thread_if_small",
    "quiet",
    "read_table",
    "run_in_threads",
    "sample_positions",
    "take_rows",
]
