"""Way 1: what a data set is summarised to. Every statistic here adds."""

from skml_lecture.statistics.moments import Moments

__all__ = ["Moments"]
