"""Any network of spiking units on one NVIDIA GPU in float64: `networks.advance`, all steps of a
chunk in one launch.

One program runs one simulation with the state of its units in registers. The step is the model's
own, translated for Triton once (see `compiled_step`). The input from the others is summed over the
sending units in their order, without fused multiply-adds, so the bits are meant to be those of the
reference. Without a GPU the kernel runs in Triton's interpreter (TRITON_INTERPRET=1), for tests.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import logging
import textwrap
import weakref
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
import triton
import triton.language as tl
from triton.errors import TritonError

from ...devices import out_of_memory
from ...streams.cuda import DEVICE, check_width, free_bytes, to_device

log = logging.getLogger(__name__)

UNITS_PER_THREAD = 1  # some 20 numbers a unit, each in two registers: two units spill
GROUP = 8  # sending units whose weights are asked for at once
EXPECTED = (
    "expected plain arithmetic on numbers, without calls and without `if`; or use device: cpu"
)


def advance(
    job,
    variables: Sequence[str],
    *,
    every: int,
    average: bool,
    spikes: bool = True,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Advance `job` by the steps of its inputs, as `pick.network_kernels` describes, in as few
    launches as memory allows.

    Parameters
    ----------
    job : as `networks.Job`; its state is that after the last step in the end
    variables : names of the state variables that are sampled
    every : a sample after each `every`-th step
    average : sample means over those steps instead
    spikes : whether to return where units spiked
    threads : means nothing here

    Returns
    -------
    samples : float64 (len(variables), batch, n_steps // every, n_units)
    fired : uint8 (batch, n_steps, n_units); (batch, 0, n_units) without `spikes`

    Raises
    ------
    ValueError
        For a network that is too large.
    TypeError
        For a model whose step cannot be compiled.
    """
    batch, n_units = job.state.shape[1:]
    check_width(n_units)
    kept = tuple(job.neuron.variables.index(name) for name in variables)
    step = compiled_step(type(job.neuron))
    weights = _weights_of(job)
    if not weights.size:
        fitting = _fitting(job, n_kept=len(kept), every=every, spikes=spikes)
        weights.size = max(1, min(batch, fitting))
    samples, fired = [], []
    at = 0
    while at < batch:
        part = slice(at, min(at + weights.size, batch))
        try:
            samples_of_part, fired_of_part = _launch(
                job,
                part,
                weights,
                step=step,
                kept=kept,
                every=every,
                average=average,
                spikes=spikes,
            )
        except TritonError as error:
            raise TypeError(
                f"{_name(type(job.neuron))} cannot be compiled for a GPU: {_reason(error)}; "
                f"{EXPECTED}"
            ) from error
        except RuntimeError as error:
            if weights.size == 1 or not out_of_memory(error):
                raise
            weights.free()
            weights.size = -(-weights.size // 2)
            log.warning(
                "the GPU's memory does not hold the launch: going on with %d simulations at once",
                weights.size,
            )
        else:
            samples.append(samples_of_part)
            fired.append(fired_of_part)
            at += weights.size
    return np.concatenate(samples, axis=1), np.concatenate(fired)


def _reason(error: BaseException) -> BaseException:
    """What stopped the compilation: Triton raises the error of the kernel from that of the
    model's step in it."""
    while error.__cause__:
        error = error.__cause__
    return error


def _launch(
    job,
    part: slice,
    weights: _Weights,
    *,
    step,
    kept: tuple[int, ...],
    every: int,
    average: bool,
    spikes: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """The simulations of `part`, in one launch; their state in `job` is that after the last
    step."""
    state = to_device(job.state[:, part])
    constants = to_device(job.constants[:, part])
    n_variables, n, n_units = state.shape
    n_samples = job.n_steps // every
    n_recorded = job.n_steps if spikes else 0
    block = max(16, triton.next_power_of_2(n_units))
    own_inputs, own_weights = len(job.inputs) > 1, len(job.weights) > 1
    samples = torch.empty((len(kept), n, n_samples, n_units), dtype=torch.float64, device=DEVICE)
    fired = torch.empty((n, n_recorded, n_units), dtype=torch.uint8, device=DEVICE)
    _advance[(n,)](
        state=state,
        constants=constants,
        w_pre=weights.on_device(part if own_weights else slice(0, 1)),
        inputs=to_device(job.inputs[part] if own_inputs else job.inputs),
        times=to_device(job.dt * (job.first_step + np.arange(1, job.n_steps + 1))),
        sent=torch.empty((n, block), dtype=torch.float64, device=DEVICE),
        samples=samples,
        fired=fired,
        n_programs=n,
        n_units=n_units,
        n_steps=job.n_steps,
        n_samples=n_samples,
        every=every,
        own_inputs=int(own_inputs),
        own_weights=int(own_weights),
        STEP=step,
        N_VARIABLES=n_variables,
        N_CONSTANTS=len(constants),
        SOURCE=job.neuron.variables.index(job.neuron.source),
        KEPT=kept,
        AVERAGE=average,
        SPIKES=spikes,
        BLOCK=block,
        N_GROUP=GROUP,
        num_warps=max(1, block // (32 * UNITS_PER_THREAD)),
        enable_fp_fusion=False,
    )
    job.state[:, part] = state.cpu().numpy()
    return samples.cpu().numpy(), fired.cpu().numpy()


def _fitting(job, *, n_kept: int, every: int, spikes: bool) -> int:
    """Simulations of one launch that take no more than half of the memory that is free."""
    n_units = job.state.shape[2]
    numbers_per_unit = len(job.state) + len(job.constants) + 2 + n_kept * (job.n_steps // every)
    if len(job.inputs) > 1:
        numbers_per_unit += job.n_steps
    if len(job.weights) > 1:
        numbers_per_unit += 2 * n_units  # as they come, and turned
    bytes_per_unit = 8 * numbers_per_unit + (job.n_steps if spikes else 0)
    return free_bytes() // (n_units * bytes_per_unit)


class _Weights:
    """The weights of a simulation on the GPU, [pre, post], and how many simulations fit: a
    simulation of many chunks, which would spend its time on copying them, finds both again.
    Forgotten with the weights themselves."""

    def __init__(self, weights: np.ndarray):
        self.array = weakref.ref(weights, lambda _: self.free())
        self.size = 0
        self.free()

    def free(self) -> None:
        self.part, self.tensor = None, None

    def on_device(self, part: slice) -> torch.Tensor:
        """Those of the simulations of `part`, copied where they are not there yet."""
        if self.part != part:
            self.free()
            self.tensor = to_device(self.array()[part]).transpose(1, 2).contiguous()
            self.part = part
        return self.tensor


_latest: list[_Weights] = []


def _weights_of(job) -> _Weights:
    """Those of the chunk before, if this is the next of the same simulation."""
    if not (job.first_step and _latest and _latest[0].array() is job.weights):
        _latest[:] = [_Weights(job.weights)]
    return _latest[0]


# The step of a model, for Triton ------------------------------------------------------------------


def compiled_step(model: type):
    """The step of a model as a Triton function.

    A step is written for numpy, and Triton reads some of it in another way. So its source text is
    read, a few expressions are replaced, and the new text is compiled; the rest stays as it is.

        what the user wrote                       what Triton gets

        PEAK = 30                                 (Triton takes no names from outside)

        def step(state, s_in, current, t, c):     def step(state, s_in, current, t, c):
            v, s = state                              v, s = state
            spike = v >= PEAK                         spike = v >= float64(30.0)
            rest = (0.9 * s,)                         rest = (float64(0.9) * s,)
            v = v + s_in ** 2                         v = v + s_in * s_in
            return (v, *rest), spike                  return ((v,) + rest, spike)

    `float64(x)` stands here for `tl.full([], x, tl.float64)`. The reasons:

    - a number beside a truth value is float32 for Triton: each number becomes a float64;
    - a name of a number outside of the function becomes that number, as it is now;
    - x ** 2 becomes x * x, which is what numpy computes;
    - (v, *rest) becomes (v,) + rest, since Triton knows no stars in a tuple;
    - decorators and annotations are left out.

    Parameters
    ----------
    model : the class, with `step` as a static method

    Returns
    -------
    A function for the argument STEP of the kernel.

    Raises
    ------
    TypeError
        Where the source cannot be had, or holds anything but arithmetic.
    """
    names = inspect.getclosurevars(model.step)
    numbers = []
    for name, value in sorted((names.globals | names.nonlocals).items()):
        if not isinstance(value, int | float | np.floating | np.integer):
            raise TypeError(f"{_name(model)}: got {name}, which is no number; {EXPECTED}")
        numbers.append((name, float(value)))
    return _translated(model.step, _name(model), tuple(numbers))


def _name(model: type) -> str:
    return f"{model.__module__}.{model.__qualname__}.step"


@lru_cache(maxsize=64)
def _translated(step, name: str, numbers: tuple):
    """The step compiled; numbers: name and value of each number outside of it, part of the key of
    the cache, because with other values it is another function."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(step)))
    except (OSError, TypeError) as error:
        raise TypeError(
            f"{name}: its source is needed on a GPU and cannot be found ({error}); "
            "define the class in a file or use device: cpu"
        ) from error
    function = tree.body[0]
    function.decorator_list = []
    function.returns = None
    for argument in function.args.args:
        argument.annotation = None
    tree = ast.fix_missing_locations(_Doubles(dict(numbers)).visit(tree))
    source = ast.unparse(tree)
    file = f"<{name} on a GPU>"
    lines = source.splitlines(keepends=True)
    linecache.cache[file] = (len(source), None, lines, file)  # Triton reads it there
    namespace = {"__name__": step.__module__, "tl": tl}
    exec(compile(source, file, "exec"), namespace)
    return triton.jit(namespace[function.name])


class _Doubles(ast.NodeTransformer):
    """Numbers in the source, and names of numbers outside of it, become float64; squares and stars
    what Triton knows. Examples: `compiled_step`."""

    def __init__(self, numbers: dict[str, float]):
        self.numbers = numbers

    def visit_Constant(self, node):
        """0.1 becomes float64(0.1); True, None and texts stay."""
        return self._double(node.value) if type(node.value) in (int, float) else node

    def visit_Subscript(self, node):
        """In a[0] only a is looked at: an index stays what it is."""
        node.value = self.visit(node.value)
        return node

    def visit_Name(self, node):
        """PEAK, a number outside of the function, becomes float64(30.0)."""
        return self._double(self.numbers[node.id]) if node.id in self.numbers else node

    def visit_BinOp(self, node):
        """x ** 2 becomes x * x, as in NumPy."""
        exponent = node.right.value if isinstance(node.right, ast.Constant) else None
        if isinstance(node.op, ast.Pow) and exponent == 2:
            node = ast.BinOp(node.left, ast.Mult(), node.left)
        return self.generic_visit(node)

    def visit_Tuple(self, node):
        """(a, *b, c) becomes (a,) + b + (c,)."""
        self.generic_visit(node)
        has_star = any(isinstance(element, ast.Starred) for element in node.elts)
        if not isinstance(node.ctx, ast.Load) or not has_star:
            return node
        total = None
        for element in node.elts:
            if isinstance(element, ast.Starred):
                part = element.value
            else:
                part = ast.Tuple([element], ast.Load())
            total = part if total is None else ast.BinOp(total, ast.Add(), part)
        return total

    def _double(self, value: float):
        return ast.parse(f"tl.full([], {float(value)!r}, tl.float64)", mode="eval").body


# The kernel ---------------------------------------------------------------------------------------


@triton.jit
def _from_others(w_pre, sent, source, j, unit, n_units, BLOCK: tl.constexpr, N_GROUP: tl.constexpr):
    """Sum of weight times what is sent, the first sending unit first; groups of units that all send
    0 are left out, which changes no bit. sent: scratch (BLOCK,) through which each thread sees what
    all units send."""
    tl.debug_barrier()  # all have read what was sent in the step before
    tl.store(sent + j, source)
    tl.debug_barrier()
    s_in, waiting = tl.zeros([BLOCK], tl.float64), tl.where(source != 0, j, BLOCK)
    first = tl.min(waiting, axis=0)
    while first < n_units:
        begin = first // N_GROUP * N_GROUP
        for i in tl.static_range(N_GROUP):
            pre = begin + i
            s_in += tl.load(w_pre + tl.minimum(pre, n_units - 1) * n_units + unit) * tl.load(
                sent + pre
            )
        waiting = tl.where(j < begin + N_GROUP, BLOCK, waiting)
        first = tl.min(waiting, axis=0)
    return s_in


@triton.jit
def _loaded(pointer, stride, N: tl.constexpr):
    """N blocks of numbers."""
    blocks = ()
    for i in tl.static_range(N):
        blocks = blocks + (tl.load(pointer + i * stride),)  # noqa: RUF005 - Triton knows no stars
    return blocks


@triton.jit
def _blocks(values, nothing, N: tl.constexpr):
    """Each of the values as a float64 for each unit. nothing: -0.0, which changes no number it is
    added to."""
    blocks = ()
    for i in tl.static_range(N):
        blocks = blocks + (values[i] + nothing,)  # noqa: RUF005
    return blocks


@triton.jit
def _sample(at, value, done, every, there, AVERAGE: tl.constexpr):
    """What a sample holds after one more step, `done` of its `every` steps before it."""
    if AVERAGE:
        value /= every.to(tl.float64)
        if done > 0:
            value += tl.load(at, mask=there, other=0.0)
        tl.store(at, value, mask=there)
    else:
        if done + 1 == every:
            tl.store(at, value, mask=there)


@triton.jit(
    do_not_specialize=[
        "n_programs", "n_units", "n_steps", "n_samples", "every", "own_inputs", "own_weights",
    ]
)  # fmt: skip
def _advance(
    state, constants, w_pre, inputs, times, sent, samples, fired,
    n_programs, n_units, n_steps, n_samples, every, own_inputs, own_weights,
    STEP: tl.constexpr, N_VARIABLES: tl.constexpr, N_CONSTANTS: tl.constexpr, SOURCE: tl.constexpr,
    KEPT: tl.constexpr, AVERAGE: tl.constexpr, SPIKES: tl.constexpr, BLOCK: tl.constexpr,
    N_GROUP: tl.constexpr,
):  # fmt: skip
    """One simulation. Threads beyond the last unit compute what it computes, and send and store
    nothing."""
    program = tl.program_id(0).to(tl.int64)
    j = tl.arange(0, BLOCK)
    there, unit = j < n_units, tl.minimum(j, n_units - 1)
    zero, nothing = tl.zeros([BLOCK], tl.float64), tl.full([BLOCK], -0.0, tl.float64)
    stride = n_programs.to(tl.int64) * n_units
    own_w, own_sent = w_pre + program * own_weights * n_units * n_units, sent + program * BLOCK
    now = _loaded(state + program * n_units + unit, stride, N_VARIABLES)
    fixed = _loaded(constants + program * n_units + unit, stride, N_CONSTANTS)
    for k in range(n_steps):
        current = tl.load(inputs + (program * own_inputs * n_steps + k) * n_units + unit)
        t = tl.load(times + k)
        s_in = _from_others(
            own_w, own_sent, tl.where(there, now[SOURCE], zero), j, unit, n_units, BLOCK, N_GROUP
        )
        after, spike = STEP(now, s_in, current, t, fixed)
        now = _blocks(after, nothing, N_VARIABLES)
        if SPIKES:
            tl.store(
                fired + (program * n_steps + k) * n_units + j,
                (spike + nothing > 0).to(tl.uint8),
                mask=there,
            )
        if k // every < n_samples:  # what is left over at the end has no sample
            at = samples + (program * n_samples + k // every) * n_units + j
            for i in tl.static_range(len(KEPT)):
                _sample(at + i * stride * n_samples, now[KEPT[i]], k % every, every, there, AVERAGE)
    for i in tl.static_range(N_VARIABLES):
        tl.store(state + i * stride + program * n_units + j, now[i], mask=there)
