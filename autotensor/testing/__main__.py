"""`python -m autotensor.testing`: the self-test of the gradient checker, as a table."""

import sys

from autotensor.testing.mutation import self_test


def main() -> int:
    """Print the table; 1 if a wrong rule was missed or a right one accused."""
    result = self_test()
    sys.stdout.write(f"{result}\n")
    return 0 if result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
