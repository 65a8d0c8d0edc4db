"""Linear algebra: `at.linalg`, with the names of the array-API standard and a few more.

Everything works on stacks of matrices, real and complex: leading axes are carried along. What mathematics can differentiate is
differentiable, to any order; where eigenvalues or singular values are equal, `ops.ties` says what that is.
"""

from typing import Any

import numpy as np

from autotensor.core.errors import LinAlgError
from autotensor.ops.contractions import outer
from autotensor.ops.determinants import det, slogdet
from autotensor.ops.eigenvalues import eigh, eigvalsh
from autotensor.ops.factorisations import cholesky, qr
from autotensor.ops.general_eigenvalues import eig, eigvals
from autotensor.ops.main_diagonals import diagonal, trace
from autotensor.ops.matrix_exponential import expm
from autotensor.ops.matrix_root import sqrtm
from autotensor.ops.norms import cond, matrix_norm, norm, vector_norm
from autotensor.ops.products import cross, matmul, tensordot, vecdot
from autotensor.ops.shaping import matrix_transpose
from autotensor.ops.singular_values import matrix_rank, svd, svdvals
from autotensor.ops.solving import inv, lstsq, matrix_power, pinv, solve

__all__ = [
    "LinAlgError",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "expm",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "sqrtm",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]


def numpy_table() -> dict[Any, Any]:
    """NumPy function -> ours, for `np.linalg.det(tensor)` and the like."""
    same = [name for name in __all__ if name not in {"LinAlgError", "lstsq"} and hasattr(np.linalg, name)]
    return {getattr(np.linalg, name): globals()[name] for name in same}
