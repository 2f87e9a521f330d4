"""What others read: Neo and NWB, numbers through Elephant, NIR; each read back by the library it is
for."""

import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from shared import export_package_or_skip, torch_or_skip

from rate2spike import conversion, export, spiking, streams
from rate2spike.config import NeuronConfig
from rate2spike.conversion import scored_trials
from rate2spike.export import nir_file
from rate2spike.networks.recording import Recording
from rate2spike.rate.model import UnitGains
from rate2spike.spiking import simulate
from rate2spike.tasks import go_nogo, spiking_stimulus

neo, nir, pynwb = map(export_package_or_skip, ("neo", "nir", "pynwb"))
NOISELESS = NeuronConfig(t_refractory_ms=0.0)
SHORT = go_nogo(60, 5, 5)  # 0.3 s, scored from 175 ms on


def recorded(trains, duration=1.0, data=None, time_unit="s", n_simulations=None) -> Recording:
    """A recording of these spike times, by simulation and unit."""
    spikes = [
        (i, unit, t)
        for i, units in enumerate(trains)
        for unit, times in enumerate(units)
        for t in times
    ]
    simulation, unit, time = (np.array(column) for column in zip(*spikes, strict=True))
    return Recording(
        data or {}, 0.25, len(trains[0]), time_unit, simulation, unit, time, n_simulations, duration
    )


TWO = recorded(
    [[[0.1, 0.5], []], [[0.2], [0.3, 1.0]]],
    data={"out": np.arange(16.0).reshape(2, 4, 2), "mean(v)": np.arange(8.0).reshape(2, 4, 1)},
    n_simulations=2,
)


def test_times_in_a_file_are_those_since_the_begin_of_the_recording():
    """Of a run that went on from another, too; its last spike may round to just after the end."""
    late = replace(TWO, start=7.3, spike_time=TWO.spike_time + 7.3)
    for segment, plain in zip(
        export.to_neo(late).segments, export.to_neo(TWO).segments, strict=True
    ):
        for train, expected in zip(segment.spiketrains, plain.spiketrains, strict=True):
            np.testing.assert_allclose(train.magnitude, expected.magnitude, rtol=0, atol=1e-14)
            assert train.t_stop == expected.t_stop
    just_after = replace(late, spike_time=late.spike_time + 1e-14)
    assert export.to_neo(just_after).segments[1].spiketrains[1].magnitude.max() == 1.0


def values(table: pd.DataFrame, statistic: str) -> np.ndarray:
    return table[table.statistic == statistic].value.to_numpy()


# Neo and NWB --------------------------------------------------------------------------------------


def test_a_recording_is_a_block_with_a_segment_per_simulation():
    block = export.to_neo(
        TWO, inhibitory=np.array([False, True]), units={"mean(v)": "mV"}, network="two"
    )
    assert isinstance(block, neo.Block)
    assert block.annotations == {"network": "two"}
    trains = [
        [train.rescale("s").magnitude.tolist() for train in segment.spiketrains]
        for segment in block.segments
    ]
    assert trains == [[[0.1, 0.5], []], [[0.2], [0.3, 1.0]]]
    inhibitory = block.segments[1].spiketrains[1]
    assert (inhibitory.annotations["cell_type"], inhibitory.annotations["unit"]) == (
        "inhibitory",
        1,
    )
    assert inhibitory.name == "unit 1"
    assert (float(inhibitory.t_start), float(inhibitory.t_stop)) == (0, 1)
    out, mean_v = block.segments[1].analogsignals
    assert (mean_v.units.dimensionality.string, out.units.dimensionality.string) == (
        "mV",
        "dimensionless",
    )
    np.testing.assert_array_equal(out.magnitude, TWO["out"][1])
    np.testing.assert_allclose(out.times.rescale("s").magnitude, TWO.time)


def test_a_trial_of_a_converted_network_is_a_segment(trained):
    network = conversion.to_spiking(trained.model, 20)
    trials = [spiking.simulate_trial(network, np.ones((1, 5)), trial=i) for i in range(2)]
    block = export.to_neo(trials, inhibitory=network.inhibitory, variables=("out", "v"))
    for trial, segment in zip(trials, block.segments, strict=True):
        counts = [len(train) for train in segment.spiketrains]
        assert counts == trial.spikes.sum(axis=1).tolist()
        unit = int(np.argmax(counts))
        times = segment.spiketrains[unit].rescale("s").magnitude
        np.testing.assert_allclose(
            times, (np.flatnonzero(trial.spikes[unit]) + 1) * 5e-5, rtol=1e-12
        )
        out, v = segment.analogsignals
        np.testing.assert_array_equal(out.magnitude[:, 0], trial.out)
        np.testing.assert_array_equal(v.magnitude, trial.v.T)
        assert (v.units.dimensionality.string, float(v.sampling_period)) == ("mV", 5e-5)
    one = export.to_neo(trials[0]).segments
    assert [signal.name for signal in one[0].analogsignals] == ["out"]
    everything = export.to_neo(trials[0], variables=("rates", "ipsc", "v", "out")).segments[0]
    units = [signal.units.dimensionality.string for signal in everything.analogsignals]
    assert units == ["Hz", "mV", "mV", "dimensionless"]


def test_time_without_a_unit_needs_one():
    recording = recorded(
        [[[0.5, 1.5, 2.0]]], duration=2.0, data={"out": np.zeros((8, 1))}, time_unit="τ"
    )
    segment = export.to_neo(recording, tau_s=0.01).segments[0]
    (train,), (out,) = segment.spiketrains, segment.analogsignals
    np.testing.assert_allclose(train.rescale("s").magnitude, [0.005, 0.015, 0.02])
    assert float(train.t_stop.rescale("s")) == 0.02
    assert float(out.sampling_period.rescale("s")) == 0.0025
    with pytest.raises(
        ValueError,
        match=r"time is in units of τ: say how many seconds one is, for example tau_s=0\.01",
    ):
        export.to_neo(recording)
    for wrong in (-1, 0, True, np.inf, "1"):
        with pytest.raises(ValueError, match=f"tau_s: expected a duration > 0 s, got {wrong!r}"):
            export.to_neo(recording, tau_s=wrong)
    with pytest.raises(
        ValueError, match="tau_s: expected none, since the recording is in s already"
    ):
        export.to_neo(TWO, tau_s=0.01)


def test_what_does_not_fit_is_said(trained):
    with pytest.raises(ValueError, match=r"inhibitory: expected bool \(2,\), got int64 \(3,\)"):
        export.to_neo(TWO, inhibitory=np.array([0, 1, 1]))
    with pytest.raises(KeyError, match="'v' was not recorded; there are out"):
        export.to_neo(TWO, variables=("v",))
    with pytest.raises(
        TypeError, match=r"expected a Recording or TrialRecordings of one network; got .* str"
    ):
        export.to_neo(["spikes"])
    with pytest.raises(ValueError, match='expected spikes in it, got none recorded; add "spikes"'):
        export.to_neo(replace(TWO, spikes_recorded=False))


@pytest.mark.parametrize(("package", "call"), [("neo", export.to_neo), ("nir", nir_file.nir_graph)])
def test_a_missing_package_is_named_with_its_remedy(monkeypatch, trained, package, call):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        ModuleNotFoundError,
        match=rf"{package} is not installed: pip install -c constraints.txt -e '.\[export\]'",
    ):
        call(TWO if package == "neo" else conversion.to_spiking(trained.model, 20))


def test_an_nwb_file_has_all_simulations_on_one_clock(tmp_path):
    about = {"session_description": "two simulations", "identifier": "two", "keywords": ["spikes"]}
    path = tmp_path / "two.nwb"
    export.write_nwb(
        path,
        TWO,
        trials={"kind": ["Go", "NoGo"]},
        inhibitory=np.array([False, True]),
        units={"out": "Hz"},
        **about,
    )
    assert [file.name for file in tmp_path.iterdir()] == ["two.nwb"]
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        file = io.read()
        assert (file.session_description, file.identifier, file.keywords[0]) == (
            "two simulations",
            "two",
            "spikes",
        )
        assert file.electrodes is None
        trials, units = file.trials.to_dataframe(), file.units.to_dataframe()
        assert trials.kind.tolist() == ["Go", "NoGo"]
        assert trials[["start_time", "stop_time"]].to_numpy().tolist() == [[0, 1], [2, 3]]
        np.testing.assert_allclose(units.spike_times[0], [0.1, 0.5, 2.2])
        np.testing.assert_allclose(units.spike_times[1], [2.3, 3.0])
        assert units.cell_type.tolist() == ["excitatory", "inhibitory"]
        assert units.obs_intervals[1].tolist() == [[0, 1], [2, 3]]
        out = file.acquisition["out"]
        assert out.unit == "Hz"
        np.testing.assert_array_equal(out.data[:], TWO["out"].reshape(8, 2))
        np.testing.assert_allclose(out.timestamps[:], [0.25, 0.5, 0.75, 1, 2.25, 2.5, 2.75, 3])


def test_an_nwb_file_says_that_nothing_lived(tmp_path):
    export.write_nwb(
        tmp_path / "a.nwb", TWO, session_description="two", identifier="task/n80/3", lab="ours"
    )
    with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "r") as io:
        file = io.read()
        assert file.subject.subject_id == "task-n80-3"
        assert file.subject.description == "No animal: a simulated network of 2 spiking units"
        assert file.subject.species.endswith("NCBITaxon_32644")  # unidentified
        assert "simulation" in file.keywords[:]
        assert file.lab == "ours"
    own = pynwb.file.Subject(subject_id="mine")
    export.write_nwb(
        tmp_path / "b.nwb", TWO, session_description="two", identifier="2", subject=own
    )
    with pynwb.NWBHDF5IO(str(tmp_path / "b.nwb"), "r") as io:
        assert io.read().subject.subject_id == "mine"


def test_the_resolution_of_the_spikes_is_the_step(tmp_path):
    about = {"session_description": "", "identifier": "a"}
    model = spiking.QIF()
    network = spiking.Network(model, weights=np.zeros((1, 1)), dt=0.001)
    inputs = np.full((8000, 1), 20.0)
    recording = simulate(
        network, inputs, record=("v", "spikes"), every=100, progress=False, device="cpu"
    )
    assert (recording.step, recording.sample_step) == (0.001, 0.1)
    recording.save(tmp_path / "recording.npz")
    recording = Recording.load(tmp_path / "recording.npz")
    for step, resolution in ((recording.step, 1e-5), (None, None)):
        export.write_nwb(tmp_path / "a.nwb", replace(recording, step=step), tau_s=0.01, **about)
        with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "r") as io:
            file = io.read()
            assert file.units.resolution == resolution
            v = file.acquisition["v"]
            assert (v.starting_time, v.rate) == pytest.approx((0.001, 1000))
            assert len(v.data) == 80


@pytest.mark.parametrize("config", [None, "dandi"])
def test_the_inspector_of_nwb_finds_nothing_wrong(tmp_path, trained, config):
    """Suggestions may stay: who the experimenter was is not ours to say."""
    nwbinspector = pytest.importorskip("nwbinspector")
    network = conversion.to_spiking(trained.model, 20)
    trials = [spiking.simulate_trial(network, np.ones((1, 5)), trial=i) for i in range(2)]
    about = {"session_description": "trials", "inhibitory": network.inhibitory}
    export.write_nwb(
        tmp_path / "two.nwb",
        trials,
        identifier="task/n80/2",
        variables=("out", "v"),
        trials={"kind": ["Go", "NoGo"]},
        **about,
    )
    export.write_nwb(tmp_path / "one.nwb", trials[0], identifier="task/n80/1", **about)
    config = config and nwbinspector.load_config(config)
    suggestion = nwbinspector.Importance.BEST_PRACTICE_SUGGESTION
    suggested, found = set(), []
    for message in nwbinspector.inspect_all(tmp_path, config=config, progress_bar=False):
        if message.importance == suggestion:
            suggested.add(message.check_function_name)
        else:
            found.append(f"{message.file_path}: {message.check_function_name}: {message.message}")
    assert found == []
    assert suggested == {"check_experimenter_exists", "check_institution", "check_single_row"}


def test_an_nwb_file_that_cannot_be_written_leaves_nothing(tmp_path):
    about = {"session_description": "two simulations", "identifier": "two"}
    with pytest.raises(
        ValueError, match="trials: expected 2 values of 'kind', one per simulation, got 1"
    ):
        export.write_nwb(tmp_path / "two.nwb", TWO, trials={"kind": ["Go"]}, **about)
    with pytest.raises(Exception, match="Could not create dataset kind"):
        export.write_nwb(tmp_path / "two.nwb", TWO, trials={"kind": [object(), object()]}, **about)
    assert not list(tmp_path.iterdir())


# Statistics ---------------------------------------------------------------------------------------


def test_a_regular_train_has_no_variation_and_a_poisson_train_that_of_poisson():
    poisson = np.cumsum(streams.generator(3, "poisson").exponential(0.01, 4000))
    table = export.spike_statistics(
        recorded([[np.arange(0.01, 40, 0.01), poisson[poisson < 40]]], duration=40.0), bin_ms=100
    )
    assert list(table.columns) == ["statistic", "simulation", "unit", "other_unit", "value"]
    for name in ("cv", "cv2", "lv"):
        regular, random = values(table, name)
        assert regular == pytest.approx(0, abs=1e-9)
        assert random == pytest.approx(1, abs=0.06)  # three standard errors
    np.testing.assert_allclose(values(table, "rate_hz"), [3999 / 40, np.sum(poisson < 40) / 40])
    assert not len(values(table, "fano"))  # one simulation


def test_fano_factor_and_correlations_are_those_of_the_counts():
    # bins of 200 ms, the end in none: counts 2 0 1 0 0 and 0 1 0 1 1
    on = [0.01, 0.05, 0.41]
    off = [0.21, 0.65, 0.81, 1.0]
    table = export.spike_statistics(
        recorded([[on, off, []], [[0.9], off, []]], n_simulations=2), bin_ms=200
    )
    counts = np.array([[2, 0, 1, 0, 0], [0, 1, 0, 1, 1]])
    pairs = table[(table.statistic == "correlation") & (table.simulation == 0)]
    assert pairs[["unit", "other_unit"]].to_numpy().tolist() == [[0, 1], [0, 2], [1, 2]]
    assert pairs.value.tolist() == pytest.approx(
        [np.corrcoef(counts)[0, 1], np.nan, np.nan], nan_ok=True
    )
    # counts 3 and 1: 1 / 2
    assert values(table, "fano").tolist() == pytest.approx([0.5, 0, np.nan], nan_ok=True)
    assert table[table.statistic == "fano"].simulation.isna().all()
    cv = table[(table.statistic == "cv") & (table.simulation == 1)].value.tolist()
    assert cv == pytest.approx(
        [np.nan, np.std(np.diff(off)) / np.diff(off).mean(), np.nan], nan_ok=True
    )
    for bad in (0, 1500, "20"):
        with pytest.raises(
            ValueError,
            match=r"bin_ms: expected a duration > 0, up to that of the simulation \(1000 ms\), got",
        ):
            export.spike_statistics(TWO, bin_ms=bad)


# NIR ----------------------------------------------------------------------------------------------


def test_variation_needs_two_intervals_and_correlations_name_their_simulation():
    two_intervals = [0.1, 0.2, 0.4]
    table = export.spike_statistics(
        recorded([[two_intervals, [0.1, 0.5]], [[0.3], [0.3]]], n_simulations=2), bin_ms=100
    )
    of_first = table[table.simulation == 0]
    intervals = np.diff(two_intervals)
    for name, expected in (
        ("cv", intervals.std() / intervals.mean()),
        ("cv2", 2 * 0.1 / 0.3),
        ("lv", 3 * (0.1 / 0.3) ** 2),
    ):
        assert values(of_first, name) == pytest.approx([expected, np.nan], nan_ok=True)
    pairs = table[table.statistic == "correlation"]
    assert pairs.simulation.tolist() == [0, 1]
    assert pairs.value.tolist()[1] == pytest.approx(1)
    assert values(table, "rate_hz") == pytest.approx([3, 2, 1, 1])


def test_a_fano_factor_across_unlike_durations_is_refused(trained):
    network = conversion.to_spiking(trained.model, 30)
    trials = [spiking.simulate_trial(network, np.zeros((1, n))) for n in (3, 4)]
    with pytest.raises(ValueError, match=r"expected simulations of one duration, .* got 10, 15 ms"):
        export.spike_statistics(trials, bin_ms=5)


def test_a_volley_at_the_start_is_left_out_where_asked():
    """Alternating units, but for a volley in the first bin: correlation -1 without it."""
    trains = [[0.0001, *np.arange(0.25, 1, 0.2)], [0.0001, *np.arange(0.15, 1, 0.2)]]
    whole = values(export.spike_statistics(recorded([trains]), bin_ms=100), "correlation")
    later = export.spike_statistics(recorded([trains]), bin_ms=100, from_ms=100)
    assert whole > -0.9
    assert values(later, "correlation") == pytest.approx(-1, abs=0.3)
    assert values(later, "rate_hz") == pytest.approx([4 / 0.9, 5 / 0.9])
    with pytest.raises(
        ValueError, match="from_ms: expected a time from 0 to below the duration, 1000 ms, got 1000"
    ):
        export.spike_statistics(recorded([trains]), bin_ms=100, from_ms=1000)


def test_a_bin_fits_behind_what_is_left_out():
    """500 ms are left of 1000: one bin of them, none that is longer."""
    table = export.spike_statistics(TWO, bin_ms=500, from_ms=500)
    assert values(table, "rate_hz") == pytest.approx([2, 0, 0, 2])
    for too_long in (500.5, 800, 1000):
        told = rf"bin_ms: expected a duration > 0, .* \(500 ms\), got {too_long}$"
        with pytest.raises(ValueError, match=told):
            export.spike_statistics(TWO, bin_ms=too_long, from_ms=500)


def test_a_spike_in_the_very_last_step_of_an_example_is_within_it():
    n = 58  # 58 * 0.005 < 5800 * 5e-5
    example = {
        "time_s": 0.005 * np.arange(1, n + 1),
        "single_out": np.zeros((1, n)),
        "inhibitory": np.zeros(1, bool),
    }
    example |= {
        "spike_trial": np.array([0]),
        "spike_unit": np.array([0]),
        "spike_time_s": np.array([5e-5 * 5800]),
    }
    assert n * 0.005 < example["spike_time_s"][0]
    assert len(export.to_neo(export.single_trials(example)).segments[0].spiketrains[0]) == 1


def interpret(
    graph: nir.NIRGraph, u: np.ndarray, v0: np.ndarray, dt: float
) -> tuple[np.ndarray, np.ndarray]:
    """NIR's equations as they stand: tau v' = (v_leak - v) + R I, spikes are pulses of area 1,
    inputs of a node add. u (n_steps, n_inputs). Leaks are exact, currents Euler steps, all from the
    old state. Returns spikes (n_steps, n_units) and the output."""
    nodes = graph.nodes
    into = {name: [a for a, b in graph.edges if b == name] for name in nodes}
    state = {
        name: node.v_leak.copy() for name, node in nodes.items() if isinstance(node, nir.LI)
    } | {"lif": v0.copy()}
    fired, spikes, outputs = np.zeros(len(v0)), [], []

    def arriving(name, now):
        currents, pulses = zip(*(leaving(source, now) for source in into[name]), strict=True)
        return sum(currents), sum(pulses)

    def leaving(name, now):
        node = nodes[name]
        if isinstance(node, nir.Input):
            return now, np.zeros(len(now))
        if isinstance(node, (nir.Linear, nir.Affine)):
            current, pulse = arriving(name, now)
            offset = node.bias if isinstance(node, nir.Affine) else 0
            return node.weight @ current + offset, node.weight @ pulse
        return (np.zeros(len(v0)), fired) if name == "lif" else (state[name], np.zeros(len(v0)))

    for now in u:
        currents = {name: arriving(name, now)[0] for name in state}
        for name, current in currents.items():
            node, v = nodes[name], state[name]
            if isinstance(node, nir.LI):
                state[name] = (
                    node.v_leak
                    + (v - node.v_leak) * np.exp(-dt / node.tau)
                    + dt / node.tau * node.r * current
                )
            else:
                v = v + dt / node.tau * (node.v_leak - v + node.r * current)
                fired = (v > node.v_threshold).astype(float)
                state[name] = np.where(fired, node.v_reset, v)
        for name in state:
            state[name] = state[name] + nodes[name].r / nodes[name].tau * arriving(name, now)[1]
        spikes.append(fired)
        outputs.append(arriving("output", now)[0][0])
    return np.array(spikes) > 0, np.array(outputs)


@pytest.fixture(params=[2.0, 0.0], ids=["double", "single"])
def network(request, trained) -> spiking.SpikingNetwork:
    """Without refractory period, with either synapse."""
    return conversion.to_spiking(
        trained.model, 5, neuron=replace(NOISELESS, tau_rise_ms=request.param)
    )


def driven(network: spiking.SpikingNetwork, n_steps: int, dt: float = 5e-5):
    """Input (n_steps, n_inputs), initial voltages, and what `simulate` makes of them: spikes and
    output."""
    u = np.full((n_steps, network.n_inputs), 15.0)
    units = spiking.as_network(network, stream=streams.key(4, "nir"))
    recording = simulate(units, u @ network.w_in.T, record=("r", "spikes"), device="cpu")
    spikes = np.zeros((n_steps, network.n_units), dtype=bool)
    spikes[np.rint(recording.spike_time / dt).astype(int) - 1, recording.spike_unit] = True
    assert spikes[100:].sum() > 2 * network.n_units  # not only the volley of the first steps
    return u, units.initial["v"], spikes, network.read_out(recording["r"] @ network.w_out)


def test_the_nir_file_holds_the_network(tmp_path, network):
    nir_file.write_nir(tmp_path / "network.nir", network)
    graph = nir.read(tmp_path / "network.nir")
    u, v0, spikes, out = driven(network, 1500)
    read_spikes, read_out = interpret(graph, u, v0, 5e-5)
    assert np.array_equal(read_spikes, spikes)
    np.testing.assert_allclose(read_out, out, rtol=1e-9, atol=1e-12)
    about = json.loads(graph.metadata["rate2spike"])
    assert about["scaling_factor"] == 5
    assert about["not_held_by_nir"] == {
        "t_refractory_ms": 0,
        "noise_sd_mv_per_step": 0.1,
        "step_s": 5e-5,
        "initial": "initial voltages: uniform from -65 to 30 mV",
    }
    assert about["spike_lasts_s"] is None
    stepped = nir_file.nir_graph(network, dt_s=1e-4)
    for chain in ("synapse", "rate"):  # the first stage after a spike alone
        stages = [node for name, node in stepped.nodes.items() if name.startswith(chain)]
        assert [set(node.r) for node in stages] == [{1e4}, {1}][: len(stages)]
    nir_file.write_nir(tmp_path / "stepped.nir", network, dt_s=1e-4)
    about = json.loads(nir.read(tmp_path / "stepped.nir").metadata["rate2spike"])
    assert about["spike_lasts_s"] == 1e-4
    (tmp_path / "stepped.nir").unlink()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["network.nir"]


def test_the_nir_file_has_the_output_factor_in_its_readout(tmp_path, trained):
    at_once = NeuronConfig(t_refractory_ms=0)
    plain = conversion.to_spiking(trained.model, 5, neuron=at_once)
    refined = replace(trained.model, output_factor=0.5)
    nir_file.write_nir(tmp_path / "plain.nir", plain)
    nir_file.write_nir(tmp_path / "refined.nir", conversion.to_spiking(refined, 5, neuron=at_once))
    graphs = [nir.read(tmp_path / f"{name}.nir") for name in ("plain", "refined")]
    said = [json.loads(graph.metadata["rate2spike"]) for graph in graphs]
    assert ("output_factor" in said[0], said[1]["output_factor"]) == (False, 0.5)
    u, v0, _, _ = driven(plain, 1500)
    outputs = [interpret(graph, u, v0, 5e-5)[1] for graph in graphs]
    assert np.ptp(outputs[0]) > 0
    np.testing.assert_allclose(outputs[1], 0.5 * outputs[0], rtol=1e-9)


def test_the_nir_file_has_the_output_offset_in_its_readout(tmp_path, trained):
    """Times the output factor, and without gains too."""
    at_once = NeuronConfig(t_refractory_ms=0)
    plain = conversion.to_spiking(trained.model, 5, neuron=at_once)
    refined = replace(trained.model, output_factor=0.5, output_offset=0.25)
    nir_file.write_nir(tmp_path / "plain.nir", plain)
    nir_file.write_nir(tmp_path / "refined.nir", conversion.to_spiking(refined, 5, neuron=at_once))
    graphs = [nir.read(tmp_path / f"{name}.nir") for name in ("plain", "refined")]
    said = [json.loads(graph.metadata["rate2spike"]) for graph in graphs]
    assert ("output_offset" in said[0], said[1]["output_offset"]) == (False, 0.25)
    assert "has_unit_gains" not in said[1]
    u, v0, _, _ = driven(plain, 1500)
    outputs = [interpret(graph, u, v0, 5e-5)[1] for graph in graphs]
    np.testing.assert_allclose(outputs[1], 0.5 * outputs[0] + 0.125, rtol=1e-9)


def with_gains(model, **changed):
    n = model.n_units
    gains = UnitGains(np.linspace(0.5, 3.0, n), np.linspace(-1.0, 2.0, n))
    return replace(model, unit_gains=gains, **changed)


@pytest.mark.parametrize("tau_rise_ms", [2.0, 0.0], ids=["double", "single"])
def test_the_nir_file_holds_a_network_whose_units_have_gains(tmp_path, trained, tau_rise_ms):
    neuron = replace(NOISELESS, tau_rise_ms=tau_rise_ms)
    refined = with_gains(trained.model, output_factor=2.0, output_offset=-0.15)
    network = conversion.to_spiking(refined, 5, neuron=neuron)
    assert (network.output_offset, network.offset_of_output) == (-0.15, -0.3)
    nir_file.write_nir(tmp_path / "network.nir", network)
    graph = nir.read(tmp_path / "network.nir")
    u, v0, spikes, out = driven(network, 1500)
    read_spikes, read_out = interpret(graph, u, v0, 5e-5)
    assert np.array_equal(read_spikes, spikes)
    np.testing.assert_allclose(read_out, out, rtol=1e-9, atol=1e-12)
    assert json.loads(graph.metadata["rate2spike"])["has_unit_gains"] is True
    plain = nir_file.nir_graph(conversion.to_spiking(trained.model, 5, neuron=neuron))
    assert isinstance(plain.nodes["w_out"], nir.Linear)
    assert set(plain.nodes["lif"].v_leak) == {neuron.bias}


def test_the_accuracies_beside_a_nir_file_are_those_with_the_offset_of_the_output(trained):
    """A readout of nothing but its offset, 1: right in every trial that has a response, with and
    without noise."""
    simulation = conversion.Simulation(SHORT, 1, "held out", device="cpu")
    weights = trained.model.weights
    weights = weights._replace(w_out=0 * weights.w_out)
    offset = replace(trained.model, weights=weights, output_offset=1.0)
    table = nir_file.accuracies(simulation, offset, "trained", 20.0, 6)
    label = conversion.trials_of(simulation, "trained", 20.0, np.arange(6)).label
    assert 0 < (label == 1).sum() < 6
    assert table.n_correct.tolist() == 3 * [(label == 1).sum()]


def test_the_accuracies_beside_a_nir_file_are_those_with_the_output_factor(trained):
    """Far too small an output is right in every trial without a response, with and without
    noise."""
    simulation = conversion.Simulation(SHORT, 1, "held out", device="cpu")
    tiny = replace(trained.model, output_factor=1e-6)
    table = nir_file.accuracies(simulation, tiny, "trained", 20.0, 6)
    label = conversion.trials_of(simulation, "trained", 20.0, np.arange(6)).label
    assert table.n_correct.tolist() == 3 * [(label == 0).sum()]


def test_the_nir_file_runs_in_nirtorch(tmp_path, network):
    nirtorch = pytest.importorskip("nirtorch", reason="nirtorch is not installed")
    torch = torch_or_skip()

    class Integrator(torch.nn.Module):
        """LI in a simulator that knows steps, not pulses."""

        def __init__(self, node):
            super().__init__()
            self.decay = torch.tensor(np.exp(-5e-5 / node.tau))
            self.gain = torch.tensor(5e-5 * node.r / node.tau)

        def forward(self, x, state=None):
            v = self.gain * x + (0 if state is None else state * self.decay)
            return v, v

    class Unit(torch.nn.Module):
        def __init__(self, node, v0, spikes):
            super().__init__()
            self.v0, self.spikes = torch.tensor(v0), spikes
            self.tau = torch.tensor(node.tau)
            self.leak = torch.tensor(node.v_leak)
            self.threshold = torch.tensor(node.v_threshold)
            self.reset = torch.tensor(node.v_reset)

        def forward(self, x, state=None):
            v = self.v0 if state is None else state
            v = v + 5e-5 / self.tau * (self.leak - v + x)
            spike = v > self.threshold
            self.spikes.append(spike.numpy())
            return spike.double(), torch.where(spike, self.reset, v)

    nir_file.write_nir(tmp_path / "network.nir", network, dt_s=5e-5)
    u, v0, spikes, out = driven(network, 1500)
    fired, outputs, state = [], [], None
    node_map = {nir.LI: Integrator, nir.LIF: lambda node: Unit(node, v0, fired)}
    module = nirtorch.nir_to_torch(str(tmp_path / "network.nir"), node_map, dtype=torch.float64)
    with torch.no_grad():
        for now in torch.tensor(u):
            output, state = module(now, state)
            outputs.append(float(output))
    if network.neuron.tau_rise_ms == 0:
        assert np.array_equal(np.array(fired), spikes)
        np.testing.assert_allclose(outputs, out, rtol=1e-9, atol=1e-12)
    else:  # it works through a chain within a step, where ours takes one step from stage to stage
        assert np.sum(fired) == pytest.approx(spikes.sum(), rel=0.02)
        np.testing.assert_allclose(outputs, out, atol=0.05 * np.abs(out).max())


def test_a_qif_network_is_refused(tmp_path, trained):
    network = conversion.to_spiking(trained.model, 20, neuron=NeuronConfig(model="qif"))
    message = (
        "NIR has no quadratic integrate-and-fire unit: expected a network of model lif, got qif"
    )
    with pytest.raises(ValueError, match=message):
        nir_file.write_nir(tmp_path / "network.nir", network)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="dt_s: expected a step > 0 s or None, got 0"):
        nir_file.nir_graph(conversion.to_spiking(trained.model, 20), dt_s=0)


@pytest.mark.parametrize("downsample", [1, 2])
def test_without_noise_and_refractory_period_a_trial_is_that_of_the_plain_simulation(
    monkeypatch, network, downsample
):
    u = (np.arange(13) > 3) * np.array([1.0, -1.0, 0.5])[:, None, None]
    stream, n_steps = streams.key(4, "noiseless"), spiking.time_grid(13, downsample).n_steps
    # two trials, then one
    monkeypatch.setattr(nir_file, "BYTES_AT_ONCE", 2 * 8 * n_steps * network.n_units)
    outputs = list(nir_file.outputs_without_noise(network, u, stream, downsample))
    assert [len(part) for part in outputs] == [2, 1]
    monkeypatch.setattr(nir_file, "BYTES_AT_ONCE", 1)  # not even one fits
    one_by_one = list(nir_file.outputs_without_noise(network, u[:1], stream, downsample))
    assert np.array_equal(one_by_one[0][0], outputs[0][0])
    noise = np.zeros((network.n_units, n_steps))
    for i, out in enumerate(np.concatenate(outputs)):
        plain = spiking.simulate_trial(
            network, u[i], noise=noise, stream=stream, trial=i, downsample=downsample
        )
        np.testing.assert_allclose(out, plain.out, rtol=1e-9, atol=1e-12)


def test_the_accuracy_without_what_nir_cannot_hold_is_beside_the_file(
    tmp_path, trained, monkeypatch
):
    simulation, n_trials = conversion.Simulation(SHORT, 1, "held out", device="cpu"), 6

    def scored(t_refractory_ms, task):
        neuron = replace(simulation.neuron, t_refractory_ms=t_refractory_ms)
        of_task = simulation._replace(neuron=neuron, task=task)
        return conversion.score_network(of_task, trained.model, "trained", 20.0, n_trials)

    # a threshold that the outputs with and without the period do not exceed equally often
    highest = [scored(ms, SHORT)["output_max"] for ms in (2.0, 0.0)]
    x = max(highest[0], key=lambda x: abs((highest[0] > x).sum() - (highest[1] > x).sum()))
    task = replace(SHORT, correct_spiking=lambda labels, response: response.maximum > x)
    simulation = simulation._replace(task=task)
    without_noise = []

    def score_without_noise(simulation, *places):
        without_noise.append(simulation.neuron.t_refractory_ms)
        return score(simulation, *places)

    score = nir_file._score_without_noise
    monkeypatch.setattr(nir_file, "_score_without_noise", score_without_noise)
    table = nir_file.accuracies(simulation, trained.model, "trained", 20.0, n_trials)
    assert without_noise == [0]  # nor is there a refractory period
    whole, without = scored(2.0, task), scored(0.0, task)
    assert whole["correct"].sum() != without["correct"].sum()
    assert table.network.tolist() == [
        "whole network",
        "without refractory period",
        "without refractory period and noise",
    ]
    assert table.n_correct[:2].tolist() == [whole["correct"].sum(), without["correct"].sum()]
    assert (table.ci_low <= table.accuracy).all()
    assert (table.ci_high >= table.accuracy).all()
    strict = [whole["correct_strict"].mean(), without["correct_strict"].mean()]
    assert table.accuracy_strict[:2].tolist() == pytest.approx(strict)
    assert table.n_trials.tolist() == 3 * [n_trials]
    network = conversion.to_spiking(trained.model, 20)
    nir_file.write_nir(
        tmp_path / "network.nir", network, accuracy=table, metadata={"provenance": "here"}
    )
    metadata = nir.read(tmp_path / "network.nir").metadata
    assert metadata["provenance"] == "here"
    assert json.loads(metadata["rate2spike"])["accuracy"] == table.to_dict("records")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "network_accuracy.csv"), table)


def test_without_noise_the_tasks_own_scoring_sees_the_response_window(trained):
    scores = {"correct_spiking": lambda labels, response: response.maximum + labels}
    task = replace(
        SHORT, **scores, correct_strict=lambda labels, response: response.minimum + labels
    )
    simulation = conversion.Simulation(task, 3, "held out", neuron=NOISELESS, device="cpu")
    scored = nir_file._score_without_noise(simulation, trained.model, "trained", 5.0, 16)
    trials = scored_trials.trials_of(simulation, "trained", 5.0, range(16))
    assert set(trials.label) == {0, 1}
    stream = scored_trials.stream_of(simulation, "trained", 5.0)
    network = conversion.to_spiking(trained.model, 5.0, neuron=NOISELESS)
    wider = 0
    for i, u in enumerate(spiking_stimulus(trials.stimulus)):
        out = spiking.simulate_trial(
            network, u, noise=np.zeros((80, 6000)), stream=stream, trial=i
        ).out
        wider += out[3400:].max() > out[3499:].max() or out[3400:].min() < out[3499:].min()
        assert scored["correct"][i] == pytest.approx(out[3499:].max() + trials.label[i])
        assert scored["correct_strict"][i] == pytest.approx(out[3499:].min() + trials.label[i])
    assert wider  # a window that began a little earlier would be seen
