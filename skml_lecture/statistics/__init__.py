"""Way 1: what a data set is summarised to. Every statistic here adds and takes away."""

from skml_lecture.statistics.classes import ClassStatistics
from skml_lecture.statistics.column_sums import ColumnSums
from skml_lecture.statistics.fold_moments import FoldMoments
from skml_lecture.statistics.moments import Moments
from skml_lecture.statistics.regression_moments import RegressionMoments
from skml_lecture.statistics.summary import Summary
from skml_lecture.statistics.tallies import ColumnTallies, Tally
from skml_lecture.statistics.triangle import Triangle

__all__ = [
    "ClassStatistics",
    "ColumnSums",
    "ColumnTallies",
    "FoldMoments",
    "Moments",
    "RegressionMoments",
    "Summary",
    "Tally",
    "Triangle",
]
