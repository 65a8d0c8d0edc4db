"""The benchmarks run without the other frameworks, print their tables and say on what they ran; no time is asserted."""

import importlib
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
TABLES = {  # script -> what its tables must name
    "eager.py": ["us/operation", "autotensor / it", "NumPy by hand", "gradients agree: autotensor, NumPy by hand"],
    "compare.py": [
        "loss after every batch as by hand",
        "digits 64-512-10",
        "binary 100-32-1",
        "MNIST-shaped 784-128-10",
        "wide 784-1024-1024-10",
        "autotensor on NumPy / NumPy by hand",
        "autotensor on NumPy / floor",
        "a call of fit for one epoch",
        "predict - model(x)",
        "whole process",
        "first epoch of a fresh process",
        "us/step at the end",
        "peak memory of arrays",
        "the plan says of its workspace",
        "stretch",
    ],
    "scaling.py": ["width", "depth", "batch", "growth", "step / floor", "operations", "planning"],
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


def started(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *arguments],
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def run(script: str, *arguments: str, **environment: str) -> str:
    done = started(script, *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", TABLES)
def test_a_benchmark_runs_without_peers_and_prints_its_table(script: str, tmp_path: Path) -> None:
    printed = run(script, "--quick", "--alone", OPENBLAS_CORETYPE="Haswell", AUTOTENSOR_CACHE=str(tmp_path))
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


def test_workloads_are_chosen_by_name_before_and_after_options(tmp_path: Path) -> None:
    printed = run("compare.py", "one-sample", "--quick", "--alone", "memory", AUTOTENSOR_CACHE=str(tmp_path))
    assert "the prediction of one sample" in printed
    assert "peak memory of arrays" in printed
    assert "us/step" not in printed


@pytest.mark.parametrize("script", ["compare.py", "scaling.py"])
def test_an_unknown_workload_is_refused_with_those_that_there_are(script: str) -> None:
    done = started(script, "one_sample", "--quick")
    assert done.returncode == 2
    assert "there is no workload 'one_sample'; choose from " in done.stderr


def test_a_difference_between_our_losses_and_those_by_hand_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    by_hand = importlib.import_module("compare_by_hand")
    tasks = importlib.import_module("compare_tasks")
    generator = np.random.default_rng(0)
    x = generator.standard_normal((70, 8)).astype(np.float32)
    work = tasks.Work("small", x, generator.integers(0, 3, 70), (6,), 3)
    assert by_hand.check_trajectory(work, time.perf_counter) < 1e-5
    monkeypatch.setattr(by_hand, "RATE", 1.1e-3)
    with pytest.raises(AssertionError, match="that of the step by hand"):
        by_hand.check_trajectory(work, time.perf_counter)


def test_scaling_is_drawn_as_a_small_svg(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "scaling.svg"
    printed = run("scaling.py", "--quick", "--plot", str(path))
    assert f"drawn: {path}" in printed
    drawn = path.read_text(encoding="utf-8")
    assert len(drawn) < 150_000
    for label in ("width", "depth", "batch", "operations", "floor"):
        assert f">{label}<" in drawn


def test_every_script_with_a_command_line_is_tested() -> None:
    scripts = {path.name for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text(encoding="utf-8")}
    assert scripts == set(TABLES)


def test_the_readme_of_the_benchmarks_names_every_file() -> None:
    readme = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in (ROOT / "benchmarks").glob("*.py") if f"`{path.name}`" not in readme] == []
