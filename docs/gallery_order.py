"""The gallery in the order of the lectures."""

ORDER = """
compare_with_sklearn
ridge_smoothness fifty_alphas
bias_variance cross_validation
learning_rates adagrad_ravine feature_scaling sgd_against_batch
least_squares_classifier gaussian_pokemon generative_samples posterior_sigmoid
naive_bayes_toy penguins
cross_entropy_against_squared_error generative_against_discriminative softmax
xor digits deep_against_wide backpropagation early_stopping
fitting_in_chunks
""".split()


class LectureOrder:
    """Sort key of Sphinx-Gallery: the place in ``ORDER``; other scripts follow by name."""

    def __init__(self, src_dir):
        self.src_dir = src_dir

    def __repr__(self):
        return "LectureOrder"

    def __call__(self, filename):
        name = filename.removeprefix("plot_").removesuffix(".py")
        return (ORDER.index(name) if name in ORDER else len(ORDER), name)
