"""The version, stated once: setup.cfg reads this literal and `autotensor.__version__` re-exports it."""

__version__ = "0.1.0"
