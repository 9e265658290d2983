"""scikit-learn's checks, over every configuration, none expected to fail and none skipped."""

import pytest
from sklearn.model_selection import KFold
from sklearn.utils.estimator_checks import parametrize_with_checks

from skml_lecture import RidgeRegression, RidgeRegressionCV

pytestmark = pytest.mark.filterwarnings("ignore:The best alpha is the:UserWarning")

ESTIMATORS = [
    *[
        RidgeRegression(alpha, solver=solver, fit_intercept=fit_intercept)
        for solver in ("auto", "cholesky", "svd", "lsqr")
        for fit_intercept in (True, False)
        for alpha in (0.0, 1.0)
    ],
    *[
        RidgeRegressionCV(
            cv=cv, scoring=scoring, fit_intercept=fit_intercept, alpha_per_target=alpha_per_target
        )
        for cv in (None, 3, KFold(3, shuffle=True, random_state=0))
        for scoring in (None, "r2", "neg_mean_absolute_error")
        for fit_intercept in (True, False)
        for alpha_per_target in (True, False)
    ],
]


@parametrize_with_checks(ESTIMATORS)
def test_sklearn_check(estimator, check):
    check(estimator)
