"""The benchmarks run without the other frameworks, print their tables and say on what they ran; no time is asserted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TABLES = {  # script -> what its tables must name
    "eager.py": ["us/operation", "autotensor / it", "NumPy by hand", "gradients agree: autotensor, NumPy by hand"],
    "fit.py": [
        "us/step",
        "ms first epoch",
        "us one-sample predict",
        "digits 64-512-10",
        "binary 100-32-1",
        "loss before -> after",
    ],
    "memory.py": ["peak of one forward and backward pass", "8 checkpoints of 8 layers", "ratio"],
    "transforms.py": [
        "gradients of 1000 samples",
        "Hessian of 100 variables",
        "NumPy by hand",
        "Hessians agree: autotensor, NumPy by hand",
    ],
    "importing.py": ["ms more than numpy", "import autotensor", "from autotensor import keras", "modules"],
}


def run(script: str, *arguments: str, **environment: str) -> str:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *arguments],
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", TABLES)
def test_a_benchmark_runs_without_peers_and_prints_its_table(script: str) -> None:
    printed = run(script, "--quick", "--alone", OPENBLAS_CORETYPE="Haswell")
    for words in TABLES[script]:
        assert words in printed
    assert "OPENBLAS_CORETYPE was Haswell, and is unset for this measurement" in printed
    for fact in ("machine: ", "Python ", "BLAS: "):
        assert fact in printed


@pytest.mark.parametrize("script", TABLES)
def test_a_benchmark_explains_itself(script: str) -> None:
    printed = run(script, "--help")
    for option in ("--rounds", "--quick", "--alone", "--threads"):
        assert option in printed


def test_every_script_with_a_command_line_is_tested() -> None:
    scripts = {path.name for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text(encoding="utf-8")}
    assert scripts == set(TABLES)


def test_the_readme_of_the_benchmarks_names_every_file() -> None:
    readme = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in (ROOT / "benchmarks").glob("*.py") if f"`{path.name}`" not in readme] == []
