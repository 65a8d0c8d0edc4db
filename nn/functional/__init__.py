"""Layers, activations and losses as functions, under PyTorch's names and with its `dim=`: `nn.functional`."""

from autotensor.nn.functional.affine import dropout, linear
from autotensor.nn.functional.binary_loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    hinge_embedding_loss,
    margin_ranking_loss,
    soft_margin_loss,
)
from autotensor.nn.functional.classification_loss import cross_entropy, kl_div, multi_margin_loss, nll_loss
from autotensor.nn.functional.convolution import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from autotensor.nn.functional.normalisation import batch_norm, layer_norm
from autotensor.nn.functional.piecewise import (
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    prelu,
    relu,
    relu6,
    softshrink,
    threshold,
)
from autotensor.nn.functional.regression_loss import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from autotensor.nn.functional.smooth import (
    celu,
    elu,
    gelu,
    glu,
    logsigmoid,
    mish,
    selu,
    sigmoid,
    silu,
    softplus,
    softsign,
    tanh,
    tanhshrink,
)
from autotensor.nn.functional.vectors import log_softmax, normalize, one_hot, softmax

__all__ = [
    "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "dropout", "layer_norm", "batch_norm", "normalize", "one_hot",
    "relu", "relu6", "leaky_relu", "prelu", "threshold", "hardtanh", "hardsigmoid", "hardswish", "softshrink", "hardshrink",
    "tanh", "sigmoid", "logsigmoid", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "softsign", "tanhshrink", "glu",
    "softmax", "log_softmax",
    "mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss",
    "cross_entropy", "nll_loss", "kl_div", "multi_margin_loss",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "soft_margin_loss", "hinge_embedding_loss",
    "margin_ranking_loss",
]  # fmt: skip
