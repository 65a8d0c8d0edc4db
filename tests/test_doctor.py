"""The doctor: findings from invented facts, what is read from a machine, and visits as a user makes them. No time is asserted."""

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autotensor as at
from autotensor.__main__ import main
from autotensor.core.primitive import registry
from autotensor.doctor import blas, by_hand, consultation, diagnoses, packages, processors, report, self_check
from autotensor.doctor.facts import Blas, Extra, Facts, Folder, Machine, Measured, Package, Terminal, Timing

ROOT = Path(__file__).resolve().parent.parent

MEASURED = Measured(
    gradient=1e-9,
    product_is_exact=True,
    timings=(
        Timing("matmul 128 x 128", "GFLOP/s", 90.0, 100.0, 1.1, 2.0),
        Timing("matmul 1024 x 1024", "GFLOP/s", 390.0, 400.0, 1.0, 2.0),
        Timing("an eager operation", "us", 3.0, 1.0, 3.0, 4.5),
        Timing("import, beyond NumPy's", "ms", 25.0, 50.0, 0.5, 1.2),
    ),
    one_thread=(100.0, 120.0),
    seconds=1.5,
)
HEALTHY = Facts(
    autotensor="0.1",
    machine=Machine("3.13.1 (CPython)", "Linux", "Some EPYC", "AVX-512", 4, 4, None, 0.3, ()),
    blas=Blas("OpenBLAS", "0.3.31", "SkylakeX", 4),
    environment={},
    required=(Package("numpy", ">=2.1", "2.4.6"),),
    extras=(Extra("plot", (Package("matplotlib", ">=3.9", "3.11.0"),)), Extra("fast", (Package("numba", ">=0.61", None),))),
    folders=(Folder("data sets", "/somewhere/datasets", exists=False, files=0, size=0),),
    terminal=Terminal(interactive=False, width=80, colours="none", unicode=True),
    measured=MEASURED,
)


def on(facts: Facts = HEALTHY, *, environment: dict[str, str] | None = None, **parts: dict[str, Any]) -> Facts:
    """The healthy machine with some fields of its parts changed."""
    changed = {name: replace(getattr(facts, name), **fields) for name, fields in parts.items()}
    return replace(facts, environment=environment or {}, **changed)


def slower(name: str, ratio: float) -> tuple[Timing, ...]:
    return tuple(replace(t, ratio=ratio) if t.name.startswith(name) else t for t in MEASURED.timings)


HASWELL = {"kernels": "Haswell"}
CASES = {
    "a healthy machine": (HEALTHY, None, "", ""),
    "kernels chosen below the machine": (
        on(environment={"OPENBLAS_CORETYPE": "Haswell"}, blas=HASWELL),
        "slow",
        "OPENBLAS_CORETYPE=Haswell is set: OpenBLAS multiplies with its Haswell kernels (AVX2); this processor has AVX-512.",
        "unset OPENBLAS_CORETYPE",
    ),
    "kernels of long ago": (
        on(environment={"OPENBLAS_CORETYPE": "Prescott"}, blas={"kernels": "Katmai"}),
        "slow",
        "(SSE)",
        "unset",
    ),
    "a processor that OpenBLAS does not know": (on(blas=HASWELL), "slow", "Haswell kernels", "pip install --upgrade numpy"),
    "kernels as good as the machine": (
        on(environment={"OPENBLAS_CORETYPE": "Haswell"}, blas=HASWELL, machine={"vectors": "AVX2"}),
        None,
        "",
        "",
    ),
    "kernels of another family of processors": (
        on(environment={"OPENBLAS_CORETYPE": "ARMV8"}, blas={"kernels": "armv8"}, machine={"vectors": None}),
        "note",
        "OPENBLAS_CORETYPE=ARMV8 decides",
        "unset",
    ),
    "loops of NumPy kept from instructions": (
        on(environment={"NPY_DISABLE_CPU_FEATURES": "X86_V4"}),
        "slow",
        "NPY_DISABLE_CPU_FEATURES='X86_V4'",
        "unset NPY_DISABLE_CPU_FEATURES",
    ),
    "a container with a share of many processors": (
        on(machine={"processors": 64, "allowed": 64, "quota": 2.0}, blas={"threads": 64}),
        "slow",
        "OpenBLAS runs 64 threads, and this process may use 2 of 64 processors (its container grants 2). They wait for",
        "export OPENBLAS_NUM_THREADS=2",
    ),
    "a container, and a variable that asks for too much": (
        on(environment={"OMP_NUM_THREADS": "8"}, machine={"processors": 64, "allowed": 64, "quota": 1.5}, blas={"threads": 8}),
        "slow",
        "OMP_NUM_THREADS=8: OpenBLAS runs 8 threads",
        "export OMP_NUM_THREADS=2",
    ),
    "more threads asked for than OpenBLAS starts": (
        on(environment={"OMP_NUM_THREADS": "64", "MKL_NUM_THREADS": "64"}),
        "slow",
        "OMP_NUM_THREADS=64, MKL_NUM_THREADS=64 ask for more threads than can run: this process may use 4 of 4 processors.",
        "unset OMP_NUM_THREADS MKL_NUM_THREADS",
    ),
    "fewer threads than processors": (
        on(environment={"OMP_NUM_THREADS": "1"}, blas={"threads": 1}),
        "note",
        "OMP_NUM_THREADS=1: OpenBLAS runs 1 thread, and this process may use 4 of 4 processors.",
        "unset OMP_NUM_THREADS",
    ),
    "fewer, for no visible reason": (on(blas={"threads": 2}), "note", "OpenBLAS runs 2 threads", "export OPENBLAS_NUM_THREADS=4"),
    "nothing known of threads": (on(blas={"library": "Accelerate", "threads": None, "kernels": None}), None, "", ""),
    "threads slower than one": (
        on(measured={"one_thread": (100.0, 800.0)}),
        "slow",
        "matmul 1024 x 1024: 4 threads reach 400 GFLOP/s, one alone 800",
        "OMP_NUM_THREADS=1",
    ),
    "threads that make small products slow": (on(measured={"one_thread": (300.0, 100.0)}), "slow", "matmul 128 x 128", "End the"),
    "one thread as slow as it was": (
        on(
            environment={"OMP_NUM_THREADS": "1"},
            blas={"threads": 1},
            machine={"allowed": 1},
            measured={"one_thread": (300.0, 900.0)},
        ),
        None,
        "",
        "",
    ),
    "a busy machine": (on(machine={"load": 7.5}), "note", "7.5 want to run on 4 processors", "Ask again"),
    "a neighbour's load": (on(machine={"load": 30.0, "processors": 64}), None, "", ""),
    "a tracer": (on(machine={"slowed_by": ("a profiler",)}), "slow", "slowed by a profiler", "without it"),
    "slow operations": (on(measured={"timings": slower("an eager", 9.0)}), "slow", "an eager operation: 3 us", "Ask again"),
    "slow import": (on(measured={"timings": slower("import", 1.6)}), "slow", "1.6 times NumPy's, where 1.2", "Ask again"),
    "import without bytecode": (
        on(environment={"PYTHONDONTWRITEBYTECODE": "1"}, measured={"timings": slower("import", 1.6)}),
        "slow",
        "import, beyond NumPy's: 25 ms",
        "unset PYTHONDONTWRITEBYTECODE",
    ),
    "a wrong gradient": (on(measured={"gradient": 1e-3}), "wrong", "by 1.0e-03 of its size", "--json"),
    "a gradient that is NaN": (on(measured={"gradient": math.nan}), "wrong", "differs from its numeric derivative", "Reinstall"),
    "a wrong product": (on(measured={"product_is_exact": False}), "wrong", "OpenBLAS 0.3.31", "--force-reinstall"),
    "an old NumPy": (
        replace(HEALTHY, required=(Package("numpy", ">=2.1", "1.26.4", old=True),)),
        "wrong",
        "autotensor needs numpy>=2.1, and numpy is 1.26.4.",
        'pip install "numpy>=2.1"',
    ),
    "no graphviz": (replace(HEALTHY, required=(Package("graphviz", "", None),)), "wrong", "graphviz is not installed", "pip"),
    "an old extra": (
        replace(HEALTHY, extras=(Extra("plot", (Package("matplotlib", ">=3.9", "3.1", old=True),)),)),
        "note",
        "The extra plot needs matplotlib>=3.9, got 3.1.",
        'pip install "matplotlib>=3.9"',
    ),
}


@pytest.mark.parametrize(("facts", "kind", "what", "remedy"), CASES.values(), ids=CASES)
def test_a_machine_is_told_what_is_the_matter_and_nothing_else(facts: Facts, kind: str | None, what: str, remedy: str) -> None:
    found = diagnoses(facts)
    assert [finding.kind for finding in found] == ([] if kind is None else [kind])
    for finding in found:
        assert what in finding.what
        assert remedy in finding.remedy


def test_what_is_wrong_comes_first() -> None:
    facts = on(environment={"OMP_NUM_THREADS": "64"}, machine={"load": 9.0}, measured={"gradient": 1.0})
    assert [finding.kind for finding in diagnoses(facts)] == ["wrong", "slow", "note"]


def page(facts: Facts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **options: bool) -> tuple[int, str]:
    monkeypatch.setattr(consultation, "examine", lambda: facts)
    return consultation.consult(**options), capsys.readouterr().out


@pytest.mark.parametrize("name", CASES)
def test_the_page_keeps_to_80_columns_and_ascii_and_says_every_finding(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    facts, kind, *_ = CASES[name]
    status, text = page(facts, monkeypatch, capsys)
    assert status == (kind == "wrong")
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    for finding in diagnoses(facts):
        assert " ".join(finding.what.split()) in words
        assert finding.remedy in words
    assert ("all is well" in text) == (kind is None)
    assert ("WRONG" in text) == (name in {"a wrong gradient", "a gradient that is NaN", "a wrong product"})


def test_the_page_shows_what_is_there_and_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    folder = Folder("data sets", str(Path.home() / "data"), exists=True, files=2, size=11_500_000)
    _, text = page(replace(HEALTHY, folders=(folder,)), monkeypatch, capsys)
    for line in (
        r"kernels +SkylakeX, for AVX-512$",
        r"threads +4, for 4 usable processors$",
        r"plot +matplotlib 3\.11\.0 ",
        r"fast +numba missing ",
        r'to add one +pip install "autotensor\[fast\]"; missing: fast$',
        r"data sets +~.data, 2 files, 11\.5 MB$",
        r"an eager operation +3 us +1 us +3\.00 +<= 4\.5$",
    ):
        assert re.search(line, text, re.MULTILINE), line


def test_letters_that_a_pipe_lacks_become_question_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(consultation, "examine", lambda: on(machine={"processor": "Größter"}))
    assert consultation.consult() == 0
    stream.flush()
    assert b"Gr??ter" in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_json_has_every_fact_the_findings_and_the_status() -> None:
    facts = CASES["a gradient that is NaN"][0]
    read = json.loads(report.as_json(facts, diagnoses(facts), 1))
    assert read["blas"] == {"library": "OpenBLAS", "version": "0.3.31", "kernels": "SkylakeX", "threads": 4, "unknown": []}
    assert read["measured"]["gradient"] is None
    assert read["measured"]["timings"][2]["ratio"] == 3.0
    assert [finding["kind"] for finding in read["findings"]] == ["wrong"]
    assert read["status"] == 1


# what is read from a machine


def library(**functions: Callable[..., Any]) -> SimpleNamespace:
    return SimpleNamespace(**functions)


def test_openblas_is_asked_by_whichever_of_its_names_it_has() -> None:
    for prefix, suffix in (("scipy_", "64_"), ("", ""), ("", "64_")):
        there = library(
            **{
                f"{prefix}openblas_get_corename{suffix}": lambda: b"Zen",
                f"{prefix}openblas_get_config{suffix}": lambda: b"OpenBLAS 0.3.99 DYNAMIC_ARCH Zen MAX_THREADS=64",
                f"{prefix}openblas_get_num_threads{suffix}": lambda: 7,
            }
        )
        assert blas.read([library(), there], {}) == Blas("OpenBLAS", "0.3.99", "Zen", 7)


def test_an_openblas_that_tells_little_is_still_openblas() -> None:
    found = blas.read([library(openblas_get_corename=lambda: b"")], {"name": "openblas", "version": "0.3.5"})
    assert (found.version, found.kernels, found.threads) == ("0.3.5", None, None)
    assert "threads" in found.unknown[0]


def test_mkl_tells_version_and_threads_but_not_its_kernels() -> None:
    def describe(buffer: Any, size: Any) -> None:
        buffer.value = b"Intel(R) oneAPI MKL Version 2025.0"[: size.value - 1]

    found = blas.read([library(MKL_Get_Max_Threads=lambda: 6, MKL_Get_Version_String=describe)], {"name": "mkl"})
    assert (found.library, found.version, found.threads) == ("MKL", "Intel(R) oneAPI MKL Version 2025.0", 6)
    assert "kernels: MKL" in found.unknown[0]


def test_blis_is_asked_for_its_architecture() -> None:
    there = library(bli_arch_query_id=lambda: 3, bli_arch_string=lambda i: b"zen4", bli_thread_get_num_threads=lambda: -1)
    assert blas.read([there], {"version": "1.0"}) == Blas("BLIS", "1.0", "zen4", 1)


@pytest.mark.parametrize(("name", "shown"), [("accelerate", "Accelerate"), ("netlib", "netlib"), (None, "unknown")])
def test_what_cannot_be_asked_is_said(name: str | None, shown: str) -> None:
    found = blas.read([library()], {"name": name} if name else {})
    assert (found.library, found.kernels, found.threads) == (shown, None, None)
    assert len(found.unknown) == 1


def test_this_process_has_a_blas_and_openblas_agrees_with_threadpoolctl() -> None:
    found = blas.blas()
    assert found.library
    pools = pytest.importorskip("threadpoolctl").threadpool_info()
    ours = [pool for pool in pools if pool["user_api"] == "blas" and "numpy" in pool["filepath"]]
    if found.library != "OpenBLAS" or not ours:
        pytest.skip("NumPy's BLAS is not an OpenBLAS of its own here")
    assert (found.kernels, found.threads) == (ours[0]["architecture"], ours[0]["num_threads"])


@pytest.mark.parametrize(
    ("features", "level"),
    [
        ("sse sse2 avx avx2 fma avx512f avx512vl", "AVX-512"),
        ("sse2 avx2 avx512f", "AVX2"),  # Knights Landing: no kernels for it
        ("AVX2 X86_V3 X86_V4", "AVX-512"),
        ("sse2 avx", "AVX"),
        ("SSE2", "SSE"),
        ("ASIMD NEON SVE", None),
        ("", None),
    ],
)
def test_the_level_of_a_processor(features: str, level: str | None) -> None:
    assert processors.level_of(features.split()) == level


def groups(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("listing", "files", "quota"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/a/b\n", {"cpu.max": "max 1000\n", "a/cpu.max": "400000 100000\n", "a/b/cpu.max": "800000 100000\n"}, 4.0),
        ("0::/not/shown/here\n", {"cpu.max": "200000 100000\n"}, 2.0),
        ("3:cpu,cpuacct:/x\n1:memory:/y\n", {"cpu/x/cpu.cfs_quota_us": "50000\n", "cpu/x/cpu.cfs_period_us": "100000\n"}, 0.5),
        ("3:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ("0::/\n", {}, None),
        ("", {}, None),
    ],
)
def test_the_share_that_a_container_grants(tmp_path: Path, listing: str, files: dict[str, str], quota: float | None) -> None:
    (tmp_path / "listing").write_text(listing)
    assert processors.quota(tmp_path / "listing", groups(tmp_path / "root", files)) == quota


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert processors.quota(tmp_path / "nothing", tmp_path) is None


def test_every_extra_has_a_purpose_and_packages() -> None:
    declared = packages.wanted()
    assert set(declared.extras) == set(packages.PURPOSES), "autotensor/doctor/packages.py says in a few words what each is for"
    assert all(extra.packages for extra in packages.extras(declared))
    assert [package.name for package in packages.required(declared)] == ["numpy", "graphviz", "rich"]
    assert not any(package.old or package.version is None for package in packages.required(declared))


def test_a_wheel_declares_what_setup_cfg_does() -> None:
    declared = packages.wanted()
    lines = [*declared.required, *(f'{line}; extra == "{name}"' for name, group in declared.extras.items() for line in group)]
    assert packages.from_metadata(lines) == declared


def test_an_installed_package_that_is_too_old_is_seen() -> None:
    future, absent = packages.required(packages.Wanted(("numpy>=999", "surely-not-a-package>=1,<2"), {}))
    assert (future.old, future.version) == (True, np.__version__)
    assert absent == Package("surely-not-a-package", ">=1,<2", None)


# the self-check


def test_the_gradients_here_are_right_and_a_wrong_rule_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert self_check.gradient_difference() < 1e-7
    wrong = (lambda ns, y, x: 1 - y,)
    monkeypatch.setattr(registry["tanh"], "partials", wrong)
    monkeypatch.setattr(registry["tanh"], "shortcuts", wrong)
    assert self_check.gradient_difference() > 1e-2


def test_a_product_that_errs_in_one_element_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert self_check.product_is_exact()

    class Erring:
        def __init__(self, seed: int) -> None: ...

        def integers(self, low: int, high: int, shape: tuple[int, ...]) -> Any:
            return np.zeros(shape, np.int64).view(Wrong)

    class Wrong(np.ndarray[Any, Any]):
        def __matmul__(self, other: Any) -> Any:
            result = np.array(self) @ np.array(other)
            if self.dtype == np.float32:
                result[5, 7] += 1
            return result

    monkeypatch.setattr(np.random, "default_rng", Erring)
    assert not self_check.product_is_exact()


def test_the_chain_by_hand_has_autotensors_gradients() -> None:
    x, w, b = np.random.default_rng(0).standard_normal((3, 5))
    weight, bias = at.tensor(w, requires_grad=True), at.tensor(b, requires_grad=True)
    h = at.tensor(x)
    for _ in range(4):
        h = at.tanh(h * weight + bias)
    h.sum().backward()
    assert weight.grad is not None
    assert bias.grad is not None
    dw, db = by_hand.chain(x, w, b, 4)
    np.testing.assert_allclose(dw, weight.grad.numpy())
    np.testing.assert_allclose(db, bias.grad.numpy())


def test_the_classifier_by_hand_learns() -> None:
    (x, y), _ = at.keras.datasets.digits.load_data()
    classifier = by_hand.Classifier()
    losses = [classifier.epoch(x[:320] / np.float32(16), y[:320]) for _ in range(8)]
    assert losses[-1] < losses[0] / 3


def test_best_of_takes_the_shortest_and_turns() -> None:
    order: list[str] = []
    first, second = self_check.best_of(lambda: order.append("a"), lambda: order.append("b"), seconds=0.0)
    assert order == ["a", "b"] * 2  # a warm-up and a round
    assert min(first, second) >= 0


def test_where_no_process_can_be_started_the_import_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **settings: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setattr(self_check, "SECONDS", 0.0)
    measured = self_check.measure()
    assert measured.one_thread == ()
    assert [timing.name.split()[0] for timing in measured.timings] == ["matmul", "matmul", "an", "a"]


# a visit


def visit(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", "COLUMNS": "80", **variables}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "autotensor", "doctor", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_a_visit_from_outside_of_the_checkout_ends_well_and_leaves_nothing(tmp_path: Path) -> None:
    ran = visit(tmp_path, OMP_NUM_THREADS="1", KERAS_HOME=str(tmp_path / "kept"))
    assert ran.stderr == ""
    assert ran.returncode == 0
    titles = [line for line in ran.stdout.splitlines() if line and not line.startswith(" ")]
    assert titles[:5] == ["machine", "BLAS", "packages", "folders", "terminal"]
    assert titles[5].startswith("self-check, ")
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "gradients   right" in ran.stdout
    assert "import, beyond NumPy's" in ran.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_visit_in_json_names_a_variable_that_slows(tmp_path: Path) -> None:
    ran = visit(tmp_path, "--json", OMP_NUM_THREADS="100000", OPENBLAS_NUM_THREADS="1")
    read = json.loads(ran.stdout)
    assert read["status"] == ran.returncode == 0
    assert read["environment"]["OMP_NUM_THREADS"] == "100000"
    assert any("OMP_NUM_THREADS=100000 asks" in finding["what"] for finding in read["findings"])


def test_something_wrong_is_exit_status_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(consultation, "examine", lambda: CASES["a wrong product"][0])
    assert main(["doctor"]) == 1
    assert "  wrong" in capsys.readouterr().out


def test_an_unknown_argument_is_answered_as_by_the_other_commands(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("doctor", "demo"):
        with pytest.raises(SystemExit) as ended:
            main([command, "--jason"])
        assert ended.value.code == 2
        assert "unrecognized arguments: --jason" in capsys.readouterr().err
