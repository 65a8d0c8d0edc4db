"""What the benchmarks share: a clean process, the facts of the machine, interleaved rounds, and a plain table.

Rounds are interleaved: every round runs each candidate once, in a new random order, so that a machine that slows down slows all
of them. A ratio is the median over rounds of (subject / peer) within one round, which holds better than a ratio of medians.
"""

import argparse
import gc
import importlib.util
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

Candidates = Mapping[str, Callable[[], float | None]]  # a sample; it may return its own seconds, else its call is timed
Samples = dict[str, list[float]]  # seconds, one entry a round

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
RESTARTED = "AUTOTENSOR_BENCHMARK_RESTARTED"  # what the environment said of the BLAS kernels before the restart


def options(
    description: str | None,
    *,
    rounds: int,
    quick: int,
    workloads: Sequence[str] = (),
    extend: Callable[[argparse.ArgumentParser], object] = lambda parser: None,
) -> argparse.Namespace:
    """The command line of a benchmark, in a process that has a clean environment: restarts once if it has not.

    `workloads` can be chosen by name, none named means all; `extend` adds options of the benchmark's own.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, help=f"how often each candidate is measured (default {rounds})")
    parser.add_argument("--quick", action="store_true", help=f"{quick} rounds: shows that the script runs, measures nothing")
    parser.add_argument("--alone", action="store_true", help="leave out the other frameworks")
    parser.add_argument("--threads", type=int, default=1, help="threads, and processors, of every candidate (default 1)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: time of all threads, for a busy machine")
    parser.add_argument("--gc", action="store_true", help="leave Python's collector on while a sample runs")
    if workloads:
        parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"any of {', '.join(workloads)} (default: all)")
    extend(parser)
    chosen = parser.parse_intermixed_args()  # names may stand before and after options
    for name in chosen.workloads if workloads else ():
        if name not in workloads:
            parser.error(f"there is no workload {name!r}; choose from {', '.join(workloads)}")
    chosen.rounds = chosen.rounds or (quick if chosen.quick else rounds)
    if RESTARTED not in os.environ:
        _restart(chosen.threads)
    return chosen


def _restart(threads: int) -> None:
    """This program again, without OPENBLAS_CORETYPE and with a fixed number of threads: OpenBLAS reads both as it loads.

    XLA has threads of its own that no variable limits: the process gets no more processors than threads, where that can be had.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads))}
    environment[RESTARTED] = environment.pop("OPENBLAS_CORETYPE", "")
    command = [sys.executable, *sys.orig_argv[1:]]
    sys.stdout.flush()
    if os.name == "nt":  # where exec gives the terminal back at once
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603 - this program
    os.execve(sys.executable, command, environment)  # noqa: S606 - this program


def present(packages: Mapping[str, str], *, alone: bool) -> set[str]:
    """Those of these peers (module -> package) that can be imported; says which are left out, and why."""
    if alone:
        print("without peers (--alone)")
        return set()
    found = {module for module in packages if importlib.util.find_spec(module)}
    for module, package in packages.items():
        if module not in found:
            print(f'skipped: {package} is not installed. Install it with: pip install "autotensor[bench]"')
    return found


def facts() -> None:
    """Print the machine and what computes on it; call it when all libraries are loaded."""
    print(f"machine: {_processor()}, {os.cpu_count()} cores, {platform.system()}", end="")
    print(f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}")
    for line in _blas():
        print(f"BLAS: {line}")
    before = os.environ.get(RESTARTED)
    said = f"was {before}, and is unset for this measurement" if before else "is not set"
    print(f"OPENBLAS_CORETYPE {said}")


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _blas() -> list[str]:
    if importlib.util.find_spec("threadpoolctl"):
        import threadpoolctl

        pools = threadpoolctl.threadpool_info()
        return [
            f"{pool['internal_api']} {pool['version']} ({Path(pool['filepath']).parent.name}), "
            f"kernels {pool.get('architecture', 'unknown')}, {pool['num_threads']} threads"
            for pool in pools
            if pool["user_api"] == "blas"
        ]
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    threads = os.environ.get(THREADS[0], "all")
    return [f"{built.get('name')} {built.get('version')}, kernels unknown (threadpoolctl tells), {threads} threads"]


def clock_of(chosen: argparse.Namespace) -> Callable[[], float]:
    """The clock that `--clock` names, in seconds."""
    return time.process_time if chosen.clock == "cpu" else time.perf_counter


def interleaved(candidates: Candidates, chosen: argparse.Namespace, *, warm_up: int = 1) -> Samples:
    """Measure each candidate once a round, in random order; the warm-up rounds before are thrown away.

    As in timeit the collector is off while a sample runs, for all alike (`--gc` leaves it on). Each sample starts from a
    collected heap and after a run of its own, both outside the clock: nobody pays for a predecessor's garbage, nor for the
    processor's caches that the predecessor and the collector have filled. What a loop of its own would cost is what is measured.
    A candidate that returns seconds has its own clock and runs once.
    """
    clock = clock_of(chosen)
    samples: Samples = {name: [] for name in candidates}
    order = list(candidates)
    shuffle = random.Random(0).shuffle  # noqa: S311 - the order of rounds is no secret
    for number in range(-warm_up, chosen.rounds):
        shuffle(order)
        for name in order:
            gc.collect()
            gc.freeze()  # what lives now is not walked again: the next collection is short
            if not chosen.gc:
                gc.disable()
            try:
                own = candidates[name]()
                start = clock()
                if own is None:
                    candidates[name]()
                seconds = clock() - start
            finally:
                gc.enable()
            if number >= 0:
                samples[name].append(seconds if own is None else own)
    gc.unfreeze()
    return samples


def ratio(samples: Samples, subject: str, peer: str) -> float:
    """Median over rounds of the subject's time by the peer's."""
    return statistics.median(a / b for a, b in zip(samples[subject], samples[peer], strict=True))


def report(samples: Samples, *, subject: str, unit: str, scale: float, aims: Mapping[str, str] | None = None) -> None:
    """Print median, p10, p90 in `unit` (seconds times `scale`) and the subject's ratio to each, with the aim beside."""
    rows = [["", unit, "p10", "p90", f"{subject} / it", "aim"]]
    for name, seconds in samples.items():
        low, middle, high = (f"{value * scale:.3g}" for value in np.quantile(seconds, (0.1, 0.5, 0.9)))
        share = "" if name == subject else f"{ratio(samples, subject, name):.2f}"
        rows.append([name, middle, low, high, share, (aims or {}).get(name, "")])
    table(rows)


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns, the first to the left, the others to the right; the first row is the heading."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [
            f"{cell:<{width}}" if i == 0 else f"{cell:>{width}}" for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("-" * (sum(widths) + 2 * len(widths) - 2))
    print()
