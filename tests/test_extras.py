"""What needs an extra says so in one line, with its command; what needs none does without."""

import subprocess
import sys

import pytest

from rate2spike.extras import needed

TOLD = "torch is not installed: pip install -c constraints.txt -e '.[torch]' in the folder of the"
# in a fresh interpreter, where torch cannot be imported
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None

import importlib

import numpy as np
import rate, rate.tasks, spiking, spikeRNN
from rate2spike import provenance
from rate2spike import rate as library
from rate2spike.rate import reference

def told(call):
    try:
        call()
    except ModuleNotFoundError as error:
        print(error)
    else:
        print("no error")

told(lambda: rate.FR_RNN_dale)
told(lambda: rate.AbstractRateRNN)
told(lambda: importlib.import_module("rate.eg_optimizer"))
told(lambda: spikeRNN.FR_RNN_dale)
told(lambda: rate.set_gpu())
told(lambda: reference.activate(1.0, "sigmoid"))
told(lambda: spiking.check_gpu_availability())
spiking.set_random_seed(3)
print(rate.GoNogoTask({"T": 200, "stim_on": 50, "stim_dur": 25}).simulate_trial()[0].shape)
print(reference.firing_rates(np.zeros(1), "sigmoid"))
print(provenance.record(seconds=1)["device"])
"""


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "elephant", None)
    told = r"elephant is not installed: pip install -c constraints.txt -e '.\[export\]' in the"
    with pytest.raises(ModuleNotFoundError, match=told):
        needed("elephant", "export")
    assert needed("json", "export").dumps([1]) == "[1]"


def test_a_package_that_is_there_and_broken_is_not_called_missing(monkeypatch, tmp_path):
    (tmp_path / "broken_one.py").write_text("import what_it_needs_itself")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'what_it_needs_itself'"):
        needed("broken_one", "export")


def test_without_torch():
    command = [sys.executable, "-c", WITHOUT_TORCH]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *of_torch, of_gpu, shape, half, device = done.stdout.splitlines()
    assert [line[: len(TOLD)] for line in of_torch] == [TOLD] * 6
    assert of_gpu.startswith(TOLD.replace("[torch]", "[gpu]"))
    assert (shape, half, device) == ("(1, 200)", "[0.5]", "cpu")


def test_a_training_by_the_published_command_line_needs_torch(tmp_path):
    code = f"""
import sys
sys.modules["torch"] = None
from rate.main import main
main(["--task", "xor", "--N", "9", "--decay_taus", "4", "--output_dir", {str(tmp_path)!r}])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert f"error: {TOLD}" in done.stderr
    assert not list(tmp_path.iterdir())


COMMANDS = ["rate.main"]
COMMANDS += ["spiking.eval_go_nogo", "spiking.eval_tasks", "spiking.eval_xor"]
COMMANDS += ["spiking.lambda_grid_search"]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_waits_for_nothing_heavy(name):
    heavy = ("matplotlib", "numba", "pandas", "scipy", "snakemake", "torch")
    code = f"""
import runpy, sys
sys.argv = ["it", "--help"]
try:
    runpy.run_module({name!r}, run_name="__main__")
except SystemExit as end:
    print(end.code, [package for package in {heavy} if package in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"usage: python -m {name}" in done.stdout
    assert done.stdout.splitlines()[-1] == "0 []"
