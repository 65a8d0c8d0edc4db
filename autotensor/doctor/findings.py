"""From facts to findings: what is wrong here, what is slow, what is worth knowing, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from autotensor.doctor.facts import Facts
from autotensor.doctor.processors import LEVELS, level_of_kernels
from autotensor.doctor.surroundings import KERNEL_CHOICE, NO_BYTECODE, NUMPY_CHOICE, THREADS

GRADIENT_TOLERANCE = 1e-6  # central differences in float64 are good to about 1e-9 here; a wrong rule is off by far more
HELD_UP = 0.6  # several threads that reach less than this share of one thread's speed

# In the order in which a library looks: the first that is set counts.
THREADS_OF = {
    "OpenBLAS": ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"),
    "MKL": ("MKL_NUM_THREADS", "OMP_NUM_THREADS"),
    "BLIS": ("OMP_NUM_THREADS",),
    "Accelerate": ("VECLIB_MAXIMUM_THREADS",),
}


@dataclass(frozen=True)
class Finding:
    """Something that the user should know."""

    kind: Literal["wrong", "slow", "note"]  # wrong: results cannot be trusted, or something does not work
    what: str
    remedy: str


def diagnoses(facts: Facts) -> list[Finding]:
    """All findings, what is wrong first, then what is slow."""
    found = [finding for check in CHECKS for finding in check(facts)]
    return sorted(found, key=lambda finding: ("wrong", "slow", "note").index(finding.kind))


def requirements(facts: Facts) -> Iterator[Finding]:
    """Packages without which autotensor does not work."""
    for package in facts.required:
        if package.version is None or package.old:
            got = "is not installed" if package.version is None else f"is {package.version}"
            wish = f"{package.name}{package.wanted}"
            yield Finding("wrong", f"autotensor needs {wish}, and {package.name} {got}.", f'pip install "{wish}"')


def correctness(facts: Facts) -> Iterator[Finding]:
    """Results that are not what they must be."""
    if not facts.measured.product_is_exact:
        suspect = f"{facts.blas.library} {facts.blas.version}".strip()
        yield Finding(
            "wrong",
            f"Matrices of whole numbers are multiplied wrongly: {suspect} or the processor errs, and everything built on it.",
            "pip install --force-reinstall --upgrade numpy; if it stays, test the machine's memory.",
        )
    if not facts.measured.gradient <= GRADIENT_TOLERANCE:  # not <=: it may be NaN
        yield Finding(
            "wrong",
            f"The gradient of a small network differs from its numeric derivative by {facts.measured.gradient:.1e} of its "
            f"size; at most {GRADIENT_TOLERANCE:.0e} is rounding.",
            "Reinstall autotensor and numpy; if it stays, report it with the output of `python -m autotensor doctor --json`.",
        )


def kernels(facts: Facts) -> Iterator[Finding]:
    """Instructions that the processor has and BLAS or NumPy does not use."""
    chosen = facts.environment.get(KERNEL_CHOICE)
    used, has = level_of_kernels(facts.blas.kernels), facts.machine.vectors
    if used is not None and has is not None and LEVELS.index(used) < LEVELS.index(has):
        gap = f"{facts.blas.library} multiplies with its {facts.blas.kernels} kernels ({used}); this processor has {has}"
        if chosen:
            yield Finding("slow", f"{KERNEL_CHOICE}={chosen} is set: {gap}.", f"unset {KERNEL_CHOICE}")
        else:
            yield Finding("slow", f"{gap}.", "pip install --upgrade numpy, whose newer OpenBLAS may know this processor.")
    elif chosen and facts.blas.library == "OpenBLAS" and has is None:
        yield Finding(
            "note",
            f"{KERNEL_CHOICE}={chosen} decides which kernels OpenBLAS uses; left alone it asks the processor.",
            f"unset {KERNEL_CHOICE}, unless you know that you need it.",
        )
    if off := facts.environment.get(NUMPY_CHOICE):
        yield Finding(
            "slow",
            f"{NUMPY_CHOICE}={off!r} keeps NumPy's own loops from instructions that they could use.",
            f"unset {NUMPY_CHOICE}",
        )


def threads(facts: Facts) -> Iterator[Finding]:
    """More threads than processors, or fewer."""
    usable, running = facts.machine.usable, facts.blas.threads
    library = facts.blas.library
    looked_at = THREADS_OF.get(library, ("OMP_NUM_THREADS",))
    here = f"this process may use {usable} of {facts.machine.processors} {_plural('processor', facts.machine.processors)}"
    if facts.machine.quota is not None:
        here += f" (its container grants {facts.machine.quota:g})"
    if running is not None and running > usable:
        name = next((name for name in looked_at if name in facts.environment), looked_at[0])
        because = f"{name}={facts.environment[name]}: " if name in facts.environment else ""
        yield Finding(
            "slow",
            f"{because}{library} runs {running} threads, and {here}. They wait for each other.",
            f"export {name}={usable}",
        )
        return
    asking = [name for name in THREADS if (_number(facts.environment.get(name)) or 0) > usable]
    if asking:
        settings = ", ".join(f"{name}={facts.environment[name]}" for name in asking)
        kept = f" {library} keeps to {running}; other libraries may not." if running is not None else ""
        verb = "asks" if len(asking) == 1 else "ask"
        yield Finding("slow", f"{settings} {verb} for more threads than can run: {here}.{kept}", f"unset {' '.join(asking)}")
    if running is not None and running < usable:
        name = next((name for name in looked_at if name in facts.environment), "")
        because = f"{name}={facts.environment[name]}: " if name else ""
        yield Finding(
            "note",
            f"{because}{library} runs {running} {_plural('thread', running)}, and {here}. Small networks do not notice; large "
            "matrices do.",
            f"unset {name}, if you multiply large matrices." if name else f"export {looked_at[0]}={usable} for large matrices.",
        )


def disturbances(facts: Facts) -> Iterator[Finding]:
    """What makes everything slow, here or now."""
    for cause in facts.machine.slowed_by:
        yield Finding("slow", f"Python is slowed by {cause}.", "Run without it where time matters.")
    load, usable = facts.machine.load, facts.machine.usable
    # of the whole machine: in a container the neighbours' load says nothing about one's own share
    if load is not None and facts.machine.usable == facts.machine.processors and load > usable:
        yield Finding(
            "note",
            f"Other programs are busy: {load:.1f} want to run on {usable} {_plural('processor', usable)}, so the figures above "
            "are worse than this machine is.",
            "Ask again when they are done.",
        )


def timings(facts: Facts) -> Iterator[Finding]:
    """Figures that are worse than the same machine's NumPy explains."""
    held_up = _held_up(facts)
    if held_up is not None:  # everything that multiplies waits too: the other figures say no more
        yield held_up
        return
    for timing in facts.measured.timings:
        if timing.ratio > timing.usual:
            remedy = "Ask again; if it stays, look for what else is named here: other programs, a tracer, too many threads."
            if timing.name.startswith("import"):
                remedy = "Ask again: the first import reads a cold disk. If it stays, see that Python may keep its bytecode."
                if NO_BYTECODE in facts.environment:
                    remedy = f"unset {NO_BYTECODE}, so that Python compiles the files only once."
            ratio = f"{timing.ratio:.1f} times NumPy's, where {timing.usual:g} is usual at most"
            yield Finding("slow", f"{timing.name}: {timing.here:.3g} {timing.unit}, in time {ratio}.", remedy)


def _held_up(facts: Facts) -> Finding | None:
    """Threads that are slower together than one alone."""
    threads = facts.blas.threads
    products = [timing for timing in facts.measured.timings if timing.unit == "GFLOP/s"]
    if threads == 1:
        return None
    for product, alone in reversed(list(zip(products, facts.measured.one_thread, strict=False))):
        together = max(product.here, product.by_hand)
        if together < HELD_UP * alone:
            return Finding(
                "slow",
                f"{product.name}: {threads or 'several'} threads reach {together:.3g} GFLOP/s, one alone {alone:.3g}. They wait "
                "for each other, or for a processor that another program holds; all that multiplies matrices is slow with them.",
                "End the other programs, or export OMP_NUM_THREADS=1 while they run.",
            )
    return None


def old_extras(facts: Facts) -> Iterator[Finding]:
    """Optional packages that are there, and too old."""
    for extra in facts.extras:
        for package in extra.packages:
            if package.old:
                wish = f"{package.name}{package.wanted}"
                yield Finding("note", f"The extra {extra.name} needs {wish}, got {package.version}.", f'pip install "{wish}"')


CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    requirements,
    correctness,
    kernels,
    threads,
    disturbances,
    timings,
    old_extras,
)


def _number(value: str | None) -> int | None:
    """What a thread variable asks for; OpenMP also takes a list, a number for each level.

    >>> _number("64"), _number("4,2"), _number("many"), _number(None)
    (64, 4, None, None)
    """
    first = (value or "").split(",")[0].strip()
    return int(first) if first.isdecimal() else None


def _plural(word: str, n: int) -> str:
    return word if n == 1 else word + "s"
