"""
Naive Bayes imagines a point that is not there
==============================================

The lecture's thirteen points: (1, 1) is of class 1, and four points each at (1, 0), (0, 1) and
(0, 0) are of class 2. Naive Bayes gives (1, 1) to class 2 all the same, since it takes the two
features to be independent. A model that knows of their dependence does not.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.naive_bayes import BernoulliNB

from skml_lecture import GaussianGenerativeClassifier, NaiveBayes
from skml_lecture.datasets import load_naive_bayes_toy

X, y = load_naive_bayes_toy(return_X_y=True)
query = [[1, 1]]

# %%
# Without smoothing the posterior of class 1 is exactly 3/7. The default of scikit-learn, one
# pseudo-count, moves it to 0.225: the same number with ``smoothing=1``.

model = NaiveBayes("bernoulli", smoothing=0).fit(X, y)
print(f"naive Bayes, no smoothing: {model.predict_proba(query)[0, 0]:.6f} (3/7 = {3 / 7:.6f})")
model.set_params(smoothing=1).refit()
peer = BernoulliNB(alpha=1).fit(X, y)
print(f"one pseudo-count: {model.predict_proba(query)[0, 0]:.6f}")
print(f"BernoulliNB(alpha=1): {peer.predict_proba(query)[0, 0]:.6f}")

# %%
# Draw 13,000 points from the model without smoothing, in place of the 13. The marginals of each
# class are right, and the cell (1, 1) is not: the model has some 1300 points of class 2 there.

model.set_params(smoothing=0).refit()
draws, labels = model.sample(13_000, random_state=0)
cells = [(0, 0), (0, 1), (1, 0), (1, 1)]
shares = [
    [np.mean((rows == cell).all(axis=1) & (classes == 2)) * 13 for cell in cells]
    for rows, classes in ((X, y), (draws, labels))
]

# %%
# One full covariance for both classes sees that the features of class 2 avoid each other.

posteriors = {
    "naive Bayes": NaiveBayes(smoothing=0).fit(X, y),
    "shared covariance,\ndiagonal": GaussianGenerativeClassifier("tied_diag").fit(X, y),
    "shared covariance,\nfull": GaussianGenerativeClassifier("tied").fit(X, y),
}
posteriors = {name: model.predict_proba(query)[0, 0] for name, model in posteriors.items()}
print({name.replace("\n", " "): round(float(p), 6) for name, p in posteriors.items()})

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for shift, share, name in zip((-0.2, 0.2), shares, ("in the data", "imagined"), strict=True):
    left.bar(np.arange(4) + shift, share, width=0.4, label=name)
left.set_xticks(range(4), [str(cell) for cell in cells])
left.set(xlabel="cell $(x_1, x_2)$", ylabel="points of class 2, of 13", title="Class 2")
left.legend()
right.bar(list(posteriors), list(posteriors.values()), color="tab:green")
right.axhline(0.5, color="black", linewidth=1)
right.set(ylabel="P(class 1 | (1, 1))", ylim=(0, 1), title="Which class is (1, 1)?")
plt.show()

# %%
# The assumption of independence is the cause: the diagonal covariance errs as naive Bayes does,
# and the full one gives (1, 1) to its own class.
