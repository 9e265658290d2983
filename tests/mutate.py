"""Change the numerical modules one place at a time, and count what the tests notice.

``python tests/mutate.py [module ...] [--most N]`` prints the share of changes that some test
caught, and every one that none did. Not a test itself: ``tox -e mutate`` runs it.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = {  # modules that hold numbers or state, and the tests that must notice
    "statistics/moments.py": ["test_moments.py", "test_moments_of_groups.py"],
    "statistics/triangle.py": ["test_ridge.py"],
    "solvers/spectrum.py": ["test_ridge.py", "test_ridge_cv.py"],
    "left_out.py": ["test_ridge_cv.py"],
    "descent/losses.py": ["test_losses.py"],
    "descent/activations.py": ["test_activations.py"],
    "descent/optimizers.py": ["test_optimizers.py"],
    "descent/stopping.py": ["test_training.py"],
    "distributions/gaussian.py": ["test_distributions.py"],
    "distributions/counts.py": ["test_distributions.py"],
    "validation.py": ["test_flags.py", "test_bad_input.py"],
}
LEAST = 0.85
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
    """Return the source with one place changed, and a line that says which."""
    tree = ast.parse(source)
    node, kind = places(tree)[number]
    before = ast.unparse(node)
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
    return ast.unparse(tree), f"line {node.lineno}: {before} -> {ast.unparse(node)}"


def notices(package, tests):
    """Return whether some test fails with the package as it lies there."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    command += [str(ROOT / "tests" / test) for test in tests]
    environment = os.environ | {"PYTHONPATH": str(package), "SCIPY_ARRAY_API": "1"}
    run = subprocess.run(
        command, cwd=package, env=environment, capture_output=True, check=False, timeout=600
    )
    return run.returncode != 0


def main():
    """Mutate a copy of the package, module by module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(TESTS))
    parser.add_argument("--most", type=int, default=40, help="changes of one module at most")
    chosen = parser.parse_args()
    caught, total = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder)
        shutil.copytree(ROOT / "skml_lecture", package / "skml_lecture")
        shutil.copy(ROOT / "pyproject.toml", package)
        for module in chosen.modules:
            path = package / "skml_lecture" / module
            tests = TESTS[module]
            source = path.read_text()
            numbers = range(len(places(ast.parse(source))))
            numbers = random.Random(0).sample(numbers, min(chosen.most, len(numbers)))
            survivors = []
            for number in sorted(numbers):
                changed, words = mutate(source, number)
                path.write_text(changed)
                if not notices(package, tests):
                    survivors.append(words)
            path.write_text(source)
            caught, total = caught + len(numbers) - len(survivors), total + len(numbers)
            print(f"{module}: {len(numbers) - len(survivors)} of {len(numbers)} caught", flush=True)
            for words in survivors:
                print(f"    survived, {words}", flush=True)
    print(
        f"In all: {caught} of {total} caught, {caught / max(total, 1):.0%}; at least {LEAST:.0%}."
    )
    sys.exit(caught < LEAST * total)


if __name__ == "__main__":
    main()
