"""The functions that gradient rules and Tensor methods call, and the tables that provide them.

A rule says `ns.exp(x)` and never `np.exp(x)`. With `plain` it works on arrays, as fast as NumPy; with `recorded` it works on
Tensors and is itself recorded, so that a gradient can be differentiated again. Each primitive puts itself into both tables when
it is declared. These tables and the slots of `Late` are the only late bindings of the project.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Protocol, TypeAlias, cast

Function: TypeAlias = Callable[..., Any]


class Namespace(Protocol):
    """One function a primitive, under the primitive's name, with settings in their normal form."""

    # arithmetic
    add: Function
    subtract: Function
    multiply: Function
    divide: Function
    floor_divide: Function
    remainder: Function
    negative: Function
    power: Function
    abs: Function
    square: Function
    reciprocal: Function
    maximum: Function
    minimum: Function
    # transcendental
    exp: Function
    expm1: Function
    log: Function
    log1p: Function
    log2: Function
    log10: Function
    sqrt: Function
    sin: Function
    cos: Function
    sinh: Function
    cosh: Function
    tanh: Function
    relu: Function
    sigmoid: Function
    softplus: Function
    surprisal: Function
    center: Function
    rms_norm: Function
    erf: Function
    erfc: Function
    logaddexp: Function
    polygamma: Function
    bessel_i: Function
    bessel_j: Function
    erfcx: Function
    sinc: Function
    # comparison
    equal: Function
    not_equal: Function
    less: Function
    less_equal: Function
    greater: Function
    greater_equal: Function
    logical_and: Function
    sign: Function
    copysign: Function
    floor: Function
    where: Function
    # complex numbers and Fourier transforms
    real: Function
    imag: Function
    conj: Function
    fft: Function
    ifft: Function
    rfft: Function
    irfft: Function
    # reduction
    sum: Function
    max: Function
    min: Function
    cumulative_sum: Function
    # shaping and joining
    reshape: Function
    permute: Function
    expand: Function
    concatenate: Function
    # conversion and creation
    cast: Function
    stop: Function
    checked: Function
    full: Function
    # indexing
    getitem: Function
    scatter: Function
    pick: Function
    unpick: Function
    gather: Function
    ungather: Function
    argsort: Function
    isin: Function
    # linear algebra
    matmul: Function
    linear: Function
    convolution: Function
    convolution_transpose: Function
    convolution_weight: Function
    solve: Function
    inv: Function
    det: Function
    cofactor: Function
    expm: Function
    sqrtm: Function
    eigh: Function
    svd: Function
    eig: Function
    pivots: Function
    ties: Function
    apart: Function
    alike: Function
    spread: Function
    collect: Function
    independent: Function


class Late(SimpleNamespace):
    """What lower floors call and higher floors provide."""

    backward: Function  # autodiff.reverse: the sweep behind Tensor.backward
    namespace: Function  # autotensor itself: what x.__array_namespace__() gives for a version of the standard
    draw: Function  # pictures: the notebook display of a Tensor's graph


plain = cast(Namespace, SimpleNamespace())
recorded = cast(Namespace, SimpleNamespace())
public: Any = SimpleNamespace()  # public functions that normalise their settings first; Tensor methods call these
numpy_functions: dict[Any, Function] = {}  # NumPy function or ufunc -> ours, for np.tanh(tensor) and np.sum(tensor)
late = Late()
