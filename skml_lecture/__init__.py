"""The classical models of Hung-yi Lee's machine learning lectures as scikit-learn estimators."""

from skml_lecture.gaussian import GaussianGenerativeClassifier
from skml_lecture.logistic import LogisticRegressionGD
from skml_lecture.mlp import CascadedLogisticMLP
from skml_lecture.naive_bayes import NaiveBayes
from skml_lecture.ridge import RidgeRegression, RidgeRegressionCV
from skml_lecture.semi_supervised import SemiSupervisedEM

__all__ = [
    "CascadedLogisticMLP",
    "GaussianGenerativeClassifier",
    "LogisticRegressionGD",
    "NaiveBayes",
    "RidgeRegression",
    "RidgeRegressionCV",
    "SemiSupervisedEM",
]
__version__ = "0.1.0"
