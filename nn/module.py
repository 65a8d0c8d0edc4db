"""The module: parameters, buffers and other modules under attribute names, and a `forward` that uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from autotensor.core.errors import ArgumentError, DTypeError, UnknownNameError, did_you_mean
from autotensor.core.recording import inside
from autotensor.core.spec import DTypeLike
from autotensor.core.tensor import Tensor
from autotensor.nn import attributes, changes, hooks, state, text
from autotensor.nn.hooks import Handle, Hook, Hooks
from autotensor.nn.parameter import Parameter
from autotensor.nn.walking import Role, once, tensors, walk


def _no_forward(self: Module, *_: Any, **__: Any) -> Any:
    raise attributes.no_forward(type(self).__name__)


class Module:
    """A function with parameters. Subclasses assign parameters and modules in `__init__` and compute in `forward`.

    Assigned Parameters and Modules are found by `parameters()`, `state_dict()` and the rest, under their attributes' names.
    Calling the module calls `forward`; operations inside know the module's path, which errors and pictures show.
    The values themselves are ordinary attributes; `_roles` says which of them are parameters, buffers and modules.

    >>> import autotensor as at
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = Parameter([2.0])
    ...
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> scale = Scale()
    >>> scale(at.tensor([3.0])).detach(), [name for name, _ in scale.named_parameters()]
    (tensor([6.]), ['factor'])
    """

    training: bool
    forward: Callable[..., Any] = _no_forward
    _roles: dict[str, Role]
    _transient: set[str]  # the buffers that state_dict leaves out
    _pre_hooks: Hooks
    _hooks: Hooks
    _scope_name: str | None  # the name under which a parent holds this module; None: it adds nothing to the path

    def __init__(self) -> None:
        fresh: dict[str, Any] = {
            "_roles": {},
            "_transient": set(),
            "_pre_hooks": {},
            "_hooks": {},
            "_scope_name": None,
            "training": True,
        }
        self.__dict__.update(fresh)

    # calling
    def __call__(self, *inputs: Any, **settings: Any) -> Any:
        if self._hooks or self._pre_hooks:
            return self._call_with_hooks(inputs, settings)
        if self._scope_name is None:
            return self.forward(*inputs, **settings)
        with inside(self._scope_name):
            return self.forward(*inputs, **settings)

    def _call_with_hooks(self, inputs: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        if self._scope_name is None:
            return hooks.run(self, self.forward, self._pre_hooks, self._hooks, inputs, settings)
        with inside(self._scope_name):
            return hooks.run(self, self.forward, self._pre_hooks, self._hooks, inputs, settings)

    def register_forward_pre_hook(self, hook: Hook) -> Handle:
        """Call `hook(module, inputs)` before forward; what it returns, if not None, replaces the inputs."""
        changes.note()
        return Handle.add(self._pre_hooks, hook)

    def register_forward_hook(self, hook: Hook) -> Handle:
        """Call `hook(module, inputs, output)` after forward; what it returns, if not None, replaces the output."""
        changes.note()
        return Handle.add(self._hooks, hook)

    # attributes
    def __setattr__(self, name: str, value: Any) -> None:
        changes.note()
        role: Role | None = "parameter" if isinstance(value, Parameter) else "module" if isinstance(value, Module) else None
        roles = self.__dict__.get("_roles")
        if roles is None:
            if role is not None:
                raise attributes.uninitialised(type(self).__name__, f"cannot hold {name!r} yet")
        elif role is not None and not isinstance(getattr(type(self), name, None), property):
            self._transient.discard(name)
            self._hold(name, role, value)
            return
        elif name in roles:
            value = self._fitting(name, roles[name], value)
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:  # only for names that ordinary lookup has not found
        if name.startswith("__"):
            raise AttributeError(name)
        if "_roles" not in self.__dict__:
            raise attributes.uninitialised(type(self).__name__, f"has no attribute {name!r}")
        options = [option for option in dir(self) if not option.startswith("_")]
        raise attributes.MissingAttributeError(f"{type(self).__name__} has no attribute {name!r}.{did_you_mean(name, options)}")

    def __delattr__(self, name: str) -> None:
        changes.note()
        super().__delattr__(name)
        self._roles.pop(name, None)
        self._transient.discard(name)

    def _hold(self, name: str, role: Role, value: Any) -> None:
        changes.note()
        self._roles[name] = role
        self.__dict__[name] = value
        if isinstance(value, Parameter):
            value.name = name
        elif isinstance(value, Module):
            value._held_as(name)

    def _held_as(self, name: str) -> None:
        """A parent holds this module under `name`: operations inside are said to happen there."""
        self.__dict__["_scope_name"] = name

    def _held(self, role: Role) -> list[tuple[str, Any]]:
        """What this module itself holds in one role, in the order of assignment; None where it was left out on purpose."""
        values = self.__dict__
        return [(name, values[name]) for name, its in self._roles.items() if its == role]

    def _fitting(self, name: str, role: Role, value: Any) -> Any:
        """`value`, if it may stand under a registered name; a buffer is made a constant."""
        if value is None:
            return None
        if role == "buffer":
            return attributes.constant(value)
        if not isinstance(value, Parameter if role == "parameter" else Module):
            raise attributes.misfit(type(self).__name__, name, role, value)
        return value

    def _free_name(self, name: str, role: Role) -> str:
        if "_roles" not in self.__dict__:
            raise attributes.uninitialised(type(self).__name__, f"cannot hold {name!r} yet")
        if not name or "." in name:
            raise ArgumentError(f"the name of a {role} is a string without dots and not empty, got {name!r}.")
        if self._roles.get(name) != role and (name in self.__dict__ or hasattr(type(self), name)):
            raise ArgumentError(f"{type(self).__name__} already has an attribute {name!r}; choose another name for the {role}.")
        return name

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """Hold a parameter; None says that there is none of this name, as a Linear without bias does."""
        self._hold(self._free_name(name, "parameter"), "parameter", self._fitting(name, "parameter", parameter))

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Hold a constant that is no parameter, such as a running mean; `persistent=False` keeps it out of `state_dict`."""
        self._hold(self._free_name(name, "buffer"), "buffer", self._fitting(name, "buffer", tensor))
        (self._transient.discard if persistent else self._transient.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Hold a module under a name that need not be an identifier."""
        self._hold(self._free_name(name, "module"), "module", self._fitting(name, "module", module))

    register_module = add_module

    # walking
    def named_modules(self, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """This module and all below it with their dotted paths, parents first, shared ones once."""
        pairs = walk(self, prefix)
        return once(pairs) if remove_duplicate else pairs

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Parameters with their dotted paths, shared ones once."""
        return self._named("parameter", prefix, recurse, remove_duplicate)

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Buffers with their dotted paths, shared ones once."""
        return self._named("buffer", prefix, recurse, remove_duplicate)

    def _named(self, role: Role, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        pairs = tensors(walk(self, prefix) if recurse else [(prefix, self)], role)
        return once(pairs) if remove_duplicate else pairs

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules that this one holds itself, shared ones once."""
        return once((name, child) for name, child in self._held("module") if child is not None)

    def modules(self) -> Iterator[Module]:
        """This module and all below it, shared ones once."""
        return (module for _, module in self.named_modules())

    def children(self) -> Iterator[Module]:
        """The modules that this one holds itself."""
        return (child for _, child in self.named_children())

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Parameters, shared ones once: what an optimizer is given."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Buffers, shared ones once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted path; the empty path is this module itself.

        Raises: UnknownNameError if there is none.
        """
        paths = dict(walk(self))
        if target not in paths:
            raise UnknownNameError(f"{type(self).__name__} has no module at {target!r}.{did_you_mean(target, paths)}")
        return paths[target]

    # what holds for all below
    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call `function` with every module below, children first, and with this one; returns the module."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and below: dropout drops, batch normalisation follows the batch; returns the module."""
        changes.note()
        self._set_mode(mode)
        return self

    def _set_mode(self, mode: bool) -> None:
        """`train`, by a loop that leaves the mode as it was: what was compiled stays."""
        for module in self.modules():
            module.__dict__["training"] = bool(mode)

    def eval(self) -> Self:
        """The same as `train(False)`."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let all parameters collect gradients, or freeze them; returns the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or set them to zero where there are any."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad = None if set_to_none else Tensor(np.zeros(parameter.shape, parameter.dtype))

    def to(self, dtype: DTypeLike) -> Self:
        """Convert floating parameters and buffers in place; returns the module.

        Raises: DTypeError unless `dtype` is floating. There are no devices to move to.
        """
        try:
            kind = np.dtype(dtype)
        except TypeError:
            kind = np.dtype(object)
        if kind.kind != "f":
            raise DTypeError(f"to() takes a floating dtype such as 'float64', got {dtype!r}; there are no devices to choose.")
        for parameter in self.parameters():
            if parameter.dtype.kind == "f":
                parameter.convert(kind)
        for buffer in self.buffers():
            if buffer.dtype.kind == "f":
                buffer.data = buffer.data.astype(kind, copy=False)
        return self

    def float(self) -> Self:
        """Convert to float32, in place."""
        return self.to(np.float32)

    def double(self) -> Self:
        """Convert to float64, in place."""
        return self.to(np.float64)

    # saving
    def state_dict(self, *, prefix: str = "") -> dict[str, Tensor]:
        """Copies of all parameters and persistent buffers by dotted path, as constants; shared ones at each of their paths."""
        return state.collected(self, prefix)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> state.Keys:
        """Take over arrays or Tensors by dotted path; nothing is changed unless everything fits.

        `strict=False` passes over names that are missing or unexpected; shapes must fit all the same.
        Raises: StateError, which lists every name and shape that does not fit.
        """
        return state.load(self, state_dict, strict)

    # text
    def extra_repr(self) -> str:
        """What stands between the parentheses of this module's own line."""
        return ""

    def __repr__(self) -> str:
        return text.tree(type(self).__name__, self.extra_repr(), self._lines())

    def _lines(self) -> Iterable[tuple[str, str]]:
        return [(name, repr(child)) for name, child in self._held("module")]
