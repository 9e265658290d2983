"""Change the numerical modules one place at a time, and count what the tests notice.

``python tests/mutate.py [module ...] [--most N]`` prints the share of changes that some test
caught, and every one that none did. ``tests/survivors.txt`` says of those that are known why no
test can notice them. Not a test itself: ``tox -e mutate`` runs it.
"""

import argparse
import ast
import os
import random
import shutil
import signal
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path

from hypothesis import Phase, settings

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "SCIPY_ARRAY_API": "1", "MPLBACKEND": "agg"}

ROOT = Path(__file__).parent.parent
TESTS = {  # modules that hold numbers or state, and the tests that must notice, brief ones first
    "statistics/moments.py": ["moments", "moments_of_groups", "distributions"],
    "statistics/regression_moments.py": ["moments", "inference", "ridge_cv", "ridge"],
    "statistics/fold_moments.py": ["summaries"],
    "statistics/column_sums.py": [
        "moments",
        "statistics_that_travel",
        "naive_bayes",
        "awkward_values",
    ],
    "statistics/classes.py": ["statistics_that_travel", "generative"],
    "statistics/summary.py": ["summaries"],
    "statistics/sums.py": ["moments", "moments_of_groups", "distributions", "naive_bayes"],
    "statistics/products.py": ["moments", "moments_of_groups"],
    "statistics/group_sum.py": ["distributions", "naive_bayes", "moments_of_groups"],
    "statistics/subtraction.py": ["moments", "moments_of_groups", "statistics_that_travel"],
    "statistics/tallies.py": ["distributions", "naive_bayes", "statistics_that_travel"],
    "statistics/triangle.py": ["reference_problems", "inference", "ridge_laws", "ridge"],
    "solvers/cholesky.py": ["reference_problems", "left_out", "ridge", "ridge_laws"],
    "solvers/choice.py": ["reference_problems", "ridge_cv", "ridge_laws", "ridge"],
    "solvers/conjugate.py": ["ridge", "ridge_laws"],
    "solvers/lsqr.py": ["ridge", "ridge_laws"],
    "solvers/rank.py": ["reference_problems", "ridge_laws", "ridge"],
    "solvers/rows.py": ["reference_problems", "ridge", "ridge_laws"],
    "solvers/spectrum.py": ["reference_problems", "left_out", "ridge_laws", "ridge"],
    "left_out.py": ["left_out", "ridge_cv"],
    "ridge_search.py": ["left_out", "ridge_cv"],
    "inference.py": ["inference", "prediction"],
    "closed_form.py": ["summaries", "generative", "call_sequences", "statistics_that_travel"],
    "generative.py": ["generative", "gaussian", "statistics_that_travel"],
    "semi_supervised.py": ["semi_supervised"],
    "classification.py": ["classification", "generative", "naive_bayes"],
    "validation.py": ["validation", "flags"],
    "distributions/gaussian.py": ["distributions", "naive_bayes"],
    "distributions/normal.py": ["generative", "gaussian"],
    "distributions/covariances.py": ["gaussian"],
    "distributions/counts.py": ["distributions", "naive_bayes"],
    "distributions/linear.py": ["distributions", "naive_bayes"],
    "distributions/categorical.py": ["distributions", "naive_bayes"],
    "distributions/histogram.py": ["distributions", "histogram"],
    "distributions/independent.py": ["distributions", "naive_bayes", "statistics_that_travel"],
    "descent/losses.py": ["losses", "logistic"],
    "descent/activations.py": ["activations"],
    "descent/optimizers.py": ["optimizers"],
    "descent/schedules.py": ["schedules", "streams"],
    "descent/stopping.py": ["stopping", "training"],
    "descent/objective.py": ["backpropagation", "network", "batches", "logistic"],
    "descent/network.py": ["backpropagation", "network", "activations", "mlp"],
    "descent/coordinates.py": ["training", "mlp", "logistic"],
    "descent/curvature.py": ["training", "mlp", "logistic"],
    "descent/batches.py": ["batches"],
    "descent/state.py": ["training", "learning"],
    "descent/learning.py": ["mlp", "callbacks", "learning", "logistic"],
    "descent/training.py": ["training", "learning"],
    "descent/beginning.py": ["beginning", "mlp", "logistic"],
    "descent/recipe.py": ["recipe", "batches", "learning", "logistic"],
    "descent/stream.py": ["streams"],
    "descent/separation.py": ["separation"],
    "descent/dropout.py": ["backpropagation", "batches", "mlp"],
    "descent/automatic.py": ["automatic", "mlp"],
    "descent/rows.py": ["mlp", "logistic"],
}
PEERS = "dask.array", "distributed", "pandas", "polars", "pyarrow", "pytest", "sklearn"
LEAST = 0.85
SLOWER = 4  # times the processor time without a change, before the change counts as noticed
SWAPS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Eq: ast.NotEq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


def places(tree):
    """Return what can be changed: operators, comparisons, conditions, numbers."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPS:
            found.append((node, "op"))
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
            found.append((node, "ops"))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
            found.append((node, "unary"))
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            found.append((node, "number"))
    return found


def mutate(source, number):
    """Return the source with one place changed, and words that say which."""
    tree = ast.parse(source)
    node, kind = places(tree)[number]
    statement = min(
        (it for it in ast.walk(tree) if isinstance(it, ast.stmt) and node in ast.walk(it)),
        key=lambda it: len(ast.unparse(it)),
    )
    before, line = ast.unparse(node), ast.unparse(statement).splitlines()[0]
    if kind == "op":
        node.op = SWAPS[type(node.op)]()
    elif kind == "ops":
        node.ops[0] = SWAPS[type(node.ops[0])]()
    elif kind == "unary":
        node.op = ast.UAdd() if isinstance(node.op, ast.USub) else ast.Not()
        if isinstance(node.op, ast.Not):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
    else:
        node.value = node.value * 2 + 1
    return ast.unparse(tree), f"{before} -> {ast.unparse(node)} in: {line}"


def run(package, tests, longest=0):
    """Return whether all tests pass with the package as it lies there, and the time they took.

    The tests run in a fork, where all that they import but the package is there already. Time is
    that of the processor, which does not depend on what else the machine does; 0 sets no limit.
    """
    child = os.fork()
    if not child:
        try:
            signal.setitimer(signal.ITIMER_PROF, longest)
            os.chdir(package)
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            sys.path.insert(0, str(package))
            files = [str(ROOT / "tests" / f"test_{test}.py") for test in tests]
            import pytest

            brief = ["-q", "-x", "-p", "no:cacheprovider", "--assert=plain", "-m", "not long"]
            code = pytest.main([*brief, *files])
            os._exit(int(code))
        finally:
            os._exit(1)
    _, status, usage = os.wait4(child, 0)
    return status == 0, usage.ru_utime + usage.ru_stime


@cache
def time_of(package, test):
    """Return the time that a test file takes without any change, where it must pass."""
    passed, seconds = run(package, [test])
    if not passed:
        sys.exit(f"test_{test}.py fails without any change.")
    return seconds


def known():
    """Return the changes that no test can notice, as (module, words)."""
    found, module = set(), None
    for line in (ROOT / "tests" / "survivors.txt").read_text().splitlines():
        if line.endswith(".py"):
            module = line
        elif " -> " in line:
            found.add((module, line.strip()))
    return found


def survivors(package, module, most, *, all_known):
    """Change a module, one place at a time; yield what no test notices, and count."""
    path = package / "skml_lecture" / module
    source = path.read_text()
    numbers = range(len(places(ast.parse(source))))
    numbers = sorted(random.Random(0).sample(numbers, min(most, len(numbers))))
    tests = TESTS[module]
    seconds = sum(time_of(package, test) for test in tests)
    left = []
    for number in numbers:
        changed, words = mutate(source, number)
        path.write_text(changed)
        if (module, words) in all_known or run(package, tests, SLOWER * seconds)[0]:
            left.append(words)
    path.write_text(source)
    print(f"{module}: {len(numbers) - len(left)} of {len(numbers)} caught", flush=True)
    for words in left:
        print(
            f"    {words}{'' if (module, words) in all_known else '   (not explained)'}", flush=True
        )
    return len(left), len(numbers)


def main():
    """Mutate a copy of the package, module by module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(TESTS))
    parser.add_argument("--most", type=int, default=10, help="changes of one module at most")
    chosen = parser.parse_args()
    for name in PEERS:
        import_module(name)
    settings.register_profile("mutate", derandomize=True, phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutate")
    left, total = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder)
        shutil.copytree(ROOT / "skml_lecture", package / "skml_lecture")
        for module in chosen.modules:
            survived, tried = survivors(package, module, chosen.most, all_known=known())
            left, total = left + survived, total + tried
    share = 1 - left / max(total, 1)
    print(f"In all: {total - left} of {total} caught, {share:.0%}; at least {LEAST:.0%}.")
    sys.exit(share < LEAST)


if __name__ == "__main__":
    main()
