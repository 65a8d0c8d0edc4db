"""What every test run shares: an environment that does not vary, no network, and Hypothesis' profiles."""

import ipaddress
import os
import socket
from collections.abc import Iterator

# Before NumPy is first imported: one BLAS thread, so that sums have one order and workers do not fight over cores.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[variable] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ["COLUMNS"] = "100"  # the width that rich and argparse assume; a test of other widths sets its own
for variable in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(variable, None)

import pytest
from hypothesis import HealthCheck, settings

# No deadline and no complaint about slow data: a loaded machine is not a failure.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", max_examples=15, **PATIENT)
settings.register_profile("ci", max_examples=60, derandomize=True, database=None, print_blob=True, **PATIENT)
settings.register_profile("thorough", max_examples=1000, **PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") == "true" else "dev"))


def is_this_machine(address: object) -> bool:
    """Whether a socket address is a Unix path or loopback."""
    if not isinstance(address, tuple):
        return True
    host = address[0]
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Refuse connections that leave this machine, in this process."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if not is_this_machine(address):
            raise RuntimeError(f"tests use no network, and this connects to {address!r}: serve it from 127.0.0.1.")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield
