"""The rules as they are written: each hands over the settings that its params are called after, and
asks for the resources and the fingerprint of its own stage."""

import ast
import re
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from shared import ROOT

from rate2spike.study import fingerprint, resources
from rate2spike.study.figure_roles import FIGURE_ROLES

RULES = ROOT / "workflow" / "rules"


class Rule(NamedTuple):
    """A rule as it is written: its file, its params by name, its other lines."""

    file: str
    params: dict[str, str]
    text: str


def rules() -> list[Rule]:
    """All rules that have params."""
    found = []
    for file in sorted(RULES.glob("*.smk")):
        for text in re.split(r"\n(?= *(?:use )?rule\b)", file.read_text("utf-8")):
            _, has_params, after = text.partition("params:\n")
            if has_params:
                found.append(Rule(file.stem, params_in(after), text))
    return found


def params_in(text: str) -> dict[str, str]:
    """The params at the beginning of a text, one a line."""
    lines = text.splitlines()
    depth = len(lines[0]) - len(lines[0].lstrip())
    params = {}
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if indent < depth:
            break
        if indent == depth and "=" in line:
            name, _, value = line.strip().partition("=")
            params[name] = value.partition("  #")[0].removesuffix(",")
    return params


WRITTEN = rules()
# what a param of this name is, in whatever rule
SETTINGS = {
    "study_seed": "STUDY.study_seed",
    "keep_traces": "STUDY.keep_traces",
    "network": 'setting("network")',
    "training": 'setting("training")',
    "neuron": 'setting("neuron")',
    "downsample": 'setting("search.downsample")',
    "scaling_factors": 'setting("search.scaling_factors")',
    "steps": 'setting("search.refine")',
    "search_trials": 'setting("search.trials")',
    "name": 'setting("name")',
    "given": 'setting("is_given")',
    "other_names": "of_layout(LAYOUT.other_names)",
    "per": "of_layout(LAYOUT.trials_per)",
    "task_content": "task_content",
    "seeds": "seeds",
    "model_content": "model_content",
    "settings": "asdict(STUDY.mean_field)",
    "config": "CONFIG",
    "workload": "resources.workload(LAYOUT)",
    "benchmarks": "LAYOUT.benchmarks()",
}


def test_every_rule_hands_over_the_setting_that_its_param_is_called_after():
    seen = set()
    for rule in WRITTEN:
        for name, value in rule.params.items():
            if name in SETTINGS and not (rule.file == "archive" and name == "given"):
                assert value == SETTINGS[name], (rule.file, name)
                seen.add(name)
    assert seen == set(SETTINGS)


def test_every_stage_has_the_params_that_its_results_depend_on():
    """A setting that is no param reruns nothing where it is changed, and a script that has it from
    elsewhere would not say it."""
    spiking = {"study_seed", "device", "user_tasks", "task_content", "neuron", "downsample", "code"}
    of_task = {"user_tasks", "task_content", "code"}
    wanted = {
        "train": of_task | {"study_seed", "device", "network", "training", "seeds", "keep_traces"},
        "export": {"study_seed", "seeds", "training", "code"},
        "import_models": of_task | {"model_content"},
        "simulate": spiking | {"trials"},
        "held_out": spiking | {"trials", "scaling_factors"},
        "refine": spiking | {"trials", "steps", "search_trials"},
        "example": spiking | {"given", "per"},
        "selectivity": spiking,
        "exchange": spiking | {"trials"},
        "networks_of_condition": {"name", "other_names", "code"},
        "mean_field": {"settings", "study_seed", "code"},
        "provenance": {"config", "given", "benchmarks", "code"},
    }
    found = {}
    for rule in WRITTEN:
        stage = re.fullmatch(r'code\("(\w+)"\)', rule.params.get("code", ""))
        if stage and stage[1] in wanted:
            found[stage[1]] = set(rule.params)
    assert found == wanted


def test_every_rule_computes_on_the_device_of_the_study():
    """But for the exports, which are made on the CPU."""
    devices = {}
    for rule in WRITTEN:
        if "device" in rule.params:
            devices[rule.params.get("code", "cost")] = rule.params["device"]
    on_cpu = devices.pop('code("exchange")')
    assert on_cpu == '"cpu"'
    assert len(devices) == 7
    assert set(devices.values()) == {"DEVICE"}


def test_every_rule_asks_for_the_resources_and_the_fingerprint_of_one_stage():
    stages = set()
    for rule in WRITTEN:
        (needed,) = set(re.findall(r'\*\*needs\("(\w+)"', rule.text))
        assert needed in (*resources.SMALL_JOBS, *resources.JOBS_BY_CONDITION, "mean_field")
        code = rule.params.get("code")
        if needed == "cost":  # it makes no result
            assert code is None
            continue
        (stage,) = re.findall(r'code\((?:"(\w+)"|SCRIPT\.get\(figure, figure\))\)', code)
        if needed == "figure":
            assert stage in ("", "scorecard") or stage.startswith("figure_")
        else:
            assert stage == needed
        stages.add(stage)
    papers = {f"figure_{i}" for i in (*range(1, 8), *(f"s{i}" for i in range(1, 8)))}
    assert stages == set(fingerprint.made_of("cpu")) - papers | {""}


def test_a_job_of_several_factors_asks_for_the_time_of_all():
    (simulate,) = [rule for rule in WRITTEN if rule.params.get("code") == 'code("simulate")']
    assert '**needs("simulate", len(carried.factors)),' in simulate.text


@pytest.mark.parametrize("rule", ["example", "exchange"])
def test_a_refined_example_is_made_of_nothing_published(rule):
    """Its models, trials and factors are those of the refinement; only which networks were trained
    is the same."""
    text = (RULES / "exports.smk").read_text("utf-8")
    used = rf"use rule {rule} as {rule}_refined with:\n +input:\n(.*?)\n +output:"
    (inputs,) = re.findall(used, text, re.DOTALL)
    files = params_in(inputs)
    assert files.pop("networks") == 'per_block("results/networks/{place}/{block}.csv")'
    assert {"models", "held_out", "choices"} <= set(files)
    for name, of_name in files.items():
        assert re.search(r'"results/(examples_)?refined/', of_name), (rule, name)


@pytest.mark.parametrize("what", ["log", "benchmark"])
def test_no_two_rules_write_one_log_or_benchmark(what):
    found = []
    for file in RULES.glob("*.smk"):
        found += re.findall(rf'{what}:\n +f?"results/{what}s/(.+)",?\n', file.read_text("utf-8"))
    assert len(found) > 20
    assert len(found) == len(set(found)), sorted(found)


# Functions of rules/common.smk, in the words of Python --------------------------------------------


def function_of(name, **names):
    """A function of common.smk that sees these names."""
    text = (RULES / "common.smk").read_text("utf-8")
    (source,) = re.findall(rf"^def {name}\(.*?(?=\n\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    exec(source, names)
    return names[name]


def conditions(*names, **settings) -> dict:
    """By name; each says its name to whoever asks for a setting, but for those that are given."""
    found = {}
    for name in names:
        c = SimpleNamespace(name=name, factor_of=settings.get("factor_of"))
        c.setting = lambda key, name=name: settings.get(key, f"{key} of {name}")
        found[name] = c
    return found


def test_networks_that_several_conditions_share_are_begun_for_the_first_of_them():
    """Else the quickest page waits for the networks of a slow condition."""
    of = conditions("slow", "quick", "other")
    sharing = [of["slow"], of["quick"]]
    layout = SimpleNamespace(
        condition_of=lambda wildcards: of[wildcards.neuron],
        sharing_networks=lambda wildcards: sharing,
    )
    priority = function_of(
        "priority", LAYOUT=layout, PRIORITIES={"slow": 1, "quick": 7, "other": 9}
    )
    assert priority(SimpleNamespace(task="a")) == 7
    assert priority(SimpleNamespace(neuron="slow")) == 1


@pytest.mark.parametrize(
    ("targets", "n_blocks"),
    [((), 29), (("all",), 29), (("tables",), 29), (("figure_1",), 1), (("all", "figure_1"), 1)],
)
def test_all_blocks_of_a_study_share_the_cores(targets, n_blocks):
    """Of other targets nobody knows how many they need: each takes a core for each network."""
    asked = {}

    def training_threads(n_networks, device, **how):
        asked.update(how, n_networks=n_networks, device=device)
        return 5

    threads = function_of(
        "training_threads",
        LAYOUT=SimpleNamespace(networks_in=lambda wildcards: 3),
        DEVICE="cpu",
        CORES_TO_SHARE=8,
        UNTRAINED=29,
        workflow=SimpleNamespace(dag_settings=SimpleNamespace(targets=set(targets))),
        resources=SimpleNamespace(training_threads=training_threads),
    )
    assert threads(None) == 5
    assert asked == {"n_networks": 3, "device": "cpu", "n_cores": 8, "n_blocks": n_blocks}


@pytest.mark.parametrize(
    ("targets", "asked"),
    [((), True), (("all",), True), (("figure_1", "all"), True), (("tables",), False)],
)
def test_where_to_look_is_said_of_the_whole_study(targets, asked):
    settings = SimpleNamespace(targets=set(targets))
    whole = function_of("whole_study_asked", workflow=SimpleNamespace(dag_settings=settings))
    assert whole() is asked


def test_a_setting_that_all_conditions_share_is_a_value_and_another_one_is_looked_up():
    of = conditions("a", "b", trials=7)
    study = SimpleNamespace(conditions=list(of.values()))
    layout = SimpleNamespace(condition_of=lambda wildcards: of[wildcards.condition])
    setting = function_of("setting", STUDY=study, LAYOUT=layout)
    assert setting("trials") == 7
    assert setting("neuron")(SimpleNamespace(condition="b")) == "neuron of b"
    of_layout = function_of("of_layout", LAYOUT=layout)
    assert of_layout(lambda c: c.name)(SimpleNamespace(condition="a")) == "a"


def test_a_job_gets_the_users_task_of_its_own_name_alone():
    study = SimpleNamespace(user_tasks={"own": "own.py", "other": "other.py"})
    own_task_of = function_of("own_task_of", STUDY=study)
    assert own_task_of(SimpleNamespace(task="own")) == {"own": "own.py"}
    assert own_task_of(SimpleNamespace(task="xor")) == {}
    task_file_of = function_of("task_file_of", own_task_of=own_task_of)
    assert task_file_of(SimpleNamespace(task="other")) == ["other.py"]


def test_factors_are_taken_from_the_same_block_of_the_other_condition():
    of = conditions("a", "b", factor_of="b")
    choice = function_of(
        "other_choice",
        STUDY=SimpleNamespace(names=of),
        LAYOUT=SimpleNamespace(condition_of=lambda wildcards: of["a"]),
        CHOICE_OF_BLOCK="choices/{name}/{block}",
        in_block=lambda pattern, c, block: pattern.format(name=c.name, block=block),
    )
    assert choice(SimpleNamespace(block="seeds_3-5")) == "choices/b/seeds_3-5"


# Figures ------------------------------------------------------------------------------------------


def params_of(stage) -> dict[str, str]:
    (params,) = [rule.params for rule in WRITTEN if rule.params.get("code") == f'code("{stage}")']
    return params


def test_pages_are_drawn_from_the_conditions_that_they_are_for():
    of_shown = "[c.name for c in LAYOUT.shown]"
    assert params_of("figure_scaling")["shown"] == of_shown
    assert params_of("figure_accuracy")["shown"] == of_shown
    assert params_of("figure_refine")["shown"] == "[c.name for c in LAYOUT.refined]"
    of_sweeps = params_of("figure_sweeps")
    assert of_sweeps["points"] == '[point[:3] for point in LAYOUT.points("figure_sweeps")]'
    assert of_sweeps["swept"] == "{name: sweep.key for name, sweep in STUDY.sweeps.items()}"
    sizes = "{name: LAYOUT.published_size(name) for name in STUDY.sweeps}"
    assert of_sweeps["sizes"] == sizes
    assert params_of("scorecard")["points"] == "[point[:3] for point in LAYOUT.all_points()]"


def test_variants_are_drawn_from_all_conditions_and_the_examples_among_them():
    """Numbers and settings of all; recordings, models and tables of the examples."""
    (rule,) = [rule for rule in WRITTEN if rule.params.get("code") == 'code("figure_variants")']
    inputs = rule.text.partition("output:")[0]
    for name in ("examples", "models", "networks"):
        of_this = inputs.partition(f"{name}=")[2].partition("=")[0]
        assert "LAYOUT.examples_of_variants" in of_this, name
    assert rule.text.count("c in LAYOUT.variants") == 2  # tables and settings


def test_each_figure_of_the_paper_is_listed_under_its_task_and_number():
    text = (RULES / "figures.smk").read_text("utf-8")
    (written,) = re.findall(r"^PAPER = (\{.*?^\})", text, re.MULTILINE | re.DOTALL)
    categories = {"go-nogo": "Go-NoGo", "integration": "Integration", "xor": "XOR"}
    wanted = {}
    for figure, roles in FIGURE_ROLES.items():
        if roles:
            (task,) = set(roles.values())
            wanted[figure] = (categories[task], figure.removeprefix("figure_").upper())
    found = {}
    for figure, (category, title) in ast.literal_eval(written).items():
        found[figure] = (category, title.partition(": ")[0])
    assert found == wanted


@pytest.mark.parametrize(("shown", "figure"), [([1], "scaling"), ([], "sweeps")])
def test_the_notebook_on_a_study_reads_a_figure_that_the_study_has(shown, figure):
    text = (RULES / "notebooks.smk").read_text("utf-8")
    (written,) = re.findall(r"^NOTEBOOKS = \{.*?^\}", text, re.MULTILINE | re.DOTALL)
    names = {"LAYOUT": SimpleNamespace(shown=shown), "PUBLISHED": "published.tsv"}
    exec(written, names)
    assert names["NOTEBOOKS"]["3_explore_a_study"] == [
        "results/tables/networks.csv",
        "results/tables/trials.parquet",
        f"results/figures/figure_{figure}.csv",
        "published.tsv",
    ]
