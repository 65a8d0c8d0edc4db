"""exp, tanh and erf of float32 numbers by polynomials: what kernels compute where `jit_compile=True` admits them.

Plain arithmetic without branches, so that a loop over an array becomes vector instructions. The coefficients are minimax fits of
the relative error, made for these intervals. NaN stays NaN; infinities give 0 or inf, -1 or 1.
"""
# ruff: noqa: FURB136 - min and max do not say what becomes of NaN

from __future__ import annotations

from typing import Any

from numpy import float32, int32

APPROXIMATED = {"exp": 1.2, "tanh": 6.3, "erf": 7.4}
"""The primitives that have a polynomial, and its largest error over all float32 numbers, in units of the last place."""


def exp(x: Any) -> Any:
    """exp(x) = 2**n exp(r), |r| <= log(2) / 2; the power in two factors, for results that are subnormal or overflow."""
    x = float32(89.0) if x > float32(89.0) else x
    x = float32(-104.0) if x < float32(-104.0) else x
    shifted = x * float32(1.44269502) + float32(12582912.0)  # 1.5 * 2**23: the sum has no room for a fraction
    n = shifted - float32(12582912.0)
    r = (x - n * float32(0.693359375)) + n * float32(2.12194442e-4)
    p = float32(0.00136981437) * r + float32(0.00837401055)
    p = p * r + float32(0.0416695364)
    p = p * r + float32(0.166664720)
    p = (p * r + float32(0.499999911)) * r * r + r + float32(1.0)
    k = float32(shifted).view(int32) - int32(0x4B400000)
    half = k >> 1
    low = int32((half + 127) << 23).view(float32)
    high = int32((k - half + 127) << 23).view(float32)
    return p * low * high


def tanh(x: Any) -> Any:
    """tanh(x) = x P(x**2) / Q(x**2) on [-9.02, 9.02], both of degree 4; beyond, its value at the ends, 1."""
    x = float32(9.02) if x > float32(9.02) else x
    x = float32(-9.02) if x < float32(-9.02) else x
    z = x * x
    p = float32(1.33190798e-8) * z + float32(2.05834876e-5)
    p = p * z + float32(0.00349403497)
    p = p * z + float32(0.133797183)
    p = p * z + float32(0.999999979)
    q = float32(7.76202285e-7) * z + float32(0.000328309349)
    q = q * z + float32(0.0258710748)
    q = q * z + float32(0.467130335)
    q = q * z + float32(1.0)
    y = x * p / q
    y = float32(1.0) if y > float32(1.0) else y
    return float32(-1.0) if y < float32(-1.0) else y


def erf(x: Any) -> Any:
    """erf(x) = x P(x**2) / Q(x**2) on [-3.92, 3.92], both of degree 5; beyond, its value at the ends, 1."""
    x = float32(3.92) if x > float32(3.92) else x
    x = float32(-3.92) if x < float32(-3.92) else x
    z = x * x
    p = float32(2.05007452e-6) * z + float32(0.000284883164)
    p = p * z + float32(0.003765656)
    p = p * z + float32(0.0527488441)
    p = p * z + float32(0.190407442)
    p = p * z + float32(1.12837915)
    q = float32(3.80916046e-5) * z + float32(0.00116254411)
    q = q * z + float32(0.0149692958)
    q = q * z + float32(0.114109507)
    q = q * z + float32(0.502076942)
    q = q * z + float32(1.0)
    y = x * p / q
    y = float32(1.0) if y > float32(1.0) else y
    return float32(-1.0) if y < float32(-1.0) else y
