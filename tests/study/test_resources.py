"""What jobs ask of a scheduler: memory and run time follow from the condition and double with every
attempt."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
from studies import study_of

from rate2spike.study import resources
from rate2spike.study.layout import Layout

# the stages whose jobs grow with their condition and block
OF_WORK = [
    "train",
    "export",
    "import_models",
    "simulate",
    "held_out",
    "refine",
    "example",
    "selectivity",
    "exchange",
]


def layout_of(path: str, device: str = "cpu", **changes) -> Layout:
    block_size = partial(resources.fitting_block, device=device)
    factors_at_once = partial(resources.fitting_factors, device=device)
    return Layout(study_of(path, **changes), block_size, factors_at_once)


@pytest.fixture(scope="module")
def default() -> Layout:
    return layout_of("config/config.yaml")


@pytest.fixture(scope="module")
def paper() -> Layout:
    return layout_of("config/paper.yaml")


def asked(stage, layout, name, block=None, *, threads=1, attempt=1, device="cpu", n_factors=1):
    """(MB, minutes) that a job of the condition `name` asks for."""
    c = layout.study.names[name]
    wildcards = SimpleNamespace(task=c.task, condition=c.label, neuron=c.neuron_label)
    if block:
        wildcards.block = block
    needed = resources.needs(stage, layout, device, n_factors)
    arguments = {"wildcards": wildcards, "threads": threads, "attempt": attempt}
    return needed["mem_mb"](**arguments), needed["runtime"](**arguments)


def of_small_job(stage, layout, *, attempt=1, device="cpu"):
    """(MB, minutes) of a job that depends on no condition."""
    needed = resources.needs(stage, layout, device)
    return needed["mem_mb"](None, attempt), needed["runtime"](None, attempt)


# Reckoned by hand ---------------------------------------------------------------------------------


def test_jobs_of_the_default_study(default):
    # Beside 1500 MB and 10 minutes of a start. Three networks of 200 units in 200 steps of 5 ms,
    # one a core: each keeps 40 x 200^2 + 32 x 200 x 200 + 16 x 200 x 100 = 3.2 MB, and works on
    # 200 x (200 x 200 + 64 x 201) = 10.6 MB; 6000 trials and a quarter of 6000 evaluated, of 200
    # steps of 2 us + 0.4 ns x 200^2, are 27 s.
    assert asked("train", default, "go-nogo", "seeds_0-2", threads=3) == (1541, 10)
    # 400 units, 500 steps: 6.4 + 6.4 + 0.8 MB and 46.4 MB; 7500 x 500 x 66 us = 4.1 minutes
    assert asked("train", default, "integration-400", "seeds_0-2", threads=3) == (1680, 14)
    # the models: 3 x (40 x 400^2 + 32 x 400 x 500) = 38.4 MB; 300 trials of 50,000 steps of
    # 0.2 us + 4 ns x 400 = 27 s
    assert asked("simulate", default, "integration-400", "seeds_0-2") == (1538, 10)
    assert asked("simulate", default, "integration-400", "seeds_0-2", n_factors=6) == (1538, 12)
    assert asked("held_out", default, "integration-400-qif", "seeds_0-2") == (1538, 11)
    assert asked("refine", default, "integration-400-qif", "seeds_0-2") == (1538, 11)
    # 400 x 500 x (32 x 100 + 16 x 400) bytes = 1920 MB; 400 x 500 x 100 steps of 4.8 us = 1.6
    # minutes, and 10 more to compile
    assert asked("example", default, "integration-400") == (3420, 21)
    assert asked("selectivity", default, "integration-400") == (3420, 21)
    assert asked("exchange", default, "integration-400", "seeds_0-2") == (4420, 21)


def test_jobs_of_the_whole_paper(paper):
    # The largest networks: 500 units, 500 steps. One keeps 10 + 8 + 0.8 MB and works on
    # 500 x (200 x 500 + 64 x 201) = 56.4 MB for 7500 x 500 x 102 us = 6.4 minutes.
    name = "integration-size-500"
    assert asked("train", paper, name, "seeds_0-0") == (1575, 16)
    assert asked("train", paper, name, "seeds_90-99") == (1744, 73)
    assert asked("train", paper, name, "seeds_0-99") == (3436, 647)
    # on ten cores a hundred networks take as long as ten on one, and room for ten that run at once
    assert asked("train", paper, name, "seeds_0-99", threads=10) == (3944, 73)
    # on 16 cores seven, one after the other
    assert asked("train", paper, name, "seeds_0-99", threads=16) == (4282, 54)
    # 100 models of 18 MB; 10,000 trials of 50,000 steps of 2.2 us = 18.3 minutes
    assert asked("simulate", paper, name, "seeds_0-99") == (3300, 28)
    # 5 s a file and 20 s for a million of its 500,000 numbers: 25 minutes
    assert asked("export", paper, name, "seeds_0-99") == (3300, 35)
    # fresh trials, and the converted models written
    assert asked("held_out", paper, name, "seeds_0-99") == (3300, 53)


def test_longer_steps_take_less_time(paper):
    coarse = {"search": {"scaling_factors": [40], "trials": 100, "held_out_trials": 100}}
    coarse["search"]["downsample"] = 2
    layout = layout_of("config/paper.yaml", **coarse)
    # 18.3 minutes halved
    assert asked("simulate", layout, "integration-size-500", "seeds_0-99") == (3300, 19)


def test_a_model_from_elsewhere_may_be_large():
    layout = layout_of("tests/tiny/config.yaml", figures={})
    # counted as 1000 units: 40 x 1000^2 + 32 x 1000 x 200 = 46.4 MB
    assert asked("import_models", layout, "elsewhere", "external") == (1546, 10)


@pytest.mark.parametrize(
    ("changes", "megabytes", "minutes"),
    [
        # 3 g, 6 q, 7 weight scales: 18 x 9 networks of 22,000 steps of 0.16 ns x 1000^2 = 9.5
        # minutes: four times what the study took. 8 bytes x 4 x (1000 x 22,000 + 8 x 1000^2)
        ({}, 2460, 19),
        ({"n_exc": 80, "n_inh": 20}, 1572, 10),
        ({"n_exc": 8000, "n_inh": 2000}, 34140, 960),
    ],
)
def test_the_mean_field_study_by_its_size(changes, megabytes, minutes):
    layout = layout_of("config/mean_field.yaml", mean_field=changes)
    assert of_small_job("mean_field", layout) == (megabytes, minutes)
    assert of_small_job("mean_field", layout, attempt=2) == (2 * megabytes, 2 * minutes)


# Attempts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", OF_WORK)
def test_a_job_that_is_tried_again_gets_twice_as_much(paper, stage):
    megabytes, minutes = asked(stage, paper, "integration-size-500", "seeds_0-99")
    for attempt, times in {2: 2, 3: 4}.items():
        again = asked(stage, paper, "integration-size-500", "seeds_0-99", attempt=attempt)
        assert again == (times * megabytes, times * minutes)


@pytest.mark.parametrize("stage", resources.SMALL_JOBS)
def test_a_small_job_too(default, stage):
    megabytes, minutes = of_small_job(stage, default)
    assert megabytes >= 1000
    assert minutes >= 10
    assert of_small_job(stage, default, attempt=3) == (4 * megabytes, 4 * minutes)


# A GPU --------------------------------------------------------------------------------------------


def test_the_host_of_a_gpu_needs_memory_for_it(paper):
    name, block = "integration-size-500", "seeds_0-99"
    for stage in ("simulate", "held_out", "refine", "example", "selectivity"):
        megabytes, minutes = asked(stage, paper, name, block)
        assert asked(stage, paper, name, block, device="cuda") == (megabytes + 4000, minutes)
        assert resources.needs(stage, paper, "cuda")["gpu"] == 1
        assert "gpu" not in resources.needs(stage, paper, "cpu")
    # a hundred networks run at once, each on its 56.4 MB, and take the time of one on a core
    assert asked("train", paper, name, block, device="cuda") == (13023, 16)
    assert resources.needs("train", paper, "cuda")["gpu"] == 1


@pytest.mark.parametrize("stage", ["export", "import_models", "exchange"])
def test_what_computes_on_no_gpu_asks_for_none(paper, stage):
    name, block = "integration-size-500", "seeds_0-99"
    on_gpu = asked(stage, paper, name, block, device="cuda")
    assert on_gpu == asked(stage, paper, name, block)
    assert "gpu" not in resources.needs(stage, paper, "cuda")


# Blocks and cores ---------------------------------------------------------------------------------


def test_a_block_lasts_minutes(paper):
    def fitting(name, device="cpu"):
        c = paper.study.names[name]
        return resources.fitting_block(c, paper.n_steps[c.task], device)

    # 50 core-minutes of training: of 500 units 382.5 / 4 s each, of 400 units 247.5 / 4 s
    assert fitting("integration-size-500") == 31
    assert fitting("integration-400") == 48
    assert fitting("integration-size-10") == 100  # no more than that
    assert fitting("integration-size-500", "cuda") == 100  # all there are


def test_a_network_that_trains_for_hours_is_a_block():
    layout = layout_of("config/config.yaml")
    c = layout.study.names["integration-400"]
    assert resources.fitting_block(c, 100_000, "cpu") == 1


def test_a_core_a_network(paper):
    assert resources.training_threads(3, "cpu") == 3
    assert resources.training_threads(100, "cpu") == 16
    assert resources.training_threads(100, "cuda") == 1


@pytest.mark.parametrize(
    ("n_cores", "n_blocks", "threads"),
    [
        (2, 29, 1),  # two networks of two blocks, no core idle
        (8, 29, 1),
        (64, 29, 3),
        (8, 1, 3),
        (2, 1, 2),
        (2, 0, 2),  # trained anew: every block is there
    ],
)
def test_blocks_share_the_cores_of_a_machine(n_cores, n_blocks, threads):
    found = resources.training_threads(3, "cpu", n_cores=n_cores, n_blocks=n_blocks)
    assert found == threads


def test_a_simulation_job_lasts_half_a_minute(default, paper):
    def n_factors(layout, name, device="cpu"):
        c = layout.study.names[name]
        (found,) = {len(group) for group in layout.factor_groups(c)}
        return found

    # 300 trials of 20,000 steps of 50 ns + 1 ns x 200: 1.5 s a factor, 18 s
    assert n_factors(default, "go-nogo") == 12
    # 50,000 steps of 300 ns: 4.5 s a factor, 54 s
    assert n_factors(default, "integration") == 12
    # 450 ns: 6.75 s a factor, 81 s in two jobs
    assert n_factors(default, "integration-400") == 6
    # a hundred networks: 10,000 trials, 225 s a factor
    assert n_factors(paper, "integration-400") == 1
    # four groups at most: five networks of 400 units are 11.25 s a factor, 135 s in three; nine
    # are 243 s, one more than four would hold
    c = paper.study.names["integration-400"]
    groups = {n: resources.fitting_factors(c, n, 500, device="cpu") for n in (5, 8, 9)}
    assert groups == {5: 4, 8: 3, 9: 1}
    on_gpu = layout_of("config/paper.yaml", device="cuda")
    assert n_factors(on_gpu, "integration-400") == 12  # side by side, as one on a core


# What comes first ---------------------------------------------------------------------------------


def test_the_quickest_page_comes_first_then_the_longest_condition(default):
    order = resources.priorities(default)
    assert set(order) == {c.name for c in default.study.conditions}
    assert len(set(order.values())) == len(order)
    assert min(order.values()) > 0  # Snakemake's other scheduler leaves out what has none
    first, second, *_, last = sorted(order, key=order.get, reverse=True)
    assert (first, second) == ("go-nogo", "integration-size-400")  # 4400 trials of training
    assert last == "go-nogo-size-10"
    assert resources.first_shown(default).name == "go-nogo"


def test_a_page_that_waits_for_the_factors_of_another_condition_is_not_the_first(default):
    """Though it is quicker: it simulates at one factor."""
    searched = default.study.names["go-nogo"]
    neuron = replace(searched.neuron, t_refractory_ms=1.0)
    waiting = replace(searched, name="waiting", neuron=neuron, factor_of="go-nogo")
    study = replace(default.study, conditions=(waiting, searched))
    layout = replace(default, study=study)
    assert resources.first_shown(layout) is searched
    assert resources.priorities(layout) == {"waiting": 1, "go-nogo": 2}


def test_a_study_without_conditions_has_no_order():
    alone = layout_of("config/mean_field.yaml")
    assert resources.priorities(alone) == {}
    assert resources.first_shown(alone) is None


def test_the_whole_paper_is_a_number_of_jobs_that_a_cluster_takes(paper):
    n_jobs = sum(len(files) for files in paper.benchmarks().values())
    assert 500 < n_jobs <= 3000


def test_spiking_trials_of_a_refinement(default):
    """Fresh ones of each step; gains of the units are searched anew, at each factor."""
    condition = default.study.names["go-nogo"]

    def trials(*steps, **settings):
        search = replace(condition.search, refine=steps, trials=60, held_out_trials=7)
        return resources.refinement_trials(replace(condition, search=search, **settings))

    assert trials() == 0
    assert trials("output") == 7
    assert trials("output", "gains") == 12 * 60 + 2 * 7
    assert trials("output", "gains", factor_of="integration") == 0  # it searches nothing


def test_the_job_of_a_refinement_has_the_time_of_its_trials(default):
    """400 units, 500 steps: 50,000 steps of 0.2 us + 4 ns x 400 are 0.09 s; 3 networks of 100 fresh
    trials 27 s, and of 1400 6.3 minutes."""
    name = "integration-400-qif"
    condition = default.study.names[name]
    search = replace(condition.search, refine=("output", "gains"))
    conditions = [replace(condition, search=search)]
    conditions += [c for c in default.study.conditions if c is not condition]
    study = replace(default.study, conditions=tuple(conditions))
    with_gains = replace(default, study=study)
    minutes = asked("refine", with_gains, name, "seeds_0-2")[1]
    assert minutes - asked("refine", default, name, "seeds_0-2")[1] == pytest.approx(5.9, abs=1)


# What the cost is reckoned from -------------------------------------------------------------------


def test_conditions_that_share_their_networks_train_them_once(default):
    rows = {row["name"]: row for row in resources.workload(default)}
    assert len(rows) == 37
    assert rows["integration-400"]["training"]["max_trials"] == 6000
    assert rows["integration-400-qif"]["training"] is None
    assert rows["integration-400-qif"]["network"]["n_units"] == 400
    assert rows["integration-400-qif"]["neuron"]["model"] == "qif"
    assert (rows["go-nogo"]["n_networks"], rows["go-nogo"]["n_factors"]) == (3, 12)
    # the refinement has its own fresh trials
    assert (rows["go-nogo"]["refines"], rows["go-nogo"]["held_out_trials"]) == (True, 2 * 100)
    # a search of its own and the fresh trials of a second step
    steps = replace(default.study.names["go-nogo"].search, refine=("output", "gains"))
    condition = replace(default.study.names["go-nogo"], search=steps)
    study = replace(default.study, conditions=(condition,))
    (row,) = resources.workload(replace(default, study=study))
    assert row["refines"]
    assert row["held_out_trials"] == 100 + 12 * 100 + 2 * 100
    # it takes those of another
    taken = rows["integration-refractory-0"]
    assert (taken["n_factors"], taken["refines"], taken["held_out_trials"]) == (0, False, 100)
    # 200 x 200 x 100 steps of 4.8 us, of which a quarter was measured: 4.8 s
    assert rows["go-nogo"]["recording_s"] == pytest.approx(4.8)
    # 400 x 500 x 100: 24 s, twice where the responses to graded inputs are recorded besides
    assert rows["integration-400-qif"]["recording_s"] == pytest.approx(24)
    assert rows["integration-400"]["recording_s"] == pytest.approx(48)
    assert rows["go-nogo-size-10"]["recording_s"] == 0


def test_a_stage_that_is_not_there_is_an_error(default):
    with pytest.raises(KeyError, match="says nothing of the stage 'exampel'"):
        resources.needs("exampel", default, "cpu")
