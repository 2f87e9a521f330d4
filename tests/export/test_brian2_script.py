"""The script for Brian2: what is in it and, where Brian2 is installed, that its network does what
ours does."""

import re
import runpy
import sys
from dataclasses import replace

import numpy as np
import pytest
import tiny_brian2

from rate2spike import conversion, export, matfile, spiking, streams
from rate2spike.config import NeuronConfig
from rate2spike.export import brian2_script

STREAM = streams.key(7, "brian2")
NEURONS = {
    "double": NeuronConfig(),
    "single": NeuronConfig(tau_rise_ms=0.0),
    "qif": NeuronConfig(model="qif"),
}


def stimuli() -> dict:
    """A pulse and none, 0.2 s."""
    pulse = np.zeros((1, 41))
    pulse[:, 8:20] = 1
    return {"pulse": pulse, "none": np.zeros((1, 41))}


@pytest.fixture(params=NEURONS)
def network(request, published_model_file) -> spiking.SpikingNetwork:
    model = matfile.load(published_model_file)
    return conversion.to_spiking(model, 30, neuron=NEURONS[request.param])


def test_the_script_has_the_network_in_it(network, tmp_path):
    path = tmp_path / 'a "network" of ours.py'
    export.to_brian2(
        network, path, stimuli=stimuli(), stream=STREAM, downsample=2, title='What\\ "he" calls """'
    )
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".npz", ".py"]
    text = path.read_text()
    assert compile(text, path.name, "exec").co_consts[0].startswith('\nWhat\\ "he" calls """\n')
    arrays = np.load(path.with_suffix(".npz"))
    for name in ("w_rec", "w_in", "w_out", "tau_decay_ms"):
        np.testing.assert_array_equal(arrays[name], getattr(network, name))
    assert arrays["kind"].tolist() == ["pulse", "none"]
    np.testing.assert_array_equal(arrays["inputs"][0], stimuli()["pulse"][:, ::2])
    initial = spiking.as_network(network, stream=STREAM, trial=1).initial["v"]
    np.testing.assert_array_equal(arrays["initial_v_mv"][1], initial)
    neuron = network.neuron
    for line in (
        "defaultclock.dt = 0.1 * ms",
        "tau_mem = 10 * ms",
        "t_refractory = 2 * ms",
        f"v_threshold = {neuron.v_threshold:g} * mV",
        f"v_reset = {neuron.v_reset:g} * mV",
        f"bias = {neuron.bias:g} * mV",
        "noise_sd = 0.1 * mV",
    ):
        assert f"\n{line}\n" in text
    assert ("tau_rise = 2 * ms\n" in text) == (neuron.tau_rise_ms > 0) == ("hr +=" in text)


def test_the_head_of_the_script_names_this_network(network, tmp_path):
    """Without stimuli it runs for 1 s."""
    path = tmp_path / "network.py"
    export.to_brian2(network, path, title="Which one")
    head = " ".join(path.read_text("utf-8").partition("Kim, R.")[0].split())
    n_inh = int(network.inhibitory.sum())
    assert head.startswith('""" Which one 200 spiking neurons, ')
    assert f", {n_inh} of them inhibitory," in head
    assert "divided by 1/lambda = 30." in head
    assert "drawn uniformly from v_reset to 30 mV" in path.read_text("utf-8")
    arrays = np.load(tmp_path / "network.npz")
    assert arrays["kind"].tolist() == ["no input"]
    assert arrays["inputs"].shape == (1, network.n_inputs, 201)  # the last column is no time
    assert not arrays["inputs"].any()
    np.testing.assert_array_equal(arrays["inhibitory"], network.inhibitory)


def test_another_network_is_another_script(network, tmp_path):
    def written(other) -> tuple:
        export.to_brian2(other, tmp_path / "network.py")
        arrays = np.load(tmp_path / "network.npz")
        return (tmp_path / "network.py").read_text(), arrays["w_rec"].tobytes()

    text, weights = written(network)
    w_rec = network.w_rec.copy()
    w_rec[3, 4] += 1e-12
    same_text, other_weights = written(replace(network, w_rec=w_rec))
    assert (same_text, other_weights != weights) == (text, True)
    for changed in ({"t_refractory_ms": 5.3}, {"tau_mem_ms": 11.0}, {"v_reset": -64.5}):
        other_text, _ = written(replace(network, neuron=replace(network.neuron, **changed)))
        assert other_text != text


def test_the_script_has_the_output_factor_in_its_readout(published_model_file, tmp_path):
    model = matfile.load(published_model_file)
    readout, head = {}, {}
    for name, factor in {"plain": 1.0, "refined": 0.25}.items():
        network = conversion.to_spiking(replace(model, output_factor=factor), 30)
        export.to_brian2(network, tmp_path / f"{name}.py")
        readout[name] = np.load(tmp_path / f"{name}.npz")["w_out"]
        head[name] = (tmp_path / f"{name}.py").read_text().partition("Kim, R.")[0]
    np.testing.assert_array_equal(readout["refined"], 0.25 * readout["plain"])
    assert "multiplied by 0.25 besides" in head["refined"]
    assert "multiplied" not in head["plain"]


def test_the_script_has_the_biases_of_the_units_and_the_offset_of_the_output(network, tmp_path):
    """Without them nothing of it is in the text."""
    bias_mv = np.linspace(-1.0, 2.0, network.n_units)
    biased = replace(network, bias_mv=bias_mv, output_offset=-0.0625)
    text = {}
    for name, written in {"plain": network, "biased": biased}.items():
        (tmp_path / name).mkdir()
        export.to_brian2(written, tmp_path / name / "network.py")
        text[name] = (tmp_path / name / "network.py").read_text()
    arrays = np.load(tmp_path / "biased" / "network.npz")
    np.testing.assert_array_equal(arrays["bias_mv"], bias_mv)
    assert "bias_mv" not in np.load(tmp_path / "plain" / "network.npz")
    for line, times in {
        "#     output = w_out r + -0.0625\n": 1,
        "+ w_in u + own_bias\n": 1,
        '\nown_bias = arrays["bias_mv"] * mV  # a constant current of each neuron, ': 1,
        "TimedArray((w_in @ inputs[trial] + own_bias[:, None]).T, dt=column)\n": 1,
        "outputs.append(w_out @ rate_monitor.r + -0.0625)\n": 1,
        "own_bias": 3,
        "\n-0.0625 is added to the output.\nAll weights that reach a neuron are ": 1,
        "-0.0625": 3,
    }.items():
        assert text["biased"].count(line) == times, line
    compile(text["biased"], "network.py", "exec")
    without = text["biased"].replace(" + own_bias[:, None]", "").replace(" + own_bias", "")
    without = without.replace(" + -0.0625", "")
    without = re.sub(r"\.\n-0\.0625 is added.*?current of its own", "", without, flags=re.DOTALL)
    without = without.splitlines()
    rest = [line for line in without if not line.startswith("own_bias")]
    assert rest == text["plain"].splitlines()


def test_an_offset_alone_is_in_the_readout_of_the_script(published_model_file, tmp_path):
    """Times the output factor; neurons have no bias of their own then."""
    model = matfile.load(published_model_file)
    refined = replace(model, output_factor=0.25, output_offset=0.5)
    text = {}
    for name, of_model in {"plain": model, "refined": refined}.items():
        export.to_brian2(conversion.to_spiking(of_model, 30), tmp_path / f"{name}.py")
        text[name] = (tmp_path / f"{name}.py").read_text()
    assert "\n    outputs.append(w_out @ rate_monitor.r + 0.125)\n" in text["refined"]
    assert "#     output = w_out r + 0.125\n" in text["refined"]
    assert "\n    outputs.append(w_out @ rate_monitor.r)\n" in text["plain"]
    for of_network in text.values():
        assert "own_bias" not in of_network


def test_units_without_recurrent_weights_are_not_connected(network, tmp_path):
    """Brian2 connects no empty lists."""
    export.to_brian2(replace(network, w_rec=0 * network.w_rec), tmp_path / "network.py")
    text = (tmp_path / "network.py").read_text()
    assert "synapses.active = False\n" in text
    assert ".connect(" not in text


def test_a_time_is_written_as_the_number_that_it_is():
    """Brian2 reads 5.3 ms as 5.3 * 0.001: where that is no longer our float, s are written."""
    for ms in np.arange(1, 200) / 10:
        seconds = float(ms / 1000)
        read = eval(brian2_script._time(seconds), {"ms": 0.001, "second": 1.0})
        assert read == seconds
    assert brian2_script._time(0.002) == "2 * ms"


def test_what_cannot_be_written_is_said(network, tmp_path):
    with pytest.raises(TypeError, match=r"expected a converted network, .* got Network"):
        export.to_brian2(spiking.as_network(network), tmp_path / "network.py")
    with pytest.raises(ValueError, match=r"name of a script, NAME\.py, got network\.npz"):
        export.to_brian2(network, tmp_path / "network.npz")
    unlike = {"a": np.zeros((1, 5)), "b": np.zeros((1, 6))}
    with pytest.raises(ValueError, match=r"stimuli: expected .* one shape, got \(1, 5\), \(1, 6\)"):
        export.to_brian2(network, tmp_path / "network.py", stimuli=unlike)
    with pytest.raises(ValueError, match="stimuli: expected one or more"):
        export.to_brian2(network, tmp_path / "network.py", stimuli={})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("downsample", "is_refined"), [(1, False), (2, False), (1, True)])
def test_the_steps_of_the_script_are_ours(
    network, downsample, is_refined, tmp_path, monkeypatch, capsys
):
    """Run by as much of Brian2 as it asks for, without noise."""
    if is_refined:
        bias_mv = np.linspace(-1.0, 2.0, network.n_units)
        network = replace(network, bias_mv=bias_mv, output_offset=-0.3)
    monkeypatch.setitem(sys.modules, "brian2", tiny_brian2.module())
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    pulse = np.zeros((1, 21))
    pulse[:, 4:12] = 1
    trials = {"pulse": pulse, "none": np.zeros((1, 21))}
    path = tmp_path / "network.py"
    export.to_brian2(network, path, stimuli=trials, stream=STREAM, downsample=downsample)
    text = path.read_text("utf-8").replace("noise_sd = 0.1 * mV", "noise_sd = 0 * mV")
    names = {"__file__": str(path)}
    with pytest.raises(SystemExit):  # without matplotlib there is no figure
        exec(compile(text, str(path), "exec"), names)
    said = capsys.readouterr().out.splitlines()
    n_steps = spiking.time_grid(21, downsample).n_steps
    quiet = np.zeros((network.n_units, n_steps))
    for trial, (kind, u) in enumerate(trials.items()):
        here = spiking.simulate_trial(
            network, u, noise=quiet, stream=STREAM, trial=trial, downsample=downsample
        )
        counts = here.spikes.sum(axis=1)
        assert counts.sum() > 100
        assert np.abs(names["spike_counts"][trial] - counts).sum() <= 0.01 * counts.sum()
        near = np.isclose(names["outputs"][trial], here.out, rtol=0, atol=0.005)
        # among more biases a spike can lie on the edge of a step, where rounding decides
        assert near.mean() >= (0.99 if is_refined else 1)
        unit, time_s = names["spikes"][trial]
        first = np.argmax(here.spikes.any(axis=0))
        assert time_s.min() == pytest.approx((first + 1) * here.dt)
        assert set(unit[time_s == time_s.min()]) == set(np.flatnonzero(here.spikes[:, first]))
        rate = names["spike_counts"][trial].mean() / (n_steps * here.dt)
        assert said[trial].startswith(f"{kind}: {rate:.1f} spikes/s per neuron, output from ")


@pytest.mark.skipif(
    sys.version_info < (3, 12), reason="Brian2 for the pinned numpy needs Python 3.12"
)
def test_brian2_has_the_spikes_that_we_have(network, tmp_path, monkeypatch):
    brian2 = pytest.importorskip("brian2", reason="Brian2 is not installed")
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    brian2.prefs.codegen.target = "numpy"  # compiling takes a minute
    path = tmp_path / "network.py"
    export.to_brian2(network, path, stimuli=stimuli(), stream=STREAM)
    text = path.read_text()
    assert text.count("noise_sd = 0.1 * mV") == 1
    path.write_text(text.replace("noise_sd = 0.1 * mV", "noise_sd = 0 * mV"))
    there = runpy.run_path(str(path))
    quiet = np.zeros((network.n_units, 4000))
    for trial, u in enumerate(stimuli().values()):
        here = spiking.simulate_trial(network, u, noise=quiet, stream=STREAM, trial=trial)
        counts = here.spikes.sum(axis=1)
        assert counts.sum() > 100
        assert np.abs(there["spike_counts"][trial] - counts).sum() <= 0.01 * counts.sum()
        # a step in another order, or a filter recorded a step off, is 0.01 and more
        np.testing.assert_allclose(there["outputs"][trial], here.out, atol=0.005)
