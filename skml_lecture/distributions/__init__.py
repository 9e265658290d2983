"""Families of distributions: statistic -> parameters -> log density -> sample."""

from skml_lecture.distributions.automatic import Automatic, ColumnCandidates
from skml_lecture.distributions.categorical import Categorical
from skml_lecture.distributions.counts import Bernoulli, Multinomial, Poisson
from skml_lecture.distributions.distribution import Distribution
from skml_lecture.distributions.gaussian import Gaussian
from skml_lecture.distributions.histogram import Histogram
from skml_lecture.distributions.independent import ColumnGroups, FittedFamily, Independent
from skml_lecture.distributions.linear import LinearDistribution
from skml_lecture.distributions.normal import MultivariateNormal, ShrunkMoments

__all__ = [
    "Automatic",
    "Bernoulli",
    "Categorical",
    "ColumnCandidates",
    "ColumnGroups",
    "Distribution",
    "FittedFamily",
    "Gaussian",
    "Histogram",
    "Independent",
    "LinearDistribution",
    "Multinomial",
    "MultivariateNormal",
    "Poisson",
    "ShrunkMoments",
]
