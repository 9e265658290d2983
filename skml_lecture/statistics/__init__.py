"""Way 1: what a data set is summarised to. Every statistic here adds."""

from skml_lecture.statistics.moments import Moments
from skml_lecture.statistics.summarizer import Summarizer

__all__ = ["Moments", "Summarizer"]
