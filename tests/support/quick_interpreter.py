"""Triton's interpreter without much of what it does over and over. The tests of the GPU kernels
import this; the kernels compute the same. With a GPU it changes nothing."""

from dataclasses import replace
from functools import cache

import numpy as np
import triton
import triton.language as tl
from triton.runtime import interpreter

launch, replace_for = interpreter.GridExecutor.__call__, interpreter._patch_lang
begin_type, begin_tensor = tl.core.block_type.__init__, tl.core.tensor.__init__
dtype_of_scalar = cache(interpreter._get_np_dtype)

# What is to be replaced in triton.language --------------------------------------------------------

replaced_in = set()  # the modules, by their globals, for whose functions this launch has done so


def begin_launch(self, *arguments, **settings):
    replaced_in.clear()
    return launch(self, *arguments, **settings)


def replace_once(function):
    """A kernel that calls a function looks through all of the language again: once a launch is
    enough."""
    names = id(function.__globals__)
    if names in replaced_in:
        return None
    replaced_in.add(names)
    return replace_for(function)


# Types and shapes ---------------------------------------------------------------------------------

types: dict[tuple, dict] = {}
shapes: dict[tuple, dict] = {}


def block_type(self, element_ty, shape):
    """Of the same elements and shape are many, and all that follows from these two is the same."""
    key = (element_ty.name, *(getattr(n, "value", n) for n in shape))
    if key not in types:
        begin_type(self, element_ty, shape)
        types[key] = dict(vars(self))
    vars(self).update(types[key])
    self.element_ty = element_ty


def tensor(self, handle, type):
    """Of the same shape are many, too."""
    key = tuple(type.shape) if type.is_block() else ()
    if key not in shapes:
        begin_tensor(self, None, type)
        shapes[key] = dict(vars(self))
    vars(self).update(shapes[key])
    self.handle, self.type, self.dtype = handle, type, type.scalar


def dtype(of):
    """Of numpy: the interpreter lists all of them each time that it is asked for one."""
    if isinstance(of.scalar, tl.pointer_type):
        return np.dtype(np.uint64)
    return dtype_of_scalar(of.scalar)


if triton.knobs.runtime.interpret:
    interpreter.GridExecutor.__call__ = begin_launch
    interpreter._patch_lang = replace_once
    tl.core.block_type.__init__ = block_type
    tl.core.tensor.__init__ = tensor
    interpreter._get_np_dtype = dtype
    # a sum or product of integers is computed twice for an assertion that debugging alone makes
    options = interpreter.interpreter_builder.options
    if not options.debug:
        interpreter.interpreter_builder.options = replace(options, sanitize_overflow=False)
