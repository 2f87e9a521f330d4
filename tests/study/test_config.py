"""Settings: the paper's defaults, refusals that name the key, labels that tell conditions apart,
the schema, YAML's traps."""

import re
from copy import deepcopy
from dataclasses import fields, replace

import numpy as np
import pytest
import scipy.io
import yaml
from shared import PUBLISHED_MODEL, ROOT

from rate2spike import config, devices
from rate2spike.config import (
    ConfigError,
    NeuronConfig,
    RateConfig,
    SearchConfig,
    TrainingConfig,
    from_mapping,
)
from rate2spike.study import Condition, given_models, read_study, schema
from rate2spike.study.figure_roles import FIGURE_ROLES, check_figures, refuse_unlisted
from rate2spike.study.read import check_condition, checked
from rate2spike.tasks import find_task

SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())
DEFAULT = (ROOT / "config" / "config.yaml").read_text()
SECTIONS = {
    "network": RateConfig,
    "training": TrainingConfig,
    "neuron": NeuronConfig,
    "search": SearchConfig,
}


def values_of(settings):
    return {f.name: getattr(settings, f.name) for f in fields(settings)}


def test_defaults_are_the_papers():
    assert values_of(RateConfig()) == {
        "n_units": 200,
        "p_inh": 0.25,  # not stated; see README
        "p_rec": 0.2,
        "n_som": 0,
        "weight_distribution": "gaussian",
        "gain": 1.5,
        "dale": True,
        "activation": "sigmoid",
        "tau_decay_ms": (20, 50),
        "connections": "prune",
    }
    assert values_of(TrainingConfig()) == {
        "learning_rate": 0.01,
        "decay_learning_rate": None,
        "trials_per_update": 1,
        "max_trials": 6000,
        "min_trials": 0,
        "evaluation_interval": 100,
        "evaluation_trials": 100,
        "loss": "l2",
        "loss_from": "start",
        "loss_threshold": 7,
        "accuracy_threshold": 0.95,
    }
    shared = {"tau_mem_ms": 10, "t_refractory_ms": 2, "tau_rise_ms": 2, "v_reset": -65}  # Table S1
    assert values_of(NeuronConfig()) == {"model": "lif", "v_threshold": -40, "bias": -40, **shared}
    assert values_of(NeuronConfig(model="qif")) == {
        "model": "qif",
        "v_threshold": 30,
        "bias": 0,
        **shared,
    }
    assert SearchConfig().scaling_factors == (20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75)
    assert (SearchConfig().trials, SearchConfig().downsample) == (100, 1)


NAN, INF = float("nan"), float("inf")
BAD = {
    RateConfig: {
        "n_units": [0, -1, 2.0, True, "200", None],
        "p_inh": [-0.1, 1.1, NAN, "0.2", True],
        "p_rec": [-0.1, 1.1, NAN, None],
        "n_som": [-1, 201, 1.0],
        "weight_distribution": ["normal", None, 1],
        "gain": [0, -1, NAN, INF, "1.5"],
        "dale": [1, "yes", None],
        "activation": ["relu", None, True],
        "tau_decay_ms": [
            (50.0, 20.0),
            (20.0, 20.0),
            (4.9,),
            (),
            (5.0, 6.0, 7.0),
            20.0,
            (20.0, NAN),
            (20.0, "50"),
            (-20.0,),
        ],
        "connections": ["pruned", None, True],
    },
    TrainingConfig: {
        "learning_rate": [0, -0.01, NAN, "1e-3"],
        "decay_learning_rate": [0, -0.01, NAN, "1e-3", True],
        "trials_per_update": [0, 1.0, True],
        "max_trials": [0, -5, 100.0],
        "min_trials": [-1, 0.5],
        "evaluation_interval": [0, "100"],
        "evaluation_trials": [0, 1.5],
        "loss": ["mse", None],
        "loss_from": ["stimuli", None, 50],
        "loss_threshold": [0, -7, NAN],
        "accuracy_threshold": [-0.1, 1.1, 95, NAN],
    },
    NeuronConfig: {
        "model": ["izhikevich", None],
        "tau_mem_ms": [0, -10, NAN],
        "t_refractory_ms": [-2, NAN, INF],
        "tau_rise_ms": [-1, "2"],
        "v_threshold": [NAN, "-40"],
        "v_reset": [-40, 0, NAN, None],
        "bias": [INF, "x", True],
    },
    SearchConfig: {
        "scaling_factors": [(), (20.0, 20.0), (0.0,), (-5.0,), (NAN,), ("20",), 20.0, (1000 / 30,)],
        "trials": [0, 1.0],
        "held_out_trials": [0, -1],
        "downsample": [0, 3, 200, 1.0],
        "refine": [
            ("shift",),
            ("output", "output"),
            ("gains",),
            ("gains", "output"),
            "output",
            None,
        ],
    },
}


@pytest.mark.parametrize(
    ("cls", "key", "value"),
    [(cls, key, v) for cls, keys in BAD.items() for key, values in keys.items() for v in values],
)
def test_an_impossible_value_is_refused_by_name(cls, key, value):
    with pytest.raises(ConfigError, match=rf"^{key}: expected .+, got {re.escape(repr(value))}$"):
        cls(**{key: value})
    with pytest.raises(ConfigError, match=rf"^here\.there\.{key}: expected"):
        from_mapping(cls, {key: list(value) if isinstance(value, tuple) else value}, "here.there")


EDGES = [
    (RateConfig, {"p_inh": 0, "p_rec": 1}),
    (RateConfig, {"p_inh": 1.0, "p_rec": 0.0, "n_units": 1}),
    (RateConfig, {"n_units": 7, "n_som": 7}),
    (RateConfig, {"tau_decay_ms": (5.0,)}),
    (RateConfig, {"tau_decay_ms": (5.0, 5.1)}),
    (TrainingConfig, {"max_trials": 2, "min_trials": 0, "evaluation_interval": 1}),
    (TrainingConfig, {"accuracy_threshold": 0, "trials_per_update": 1, "evaluation_trials": 1}),
    (TrainingConfig, {"accuracy_threshold": 1}),
    (NeuronConfig, {"t_refractory_ms": 0, "tau_rise_ms": 0}),
    (NeuronConfig, {"v_threshold": -64.9}),
    (SearchConfig, {"scaling_factors": (0.001,), "trials": 1, "held_out_trials": 1}),
    (SearchConfig, {"scaling_factors": (123456.0,), "downsample": 100}),
]


@pytest.mark.parametrize(("cls", "values"), EDGES)
def test_a_value_at_the_edge_of_what_is_allowed_is_taken(cls, values):
    """By the schema, too."""
    assert values.items() <= values_of(cls(**values)).items()
    (section,) = [name for name, of_section in SECTIONS.items() if of_section is cls]
    default = yaml.safe_load(DEFAULT)
    for key, value in values.items():
        default[section][key] = list(value) if isinstance(value, tuple) else value
    assert schema.first_problem(default, SCHEMA) is None


def test_these_keys_can_be_swept():
    """All that are one number, and the decays; each makes conditions of its own."""
    swept = SCHEMA["properties"]["sweeps"]["additionalProperties"]["properties"]["key"]["enum"]
    assert swept == [
        "network.n_units",
        "network.p_inh",
        "network.p_rec",
        "network.n_som",
        "network.gain",
        "network.tau_decay_ms",
        "training.learning_rate",
        "training.trials_per_update",
        "training.min_trials",
        "neuron.tau_mem_ms",
        "neuron.t_refractory_ms",
        "neuron.tau_rise_ms",
        "neuron.bias",
        "search.downsample",
    ]
    for key in swept:
        section, setting = key.split(".")
        own = {"task": "xor", "key": key, "values": [[20], [30]] if "tau_decay" in key else [4, 5]}
        if key.startswith("network.p_"):
            own["values"] = [0.4, 0.5]
        values = yaml.safe_load(DEFAULT)
        values |= {"conditions": {}, "figures": {}, "sweeps": {"mine": own}}
        assert schema.first_problem(values, SCHEMA) is None
        points = read_study(values).points("mine")
        found = [point.condition.setting(f"{section}.{setting}") for point in points]
        assert found == own["values"]
        assert len({point.condition.identity for point in points}) == 2


def test_every_field_is_checked():
    for cls, keys in BAD.items():
        assert set(keys) == {f.name for f in fields(cls)}


def test_a_refinement_that_cannot_be_is_refused_with_those_there_are():
    with pytest.raises(ConfigError) as error:
        SearchConfig(refine=("offset",))
    assert str(error.value) == ("refine: expected [], [output] or [output, gains], got ('offset',)")


def test_nothing_is_refined_unless_it_is_asked_for():
    assert SearchConfig().refine == ()
    asked = from_mapping(SearchConfig, {"refine": ["output"]})
    assert asked.refine == ("output",)
    assert asked.scaling_factors == SearchConfig().scaling_factors


def test_decays_learn_at_the_rate_of_all_else_unless_told():
    assert TrainingConfig(learning_rate=1).learning_rates == (1.0, 1.0)
    assert TrainingConfig(decay_learning_rate=0.003).learning_rates == (0.01, 0.003)


def test_an_unknown_key_is_refused_with_those_there_are():
    with pytest.raises(
        ConfigError,
        match=r"^network\.n_unit: unknown key; allowed are n_units, p_inh, .*connections$",
    ):
        from_mapping(RateConfig, {"n_unit": 5}, "network")


def test_som_units_need_dales_principle():
    with pytest.raises(ConfigError, match=r"^n_som: expected 0 where dale is false"):
        RateConfig(dale=False, n_som=2)


@pytest.mark.parametrize("connections", ["keep", "grow"])
def test_what_a_rectified_weight_does_needs_dales_principle(connections):
    with pytest.raises(
        ConfigError,
        match=rf"^connections: expected prune where dale is false .*, got '{connections}'$",
    ):
        RateConfig(dale=False, connections=connections)


@pytest.mark.parametrize("windows", [(), ((995.0, 1000.0),)], ids=["none", "at the end"])
def test_a_loss_from_the_stimulus_on_needs_a_stimulus(windows):
    task = replace(find_task("go-nogo"), name="own", stimulus_windows_ms=windows)
    for loss_from in ("start", "response"):
        check_condition(condition(training=TrainingConfig(loss_from=loss_from)), task)
    with pytest.raises(
        ConfigError,
        match=r"^conditions\.a\.training\.loss_from: expected start or response, as .*task own "
        r".*, got 'stimulus'$",
    ) as refused:
        check_condition(condition(training=TrainingConfig(loss_from="stimulus")), task)
    assert "stimulus_windows_ms" in str(refused.value)
    in_time = replace(task, stimulus_windows_ms=((990.0, 1000.0),))
    check_condition(condition(training=TrainingConfig(loss_from="stimulus")), in_time)


def test_a_trial_is_a_whole_number_of_longer_steps():
    task = replace(find_task("go-nogo"), n_steps=202)
    check_condition(condition(search=SearchConfig(downsample=2)), task)
    told = r"^conditions\.a\.search\.downsample: expected a divisor of the task's 202 steps, got 4$"
    with pytest.raises(ConfigError, match=told):
        check_condition(condition(search=SearchConfig(downsample=4)), task)


def test_a_loss_from_the_stimulus_on_is_checked_with_the_study(tmp_path, monkeypatch):
    """Of the user's own task, wherever the setting stands."""
    monkeypatch.chdir(ROOT)
    own = (ROOT / "config" / "tasks" / "delayed_go.py").read_text()
    (tmp_path / "own.py").write_text(
        own.replace("stimulus_windows_ms=((50, 150), (250, 300)),", "")
    )
    values = yaml.safe_load(DEFAULT) | {"sweeps": {}, "figures": {}}
    values["training"]["loss_from"] = "stimulus"
    values["conditions"] = {"mine": {"task": "delayed-go"}}
    values["tasks"] = {"delayed-go": str(tmp_path / "own.py")}
    with pytest.raises(
        ConfigError, match=r"^conditions\.mine\.training\.loss_from: .* the task delayed-go has no "
    ):
        checked(values, SCHEMA)
    values["tasks"] = {"delayed-go": "config/tasks/delayed_go.py"}
    checked(values, SCHEMA)


# Labels: a path must tell any two conditions apart ------------------------------------------------

OTHER = {
    "n_units": [100, 250],
    "p_inh": [0.2, 0.1],
    "p_rec": [0.25, 0.1],
    "n_som": [1, 10],
    "weight_distribution": ["gamma"],
    "gain": [1.25, 2],
    "dale": [False],
    "activation": ["clipped_relu", "softplus"],
    "tau_decay_ms": [(20.0,), (50.0,), (20.0, 100.0), (25.0, 50.0)],
    "connections": ["keep", "grow"],
    "learning_rate": [0.02, 0.001],
    "decay_learning_rate": [0.02, 0.001],
    "trials_per_update": [10, 100],
    "max_trials": [1000, 60000],
    "min_trials": [100, 1500],
    "evaluation_interval": [50, 1000],
    "evaluation_trials": [50, 1000],
    "loss": ["l1", "squared"],
    "loss_from": ["stimulus", "response"],
    "loss_threshold": [0.01, 10],
    "accuracy_threshold": [0.9, 0.01],
    "model": ["qif"],
    "tau_mem_ms": [20, 5],
    "t_refractory_ms": [1, 0],
    "tau_rise_ms": [1, 0],
    "v_threshold": [-50, 0],
    "v_reset": [-70, -60],
    "bias": [-41.5, 0],
}


def condition(network=None, training=None, neuron=None, search=None, name="a"):
    return Condition(
        name=name,
        task="go-nogo",
        network=network or RateConfig(),
        training=training or TrainingConfig(),
        neuron=neuron or NeuronConfig(),
        search=search or SearchConfig(),
        n_networks=1,
        key=f"conditions.{name}",
    )


def changed():
    """(field, condition) for every field of network, training and neuron, changed one at a time;
    two fields at once for some."""
    for section, cls in list(SECTIONS.items())[:3]:
        for field in fields(cls):
            for value in OTHER[field.name]:
                yield field.name, condition(**{section: replace(cls(), **{field.name: value})})
    yield "downsample", condition(search=SearchConfig(downsample=2))
    yield "qif threshold", condition(neuron=NeuronConfig(model="qif", v_threshold=-40, v_reset=-65))
    yield "qif bias", condition(neuron=NeuronConfig(model="qif", bias=-40))


def test_any_change_changes_the_path():
    paths = {"nothing": f"{condition().label}/{condition().neuron_label}"}
    for name, c in changed():
        path = f"{c.label}/{c.neuron_label}"
        assert path not in paths.values(), f"{name}: {path}"
        paths[name, len(paths)] = path
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*/[a-z][A-Za-z0-9._-]*", path), path


def test_what_the_network_is_does_not_depend_on_how_it_is_simulated():
    # conditions that differ in the neuron share one training, and the seeds' random streams
    assert (
        condition(neuron=NeuronConfig(model="qif"), search=SearchConfig(trials=5)).label
        == condition().label
    )


# Schema and config.yaml ---------------------------------------------------------------------------


@pytest.mark.parametrize("section", SECTIONS)
def test_schema_and_dataclasses_have_the_same_keys_and_words(section):
    properties, settings = SCHEMA["$defs"][section]["properties"], SECTIONS[section]()
    assert set(properties) == {f.name for f in fields(settings)}
    assert SCHEMA["$defs"][section]["additionalProperties"] is False
    allowed = {
        "weight_distribution": config.WEIGHT_DISTRIBUTIONS,
        "activation": config.ACTIVATIONS,
        "loss": config.LOSSES,
        "loss_from": config.LOSS_FROM,
        "connections": config.CONNECTIONS,
        "model": config.NEURON_MODELS,
    }
    of_schema = {k: tuple(p["enum"]) for k, p in properties.items() if "enum" in p}
    assert of_schema == {k: v for k, v in allowed.items() if k in properties}


def test_schema_and_kernels_know_the_same_devices():
    assert set(SCHEMA["properties"]["device"]["enum"]) == set(devices.DEVICES)


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.name)
def test_the_configs_of_the_repository_are_valid(path):
    values = yaml.safe_load(path.read_text())
    if "conditions" not in values:  # laid over the whole paper
        whole = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())
        values = whole | {
            k: whole.get(k, {}) | v if isinstance(v, dict) else v for k, v in values.items()
        }
    assert schema.first_problem(values, SCHEMA) is None
    check(values)


def test_the_whole_paper_has_the_published_sweeps():
    values = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())
    study = read_study(values)
    swept = {name: [p.x for p in sweep.points] for name, sweep in study.sweeps.items()}
    hundreds = [50.0 * i for i in range(1, 21)]
    assert swept == {
        "go-nogo-size": [10, *hundreds[:8]],
        "go-nogo-decay": [20, *hundreds],
        "integration-size": [10, *hundreds[:10]],
        "integration-decay": [20, *hundreds],
        "integration-refractory": [*(0.5 * i for i in range(11)), *(5.0 * i for i in range(2, 11))],
        "integration-filter": [0, 2],
        "integration-gain": [0.5, 1, 1.5, 2, 2.5, 3],
    }
    assert {c.n_networks for c in study.conditions} == {100}
    assert {(c.search.trials, len(c.search.scaling_factors)) for c in study.conditions} == {
        (100, 12)
    }
    assert set(study.figures) == set(FIGURE_ROLES) - {"figure_xor", "figure_variants"}
    networks = {(c.task, c.label): c.n_networks for c in study.conditions}
    # Fig. 6A: all but the point at 2 ms take the factors chosen there
    taken = [p.condition.factor_of for p in study.sweeps["integration-refractory"].points]
    assert taken == [*4 * ["integration-filter-2"], None, *15 * ["integration-filter-2"]]
    # the paper: "about 6,800" with those that serve several figures
    assert sum(networks.values()) == 7100


@pytest.mark.parametrize("path", ["config/config.yaml", "config/paper.yaml"])
def test_every_point_of_a_sweep_keeps_the_own_settings_of_the_sweep(path):
    """Those of the section that it sweeps, too."""
    values = yaml.safe_load((ROOT / path).read_text())
    study = read_study(values)
    kept = 0
    for name, own in values["sweeps"].items():
        for point in study.sweeps[name].points:
            assert point.condition.task == own["task"]
            for section in SECTIONS:
                for key, value in own.get(section, {}).items():
                    found = point.condition.setting(f"{section}.{key}")
                    assert found == value or f"{section}.{key}" == own["key"], (name, point.x)
                    kept += 1
    assert kept > 10
    gains = study.sweeps["integration-gain"].points
    assert {point.condition.network.tau_decay_ms for point in gains} == {(20, 100)}  # Fig. 6C
    assert [point.condition.network.gain for point in gains] == [point.x for point in gains]


def test_thinned_sweeps_are_parts_of_the_papers():
    thinned = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    paper = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())
    for name, sweep in thinned["sweeps"].items():
        whole = paper["sweeps"][name]
        assert sweep.keys() == whole.keys()
        assert [value for value in whole["values"] if value in sweep["values"]] == sweep["values"]
    for section in ("network", "training", "neuron", "search"):
        assert thinned[section] == paper[section]
    assert {k: v for k, v in thinned["figures"].items() if k != "figure_xor"} == paper["figures"]
    not_xor = {k: v for k, v in thinned["conditions"].items() if v["task"] != "xor"}
    assert not_xor == paper["conditions"]


def test_the_default_config_shows_every_key_with_its_default():
    values = yaml.safe_load(DEFAULT)
    # config/mean_field.yaml is a study of its own, see test_mean_field.py
    assert set(values) == set(SCHEMA["properties"]) - {"mean_field"}
    # a key that came later may be left out: a config written before goes on
    assert set(SCHEMA["required"]) == set(values) - {"factors_per_job"}
    # not in the paper, and off unless a config asks for it
    values["search"]["refine"] = []
    for section, cls in SECTIONS.items():
        assert list(values[section]) == [f.name for f in fields(cls)]
        # the size of most of the paper's networks
        default = replace(cls(), n_units=250) if section == "network" else cls()
        assert from_mapping(cls, values[section]) == default


def test_a_condition_lays_its_own_values_over_the_shared_ones():
    values = yaml.safe_load(DEFAULT)
    values["network"]["gain"] = 1.2
    values["conditions"] = {
        "a": {
            "task": "xor",
            "network": {"n_units": 50},
            "training": {"max_trials": 7},
            "networks": 2,
        },
        "b": {"task": "xor", "neuron": {"model": "qif"}},
    }
    values["external_models"] = {
        "c": {"task": "xor", "files": ["x/one.mat", "two.mat"], "search": {"trials": 3}}
    }
    values["sweeps"] = {
        "d": {
            "task": "xor",
            "key": "network.tau_decay_ms",
            "values": [[30], [20, 50]],
            "neuron": {"model": "qif"},
        },
    }
    values["figures"] = {"figure_xor": {"example": "b"}}
    study = read_study(values)
    a, b, c, d = study.conditions
    assert (a.network.n_units, a.network.gain, a.training.max_trials, a.n_networks) == (
        50,
        1.2,
        7,
        2,
    )
    assert (b.network.n_units, b.network.gain, b.neuron.v_threshold, b.n_networks) == (
        250,
        1.2,
        30,
        3,
    )
    assert (c.models, c.n_networks, c.search.trials, c.label) == (
        ("x/one.mat", "two.mat"),
        2,
        3,
        "external_c",
    )
    assert (d.name, d.network.tau_decay_ms, d.key) == ("d-30", (30,), "sweeps.d.values: [30]")
    # a point of a sweep that is a condition already is that condition
    assert study.points("d") == ((30, d), (50, b))
    assert study.points("b") == ((None, b),)
    assert study.names["d-20-50"] is b


def check(values):
    """What common.smk does after the schema."""
    study = read_study(values)
    for c in study.conditions:
        check_condition(c, find_task(c.task, study.user_tasks, f"{c.key}.task"))
    check_figures(study)


def problem(where, text):
    """What the user is told when the key at the dotted place `where` of the default config is set
    to the YAML `text`."""
    values = yaml.safe_load(DEFAULT)
    *path, key = where.split(".")
    place = values
    for part in path:
        place = place.setdefault(part, {})
    place[key] = yaml.safe_load(text)
    message = schema.first_problem(values, SCHEMA)
    if message is None:
        with pytest.raises(ConfigError) as error:
            check(values)
        message = str(error.value)
    assert "\n" not in message
    return message


TRAPS = [
    (
        "network.connections",
        "off",
        "network.connections: expected one of prune, keep, grow, got False (YAML reads",
    ),
    (
        "conditions.go-nogo-no-dale.network.connections",
        "grow",
        "conditions.go-nogo-no-dale.network.connections: expected prune where dale is false "
        "(without the rectification no weight stops at 0), got 'grow'",
    ),
    (
        "training.loss_from",
        "onset",
        "training.loss_from: expected one of start, stimulus, response, got 'onset'",
    ),
    (
        "training.learning_rate",
        "1e-3",
        "training.learning_rate: expected a number, got '1e-3' "
        "(YAML reads 1e-3 as text; write 0.001)",
    ),
    (
        "training.decay_learning_rate",
        "as others",
        "training.decay_learning_rate: expected a number or null, got 'as others'",
    ),
    (
        "training.decay_learning_rate",
        "0",
        "training.decay_learning_rate: expected a number > 0, got 0",
    ),
    (
        "training.decay_learning_rate",
        ".inf",
        "training.decay_learning_rate: expected a number > 0 or null, got inf (in conditions.go-",
    ),
    (
        "networks_per_condition",
        "1e1",
        "networks_per_condition: expected a whole number, got '1e1' "
        "(YAML reads 1e1 as text; write 10)",
    ),
    ("networks_per_condition", "4.0", "networks_per_condition: expected a whole number, got 4.0"),
    ("networks_per_job", "0", "networks_per_job: expected a number >= 1, got 0"),
    ("factors_per_job", "0", "factors_per_job: expected a number >= 1, got 0"),
    ("factors_per_job", "half", "factors_per_job: expected a whole number or null, got 'half'"),
    ("study_seed", "1.0", "study_seed: expected a whole number, got 1.0"),
    ("study_seed", "-1", "study_seed: expected a number >= 0, got -1"),
    ("network.n_units", "200.0", "network.n_units: expected a whole number, got 200.0"),
    (
        "network.n_units",
        "'200'",
        "network.n_units: expected a whole number, got '200' (YAML reads 200 as text; write 200)",
    ),
    ("network.n_unit", "5", "network.n_unit: unknown key; allowed are n_units, p_inh,"),
    (
        "network.p_inh",
        "yes",
        "network.p_inh: expected a number, got True (YAML reads yes, no, on, off as true or false",
    ),
    (
        "network.activation",
        "no",
        "network.activation: expected one of sigmoid, clipped_relu, softplus, got False (YAML",
    ),
    (
        "network.activation",
        "relu",
        "network.activation: expected one of sigmoid, clipped_relu, softplus, got 'relu'",
    ),
    (
        "network.gain",
        ".nan",
        "network.gain: expected a number > 0, got nan (in conditions.go-nogo)",
    ),
    ("network.gain", "0", "network.gain: expected a number > 0, got 0"),
    ("network.tau_decay_ms", "20", "network.tau_decay_ms: expected a list, got 20"),
    (
        "network.tau_decay_ms",
        "[20, 50, 100]",
        "network.tau_decay_ms: expected at most 2 values, got [20, 50, 100]",
    ),
    ("network.tau_decay_ms", "[]", "network.tau_decay_ms: expected at least 1 value(s), got []"),
    (
        "network.tau_decay_ms",
        "[-20, 50]",
        "network.tau_decay_ms.0: expected a number >= 5, got -20",
    ),
    (
        "conditions.go-nogo.network.tau_decay_ms",
        "[50, 20]",
        "conditions.go-nogo.network.tau_decay_ms: expected [min, max] or",
    ),
    ("neuron.t_refractory_ms", "-2", "neuron.t_refractory_ms: expected a number >= 0, got -2"),
    ("neuron.tau_mem_ms", "2 ms", "neuron.tau_mem_ms: expected a number, got '2 ms'"),
    ("neuron.model", "LIF", "neuron.model: expected one of lif, qif, got 'LIF'"),
    (
        "neuron.v_reset",
        "-30",
        "neuron.v_reset: expected a voltage below v_threshold (-40 mV), got -30 (in conditions.",
    ),
    (
        "search.scaling_factors",
        "[20, 20]",
        "search.scaling_factors: expected different values, got [20, 20]",
    ),
    (
        "search.scaling_factors",
        "[]",
        "search.scaling_factors: expected at least 1 value(s), got []",
    ),
    ("search.scaling_factors", "20-75", "search.scaling_factors: expected a list, got '20-75'"),
    ("search.scaling_factors", "[33.3333333]", "search.scaling_factors: expected "),
    (
        "search.downsample",
        "3",
        "search.downsample: expected a divisor of 100, got 3 (in conditions.go-nogo)",
    ),
    ("search.refine", "output", "search.refine: expected a list, got 'output'"),
    ("search.refine", "[shift]", "search.refine.0: expected one of output, gains, got 'shift'"),
    (
        "search.refine",
        "[output, output]",
        "search.refine: expected different values, got ['output', 'output']",
    ),
    ("device", "gpu", "device: expected one of auto, cpu, cuda"),
    (
        "device",
        "off",
        "got False (YAML reads yes, no, on, off as true or false; put the word in quotes)",
    ),
    ("search", "null", "search: expected keys with their values, got None"),
    ("seed", "3", "seed: unknown key; allowed are study_seed, device,"),
    ("network.p_rec", "1.5", "network.p_rec: expected a number <= 1, got 1.5"),
    ("networks_per_job", "100001", "networks_per_job: expected a number <= 100000, got 100001"),
    (
        "conditions.go-nogo.network.n_unit",
        "5",
        "conditions.go-nogo.network.n_unit: unknown key; allowed are n_units, p_inh,",
    ),
    (
        f"conditions.{'a' * 101}",
        "{task: xor}",
        "conditions: expected at most 100 letters, got 'aaa",
    ),
    ("conditions.go-nogo", "null", "conditions.go-nogo: expected keys with their values, got None"),
    ("conditions.go-nogo", "{networks: 3}", "conditions.go-nogo.task: missing key"),
    (
        "conditions.go-nogo.task",
        "no",
        "conditions.go-nogo.task: expected text, got False (YAML reads yes, no, on, off",
    ),
    (
        "conditions.go-nogo.task",
        "gonogo",
        "conditions.go-nogo.task: unknown task 'gonogo'; there are go-nogo, xor, integration",
    ),
    (
        "conditions.go_nogo",
        "{task: xor}",
        "conditions: expected a name of letters, digits, '.' and '-', got 'go_nogo'",
    ),
    (
        "conditions.go-nogo.networks",
        "0",
        "conditions.go-nogo.networks: expected a number >= 1, got 0",
    ),
    (
        "conditions.again",
        "{task: go-nogo, search: {trials: 9}}",
        "again.search.trials: expected 100, as in conditions.go-nogo-tuned, "
        "the same network, training and neuron, got 9",
    ),
    (
        "conditions.again",
        "{task: go-nogo, networks: 9}",
        "networks: expected 3, as in conditions.go-nogo-tuned, the same",
    ),
    (
        "conditions.go-nogo-size-10",
        "{task: xor}",
        "sweeps.go-nogo-size.values: 10: expected a name that no other",
    ),
    (
        "figures.figure_6.filters",
        "integration-refractory-again",
        "figures.figure_6.filters: expected a sweep of neuron.tau_rise_ms "
        "of the task integration (integration-filter), got",
    ),
    (
        "sweeps.go-nogo-size.key",
        "n_units",
        "sweeps.go-nogo-size.key: expected one of network.n_units, network.p_inh,",
    ),
    (
        "sweeps.go-nogo-size.values",
        "[]",
        "sweeps.go-nogo-size.values: expected at least 1 value(s), got []",
    ),
    (
        "sweeps.go-nogo-size.values",
        "[a]",
        "sweeps.go-nogo-size.values.0: expected a number or a list, got 'a'",
    ),
    (
        "sweeps.go-nogo-size.values",
        "[10.5]",
        "sweeps.go-nogo-size.values: 10.5.network.n_units: expected a whole number >= 1",
    ),
    (
        "sweeps.go-nogo-decay.values",
        "[[20, 50], [30, 50]]",
        "sweeps.go-nogo-decay.values: expected different values",
    ),
    (
        "figures.figure_xor.example",
        "nogo",
        "figure_xor.example: expected a condition of the task xor (xor, xor-reliable)",
    ),
    (
        "figures.figure_4.example",
        "go-nogo",
        "figure_4.example: expected a condition of the task integration (integration,",
    ),
    (
        "figures.figure_4.sizes",
        "go-nogo-size",
        "figure_4.sizes: expected a sweep of network.n_units of the task",
    ),
    (
        "figures.figure_4",
        "{sizes: integration-size}",
        "figures.figure_4.example: expected a condition of the task integration",
    ),
    (
        "figures.figure_3.example",
        "integration",
        "figures.figure_3: expected only sizes, got 'example'",
    ),
    (
        "sweeps.integration-gain.factor_of",
        "integration",
        "integration-gain.factor_of: expected a condition of the same networks "
        "that searches its own (there is none), got 'integ",
    ),
    (
        "conditions.integration-400-qif.factor_of",
        "go-nogo",
        "400-qif.factor_of: expected a condition of the same networks "
        "that searches its own (integration-400), got 'go-nogo'",
    ),
    (
        "sweeps.example",
        "{task: go-nogo, key: network.gain, values: [1]}",
        "sweeps.example: expected another name (figures call their example network so)",
    ),
    ("figures.figure_9", "{}", "figures.figure_9: unknown key; allowed are figure_1, figure_2,"),
    (
        "external_models.mine",
        "{task: xor, files: []}",
        "external_models.mine.files: expected at least 1 value(s), got []",
    ),
    (
        "external_models.mine",
        "{task: xor, files: a.mat}",
        "external_models.mine.files: expected a list, got 'a.mat'",
    ),
    ("external_models.mine", "{files: [a.mat]}", "external_models.mine.task: missing key"),
    (
        "external_models.mine",
        "{task: xor, files: [a/m.mat, b/m.mat]}",
        "mine.files: expected files of different names",
    ),
    (
        "conditions.again",
        "{task: go-nogo, neuron: {model: qif}, networks: 4}",
        "conditions.again.networks: expected 3, as in conditions.go-nogo-tuned, "
        "whose networks it shares, got 4",
    ),
    (
        "conditions.again",
        "{task: go-nogo, neuron: {model: qif}, search: {held_out_trials: 3}}",
        "conditions.again.search.held_out_trials: expected 100, as in conditions.go-nogo-tuned",
    ),
    (
        "conditions.xor.search.downsample",
        "8",
        "conditions.xor.search.downsample: expected a divisor of 100",
    ),
    (
        "external_models.mine",
        "{task: xor, files: [a.mat]}",
        "external_models.mine.files: expected paths of .mat files",
    ),
    (
        "training.max_trials",
        "1",
        "training.max_trials: expected a whole number >= 2",
    ),
    ("tasks.xor", "x.py", "tasks.xor: a task of this name is built in; choose another name"),
    (
        "external_models.xor",
        "{task: xor, files: [a.mat]}",
        "external_models.xor: expected a name that no other condition has",
    ),
]


@pytest.mark.parametrize(
    ("where", "text", "message"), TRAPS, ids=[f"{w}: {t}" for w, t, _ in TRAPS]
)
def test_one_line_names_the_key(where, text, message):
    assert message in problem(where, text)


def numbers_of(rule, place=()):
    """(place, whether it is a whole number) of every number that a config may hold, among them
    those of lists and of what the user names."""
    if "$ref" in rule:
        rule = SCHEMA["$defs"][rule["$ref"].removeprefix("#/$defs/")] | rule
    types = rule.get("type", [])
    if "integer" in types or "number" in types:
        yield place, "integer" in types
    for key, of_key in rule.get("properties", {}).items():
        yield from numbers_of(of_key, (*place, key))
    if isinstance(rule.get("additionalProperties"), dict):
        yield from numbers_of(rule["additionalProperties"], (*place, "mine"))
    if "items" in rule:
        yield from numbers_of(rule["items"], (*place, 0))


def test_true_and_yes_are_no_numbers_and_1_point_0_is_no_whole_one():
    """Of all keys: networks_per_condition: yes would train one network."""
    default = yaml.safe_load(DEFAULT)
    default["conditions"]["mine"] = {"task": "xor"}
    default["external_models"]["mine"] = {"task": "xor", "files": ["a.mat"]}
    default["sweeps"]["mine"] = {"task": "xor", "key": "network.gain", "values": [1]}
    places = dict(numbers_of(SCHEMA))
    assert len(places) > 50
    assert {place[0] for place in places} >= {"study_seed", "conditions", "sweeps", "mean_field"}
    for place, is_whole in places.items():
        expected = "a whole number" if is_whole else "a number"
        for value in [True, False] + [1.0] * is_whole:
            values = deepcopy(default)
            within, inner = values, value
            *path, key = [part for part in place if part != 0]
            for part in path:
                within = within.setdefault(part, {})
            for _ in range(place.count(0)):
                inner = [inner]
            within[key] = inner
            said = schema.first_problem(values, SCHEMA)
            assert said.startswith(f"{'.'.join(map(str, place))}: expected {expected}")
            assert f", got {value}" in said


def test_a_missing_key_is_named():
    for key in SCHEMA["required"]:
        values = yaml.safe_load(DEFAULT)
        del values[key]
        assert schema.first_problem(values, SCHEMA) == f"{key}: missing key"


def test_a_study_of_nothing_is_refused():
    values = yaml.safe_load(DEFAULT) | {"conditions": {}, "sweeps": {}, "figures": {}}
    assert schema.first_problem(values, SCHEMA) is None
    with pytest.raises(
        ConfigError, match=r"^conditions: expected at least one condition, sweep or external model"
    ):
        read_study(values)


# Two settings, one folder -------------------------------------------------------------------------


def study_with(**changes):
    """The study of the default config with other conditions, sweeps or models and no figures."""
    empty = {"conditions": {}, "sweeps": {}, "external_models": {}, "figures": {}}
    return read_study(yaml.safe_load(DEFAULT) | empty | changes)


def of_gain(gain, section="network", key="gain", **others):
    return {"task": "xor", section: {key: gain}, **others}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"conditions": {"a": of_gain(1.2345671), "b": of_gain(1.2345674)}},
            "conditions.b.network.gain: expected 1.2345671, as in conditions.a, or a value that "
            "differs from it in the first 6 digits (the name of a folder holds no more), "
            "got 1.2345674",
        ),
        (
            {
                "conditions": {
                    "a": of_gain(0.012345671, "training", "learning_rate"),
                    "b": of_gain(0.012345674, "training", "learning_rate"),
                }
            },
            "conditions.b.training.learning_rate: expected 0.012345671, as in conditions.a",
        ),
        (
            {
                "conditions": {
                    "a": of_gain(-40.123456, "neuron", "bias"),
                    "b": of_gain(-40.123459, "neuron", "bias"),
                }
            },
            "conditions.b.neuron.bias: expected -40.123456, as in conditions.a",
        ),
        (
            {
                "conditions": {
                    "a": of_gain([20, 50.00001], key="tau_decay_ms"),
                    "b": of_gain([20, 50.00002], key="tau_decay_ms"),
                }
            },
            "conditions.b.network.tau_decay_ms: expected (20, 50.00001), as in conditions.a",
        ),
        (  # one folder of networks, two of spiking networks
            {
                "conditions": {
                    "a": of_gain(1.2345671),
                    "b": of_gain(1.2345674, neuron={"model": "qif"}),
                }
            },
            "conditions.b.network.gain: expected 1.2345671, as in conditions.a",
        ),
        (
            {
                "conditions": {"a": of_gain(1.2345671)},
                "sweeps": {"d": {"task": "xor", "key": "network.gain", "values": [1, 1.2345674]}},
            },
            "sweeps.d.values: 1.2345674.network.gain: expected 1.2345671, as in conditions.a",
        ),
        (
            {
                "sweeps": {
                    "d": {"task": "xor", "key": "network.gain", "values": [1.2345671, 1.2345674]}
                }
            },
            "sweeps.d.values: expected values that differ in their first 6 digits (the name "
            "d-1.23457 holds no more), got '1.2345671 and 1.2345674'",
        ),
        (
            {
                "external_models": {
                    "Lab": {"task": "xor", "files": ["a.mat"]},
                    "lab": {"task": "xor", "files": ["b.mat"]},
                }
            },
            "external_models.lab: expected a name that differs from Lab in more than its case",
        ),
        (
            {"external_models": {"lab": {"task": "xor", "files": ["x/A.mat", "y/a.mat"]}}},
            "external_models.lab.files: expected files of different names (a network is called "
            "after its file), got 'x/A.mat and y/a.mat'",
        ),
        (
            {"conditions": {"a": of_gain(1)}, "mean_field": {"g": [6, 6.0000001]}},
            "mean_field.g: expected numbers that differ in their first 6 digits, "
            "got (6, 6.0000001)",
        ),
    ],
)
def test_two_settings_are_never_computed_as_one(changes, told):
    with pytest.raises(ConfigError, match=f"^{re.escape(told)}"):
        study_with(**changes)


def test_a_setting_of_many_digits_alone_is_computed():
    conditions = {"a": of_gain(1.2345671), "same": of_gain(1.2345671), "b": of_gain(1.23458)}
    study = study_with(conditions=conditions)
    assert [c.network.gain for c in study.conditions] == [1.2345671, 1.23458]
    assert study.names["same"] is study.names["a"]


def test_tasks_whose_folders_a_disk_may_take_for_one_are_refused(tmp_path):
    text = (ROOT / "config" / "tasks" / "delayed_go.py").read_text("utf-8")
    values = yaml.safe_load(DEFAULT) | {"sweeps": {}, "figures": {}, "tasks": {}}
    for name in ("delayed-go", "Delayed-Go"):
        file = tmp_path / f"{name}.py"
        file.write_text(text.replace('name="delayed-go"', f'name="{name}"'), "utf-8")
        values["tasks"][name] = str(file)
    values["conditions"] = {"a": {"task": "delayed-go"}}
    told = r"^tasks\.Delayed-Go: expected a name that differs from delayed-go in more than its case"
    with pytest.raises(ConfigError, match=told):
        checked(values, SCHEMA)
    # the built-in task of another condition
    file = tmp_path / "XOR.py"
    file.write_text(text.replace('name="delayed-go"', 'name="XOR"'), "utf-8")
    values["tasks"] = {"XOR": str(file)}
    values["conditions"] = {"a": {"task": "XOR"}, "b": {"task": "xor"}}
    with pytest.raises(ConfigError, match=r"^tasks\.XOR: expected a name that differs from xor in"):
        checked(values, SCHEMA)
    del values["conditions"]["b"]
    checked(values, SCHEMA)


def test_a_task_that_no_condition_has_is_checked_with_the_study(tmp_path):
    values = yaml.safe_load(DEFAULT) | {"sweeps": {}, "figures": {}}
    values["conditions"] = {"a": {"task": "xor"}}
    values["tasks"] = {"mine": str(tmp_path / "none.py")}
    with pytest.raises(ConfigError, match=r"^tasks\.mine: "):
        checked(values, SCHEMA)


# Models from elsewhere ----------------------------------------------------------------------------


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A folder with the published model under some names; the names are seen from there."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "models/b.mat",
        "models/a.mat",
        "models/deep/c.mat",
        "models/x[1].mat",
        "models/deep/deeper/d.mat",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(PUBLISHED_MODEL)
    (tmp_path / "models" / "folder.mat").mkdir()
    return tmp_path


def given(*files, task="go-nogo"):
    return study_with(external_models={"lab": {"task": task, "files": list(files)}})


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["models/[ab].mat"], ["models/a.mat", "models/b.mat"]),
        (["models/?.mat"], ["models/a.mat", "models/b.mat"]),
        (["models/**/c.mat"], ["models/deep/c.mat"]),
        (["models/**/d.mat"], ["models/deep/deeper/d.mat"]),  # folders at any depth
        (["models/**/a.mat"], ["models/a.mat"]),
        (["models/b.mat", "models/a*.mat"], ["models/b.mat", "models/a.mat"]),
        (["models/x[1].mat"], ["models/x[1].mat"]),  # a file of that name: no pattern
        (["models/*.mat"], ["models/a.mat", "models/b.mat", "models/x[1].mat"]),
        (["models/none.mat"], ["models/none.mat"]),  # refused by `checked`
    ],
)
def test_patterns_of_model_files_are_matched_and_sorted(models, files, found):
    (condition,) = given(*files).conditions
    assert list(condition.models) == found
    assert condition.n_networks == len(found)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (["models/z*.mat"], "expected a pattern that matches paths of .mat files that are there"),
        (["models/*.mat", "models/a.mat"], "expected each file once, got 'models/a.mat'"),
        (["models/a.mat", "./models/a.mat"], "expected each file once, got 'models/a.mat'"),
        (["models/c.mat", "models/**/c.mat"], "expected files of different names"),
    ],
)
def test_patterns_that_match_nothing_or_one_file_twice_are_refused(models, files, told):
    with pytest.raises(ConfigError, match=f"^external_models.lab.files: {re.escape(told)}"):
        given(*files)


def changed_model(path, **changes):
    keys = {k: v for k, v in scipy.io.loadmat(PUBLISHED_MODEL).items() if k[0] != "_"}
    keys = {k: v for k, v in (keys | changes).items() if v is not None}
    scipy.io.savemat(path, keys)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"w": None}, "missing key 'w'; a rate model needs w, w_in, w_out, N, m, inh, exc, taus"),
        ({"taus_gaus": None}, "key 'taus_gaus': missing; a network whose 'taus' is a range needs"),
        ({"w": np.ones((3, 200))}, "key 'w': expected shape (200, 200), got (3, 200)"),
        (
            {"w_in": np.ones((200, 2))},
            "key 'w_in': expected 1 input column(s) for task go-nogo, got 2",
        ),
    ],
)
def test_a_model_without_the_keys_of_one_is_refused_before_the_study_starts(models, changes, told):
    changed_model("wrong.mat", **changes)
    with pytest.raises(ConfigError) as error:
        given_models.check(given("models/a.mat", "wrong.mat"))
    assert str(error.value).startswith(f"external_models.lab.files: wrong.mat: {told}")
    assert "\n" not in str(error.value)


def test_a_damaged_model_is_refused_and_a_good_one_is_not_read(models, monkeypatch):
    (models / "half.mat").write_bytes(PUBLISHED_MODEL.read_bytes()[:100_000])
    with pytest.raises(ConfigError, match=r"^external_models\.lab\.files: half\.mat: "):
        given_models.check(given("half.mat"))
    monkeypatch.setattr(given_models.matfile, "load", None)
    given_models.check(given("models/*.mat"))


def test_a_figure_that_is_not_listed_says_what_to_write():
    with pytest.raises(ConfigError) as error:
        refuse_unlisted("figure_2")
    assert "figure_2: {example: name of a condition of the task go-nogo, sizes: " in str(
        error.value
    )
    assert "decays: name of a sweep of network.tau_decay_ms of the task go-nogo}" in str(
        error.value
    )


def test_variants_have_no_roles_and_need_a_condition_that_the_paper_has():
    with pytest.raises(ConfigError, match=r"figure_variants: \{\}$"):
        refuse_unlisted("figure_variants")
    message = problem("figures.figure_variants", "{example: go-nogo}")
    assert message == "figures.figure_variants: expected {}, got 'example'"
    values = yaml.safe_load(DEFAULT) | {"figures": {"figure_variants": {}}, "sweeps": {}}
    check_figures(read_study(values))
    for without in (
        {"network": {"tau_decay_ms": [20, 60]}},
        {"network": {"n_units": 60}},
        {"neuron": {"model": "qif"}},
        {"task": "xor"},
    ):
        own = {"a": {"task": "go-nogo"} | without}
        with pytest.raises(ConfigError) as error:
            check_figures(read_study(values | {"conditions": own}))
        assert str(error.value).startswith("figures.figure_variants: expected a condition or a ")
        assert str(error.value).endswith("in the study, got 'none'")


@pytest.mark.parametrize("name", ["null", "~", "yes", "1", "007", "1.5", ".inf", "2026-01-01"])
@pytest.mark.parametrize("section", ["conditions", "sweeps", "tasks", "external_models"])
def test_a_name_that_yaml_reads_as_something_else_is_refused_in_one_line(section, name):
    named = {section: {yaml.safe_load(name): {}}}
    message = schema.first_problem(yaml.safe_load(DEFAULT) | named, SCHEMA)
    assert message.startswith(f"{section}: expected names that are text, got ")
    assert message.endswith("in quotes)")
    assert "\n" not in message


def test_the_names_of_a_figure_are_text():
    for roles in ({1: "a", None: "b"}, {"example": 7}, {"example": None}):
        values = yaml.safe_load(DEFAULT) | {"figures": {"figure_s1": roles}}
        message = schema.first_problem(values, SCHEMA)
        assert message.startswith("figures.figure_s1")
        assert message.endswith("put a name in quotes)")


@pytest.mark.parametrize("name", ["NA", "nan", "None", "1e3", "inf", "'null'", "'1'", "'007'"])
def test_a_name_that_yaml_reads_as_text_is_a_name(name):
    named = {yaml.safe_load(name): {"task": "go-nogo"}}
    values = yaml.safe_load(DEFAULT) | {"conditions": named, "sweeps": {}, "figures": {}}
    assert schema.first_problem(values, SCHEMA) is None
    (condition,) = read_study(values).conditions
    assert condition.name == name.strip("'")
