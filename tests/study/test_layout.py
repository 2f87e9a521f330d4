"""Where the files of a study lie: blocks of seeds, shards, what figures are drawn from."""

import re
from types import SimpleNamespace

import pytest
from studies import study_of

from rate2spike.config import ConfigError
from rate2spike.study import layout
from rate2spike.study.layout import Layout


def layout_of(path: str, **changes) -> Layout:
    """Where the config leaves it open, two networks and two scaling factors a job."""
    study = study_of(path, **changes)
    return Layout(study, lambda condition, n_steps: 2, lambda condition, n_networks, n_steps: 2)


@pytest.fixture(scope="module")
def default() -> Layout:
    return layout_of("config/config.yaml")


@pytest.fixture(scope="module")
def tiny() -> Layout:
    return layout_of("tests/tiny/config.yaml")


def test_a_task_is_loaded_once_however_many_jobs_are_planned(monkeypatch):
    """A user's task of the published form draws hundreds of trials each time it is loaded."""
    loaded = []

    def find_task(name, user_tasks):
        loaded.append(name)
        return SimpleNamespace(n_steps=7)

    monkeypatch.setattr(layout, "find_task", find_task)
    fresh = layout_of("tests/tiny/config.yaml")
    for _ in range(3):
        assert fresh.of_blocks("{place}/{block}", fresh.study.conditions)
        assert fresh.n_steps["delayed-go"] == 7
    assert sorted(loaded) == ["delayed-go", "go-nogo", "integration", "xor"]


# Conditions ---------------------------------------------------------------------------------------


def test_a_path_finds_its_condition(default):
    names = {
        ("go-nogo", "n250_tau20-50ms", "lif"): "go-nogo-tuned",
        ("integration", "n400_tau20-100ms", "lif"): "integration-400",
        ("integration", "n400_tau20-100ms", "qif"): "integration-400-qif",
        ("integration", "n250_tau20-100ms", "lif_rise0ms"): "integration-filter-0",
    }
    for (task, label, neuron), name in names.items():
        wildcards = SimpleNamespace(task=task, condition=label, neuron=neuron)
        assert default.condition_of(wildcards).name == name
    # a path of rate networks names no neuron: the first of those that share them
    rate = SimpleNamespace(task="integration", condition="n400_tau20-100ms")
    assert default.condition_of(rate).name == "integration-400"


def test_a_path_of_no_condition_is_refused_with_those_there_are(tiny):
    with pytest.raises(ConfigError) as error:
        tiny.condition_of(SimpleNamespace(task="xor", condition="n80_tau20-50ms", neuron="qif"))
    message, _, there = str(error.value).partition("; there are ")
    assert message == "no condition xor/n80_tau20-50ms/qif in the config"
    assert there.startswith("go-nogo/n80_tau20-50ms/lif, integration/n40_tau20-50ms_max2")
    assert len(there.split(", ")) == 14
    with pytest.raises(ConfigError, match=r"^no condition xor/n80_tau20-50ms/ in the"):
        tiny.condition_of(SimpleNamespace(task="xor", condition="n80_tau20-50ms"))


def test_a_point_of_a_sweep_has_no_page_unless_it_is_a_condition_too(default):
    assert [c.name for c in default.shown] == [
        "go-nogo",
        "integration",
        "go-nogo-tuned",
        "go-nogo-fixed",
        "go-nogo-softplus",
        "go-nogo-relu",
        "go-nogo-sst",
        "go-nogo-no-dale",
        "integration-400",
        "integration-400-qif",
        "xor",
        "xor-reliable",
    ]


def test_what_takes_the_factors_of_another_condition_is_not_searched(default):
    searched = {c.name for c in default.searched}
    assert {c.name for c in default.study.conditions} - searched == {
        "integration-refractory-0",
        "integration-refractory-1",
        "integration-refractory-5",
        "integration-refractory-10",
        "integration-refractory-20",
        "integration-refractory-50",
    }


def test_a_condition_says_what_else_it_is_called(default):
    names = default.study.names
    assert default.other_names(names["go-nogo"]) == "go-nogo-size-200"
    assert default.other_names(names["go-nogo-tuned"]) == "go-nogo-size-250; go-nogo-decay-20-50"
    assert default.other_names(names["xor"]) == ""


# Blocks -------------------------------------------------------------------------------------------


def test_a_block_holds_as_many_seeds_as_a_job_carries(default, tiny):
    c = default.study.names["go-nogo"]
    assert default.blocks(c) == ["seeds_0-1", "seeds_2-2"]
    for size, blocks in {
        1: ["seeds_0-0", "seeds_1-1", "seeds_2-2"],
        3: ["seeds_0-2"],
        100: ["seeds_0-2"],
    }.items():
        assert layout_of("config/config.yaml", networks_per_job=size).blocks(c) == blocks
    assert tiny.blocks(tiny.study.names["elsewhere"]) == ["external"]


def test_the_seeds_of_a_block():
    assert layout.seeds_in("seeds_0-0") == [0]
    assert layout.seeds_in("seeds_98-101") == [98, 99, 100, 101]


def test_how_many_networks_a_block_holds(default, tiny):
    wildcards = SimpleNamespace(task="go-nogo", condition="n200_tau20-50ms", block="seeds_0-1")
    assert default.networks_in(wildcards) == 2
    elsewhere = SimpleNamespace(task="go-nogo", condition="external_elsewhere", block="external")
    assert tiny.networks_in(elsewhere) == 1


# Scaling factors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "groups"),
    [
        (None, [("25", "32.5"), ("40",)]),  # two, as this layout finds
        (1, [("25",), ("32.5",), ("40",)]),
        (3, [("25", "32.5", "40")]),
        (100, [("25", "32.5", "40")]),
    ],
)
def test_jobs_carry_each_factor_once_and_in_order(given, groups):
    layout = layout_of("tests/tiny/config.yaml", factors_per_job=given)
    names = layout.study.names
    assert layout.factor_groups(names["go-nogo"]) == groups
    assert layout.factor_groups(names["elsewhere"]) == [("40",)]
    assert layout.factor_groups(names["integration-refractory-0"]) == []


def test_factors_of_a_job_are_found_from_the_networks_that_it_holds():
    asked = []

    def factors_at_once(condition, n_networks, n_steps):
        asked.append((condition.name, n_networks, n_steps))
        return 1

    study = study_of("tests/tiny/config.yaml", networks_per_job=10)
    fresh = Layout(study, lambda condition, n_steps: 2, factors_at_once)
    for name in ("go-nogo", "own", "elsewhere"):
        fresh.factor_groups(study.names[name])
    assert asked == [("go-nogo", 2, 200), ("own", 1, 100), ("elsewhere", 1, 200)]


@pytest.mark.parametrize("given", [None, 1, 2, 5, 12])
def test_every_shard_is_made_by_one_rule(given):
    """Whatever a job carries: the files are the same, and no other rule could make them."""
    layout = layout_of("config/config.yaml", factors_per_job=given)
    patterns = {}
    for rule in layout.simulation_rules:
        for factor in rule.factors:
            file = "results/simulations/TASK/[^/]+/[^/]+/[^/]+/factor_FACTOR.parquet"
            known = r"[0-9.e+-]+" if factor == "{factor}" else re.escape(factor)
            pattern = file.replace("TASK", rule.task_pattern).replace("FACTOR", known)
            patterns[rule.name, factor] = re.compile(pattern)
    for shard in layout.all_shards:
        makers = [maker for maker, pattern in patterns.items() if pattern.fullmatch(shard)]
        assert len(makers) == 1, (shard, makers)
    one_by_one = layout_of("config/config.yaml", factors_per_job=1)
    assert layout.all_shards == one_by_one.all_shards


def test_rules_of_several_factors_are_called_after_them():
    def named(**changes):
        return {rule.name: rule.factors for rule in layout_of(**changes).simulation_rules}

    assert named(path="tests/tiny/config.yaml") == {
        "simulate": ("{factor}",),
        "simulate_25_to_32_5": ("25", "32.5"),
        "simulate_40": ("40",),
    }
    assert list(named(path="config/config.yaml", factors_per_job=12)) == [
        "simulate",
        "simulate_20_to_75",
        "simulate_4_to_26",
    ]
    assert list(named(path="config/config.yaml", factors_per_job=1)) == ["simulate"]
    # the same ends, others between
    grids = {"a": [20, 30, 40], "b": [20, 35, 40], "c": [20, 25, 40]}
    conditions = {}
    for n_units, (name, grid) in enumerate(grids.items(), 10):
        own = {"network": {"n_units": n_units}, "search": {"scaling_factors": grid}}
        conditions[name] = {"task": "go-nogo"} | own
    alike = {"conditions": conditions, "sweeps": {}, "figures": {}, "factors_per_job": 3}
    assert named(path="config/config.yaml", **alike) == {
        "simulate": ("{factor}",),
        "simulate_20_to_40": ("20", "30", "40"),
        "simulate_20_to_40_": ("20", "35", "40"),
        "simulate_20_to_40__": ("20", "25", "40"),
    }


# Files --------------------------------------------------------------------------------------------


def test_conditions_that_share_their_networks_share_the_files_of_their_blocks(default):
    pair = [default.study.names[name] for name in ("integration-400", "integration-400-qif")]
    assert default.of_blocks("results/networks/{place}/{block}.csv", pair) == [
        "results/networks/integration/n400_tau20-100ms/seeds_0-1.csv",
        "results/networks/integration/n400_tau20-100ms/seeds_2-2.csv",
    ]
    assert default.of_blocks("results/held_out/{place}/{neuron}/{block}.parquet", pair) == [
        "results/held_out/integration/n400_tau20-100ms/lif/seeds_0-1.parquet",
        "results/held_out/integration/n400_tau20-100ms/lif/seeds_2-2.parquet",
        "results/held_out/integration/n400_tau20-100ms/qif/seeds_0-1.parquet",
        "results/held_out/integration/n400_tau20-100ms/qif/seeds_2-2.parquet",
    ]


def test_the_file_of_a_condition_is_called_by_its_words_whatever_its_name(default):
    pattern = "results/choices/{place}/{neuron}.csv"
    file = "results/choices/integration/n250_tau20-100ms/lif.csv"
    for name in ("integration-decay-20-100", "integration-filter-2", "integration-gain-1.5"):
        assert default.of_name(pattern, name) == file
    files = default.of_conditions(pattern)
    assert files.count(file) == 1
    assert len(files) == 37


def test_a_shard_is_a_block_and_a_factor(tiny):
    names = tiny.study.names
    base = "results/simulations/go-nogo/n80_tau20-50ms/lif/seeds_0-1"
    assert tiny.shards(names["go-nogo"]) == [
        f"{base}/factor_25.parquet",
        f"{base}/factor_32.5.parquet",
        f"{base}/factor_40.parquet",
    ]
    assert tiny.shards(names["elsewhere"]) == [
        "results/simulations/go-nogo/external_elsewhere/lif/external/factor_40.parquet"
    ]
    assert tiny.shards(names["integration-refractory-0"]) == []
    # three conditions with three factors, one takes the factors of another, ten have one factor
    assert len(tiny.all_shards) == len(set(tiny.all_shards)) == 3 * 3 + 10


def test_what_is_refined_has_files_of_its_own_beside_the_published_ones(tiny, default):
    names = {c.name for c in tiny.refined}
    assert names == {"go-nogo", "own", "elsewhere", "go-nogo-size-3", "go-nogo-decay-20"}
    folder = (
        "results/refined/delayed-go/n40_tau20-50ms_max2_eval10_loss1000_accuracy0/qif/seeds_0-0"
    )
    assert {folder, f"{folder}.csv", f"{folder}.parquet"} < set(tiny.refined_files)
    assert len(tiny.refined_files) == 3 * len(tiny.refined_models) == 3 * 5
    assert "results/tables/refined.csv" in tiny.tables
    # a condition without a refinement has no refined example
    refined = [folder for folder in tiny.exports if "exports_refined" in folder]
    assert refined == [
        "results/exports_refined/go-nogo/n80_tau20-50ms/lif",
        folder.rpartition("/")[0].replace("/refined/", "/exports_refined/"),
        "results/exports_refined/go-nogo/external_elsewhere/lif",
    ]
    assert len(tiny.exports) == len(tiny.shown) + 3
    # nothing is refined where nothing is searched
    assert set(default.refined) == set(default.searched)
    assert len(default.exports) == 2 * len(default.shown)


def test_a_study_that_does_not_refine_has_no_further_file(default):
    off = {"scaling_factors": [40], "trials": 9, "held_out_trials": 9, "downsample": 1}
    conditions = {"a": {"task": "go-nogo"}}
    plain = layout_of(
        "config/config.yaml", search=off, conditions=conditions, sweeps={}, figures={}
    )
    assert plain.refined == ()
    assert plain.refined_files == plain.refined_models == []
    assert plain.tables == [file for file in default.tables if "refined" not in file]
    assert [len(plain.benchmarks()[stage]) for stage in ("refine", "aggregate_refined")] == [0, 0]
    assert plain.exports == ["results/exports/go-nogo/n250_tau20-50ms/lif"]


def test_what_has_no_scaling_factor_of_its_own_is_not_converted(tiny):
    assert len(tiny.converted) == 14 - 1
    assert "results/converted/go-nogo/external_elsewhere/lif/external" in tiny.converted
    assert not [folder for folder in tiny.converted if "refractory0ms" in folder]


def test_blocks_that_are_not_trained_yet_are_counted(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert tiny.n_untrained() == 10  # three conditions share networks, one has given ones
    file = tmp_path / "results/training/go-nogo/n80_tau20-50ms/seeds_0-1.npz"
    file.parent.mkdir(parents=True)
    file.touch()
    assert tiny.n_untrained() == 9


def test_a_study_of_mean_field_networks_alone_has_no_tables(default):
    alone = layout_of("config/mean_field.yaml")
    assert alone.tables == []
    assert alone.drawn == ["figures/mean_field"]
    assert alone.mean_field_files == [
        "results/figures/mean_field_measures.csv",
        "results/figures/mean_field_autocovariances.csv",
        "results/figures/mean_field.json",
    ]
    assert default.mean_field_files == []
    assert default.tables == [
        "results/tables/trials.parquet",
        "results/tables/accuracy.csv",
        "results/tables/networks.csv",
        "results/tables/curves.csv",
        "results/tables/summary.csv",
        "results/tables/summary.html",
        "results/tables/refined.csv",
    ]


# What figures are drawn from ----------------------------------------------------------------------


def test_a_figure_is_drawn_from_the_tables_of_its_conditions(default):
    tables = "results/conditions/integration/n250_tau20-100ms"
    assert default.points("figure_6") == [
        ("figure_6", "refractory", 0, f"{tables}/lif_refractory0ms.csv"),
        ("figure_6", "refractory", 1, f"{tables}/lif_refractory1ms.csv"),
        ("figure_6", "refractory", 2, f"{tables}/lif.csv"),
        ("figure_6", "refractory", 5, f"{tables}/lif_refractory5ms.csv"),
        ("figure_6", "refractory", 10, f"{tables}/lif_refractory10ms.csv"),
        ("figure_6", "refractory", 20, f"{tables}/lif_refractory20ms.csv"),
        ("figure_6", "refractory", 50, f"{tables}/lif_refractory50ms.csv"),
        ("figure_6", "filters", 0, f"{tables}/lif_rise0ms.csv"),
        ("figure_6", "filters", 2, f"{tables}/lif.csv"),
        ("figure_6", "gains", 0.5, f"{tables}_gain0.5/lif.csv"),
        ("figure_6", "gains", 1.5, f"{tables}/lif.csv"),
        ("figure_6", "gains", 3, f"{tables}_gain3/lif.csv"),
    ]
    assert default.points("figure_1")[0] == (
        "figure_1",
        "example",
        None,
        "results/conditions/go-nogo/n200_tau20-50ms/lif.csv",
    )


def test_the_figure_of_the_sweeps_is_drawn_from_all_of_them(default):
    points = default.points("figure_sweeps")
    assert {point.figure for point in points} == {"figure_sweeps"}
    # sizes, decays; sizes, decays, refractory periods, filters, gains
    assert len(points) == 6 + 5 + 5 + 5 + 7 + 2 + 3
    assert list(dict.fromkeys(point.role for point in points)) == list(default.study.sweeps)


def test_published_numbers_stand_beside_a_sweep_of_otherwise_default_networks():
    def published_size(key, values, **network):
        sweep = {"task": "integration", "key": key, "values": values, "network": network}
        study = layout_of("config/config.yaml", sweeps={"mine": sweep}, figures={})
        return study.published_size("mine")

    assert published_size("network.gain", [0.5, 1.5]) == 250
    assert published_size("network.gain", [0.5], n_units=200) == 200
    assert published_size("neuron.tau_mem_ms", [5, 20]) == 250
    # the paper's size is of networks of gain 1.5 and decays of 20 to 50 ms
    assert published_size("network.p_rec", [0.1], gain=2) is None
    assert published_size("neuron.tau_mem_ms", [5], tau_decay_ms=[20, 100]) is None
    # the paper has a curve of its own
    assert published_size("network.n_units", [100, 200]) is None
    assert published_size("network.tau_decay_ms", [[20, 100]]) is None


def test_examples_are_those_with_a_page_and_those_of_figures(default, tiny):
    assert default.examples == [layout.spiking_place(c) for c in default.shown]
    of_a_sweep = layout_of(
        "config/config.yaml", figures={"figure_s1": {"example": "go-nogo-decay-20"}}
    )
    assert of_a_sweep.examples == [*default.examples, "go-nogo/n250_tau20ms/lif"]
    assert default.selectivity == ["integration/n400_tau20-100ms/lif"]
    assert of_a_sweep.selectivity == []


def test_figure_s7_takes_trials_of_each_kind(default):
    kinds = {c.name for c in default.study.conditions if default.trials_per(c) == "kind"}
    assert kinds == {"integration-400-qif"}
    assert default.trials_per(default.study.names["go-nogo"]) == "label"


def test_the_task_of_a_figure(default):
    tasks = [default.task_of_figure(f) for f in ("figure_3", "figure_s7", "figure_xor")]
    assert tasks == ["integration", "integration", "xor"]


def test_the_files_of_a_figure():
    base = "results/figures"
    assert layout.outputs_of("figure_3") == {
        "pdf": f"{base}/figure_3.pdf",
        "csv": f"{base}/figure_3.csv",
        "caption": f"{base}/figure_3.rst",
    }
    assert layout.outputs_of("figure_1") == {
        "pdf": f"{base}/figure_1.pdf",
        "csv": f"{base}/figure_1.csv",
        "caption": f"{base}/figure_1.rst",
        "singles": f"{base}/figure_1_singles.csv",
    }
    assert layout.outputs_of("figure_5") == {
        "pdf": f"{base}/figure_5.pdf",
        "csv": f"{base}/figure_5.csv",
        "caption": f"{base}/figure_5.rst",
        "tests": f"{base}/figure_5_tests.csv",
    }


def test_every_figure_of_the_study(tiny):
    # paper and variants, overviews, pages
    assert len(tiny.drawn) == len(set(tiny.drawn)) == 16 + 5 + 10
    assert [f for f in tiny.drawn if f.startswith("figures/figure_s")] == [
        *(f"figures/figure_s{i}" for i in range(1, 8)),
        "figures/figure_sweeps",
        "figures/figure_scaling",
    ]
    assert tiny.figure_files[:4] == [
        "results/figures/figure_1.pdf",
        "results/figures/figure_1.png",
        "results/figures/figure_1.csv",
        "results/figures/figure_1.rst",
    ]
    assert tiny.singles == [
        f"results/figures/figure_{name}_singles.csv"
        for name in ("1", "2", "4", "s2", "s3", "s4", "s7")
    ]
    assert set(tiny.singles) < set(tiny.numbers_of_figures)


def test_a_study_whose_figures_show_no_published_number_has_no_scorecard(default):
    own = layout_of("config/my_study.yaml", figures={})
    assert "figures/scorecard" not in own.drawn
    example = {"example": "go-nogo-tuned"}
    alone = layout_of("config/config.yaml", figures={"figure_s1": example})
    assert alone.drawn[0] == "figures/figure_s1"
    assert "figures/scorecard" not in alone.drawn
    assert "figures/scorecard" in default.drawn


def test_variants_are_drawn_from_every_condition_that_the_paper_has(default):
    assert default.variants == default.examples_of_variants == []
    asked = layout_of("config/config.yaml", figures={"figure_variants": {}})
    names = {c.name for c in asked.variants}
    assert {"go-nogo", "go-nogo-tuned", "go-nogo-no-dale", "integration-gain-3"} <= names
    # no such decays, another neuron, another task
    assert not {"go-nogo-fixed", "integration-400", "integration-filter-0", "xor"} & names
    examples = {(c.task, c.network.n_units) for c in asked.examples_of_variants}
    assert examples == {("go-nogo", 200), ("integration", 250)}
    recorded = [layout.spiking_place(c) for c in asked.examples_of_variants]
    assert set(recorded) <= set(asked.examples)
    assert asked.compared == []
    assert asked.drawn[0] == "figures/figure_variants"
    assert asked.numbers_of_figures[:5] == [
        "results/figures/figure_variants.pdf",
        "results/figures/figure_variants.csv",
        "results/figures/figure_variants.rst",
        "results/tables/variants.csv",
        "results/tables/variants_by_number.csv",
    ]


def test_the_example_of_a_variant_is_recorded_though_it_has_no_page():
    sweep = {"task": "go-nogo", "key": "network.n_units", "values": [50, 200]}
    denser = sweep | {"network": {"p_rec": 0.4}}
    of_sweep = layout_of(
        "config/config.yaml",
        conditions={},
        sweeps={"denser": denser},
        figures={"figure_variants": {}},
    )
    assert of_sweep.shown == ()
    assert of_sweep.examples == ["go-nogo/n200_tau20-50ms_rec0.4/lif"]
    assert of_sweep.benchmarks()["example"] == [
        "results/benchmarks/example/go-nogo/n200_tau20-50ms_rec0.4/lif.tsv"
    ]


# Jobs ---------------------------------------------------------------------------------------------


def test_every_job_that_makes_a_result_has_a_benchmark(tiny):
    files = tiny.benchmarks()
    assert {stage: len(names) for stage, names in files.items()} == {
        "train": 10,  # of 14 conditions three share the networks of another, one trains none
        "export": 10,
        "import_models": 1,
        "simulate": 3 * 2 + 10,  # two jobs of three factors, one of one
        "held_out": 14,
        "refine": 5,
        "example": 10,
        "selectivity": 1,
        "networks_of_condition": 14,
        "aggregate": 1,
        "aggregate_refined": 1,
        "figures": 31,
    }
    base = "results/benchmarks"
    assert files["train"][0] == f"{base}/train/go-nogo/n80_tau20-50ms/seeds_0-1.tsv"
    assert files["import_models"] == [
        f"{base}/import_models/go-nogo/external_elsewhere/external.tsv"
    ]
    block = f"{base}/simulate/go-nogo/n80_tau20-50ms/lif/seeds_0-1"
    assert files["simulate"][:2] == [f"{block}/factors_25-32.5.tsv", f"{block}/factor_40.tsv"]
    assert files["aggregate"] == [f"{base}/aggregate/tables.tsv"]
    assert files["figures"][0] == f"{base}/figures/figure_1.tsv"
    assert files["figures"][-1] == f"{base}/figures/go-nogo/external_elsewhere/lif.tsv"


def test_no_two_jobs_write_one_benchmark(default):
    files = []
    for names in default.benchmarks().values():
        files += names
    assert len(files) == len(set(files))
