"""Which device a setting means, what keeps a GPU from being used, and when one computes something
else than the CPU. Neither a GPU nor PyTorch is needed."""

from types import SimpleNamespace

import numpy as np
import pytest

from rate2spike import devices
from rate2spike.devices import Compared, device_of, refuse_where_apart


def test_in_the_interpreter_a_gpu_has_to_be_asked_for(monkeypatch):
    monkeypatch.setattr(devices, "_missing_for_cuda", lambda: "")
    for interpreted, auto in ((True, "cpu"), (False, "cuda")):
        monkeypatch.setattr(devices, "_interpreted", lambda so=interpreted: so)
        assert (device_of("auto"), device_of("cpu"), device_of("cuda")) == (auto, "cpu", "cuda")


def test_a_gpu_that_is_there_and_cannot_be_used_is_told(monkeypatch):
    """Where there is none, nothing is missing."""
    monkeypatch.setattr(devices, "_missing_for_cuda", lambda: "torch is not installed")
    for n_gpus, said in ((0, ""), (1, "torch is not installed"), (2, "torch is not installed")):
        monkeypatch.setattr(devices, "_n_gpus", lambda n=n_gpus: n)
        assert devices.unused_gpu() == said


@pytest.mark.parametrize(
    ("line", "is_for_gpus"),
    [
        ("cuda: Optional[str] = '12.8'", True),
        ('cuda = "11.8"', True),
        ("cuda: Optional[str] = None", False),
        ("hip: Optional[str] = '6.2'", False),
        ("debug = False  # cuda = '12.8'", False),
    ],
)
def test_the_build_of_pytorch_is_told_by_its_file_of_versions(
    tmp_path, monkeypatch, line, is_for_gpus
):
    (tmp_path / "version.py").write_text(f"__version__ = '2.9'\n{line}\ngit_version = 'cuda'\n")
    torch = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(devices, "find_spec", lambda name: torch)
    assert devices._torch_has_cuda() is is_for_gpus


@pytest.mark.parametrize(
    ("of_gpu", "of_cpu", "apart"),
    [
        ([1.0, 2.0], [1.0, 2.0], None),
        ([1.0, 2.019], [1.0, 2.0], None),  # 0.95 % of the largest of the CPU's
        ([1.0, 2.021], [1.0, 2.0], "0.01"),
        ([1.021, -2.0], [1.0, -2.0], "0.01"),
        ([0.0, 0.0], [1.0, 2.0], "1"),
        ([400.0, 2.0], [1.0, 2.0], "2e+02"),
        ([np.nan, 2.0], [1.0, 2.0], "nan"),
        ([np.inf, 2.0], [1.0, 2.0], "inf"),
        ([0.0, 1e-9], [0.0, 0.0], None),
        ([0.0, 1e-7], [0.0, 0.0], "0.1"),
        (np.bool_(True), np.bool_(False), "1e+06"),
    ],
)
def test_a_gpu_is_compared_by_the_size_of_the_cpus_numbers(of_gpu, of_cpu, apart):
    compared = [
        Compared("the same", 3, 3, 0.01),
        Compared("the output", of_gpu, np.array(of_cpu), 0.01),
        Compared("what comes after", 5, 3, 0.01),
    ]
    if apart is None:
        refuse_where_apart(compared[:2])
        return
    with pytest.raises(RuntimeError) as error:
        refuse_where_apart(compared)
    said = f"the output differs by {apart} of its size, expected less than 0.01; write device: cpu"
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("Triton Error [CUDA]: Out of memory"), True),
        (type("OutOfMemoryError", (RuntimeError,), {})(""), True),
        (RuntimeError("an illegal memory access was encountered"), False),
    ],
)
def test_a_full_memory_is_told_from_other_errors(error, expected):
    assert devices.out_of_memory(error) is expected
