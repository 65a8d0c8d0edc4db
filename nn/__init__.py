"""Modules, losses and their functional forms, under PyTorch's names; imported as `autotensor.nn`."""

if __name__ != "autotensor.nn":
    # The folder lies at the top of the repository; under its bare name its classes would exist a second time.
    raise ImportError(f"{__name__!r} is a folder of autotensor, not a package by itself: write `from autotensor import nn`.")


from autotensor.nn import functional, init, utils
from autotensor.nn.activation import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softshrink,
    Softsign,
    Tanh,
    Tanhshrink,
    Threshold,
)
from autotensor.nn.containers import ModuleDict, ModuleList, Sequential
from autotensor.nn.dropout import Dropout
from autotensor.nn.linear import Linear
from autotensor.nn.losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HingeEmbeddingLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MarginRankingLoss,
    MSELoss,
    MultiMarginLoss,
    NLLLoss,
    SmoothL1Loss,
    SoftMarginLoss,
)
from autotensor.nn.module import Module
from autotensor.nn.normalisation import BatchNorm1d, LayerNorm
from autotensor.nn.parameter import Parameter
from autotensor.nn.shaping import Flatten, Identity, Unflatten

__all__ = [
    "functional", "init", "utils",
    "Module", "Parameter", "Sequential", "ModuleList", "ModuleDict",
    "Linear", "Flatten", "Unflatten", "Identity", "Dropout", "LayerNorm", "BatchNorm1d",
    "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid", "LogSoftmax",
    "Mish", "PReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softplus", "Softshrink", "Softsign", "Tanh",
    "Tanhshrink", "Threshold",
    "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss",
    "MarginRankingLoss", "MultiMarginLoss", "NLLLoss", "SmoothL1Loss", "SoftMarginLoss",
]  # fmt: skip
