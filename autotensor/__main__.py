"""The command line: `python -m autotensor demo`, `python -m autotensor explain tanh`, `python -m autotensor doctor`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from autotensor._version import __version__
from autotensor.core.errors import AutotensorError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m autotensor", description="Deep learning on NumPy that one can read.")
    parser.add_argument("--version", action="version", version=f"autotensor {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    demo = commands.add_parser("demo", help="train a network on handwritten digits and show what it learned")
    demo.add_argument("--fast", action="store_true", help="two epochs instead of ten")
    demo.add_argument("--output", default=".", metavar="FOLDER", help="where to write the pictures (default: here)")
    explain = commands.add_parser("explain", help="describe a primitive: formula, derivative, domain, a plot")
    explain.add_argument("name", nargs="?", help="such as tanh; without it, all primitives are listed")
    doctor = commands.add_parser(
        "doctor", help="describe this machine, check the numbers, say what is wrong or slow and what to do"
    )
    doctor.add_argument("--json", action="store_true", help="the same for machines")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "demo":
            from autotensor import demo as demonstration

            demonstration.run(epochs=2 if chosen.fast else 10, folder=chosen.output)
        elif chosen.command == "doctor":
            from autotensor.doctor import consult

            return consult(json=chosen.json)
        else:
            from autotensor import explaining

            print(explaining.describe(chosen.name).text() if chosen.name else explaining.catalogue())
    except AutotensorError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
