"""Batch and layer normalisation with Keras's defaults and weight names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autotensor import ops
from autotensor.core.errors import ArgumentError, ShapeError
from autotensor.core.namespace import recorded as ns
from autotensor.core.recording import no_grad
from autotensor.core.spec import normalise_axis, single_axis
from autotensor.keras import constraints, initializers, regularizers
from autotensor.keras.layers.layer import Layer
from autotensor.nn.functional.normalisation import affine, by_channel
from autotensor.ops.normalising import standardized

KINDS = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}


def _kind(setting: str) -> Any:
    return KINDS[setting.rpartition("_")[2]]


class _Normalisation(Layer):
    """What both share: a scale gamma and an offset beta, each optional, with initializer, regularizer and constraint."""

    def __init__(self, epsilon: float, center: bool, scale: bool, settings: dict[str, Any], common: dict[str, Any]) -> None:
        super().__init__(**common)
        if not epsilon > 0:
            raise ArgumentError(f"epsilon must be > 0, got {epsilon!r}.")
        self.epsilon, self.center, self.scale = float(epsilon), bool(center), bool(scale)
        for name, value in settings.items():  # beta_initializer and the like
            setattr(self, name, _kind(name).get(value))
        self._settings = tuple(settings)

    def _make(self, name: str, shape: tuple[int, ...]) -> Any:
        initializer, regularizer, constraint = (getattr(self, f"{name}_{kind}") for kind in KINDS)
        return self.add_weight(shape, initializer, name=name, regularizer=regularizer, constraint=constraint)

    def _make_scale_and_offset(self, shape: tuple[int, ...]) -> None:
        self.gamma = self._make("gamma", shape) if self.scale else None
        self.beta = self._make("beta", shape) if self.center else None

    def get_config(self) -> dict[str, Any]:
        own = {"epsilon": self.epsilon, "center": self.center, "scale": self.scale}
        return super().get_config() | own | {name: _kind(name).serialize(getattr(self, name)) for name in self._settings}

    def _scale_and_offset(self, shape: tuple[int, ...]) -> tuple[Any, Any]:
        gamma, beta = (None if weight is None else ops.reshape(weight, shape) for weight in (self.gamma, self.beta))
        return gamma, beta


class BatchNormalization(_Normalisation):
    """y = gamma (x - mean) / sqrt(variance + epsilon) + beta, per feature of `axis`.

    In training mean and variance are the batch's, and the moving ones follow: moving = momentum moving + (1 - momentum) batch
    (the biased variance). In inference, and when the layer is frozen, they are the moving ones.
    Raises: ShapeError if the size of `axis` is unknown.
    Source: Ioffe and Szegedy 2015, algorithm 1 and 2.

    >>> BatchNormalization()([[1.0], [3.0]]).shape
    (2, 1)
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **common: Any,
    ) -> None:
        settings = {
            "beta_initializer": beta_initializer,
            "gamma_initializer": gamma_initializer,
            "moving_mean_initializer": moving_mean_initializer,
            "moving_variance_initializer": moving_variance_initializer,
            "beta_regularizer": beta_regularizer,
            "gamma_regularizer": gamma_regularizer,
            "beta_constraint": beta_constraint,
            "gamma_constraint": gamma_constraint,
        }
        super().__init__(epsilon, center, scale, settings, common)
        if not 0 <= momentum <= 1:
            raise ArgumentError(f"momentum must be in [0, 1], got {momentum!r}.")
        self.axis, self.momentum = axis, float(momentum)

    def build(self, input_shape: Any) -> None:
        n = input_shape[single_axis(self.axis, len(input_shape))]
        if n is None:
            raise ShapeError(f"{self.name}: the size of axis {self.axis} must be known, got shape {tuple(input_shape)}.")
        self._make_scale_and_offset((n,))
        self.moving_mean = self.add_weight((n,), self.moving_mean_initializer, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight((n,), self.moving_variance_initializer, trainable=False, name="moving_variance")

    def call(self, x: Any) -> Any:
        x = self._floating(x)
        axis = single_axis(self.axis, len(x.shape))
        shape = tuple(n if i == axis else 1 for i, n in enumerate(x.shape))
        if shape[axis] != self.moving_mean.shape[0]:
            raise ShapeError(
                f"{self.name}: built for {self.moving_mean.shape[0]} features along axis {self.axis}, got shape {tuple(x.shape)}."
            )
        if not (self.training and self.trainable):
            centred = x - ops.reshape(self.moving_mean, shape)
            variance = ops.reshape(self.moving_variance, shape)
        else:
            others = tuple(i for i in range(len(x.shape)) if i != axis)
            centred = ns.center(x, axis=others)
            variance = ops.mean(ops.square(centred), others, keepdims=True)
            self._follow(ops.mean(x.detach(), others, keepdims=True), variance)  # in a plan the mean is center's own
        return by_channel(centred, variance, *self._scale_and_offset(shape), self.epsilon)

    def _follow(self, mean: Any, variance: Any) -> None:
        for name, batch in (("moving_mean", mean), ("moving_variance", variance)):
            moving = getattr(self, name)
            with no_grad():
                fresh = (1 - self.momentum) * ops.reshape(batch, (-1,))
                ops.astype(self.momentum * moving + fresh, moving.dtype, copy=False).put_into(moving)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis, "momentum": self.momentum}


class LayerNormalization(_Normalisation):
    """y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with each sample's mean and variance over `axis`.

    Source: Ba, Kiros and Hinton 2016, "Layer normalization", eq. 4.

    >>> LayerNormalization()([[1.0, 3.0]]).numpy().round(4)
    array([[-0.9995,  0.9995]], dtype=float32)
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **common: Any,
    ) -> None:
        settings = {
            "beta_initializer": beta_initializer,
            "gamma_initializer": gamma_initializer,
            "beta_regularizer": beta_regularizer,
            "gamma_regularizer": gamma_regularizer,
            "beta_constraint": beta_constraint,
            "gamma_constraint": gamma_constraint,
        }
        super().__init__(epsilon, center, scale, settings, common)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape[i] for i in normalise_axis(self.axis, len(input_shape)))
        if None in shape:
            raise ShapeError(f"{self.name}: the sizes along axis {self.axis} must be known, got shape {tuple(input_shape)}.")
        self._make_scale_and_offset(shape)

    def call(self, x: Any) -> Any:
        x = self._floating(x)
        axes = normalise_axis(self.axis, len(x.shape))
        shape = tuple(n if i in axes else 1 for i, n in enumerate(x.shape))
        return affine(standardized(x, axes, self.epsilon), *self._scale_and_offset(shape))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis}
