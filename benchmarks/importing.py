"""What `import autotensor` adds to `import numpy`, and what the rooms `nn` and `keras` add to that.

Every sample is a fresh Python process that imports and ends; all kinds take turns, and the difference to `import numpy` is taken
within each round. Bytecode is cached, as for an installed package: in a folder of its own, filled before the first round. The
clock is that of the whole process from start to end. The slowest modules of autotensor follow as a hint, by -X importtime.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial

import measuring

BASE = "import numpy"
KINDS = (BASE, "import autotensor", "from autotensor import nn", "from autotensor import keras")
AIMS = {"import autotensor": "<= 60"}


def environment(cache: str) -> dict[str, str]:
    """That of this process, but with bytecode cached in `cache`."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": cache}


def processor_time() -> float:
    """Seconds of all child processes so far."""
    import resource  # not on Windows

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fresh_process(statement: str, env: Mapping[str, str], *, cpu: bool) -> float:
    """Seconds of a Python process that runs one statement."""
    clock = processor_time if cpu else time.perf_counter
    start = clock()
    subprocess.run([sys.executable, "-c", statement], env=env, check=True)  # noqa: S603 - one of KINDS
    return clock() - start


def differences(samples: measuring.Samples) -> None:
    """Print each kind beside `import numpy`."""
    rows = [["", "ms", "p10", "p90", "ms more than numpy", "x numpy", "aim"]]
    for statement, seconds in samples.items():
        ordered = sorted(seconds)
        low, high = ordered[len(ordered) // 10], ordered[-1 - len(ordered) // 10]
        more = statistics.median(a - b for a, b in zip(seconds, samples[BASE], strict=True))
        times = measuring.ratio(samples, statement, BASE)
        figures = [f"{value * 1e3:.0f}" for value in (statistics.median(seconds), low, high)]
        rows.append([statement, *figures, f"{more * 1e3:.0f}", f"{times:.2f}", AIMS.get(statement, "")])
    measuring.table(rows)


def slowest(statement: str, env: Mapping[str, str], n: int = 8) -> None:
    """Print the modules of autotensor that take longest by themselves, and the outsiders that they bring in."""
    done = subprocess.run(  # noqa: S603 - one of KINDS
        [sys.executable, "-X", "importtime", "-c", f"import numpy; {statement}"],
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    rows = []
    numpy_is_in = False
    for line in done.stderr.splitlines():
        parts = line.removeprefix("import time:").split("|")
        if len(parts) == 3 and parts[0].strip().isdigit():
            if numpy_is_in:
                rows.append((int(parts[0]), parts[2].strip()))
            numpy_is_in = numpy_is_in or parts[2].strip() == "numpy"
    own, rest = ([row for row in rows if row[1].startswith("autotensor") is ours] for ours in (True, False))
    for title, found in (("autotensor's own", own), ("others", rest)):
        print(f"{statement}, {title}: {len(found)} modules, {sum(us for us, _ in found) / 1e3:.1f} ms by themselves")
        for us, name in sorted(found, reverse=True)[:n]:
            print(f"  {us / 1e3:6.2f} ms  {name}")
    print()


def main() -> None:
    """Measure, print, and name the slowest modules."""
    options = measuring.options(__doc__, rounds=25, quick=2)
    measuring.facts()
    with tempfile.TemporaryDirectory() as cache:
        env = environment(cache)
        candidates = {kind: partial(fresh_process, kind, env, cpu=options.clock == "cpu") for kind in KINDS}
        samples = measuring.interleaved(candidates, options, warm_up=1)
        print(f"\nfresh processes, {options.rounds} rounds")
        differences(samples)
        for statement in KINDS[1:2] if options.quick else KINDS[1:]:
            slowest(statement, env)


if __name__ == "__main__":
    main()
