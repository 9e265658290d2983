"""Way 1: what a data set is summarised to. Every statistic here adds."""

from skml_lecture.statistics.categorical import Categorical
from skml_lecture.statistics.classes import ClassStatistics
from skml_lecture.statistics.distribution import Distribution
from skml_lecture.statistics.distributions import Bernoulli, Gaussian, Multinomial, Poisson
from skml_lecture.statistics.moments import Moments
from skml_lecture.statistics.regression_moments import RegressionMoments
from skml_lecture.statistics.summary import Summary
from skml_lecture.statistics.triangle import Triangle

__all__ = [
    "Bernoulli",
    "Categorical",
    "ClassStatistics",
    "Distribution",
    "Gaussian",
    "Moments",
    "Multinomial",
    "Poisson",
    "RegressionMoments",
    "Summary",
    "Triangle",
]
