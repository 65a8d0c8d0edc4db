"""PyTorch's address for what happens to gradients between backward and a step: `nn.utils`."""

from autotensor.nn.clipping import clip_grad_norm_, clip_grad_value_

__all__ = ["clip_grad_norm_", "clip_grad_value_"]
