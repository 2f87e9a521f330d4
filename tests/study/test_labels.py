"""The words that key random numbers, written out: a change of one would move every published
number. Where a test fails here, the word is to be put back, not the test changed."""

import hashlib
import re

import pytest
import yaml
from purposes import patterns_below
from shared import ROOT

from rate2spike import conversion, streams
from rate2spike.analysis import example, selectivity
from rate2spike.config import (
    NeuronConfig,
    RateConfig,
    SearchConfig,
    TrainingConfig,
)
from rate2spike.conversion import Simulation
from rate2spike.conversion.mean_field import comparison
from rate2spike.mean_field_config import MeanFieldConfig
from rate2spike.rate import side_by_side, train
from rate2spike.study import Condition, checked, labels, layout
from rate2spike.tasks import BUILT_IN

SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())


def condition(network=None, training=None, neuron=None, search=None):
    return Condition(
        name="a",
        task="go-nogo",
        network=RateConfig(**network or {}),
        training=TrainingConfig(**training or {}),
        neuron=NeuronConfig(**neuron or {}),
        search=SearchConfig(**search or {}),
        n_networks=1,
        key="conditions.a",
    )


# Networks and neurons -----------------------------------------------------------------------------

NETWORKS = [
    ({}, {}, "n200_tau20-50ms"),
    ({"n_units": 250}, {}, "n250_tau20-50ms"),
    ({"tau_decay_ms": (35.0,)}, {}, "n200_tau35ms"),
    ({"tau_decay_ms": (12.5, 1000.0)}, {}, "n200_tau12.5-1000ms"),
    ({"p_inh": 0.33}, {}, "n200_tau20-50ms_inh0.33"),
    ({"p_rec": 0.1}, {}, "n200_tau20-50ms_rec0.1"),
    ({"n_som": 20}, {}, "n200_tau20-50ms_som20"),
    ({"weight_distribution": "gamma"}, {}, "n200_tau20-50ms_gamma"),
    ({"gain": 3.0}, {}, "n200_tau20-50ms_gain3"),
    ({"dale": False}, {}, "n200_tau20-50ms_nodale"),
    ({"activation": "softplus"}, {}, "n200_tau20-50ms_softplus"),
    ({"activation": "clipped_relu"}, {}, "n200_tau20-50ms_clipped_relu"),
    ({}, {"learning_rate": 0.001}, "n200_tau20-50ms_rate0.001"),
    ({}, {"trials_per_update": 10}, "n200_tau20-50ms_batch10"),
    ({}, {"max_trials": 60000}, "n200_tau20-50ms_max60000"),
    ({}, {"min_trials": 1500}, "n200_tau20-50ms_min1500"),
    ({}, {"evaluation_interval": 50}, "n200_tau20-50ms_every50"),
    ({}, {"evaluation_trials": 10}, "n200_tau20-50ms_eval10"),
    ({}, {"loss": "l1"}, "n200_tau20-50ms_l1"),
    ({}, {"loss_threshold": 0.25}, "n200_tau20-50ms_loss0.25"),
    ({}, {"accuracy_threshold": 0.9}, "n200_tau20-50ms_accuracy0.9"),
    ({"connections": "keep"}, {}, "n200_tau20-50ms_keep"),
    ({"connections": "grow"}, {}, "n200_tau20-50ms_grow"),
    ({}, {"loss": "squared"}, "n200_tau20-50ms_squared"),
    ({}, {"loss_from": "stimulus"}, "n200_tau20-50ms_from-stimulus"),
    ({}, {"loss_from": "response"}, "n200_tau20-50ms_from-response"),
    ({}, {"decay_learning_rate": None}, "n200_tau20-50ms"),
    ({}, {"decay_learning_rate": 0.003}, "n200_tau20-50ms_decayrate0.003"),
    # all at once: the order of the words
    (
        {
            "n_units": 40,
            "p_inh": 0.5,
            "p_rec": 0.25,
            "n_som": 6,
            "weight_distribution": "gamma",
            "gain": 0.5,
            "activation": "softplus",
            "tau_decay_ms": (20.0,),
        },
        {
            "learning_rate": 0.02,
            "trials_per_update": 2,
            "max_trials": 2,
            "min_trials": 1,
            "evaluation_interval": 3,
            "evaluation_trials": 4,
            "loss": "l1",
            "loss_threshold": 1000,
            "accuracy_threshold": 0,
        },
        "n40_tau20ms_inh0.5_rec0.25_som6_gamma_gain0.5_softplus"
        "_rate0.02_batch2_max2_min1_every3_eval4_l1_loss1000_accuracy0",
    ),
    (
        {"p_rec": 0.4, "activation": "softplus", "connections": "keep"},
        {
            "min_trials": 1,
            "loss": "squared",
            "accuracy_threshold": 0,
            "loss_from": "response",
            "decay_learning_rate": 0.003,
        },
        "n200_tau20-50ms_rec0.4_softplus_keep_min1_squared_accuracy0_from-response_decayrate0.003",
    ),
]
NEURONS = [
    ({}, {}, "lif"),
    ({"model": "qif"}, {}, "qif"),
    ({"tau_mem_ms": 20}, {}, "lif_mem20ms"),
    ({"t_refractory_ms": 0.5}, {}, "lif_refractory0.5ms"),
    ({"tau_rise_ms": 0}, {}, "lif_rise0ms"),
    ({"v_threshold": -50}, {}, "lif_threshold-50mV"),
    ({"v_reset": -70}, {}, "lif_reset-70mV"),
    ({"bias": -41.5}, {}, "lif_bias-41.5"),
    ({}, {"downsample": 2}, "lif_downsample2"),
    ({}, {"scaling_factors": (40.0,), "trials": 5, "held_out_trials": 6}, "lif"),
    (
        {
            "model": "qif",
            "tau_mem_ms": 5,
            "t_refractory_ms": 0,
            "tau_rise_ms": 1,
            "v_threshold": -40,
            "v_reset": -60,
            "bias": -40,
        },
        {"downsample": 10},
        "qif_mem5ms_refractory0ms_rise1ms_threshold-40mV_reset-60mV_bias-40_downsample10",
    ),
]


@pytest.mark.parametrize(("network", "training", "label"), NETWORKS)
def test_networks_are_called_so(network, training, label):
    c = condition(network=network, training=training)
    assert c.label == label
    assert layout.place(c) == f"go-nogo/{label}"


@pytest.mark.parametrize(("neuron", "search", "label"), NEURONS)
def test_neurons_are_called_so(neuron, search, label):
    c = condition(neuron=neuron, search=search)
    assert c.neuron_label == label
    assert c.identity == ("go-nogo", "n200_tau20-50ms", label)
    assert layout.spiking_place(c) == f"go-nogo/n200_tau20-50ms/{label}"


def test_every_word_is_written_out_above():
    in_networks = {key for network, training, _ in NETWORKS for key in network | training}
    in_neurons = {key for neuron, _, _ in NEURONS for key in neuron}
    named_anyhow = {"n_units", "tau_decay_ms"}
    assert in_networks - named_anyhow == {*labels.NETWORK_WORDS, *labels.TRAINING_WORDS}
    assert in_neurons - {"model"} == set(labels.NEURON_WORDS)


def test_models_from_elsewhere_are_called_by_their_name_in_the_config():
    c = Condition(
        name="elsewhere",
        task="xor",
        network=None,
        training=None,
        neuron=NeuronConfig(model="qif"),
        search=SearchConfig(),
        n_networks=1,
        key="external_models.elsewhere",
        models=("a.mat",),
    )
    assert (c.label, layout.spiking_place(c)) == (
        "external_elsewhere",
        "xor/external_elsewhere/qif",
    )


def conditions_of(*path):
    study = checked(yaml.safe_load(ROOT.joinpath(*path).read_text()), SCHEMA)
    return {c.name: layout.spiking_place(c) for c in study.conditions}


def test_the_conditions_of_the_default_study_are_called_so():
    assert conditions_of("config", "config.yaml") == {
        "go-nogo": "go-nogo/n200_tau20-50ms/lif",
        "integration": "integration/n250_tau20-50ms/lif",
        "go-nogo-tuned": "go-nogo/n250_tau20-50ms/lif",
        "go-nogo-fixed": "go-nogo/n250_tau35ms/lif",
        "go-nogo-softplus": "go-nogo/n250_tau20-50ms_softplus/lif",
        "go-nogo-relu": "go-nogo/n250_tau20-50ms_clipped_relu/lif",
        "go-nogo-sst": "go-nogo/n200_tau20-50ms_inh0.33_som20/lif",
        "go-nogo-no-dale": "go-nogo/n200_tau20-50ms_nodale/lif",
        "integration-400": "integration/n400_tau20-100ms/lif",
        "integration-400-qif": "integration/n400_tau20-100ms/qif",
        "xor": "xor/n200_tau20-100ms/lif",
        "xor-reliable": "xor/n200_tau20-200ms/lif",
        "go-nogo-size-10": "go-nogo/n10_tau20-50ms/lif",
        "go-nogo-size-50": "go-nogo/n50_tau20-50ms/lif",
        "go-nogo-size-100": "go-nogo/n100_tau20-50ms/lif",
        "go-nogo-size-400": "go-nogo/n400_tau20-50ms/lif",
        "go-nogo-decay-20": "go-nogo/n250_tau20ms/lif",
        "go-nogo-decay-20-100": "go-nogo/n250_tau20-100ms/lif",
        "go-nogo-decay-20-300": "go-nogo/n250_tau20-300ms/lif",
        "go-nogo-decay-20-1000": "go-nogo/n250_tau20-1000ms/lif",
        "integration-size-10": "integration/n10_tau20-50ms/lif",
        "integration-size-50": "integration/n50_tau20-50ms/lif",
        "integration-size-150": "integration/n150_tau20-50ms/lif",
        "integration-size-400": "integration/n400_tau20-50ms/lif",
        "integration-decay-20": "integration/n250_tau20ms/lif",
        "integration-decay-20-100": "integration/n250_tau20-100ms/lif",
        "integration-decay-20-300": "integration/n250_tau20-300ms/lif",
        "integration-decay-20-1000": "integration/n250_tau20-1000ms/lif",
        "integration-refractory-0": "integration/n250_tau20-100ms/lif_refractory0ms",
        "integration-refractory-1": "integration/n250_tau20-100ms/lif_refractory1ms",
        "integration-refractory-5": "integration/n250_tau20-100ms/lif_refractory5ms",
        "integration-refractory-10": "integration/n250_tau20-100ms/lif_refractory10ms",
        "integration-refractory-20": "integration/n250_tau20-100ms/lif_refractory20ms",
        "integration-refractory-50": "integration/n250_tau20-100ms/lif_refractory50ms",
        "integration-filter-0": "integration/n250_tau20-100ms/lif_rise0ms",
        "integration-gain-0.5": "integration/n250_tau20-100ms_gain0.5/lif",
        "integration-gain-3": "integration/n250_tau20-100ms_gain3/lif",
    }


def test_the_conditions_of_the_tiny_study_are_called_so():
    small = "n40_tau20-50ms"
    larger = "n50_tau20-50ms"
    ended = "max2_eval10_loss1000_accuracy0"
    assert conditions_of("tests", "tiny", "config.yaml") == {
        "go-nogo": "go-nogo/n80_tau20-50ms/lif",
        "integration": f"integration/{small}_{ended}/lif",
        "xor": f"xor/{small}_max2_eval10_loss0.001_accuracy0/lif",
        "own": f"delayed-go/{small}_{ended}/qif",
        "go-nogo-softplus": f"go-nogo/{larger}_softplus_{ended}/lif",
        "go-nogo-relu": f"go-nogo/{larger}_clipped_relu_{ended}/lif",
        "go-nogo-sst": f"go-nogo/{larger}_inh0.5_som6_{ended}/lif",
        "go-nogo-no-dale": f"go-nogo/{larger}_nodale_{ended}/lif",
        "integration-qif": f"integration/{small}_{ended}/qif",
        "elsewhere": "go-nogo/external_elsewhere/lif",
        "go-nogo-size-3": "go-nogo/n3_tau20-50ms/lif",
        "go-nogo-decay-20": "go-nogo/n80_tau20ms/lif",
        "integration-refractory-0": f"integration/{small}_{ended}/lif_refractory0ms",
        "integration-filter-0": f"integration/{small}_{ended}/lif_rise0ms",
    }


# Random numbers -----------------------------------------------------------------------------------

NETWORK = "go-nogo/n200_tau20-50ms/seed_0"

# purpose: the words that follow it, and the key of the study seed 2019
KEYS = {
    "initial network": ((NETWORK,), 0x608C593BD650B1BF),
    "training": ((NETWORK, 0), 0x382AF8F21537EDB7),  # network, trial
    "training noise": ((NETWORK,), 0xA435F71861BDE046),
    "evaluation": ((NETWORK, 100, 0), 0x0CD7ADCBC3957BCF),  # after training trial 100, trial 0
    "evaluation noise": ((NETWORK, 100), 0xBE289E1F79ADC06F),
    "example": ((NETWORK, 0), 0x3E098FFD7E4A7155),
    "example noise": ((NETWORK,), 0x8F9C20D288571E01),
    "rate held out": ((NETWORK, 0), 0x5C50438D6DAA9E43),
    "rate held out noise": ((NETWORK,), 0x9C67D0927E5FCC4E),
    "search": ((NETWORK, 40.0, 0), 0x9B024CBD17C63C8C),  # network, scaling factor, trial
    "search noise": ((NETWORK, 40.0), 0x7DAC03D98E5AA7D7),
    "held out": ((NETWORK, 40.0, 0), 0xB4423F280105AAE7),
    "held out noise": ((NETWORK, 40.0), 0x76C86ADE0AECE87A),
    # of the refinement
    "calibration": ((NETWORK, 0), 0x97D651064BFED7DF),  # network, trial
    "calibration noise": ((NETWORK,), 0x95E8671AF19C6AE6),
    "answer to currents": ((), 0x20525DED01D51A28),
    "figure": ((NETWORK, 0, 0), 0xBD722661BF9AF060),
    "figure noise": ((NETWORK, 40.0), 0x8EF00BF81E62DEAF),
    "figure rate noise": ((NETWORK,), 0xBE858E2A44F3F192),
    "figure single trial noise": ((NETWORK, 40.0), 0x80F1C4957F7583C5),
    "selectivity": ((NETWORK, 40.0, 0), 0x1D9F6786C0DB74CE),
    "selectivity noise": ((NETWORK, 40.0), 0x06400089336404A4),
    "selectivity trace": ((NETWORK, 40.0, 0), 0x3D945141D5584B15),
    "selectivity trace noise": ((NETWORK, 40.0), 0x02239155E977E4EC),
    "mean-field weights": ((5.0, 0.8), 0x3E022E71DB633C2F),  # g, q
    "mean-field noise": ((5.0, 0.8), 0xEA3A195AA38D3D38),
    "mean-field voltages": ((5.0, 0.8), 0xBB0B4BAD385A72A3),
    "simulate": ((), 0xCC21DEC8B5D58B66),
    # of the published import names
    "single trial": ((), 0x6272F29C403BEB99),
    "evaluate": ((), 0x941C136A6FC816AD),
    "evaluate rate": ((), 0xAA49976ED2FF6F98),
    "eval_rnn": ((), 0x4D6B9952644D3A45),
    "lesion": ((), 0xDB4CD65EDE45315C),
    "scoring": (("model.mat", 0), 0x0C4108292EC2B4AF),
    "scoring noise": (("model.mat",), 0x027E06BB37BEBD0C),
}
# checks of kernels and of a user's task, and the calibration of the cost: no result
NO_RESULT = {"agreement", "agreement noise", "check", "cost", "cost noise"}


def test_a_network_is_called_by_task_condition_and_seed():
    assert labels.stream_name("go-nogo", "n200_tau20-50ms", "seed_0") == NETWORK


@pytest.mark.parametrize("purpose", KEYS)
def test_random_numbers_have_this_key(purpose):
    following, expected = KEYS[purpose]
    key = streams.key(2019, purpose, *following)
    assert f"{key.k0 | key.k1 << 32:016X}" == f"{expected:016X}"


def test_the_sources_name_these_purposes_and_no_others():
    in_sources = patterns_below(ROOT / "workflow" / "scripts")
    in_sources |= patterns_below(ROOT / "workflow" / "lib")
    purposes = KEYS.keys() | NO_RESULT
    matched = set()
    for pattern in in_sources:  # with a gap where a word is put together: `.+ noise`
        these = {purpose for purpose in purposes if re.fullmatch(pattern, purpose)}
        assert these, f"a purpose that is new or was changed: {pattern}"
        matched |= these
    assert matched == purposes


# What is hashed where numbers are drawn: the same words in the same order. A text that ends in `|`
# gets the number of each trial.


@pytest.fixture
def hashed(monkeypatch):
    """The texts of all keys made since, each once."""
    texts = {}
    blake2b = hashlib.blake2b

    def recorded(data=b"", **options):
        texts[data.decode().replace("\x1f", "|")] = None
        return blake2b(data, **options)

    monkeypatch.setattr(hashlib, "blake2b", recorded)
    return texts


SMALL = RateConfig(n_units=10)
SHORT = TrainingConfig(max_trials=2, evaluation_trials=2)


def trained_for_two_trials(task):
    run = train.train_network(BUILT_IN[task], SMALL, SHORT, study_seed=2019, network="a/b/seed_0")
    return run[0]


@pytest.mark.parametrize("together", [False, True])
def test_training_draws_by_these_words(hashed, together):
    if together:
        side_by_side.train_block(
            BUILT_IN["go-nogo"],
            SMALL,
            SHORT,
            study_seed=2019,
            networks=["a/b/seed_0"],
            threads=1,
            device="cpu",
        )
    else:
        trained_for_two_trials("go-nogo")
    assert set(hashed) == {
        "2019|initial network|a/b/seed_0",
        "2019|training|a/b/seed_0|",
        "2019|training noise|a/b/seed_0",
        "2019|evaluation|a/b/seed_0|1|",
        "2019|evaluation noise|a/b/seed_0|1",
        "2019|example|a/b/seed_0|",
        "2019|example noise|a/b/seed_0",
    }


@pytest.mark.parametrize("purpose", ["search", "held out"])
def test_spiking_trials_are_drawn_by_these_words(hashed, purpose):
    model = trained_for_two_trials("go-nogo")
    hashed.clear()
    simulation = Simulation(BUILT_IN["go-nogo"], 2019, purpose, device="cpu")
    conversion.score_network(simulation, model, "a/b/seed_0", 32.5, 2)
    assert set(hashed) == {
        f"2019|{purpose}|a/b/seed_0|32.5|",
        f"2019|{purpose} noise|a/b/seed_0|32.5",
    }


def test_examples_are_drawn_by_these_words(hashed):
    model = trained_for_two_trials("go-nogo")
    hashed.clear()
    simulation = Simulation(BUILT_IN["go-nogo"], 2019, device="cpu")
    example.example_recordings(simulation, model, "a/b/seed_0", 32.5)
    assert set(hashed) == {
        "2019|figure|a/b/seed_0|0|",
        "2019|figure noise|a/b/seed_0|1",
        "2019|figure noise|a/b/seed_0|10",
        "2019|figure noise|a/b/seed_0|32.5",
        "2019|figure rate noise|a/b/seed_0",
        "2019|figure single trial noise|a/b/seed_0|32.5",
    }


def test_graded_inputs_are_drawn_by_these_words(hashed):
    model = trained_for_two_trials("integration")
    hashed.clear()
    simulation = Simulation(BUILT_IN["integration"], 2019, device="cpu")
    selectivity.selectivity_recordings(simulation, model, "a/b/seed_0", 40.0)
    # ten offsets of both modalities in two contexts, four trials each
    offsets = {f"2019|selectivity|a/b/seed_0|40|{i}" for i in range(10 * 10 * 2 * 4)}
    assert set(hashed) >= offsets | {"2019|selectivity noise|a/b/seed_0|40"}
    hashed.clear()
    selectivity._voltages(simulation, model, "a/b/seed_0", 40.0, [0])
    pairs = {f"2019|selectivity trace|a/b/seed_0|40|{i}" for i in range(3)}
    assert set(hashed) == pairs | {"2019|selectivity trace noise|a/b/seed_0|40"}


def test_mean_field_networks_are_drawn_by_these_words(hashed):
    settings = MeanFieldConfig(
        n_exc=80,
        n_inh=20,
        g=(6.0,),
        q=(0.8,),
        n_transient=100,
        n_steps=1000,
        weight_scales=(1.0,),
    )
    list(comparison.networks(settings, 2019))
    assert set(hashed) == {
        "2019|mean-field weights|6|0.8",
        "2019|mean-field noise|6|0.8",
        "2019|mean-field voltages|6|0.8",
    }
