"""The workflow as a user runs it: a tiny study end to end, resumed when interrupted, in other
blocks, with a wrong config."""

import ast
import getpass
import hashlib
import json
import operator
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import compared
import example_numbers
import jinja2
import numpy as np
import pandas as pd
import pytest
import ready_snakemake
import scipy.io
import yaml
from browser import CHROMIUM, Browser
from drawing import assert_drawn
from shared import PUBLISHED_MODEL, ROOT, torch_or_skip
from studies import study_of
from tiny_study import (
    TINY,
    command,
    differences,
    imported,
    noting_imports,
    run,
    said,
    slow_packages,
    started,
    undeclared,
    workplace,
    write_config,
)

from rate2spike import __version__, compiled, conversion, matfile, provenance
from rate2spike.study import archive, fingerprint
from rate2spike.study.layout import Layout
from rate2spike.tasks import Response, load_user_task

UNTRAINED = "n40_tau20-50ms_max2_eval10_loss1000_accuracy0"
FIFTY = UNTRAINED.replace("n40", "n50")
TWO = ["seed_0", "seed_1"]
# task/condition/neuron -> name in the config, networks that were trained, and all
STUDY = {
    "go-nogo/n80_tau20-50ms/lif": ("go-nogo", TWO, 2),
    f"integration/{UNTRAINED}/lif": ("integration", TWO[:1], 1),
    "xor/n40_tau20-50ms_max2_eval10_loss0.001_accuracy0/lif": ("xor", [], 1),
    f"delayed-go/{UNTRAINED}/qif": ("own", TWO[:1], 1),
    f"go-nogo/{FIFTY.replace('ms_', 'ms_softplus_')}/lif": ("go-nogo-softplus", TWO[:1], 1),
    f"go-nogo/{FIFTY.replace('ms_', 'ms_clipped_relu_')}/lif": ("go-nogo-relu", TWO[:1], 1),
    f"go-nogo/{FIFTY.replace('ms_', 'ms_inh0.5_som6_')}/lif": ("go-nogo-sst", TWO[:1], 1),
    f"go-nogo/{FIFTY.replace('ms_', 'ms_nodale_')}/lif": ("go-nogo-no-dale", TWO[:1], 1),
    f"integration/{UNTRAINED}/qif": ("integration-qif", TWO[:1], 1),
    "go-nogo/external_elsewhere/lif": ("elsewhere", ["model_gonogo_n200_tau4_20"], 1),
    # points of sweeps that are none of these
    "go-nogo/n3_tau20-50ms/lif": ("go-nogo-size-3", [], 2),
    "go-nogo/n80_tau20ms/lif": ("go-nogo-decay-20", TWO, 2),
    f"integration/{UNTRAINED}/lif_refractory0ms": ("integration-refractory-0", TWO[:1], 1),
    f"integration/{UNTRAINED}/lif_rise0ms": ("integration-filter-0", TWO[:1], 1),
}
SHOWN = list(STUDY)[:10]
GIVEN_FACTOR = (
    f"integration/{UNTRAINED}/lif_refractory0ms"  # takes the scaling factors of another condition
)
REFINED = [
    place
    for place, (name, *_) in STUDY.items()
    if name in ("go-nogo", "own", "elsewhere", "go-nogo-size-3", "go-nogo-decay-20")
]
PAPER = [str(i) for i in range(1, 8)] + [f"s{i}" for i in range(1, 8)]
OVERVIEWS = ["variants", "scaling", "accuracy", "refine"]
FIGURES = [f"figure_{f}" for f in [*PAPER, "xor", *OVERVIEWS]] + ["scorecard"]
KEYS = ["task", "condition", "neuron", "network"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = workplace(tmp_path_factory.mktemp("tiny"))
    # as the main installation has it
    env = noting_imports(path / "imported") | {"WITHOUT_TORCH": "1"}
    # with what the jobs had asked for
    done = run(path, "--benchmark-extended", env=env, first_started=True)
    assert done.returncode == 0, said(done)[-8000:]
    (path / "said.txt").write_text(said(done))
    return path


def table(path, name, types=None):
    return pd.read_csv(path / "results" / "tables" / f"{name}.csv", dtype=types or {"network": str})


def results_csv(path, name):
    return pd.read_csv(path / "results" / name, dtype={"network": str, "model": str, "series": str})


def model(path):
    # the header holds the time of day
    return {k: v for k, v in scipy.io.loadmat(path).items() if k != "__header__"}


# The whole study ----------------------------------------------------------------------------------


def test_everything_is_there(tiny):
    results = tiny / "results"
    for name in (
        "trials.parquet",
        "accuracy.csv",
        "networks.csv",
        "curves.csv",
        "summary.csv",
        "summary.html",
        "refined.csv",
    ):
        assert (results / "tables" / name).stat().st_size > 0
    for figure in FIGURES + [f"conditions/{place}" for place in SHOWN]:
        for ending in ("pdf", "png", "csv", "rst"):
            assert (results / "figures" / f"{figure}.{ending}").is_file(), (figure, ending)
    assert (results / "figures" / "figure_1.png").read_bytes().startswith(b"\x89PNG")
    for place, (_, networks, _) in STUDY.items():
        converted = [p.stem for p in (results / "converted" / place).rglob("*.mat")]
        models = [p.stem for p in (results / "models" / place).parent.rglob("*.mat")]
        assert sorted(models) == networks, place
        assert sorted(converted) == ([] if place == GIVEN_FACTOR else networks), place
        refined = [p.stem for p in (results / "refined" / place).rglob("*.mat")]
        assert sorted(refined) == (networks if place in REFINED else []), place
    assert not [p for p in results.rglob("*") if ".part" in p.name]
    page = (results / "CONTENTS.md").read_text("utf-8")
    for place, (name, *_) in STUDY.items():
        assert f"| {name} | `{place}` |" in page
    assert "Of another study" not in page


def test_where_to_look_first_is_said_at_the_start_and_at_the_end(tiny):
    told = (tiny / "said.txt").read_text()
    (first,) = re.findall(r"^The first figure will be (\S+)$", told, re.MULTILINE)
    (look,) = re.findall(r"^Look first at (\S+);", told, re.MULTILINE)
    assert first == look
    assert (tiny / look).is_file()


def test_only_the_given_study_is_run(tiny):
    networks = table(tiny, "networks")
    expected = {place: name for place, (name, *_) in STUDY.items()}
    assert (
        dict(
            zip(
                networks.task + "/" + networks.condition + "/" + networks.neuron,
                networks.name,
                strict=True,
            )
        )
        == expected
    )


def test_every_trial_is_in_the_table_once(tiny):
    trials = pd.read_parquet(tiny / "results" / "tables" / "trials.parquet")
    assert not trials.duplicated([*KEYS, "purpose", "scaling_factor", "trial"]).any()
    assert not trials.isna().any().any()
    counted = trials.groupby([*KEYS, "purpose", "scaling_factor"]).size()
    assert set(counted) == {12}
    # search, held out; one condition takes the factors of another and is not searched
    assert len(counted) == (2 * 2 * 3 + 9) + (2 * 2 + 10)
    go = trials[trials.task == "go-nogo"]
    assert np.array_equal(
        go.correct, np.where(go.label == 1, go.output_max > 0.7, go.output_max < 0.3)
    )


def test_accuracy_follows_from_the_trials(tiny):
    trials = pd.read_parquet(tiny / "results" / "tables" / "trials.parquet")
    searched = trials[trials.purpose == "search"].groupby([*KEYS, "scaling_factor"])
    expected = searched.agg(
        n_trials=("correct", "size"),
        n_correct=("correct", "sum"),
        strict=("correct_strict", "mean"),
    )
    accuracy = table(tiny, "accuracy").set_index([*KEYS, "scaling_factor"]).sort_index()
    assert accuracy.index.equals(expected.index)
    assert np.array_equal(accuracy[["n_trials", "n_correct"]], expected[["n_trials", "n_correct"]])
    np.testing.assert_allclose(accuracy.accuracy, expected.n_correct / 12)
    np.testing.assert_allclose(accuracy.accuracy_strict, expected.strict)
    assert (accuracy.ci_low <= accuracy.accuracy).all()
    assert (accuracy.accuracy <= accuracy.ci_high).all()
    assert (accuracy.ci_high - accuracy.ci_low > 0.2).all()


def test_networks_follow_from_accuracy_and_fresh_trials(tiny):
    accuracy, networks = table(tiny, "accuracy"), table(tiny, "networks")
    trials = pd.read_parquet(tiny / "results" / "tables" / "trials.parquet")
    fresh = trials[trials.purpose == "held out"]
    assert len(networks) == sum(n for *_, n in STUDY.values())
    for row in networks.itertuples():
        of = [
            (t[KEYS] == [row.task, row.condition, row.neuron, row.network]).all(axis=1)
            for t in (accuracy, fresh)
        ]
        curve, held_out = accuracy[of[0]], fresh[of[1]]
        if row.name in ("xor", "go-nogo-size-3"):
            assert (row.converged, len(curve), len(held_out)) == (False, 0, 0)
            assert np.isnan(row.scaling_factor)
            continue
        assert row.converged
        if row.name == "integration-refractory-0":
            assert (len(curve), set(held_out.scaling_factor)) == (0, {40})
            assert np.isnan(row.search_accuracy)
            assert row.held_out_accuracy == pytest.approx(held_out.correct.mean())
            continue
        # the first of equals: the grid of this study rises
        best = curve.loc[curve.accuracy.idxmax()]
        assert (row.scaling_factor, row.search_accuracy) == (best.scaling_factor, best.accuracy)
        assert row.on_edge == (len(curve) > 1 and best.scaling_factor in (25, 40))
        assert set(held_out.scaling_factor) == {row.scaling_factor}
        assert row.held_out_accuracy == pytest.approx(held_out.correct.mean())
        assert row.held_out_strict == pytest.approx(held_out.correct_strict.mean())
        assert row.rate_trials == 12
    units = {"go-nogo": 80, "elsewhere": 200, "go-nogo-size-3": 3, "go-nogo-decay-20": 80}
    units |= dict.fromkeys([f"go-nogo-{x}" for x in ("softplus", "relu", "sst", "no-dale")], 50)
    assert (
        dict(zip(networks.name, networks.n_units, strict=True))
        == dict.fromkeys(networks.name, 40) | units
    )


def test_summary_follows_from_the_networks(tiny):
    networks, summary = table(tiny, "networks"), table(tiny, "summary").set_index("name")
    assert summary.n_networks.to_dict() == networks.groupby("name").size().to_dict()
    assert summary.n_trained.to_dict() == networks.groupby("name").converged.sum().to_dict()
    assert summary.n_trained["xor"] == 0
    # a point of a sweep that is this condition
    assert "go-nogo-size-80" in summary.other_names["go-nogo"].split("; ")
    assert np.isnan(summary.other_names["own"])
    means = networks[networks.converged].groupby("name").held_out_accuracy.mean()
    for name, mean in means.items():
        assert summary.held_out_accuracy_mean[name] == pytest.approx(mean)


def test_the_search_sees_other_trials_than_the_held_out(tiny):
    trials = pd.read_parquet(tiny / "results" / "tables" / "trials.parquet")
    n_compared = 0
    for place, rows in trials.groupby(KEYS, observed=True):
        chosen = rows[rows.purpose == "held out"].scaling_factor.iloc[0]
        at_chosen = rows[rows.scaling_factor == chosen].sort_values("trial")
        search, fresh = (at_chosen[at_chosen.purpose == p] for p in ("search", "held out"))
        assert len(fresh) == 12
        if "/".join(place[:3]) == GIVEN_FACTOR:
            assert search.empty
            continue
        # other stimuli, not the same ones with other noise: half of the 12 labels, by chance
        assert not np.array_equal(search.label, fresh.label), place
        n_compared += 1
    assert n_compared == 2 * 2 + 9


def test_curves_hold_every_evaluation(tiny):
    networks, curves = table(tiny, "networks"), table(tiny, "curves")
    for row in networks[networks.name == "go-nogo"].itertuples():
        of = (
            (curves.condition == row.condition)
            & (curves.task == row.task)
            & (curves.network == row.network)
        )
        assert curves.trial[of].tolist() == list(range(1, int(row.training_trials) + 1, 100))
        assert curves.loss[of].iloc[-1] == row.training_loss < 7
        assert curves.accuracy[of].iloc[-1] == row.training_accuracy >= 0.95
    assert (curves.task == "xor").sum() == 1  # the network that failed is recorded too


def test_converted_models_hold_the_search(tiny):
    accuracy, networks = table(tiny, "accuracy"), table(tiny, "networks")
    for path in (tiny / "results" / "converted").rglob("*.mat"):
        task, condition, neuron, block, file = path.relative_to(
            tiny / "results" / "converted"
        ).parts
        keys = model(path)
        (of,) = networks[
            (networks[KEYS] == [task, condition, neuron, path.stem]).all(axis=1)
        ].itertuples()
        curve = accuracy[(accuracy[KEYS] == [task, condition, neuron, path.stem]).all(axis=1)]
        assert keys["opt_scaling_factor"].tolist() == [[of.scaling_factor]]
        assert keys["held_out_perf"].tolist() == [[of.held_out_accuracy]]
        assert keys["scaling_factors"].ravel().tolist() == curve.scaling_factor.tolist()
        assert keys["all_perfs"].ravel().tolist() == curve.accuracy.tolist()
        source = model(tiny / "results" / "models" / task / condition / block / file)
        del keys["provenance"]  # holds the source's, and more; see below
        source.pop("provenance", None)
        assert set(keys) - set(source) == {
            "opt_scaling_factor",
            "all_perfs",
            "scaling_factors",
            "held_out_perf",
        }
        for key, value in source.items():
            assert np.array_equal(keys[key], value), key


def test_refined_networks_of_every_kind_are_in_one_table(tiny):
    """The study's own, of a user's task and with another unit, a given model; none where none was
    trained."""
    refined = table(tiny, "refined")
    places = (refined.task + "/" + refined.condition + "/" + refined.neuron).tolist()
    expected = [place for place in STUDY if place in REFINED for _ in STUDY[place][1]]
    assert places == expected
    trials = pd.concat(map(pd.read_parquet, (tiny / "results" / "refined").rglob("*.parquet")))
    for row in refined.itertuples():
        whose = [row.task, row.condition, row.neuron, row.network]
        fresh = trials[(trials[KEYS] == whose).all(axis=1)]
        assert len(fresh) == row.held_out_trials == 12
        assert set(fresh.scaling_factor) == {row.scaling_factor}
        assert set(fresh.output_factor) == {row.output_factor}
        assert row.held_out_accuracy == pytest.approx(fresh.correct.mean())
    own = trials[trials.task == "delayed-go"]
    scored = load_user_task("delayed-go", ROOT / "config" / "tasks" / "delayed_go.py")
    response = Response(own.output_max.to_numpy(), own.output_min.to_numpy())
    assert np.array_equal(own.correct, scored.correct_spiking(own.label.to_numpy(), response))
    given = refined[refined.network == PUBLISHED_MODEL.stem].iloc[0]
    assert given.scaling_factor == 40


def test_a_model_from_elsewhere_is_taken_as_it_is(tiny):
    (copy,) = (tiny / "results" / "models" / "go-nogo" / "external_elsewhere").rglob("*.mat")
    assert copy.read_bytes() == PUBLISHED_MODEL.read_bytes()
    row = table(tiny, "networks").set_index("name").loc["elsewhere"]
    assert row.rate_accuracy > 0.7  # a trained Go-NoGo network: 12 trials
    keys = model(PUBLISHED_MODEL)  # what it says of its training
    facts = {"training_trials": "tr", "training_loss": "eval_loss_mean"}
    facts["training_accuracy"] = "eval_perf_mean"
    assert {name: row[name] for name in facts} == {
        name: keys[key].item() for name, key in facts.items()
    }


def drawn(path, figure):
    return results_csv(path, f"figures/{figure}.csv")


def in_panels(table, wanted):
    """The rows of the panels that something is wanted in."""
    return table[table.panel.isin([panel for panel, _ in wanted])]


def points_of(path, figure):
    """The networks behind a figure, from the tables of their conditions."""
    study = study_of("tests/tiny/config.yaml")
    layout = Layout(study, lambda condition, n_steps: 2, lambda condition, n, n_steps: 2)
    parts = []
    for point in layout.points(figure):
        networks = pd.read_csv(path / point.table, dtype={"network": str})
        x = np.nan if point.x is None else point.x
        parts.append(networks.assign(role=point.role, x=x))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("figure", [*map(str, range(1, 8)), "sweeps"])
def test_figures_that_compare_conditions_hold_the_numbers_of_the_tables(tiny, figure):
    points = points_of(tiny, f"figure_{figure}")
    of_sweeps = figure == "sweeps"
    wanted = compared.expected_of_sweeps(points) if of_sweeps else compared.expected(figure, points)
    assert wanted
    assert_drawn(in_panels(drawn(tiny, f"figure_{figure}"), wanted), wanted)


# figure: the condition of its example network
EXAMPLES = {
    "1": "go-nogo",
    "2": "go-nogo",
    "4": "integration",
    "s1": "go-nogo",
    "s2": "go-nogo",
    "s3": "go-nogo-sst",
    "s4": "go-nogo-no-dale",
    "s6": "go-nogo-softplus",
    "s7": "integration-qif",
}


@pytest.mark.parametrize("figure", EXAMPLES)
def test_figures_of_one_network_hold_the_numbers_of_its_recording(tiny, figure):
    place = next(place for place, (name, *_) in STUDY.items() if name == EXAMPLES[figure])
    example = dict(np.load(tiny / "results" / "examples" / f"{place}.npz"))
    wanted = example_numbers.WANTED[figure](example)
    assert_drawn(in_panels(drawn(tiny, f"figure_{figure}"), wanted), wanted)


@pytest.mark.parametrize("place", [place for place in SHOWN if not place.startswith("xor")])
def test_the_page_of_a_condition_holds_the_numbers_of_its_recording(tiny, place):
    example = dict(np.load(tiny / "results" / "examples" / f"{place}.npz"))
    task = place.split("/")[0]
    answers = example_numbers.ANSWERS.get(task, {1: "cue", 0: "no cue"})
    wanted = example_numbers.figure_task(example, answers)
    assert_drawn(drawn(tiny, f"conditions/{place}"), wanted)


def test_the_figures_of_accuracies_hold_the_numbers_of_the_tables(tiny):
    networks, curves = table(tiny, "networks"), table(tiny, "accuracy")
    shown = networks[networks.converged & networks.name.isin([STUDY[place][0] for place in SHOWN])]
    page = drawn(tiny, "figure_accuracy").set_index("series")
    assert len(page) == 2 * len(shown)
    for row in shown.itertuples():
        for kind, column in (("rate", "rate"), ("spiking", "held_out")):
            point = page.loc[f"{row.name}, {row.network}, {kind}"]
            parts = ("accuracy", "ci_low", "ci_high")
            wanted = [100 * getattr(row, f"{column}_{part}") for part in parts]
            np.testing.assert_allclose(point[["y", "low", "high"]].astype(float), wanted)
    page = drawn(tiny, "figure_scaling")
    for row in shown.itertuples():
        of_network = (curves[KEYS] == [row.task, row.condition, row.neuron, row.network]).all(
            axis=1
        )
        curve = page[(page.panel == f"{row.name}: search") & (page.series == row.network)]
        np.testing.assert_allclose(curve.x, curves.scaling_factor[of_network])
        np.testing.assert_allclose(curve.y, 100 * curves.accuracy[of_network])


def test_the_figure_of_the_refinement_holds_the_numbers_of_the_tables(tiny):
    networks, refined = table(tiny, "networks"), table(tiny, "refined")
    page = drawn(tiny, "figure_refine")
    asked_for = ["go-nogo", "elsewhere", "go-nogo-size-3", "go-nogo-decay-20", "own"]
    assert page.name.tolist() == [name for name in asked_for for _ in range(2)]
    pairs = networks[networks.converged].merge(refined, on=KEYS, suffixes=("_before", "_after"))
    assert len(pairs) == len(refined) == 6
    beside = results_csv(tiny, "figures/figure_refine_networks.csv")
    for row in page.itertuples():
        column = "held_out_accuracy" if row.measure == "accuracy" else "held_out_strict"
        own = pairs[pairs.name == row.name]
        before, after = own[f"{column}_before"], own[f"{column}_after"]
        assert row.n_networks == len(own)
        listed = beside[(beside.name == row.name) & (beside.measure == row.measure)]
        np.testing.assert_allclose(listed.before, before, rtol=1e-8)
        np.testing.assert_allclose(listed.after, after, rtol=1e-8)
        if len(own):
            np.testing.assert_allclose(
                [row.before, row.after, row.difference],
                [before.mean(), after.mean(), (after - before).mean()],
                atol=1e-8,
            )
        assert row.works_before == (before >= 0.95).sum()
        assert row.works_after == (after >= 0.95).sum()


# How it was made ----------------------------------------------------------------------------------


def records(path, pattern):
    """What the files of a study say of how they were made, by path below results."""
    files = sorted((path / "results").glob(pattern))
    assert files, pattern
    return {file.relative_to(path / "results").as_posix(): provenance.read(file) for file in files}


@pytest.mark.parametrize(
    ("pattern", "stage"),
    [
        ("training/**/*.npz", "train"),
        ("models/**/seed_*.mat", "train"),
        ("simulations/**/*.parquet", "simulate"),
        ("held_out/**/*.parquet", "held_out"),
        ("refined/**/*.parquet", "refine"),
        ("examples/**/*.npz", "example"),
        ("selectivity/**/*.npz", "selectivity"),
    ],
)
def test_every_file_says_how_it_was_made(tiny, pattern, stage):
    for file, record in records(tiny, pattern).items():
        assert record["rule"].startswith(stage), file
        assert (record["study_seed"], record["task"]) == (7, file.split("/")[1]), file
        assert record["condition"] == file.split("/")[2].removesuffix(".npz")
        assert record["software"]["rate2spike"] == __version__
        assert re.fullmatch("[0-9a-f]{16}", record["fingerprint"])
        assert "commit" not in record["software"]  # a copy without its repository
        assert record["versions"]["numpy"] == np.__version__
        assert record["machine"]["cpu"]
        assert record["device"] == "cpu"
        # of several shards in a job each says its own; without a network it takes none
        assert record["seconds"] > 0 or stage == "simulate"
        assert record["settings"]["keep_traces" if stage == "train" else "downsample"] in (True, 1)
        if stage == "simulate":  # each of several in a job says its own
            assert file.endswith(f"/factor_{record['factor']}.parquet")


def test_a_model_says_which_network_it_is_and_a_converted_one_where_it_came_from(tiny):
    place = "go-nogo/n80_tau20-50ms"
    record = records(tiny, f"models/{place}/**/*.mat")[f"models/{place}/seeds_0-1/seed_1.mat"]
    assert (record["seed"], record["stream"], record["block"]) == (
        1,
        f"{place}/seed_1",
        "seeds_0-1",
    )
    assert record["settings"]["network"]["n_units"] == 80
    assert record["settings"]["training"]["loss_threshold"] == 7
    converted = records(tiny, "converted/**/*.mat")[f"converted/{place}/lif/seeds_0-1/seed_1.mat"]
    source, made = converted.pop("source"), converted.pop("conversion")
    assert converted == record
    fingerprint = matfile.fingerprint(
        tiny / "results" / "models" / place / "seeds_0-1" / "seed_1.mat"
    )
    assert source == {"file": "seed_1.mat", "fingerprint": fingerprint}
    networks = results_csv(tiny, f"networks/{place}/seeds_0-1.csv").set_index("network")
    assert networks.model["seed_1"] == fingerprint  # a job of its own, which wrote it down
    assert (made["rule"], made["neuron"]) == ("held_out", "lif")
    ((_, foreign),) = records(tiny, "converted/go-nogo/external_elsewhere/**/*.mat").items()
    assert set(foreign) == {"source", "conversion"}
    content = hashlib.sha256(PUBLISHED_MODEL.read_bytes()).hexdigest()
    assert foreign["source"] == {"file": PUBLISHED_MODEL.name, "sha256": content}


def test_the_study_says_how_it_was_made(tiny):
    shards = records(tiny, "simulations/**/*.parquet") | records(tiny, "held_out/**/*.parquet")
    trials = provenance.read(tiny / "results" / "tables" / "trials.parquet")
    assert (trials["study_seed"], trials["files"], trials["files_without_record"]) == (
        [7],
        len(shards),
        0,
    )
    assert trials["seconds"] == pytest.approx(sum(record["seconds"] for record in shards.values()))
    study = json.loads((tiny / "results" / "tables" / "provenance.json").read_text())
    assert study["config"] == TINY
    assert [file["file"] for file in study["files_of_the_config"]] == [
        "delayed_go.py",
        PUBLISHED_MODEL.name,
    ]
    stages = {stage["stage"]: stage for stage in study["stages"]}
    assert all(stage["jobs"] == stage["jobs_timed"] for stage in stages.values())
    # three conditions of three factors in one job, ten of one
    assert (stages["simulate"]["jobs"], stages["refine"]["jobs"]) == (13, 5)
    assert len(list((tiny / "results" / "simulations").rglob("*.parquet"))) == 3 * 3 + 10
    assert stages["train"]["seconds"] >= stages["train"]["seconds_longest_job"] > 0
    assert study["made"]["device"] == ["cpu"]
    written = [tiny / "results" / "tables" / f"provenance.{ending}" for ending in ("json", "html")]
    everything = "".join(
        map(str, [trials, *shards.values(), *(file.read_text() for file in written)])
    )
    assert str(tiny) not in everything
    assert platform.node() not in everything
    assert f"/{getpass.getuser()}/" not in everything


def test_an_archive_is_listed_with_its_checksums_and_needs_nothing_else(tiny, tmp_path):
    done = run(tiny, "manifest", env=noting_imports(tiny / "imported_by_manifest"))
    assert done.returncode == 0, said(done)[-3000:]
    assert undeclared(tiny / "imported_by_manifest") == (set(), {"manifest"})
    assert "Look first" not in said(done)  # a figure is not what was asked for
    results = tiny / "results"
    listed = pd.read_csv(results / "manifest.tsv", sep="\t").set_index("path")
    folders = ("figures", "tables", "models", "converted", "conditions", "examples", "selectivity")
    folders = (*folders, "refined")
    there = {
        file.relative_to(results).as_posix()
        for folder in folders
        for file in (results / folder).rglob("*")
        if file.is_file()
    }
    # Snakemake's own marks
    hidden = {path for path in there if path.rpartition("/")[2].startswith(".")}
    assert set(listed.index) == there - hidden
    check = ["sha256sum", "--quiet", "-c", "SHA256SUMS"]
    assert subprocess.run(check, cwd=results, capture_output=True).returncode == 0
    # the same files with the same checksums for other tools, and what the run was made of
    crate = (results / "ro-crate-metadata.json").read_text()
    described = {e["@id"]: e for e in json.loads(crate)["@graph"] if "contentSize" in e}
    beside = {"manifest.tsv", "Snakefile", "config.yaml"}
    assert set(described) == set(listed.index) | beside
    assert all(described[path]["sha256"] == listed.sha256[path] for path in listed.index)
    assert yaml.safe_load((results / "config.yaml").read_text()) == TINY
    private = (str(tiny), platform.node(), f"/{getpass.getuser()}/")
    assert not any(words in crate for words in private)
    assert (
        listed.bytes["tables/trials.parquet"]
        == (results / "tables" / "trials.parquet").stat().st_size
    )
    # what the archive leaves out may be gone: nothing is computed again for it
    left_out = [
        folder for folder in results.iterdir() if folder.is_dir() and folder.name not in folders
    ]
    try:
        for folder in left_out:
            folder.rename(tmp_path / folder.name)
        assert "Nothing to be done" in said(run(tiny, "--dry-run"))
        # its own benchmark is gone
        assert set(jobs(run(tiny, "--dry-run", "manifest"))) == {
            "manifest",
            "total",
        }
    finally:
        for folder in left_out:
            (tmp_path / folder.name).rename(folder)


def test_no_job_warned_about_its_own_code(tiny):
    logs = [p for p in (tiny / "results" / "logs").rglob("*.log") if "figures" not in p.parts]
    assert len(logs) > 30
    for log in logs:
        assert not re.search(r"\w+Warning\b|Traceback", log.read_text()), log.read_text()


def test_no_job_takes_more_than_it_asks_a_scheduler_for(tiny):
    files = list((tiny / "results" / "benchmarks").rglob("*.tsv"))
    used = pd.concat(
        [pd.read_csv(file, sep="\t", na_values="-").assign(file=file) for file in files]
    )
    used = used[used.resources.notna()]  # the rest was run by another test, which did not ask
    asked = used.resources.map(ast.literal_eval)
    assert {
        "train",
        "export",
        "simulate",
        "simulate_25_to_40",
        "held_out",
        "held_out_of_other",
        "refine",
        "example",
        "aggregate",
        "figure_1",
    } <= set(used.rule_name)
    memory, minutes = (asked.map(operator.itemgetter(key)) for key in ("mem_mb", "runtime"))
    assert (used.s < 60 * minutes / 2).all(), used[used.s >= 60 * minutes / 2]
    assert used.max_rss.notna().mean() > 0.9  # the shortest jobs end before they are looked at
    assert not (used.max_rss > memory / 1.5).any(), used[used.max_rss > memory / 1.5]


def test_the_log_says_what_failed_to_train(tiny):
    (log,) = (tiny / "results" / "logs" / "train" / "xor").rglob("*.log")
    assert "seed_0: FAILED to reach criterion after 1 trials" in log.read_text()
    (warned,) = (tiny / "results" / "logs" / "export" / "xor").rglob("*.log")
    curves = next((tiny / "results" / "networks" / "xor").rglob("*_curves.csv"))
    for file in (log, curves):  # where to look
        assert str(file.relative_to(tiny)) in warned.read_text()


# Running again ------------------------------------------------------------------------------------


def jobs(done):
    """Number of jobs by rule of a dry run."""
    assert done.returncode == 0, said(done)
    return {
        rule: int(n)
        for rule, n in re.findall(r"^([a-z]\w*)  +(\d+)$", said(done), flags=re.MULTILINE)
    }


def simulations(planned):
    """Number of simulation jobs, whatever each of them carries."""
    return sum(n for rule, n in planned.items() if rule.startswith("simulate"))


def test_a_second_run_does_nothing_whatever_the_locale(tiny):
    def files():
        return {p: p.stat().st_mtime_ns for p in (tiny / "results").rglob("*")}

    before = files()
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = started(tiny, env=os.environ | ascii_alone)
    assert done.returncode == 0, said(done)
    assert "Nothing to be done" in said(done), said(done)[:3000]
    assert files() == before


def test_a_change_reruns_what_depends_on_it(tiny):
    values = yaml.safe_load((tiny / "tests" / "tiny" / "config.yaml").read_text())
    values["conditions"]["own"]["search"]["trials"] = 13
    with_unused_task(tiny, values)
    planned = jobs(run(tiny, "--dry-run", "tables", config=write_config(tiny, values)))
    assert planned.pop("total")
    # the spiking trials of one condition, and nothing that was trained; nothing for the task
    assert planned == {
        "simulate": 1,
        "held_out": 1,
        "refine": 1,
        "networks_of_condition": 1,
        "aggregate": 1,
        "aggregate_refined": 1,
        "tables": 1,
    }


def with_unused_task(path, values):
    """A second task of the user, which no condition uses."""
    own = (path / "config" / "tasks" / "delayed_go.py").read_text()
    unused = path / "config" / "tasks" / "unused.py"
    unused.write_text(own.replace('"delayed-go"', '"unused"'))
    values["tasks"]["unused"] = "config/tasks/unused.py"


def test_the_report_is_made_with_its_captions(tiny):
    done = run(tiny, "--report", "report.html")
    assert done.returncode == 0, said(done)[-3000:]
    page = (tiny / "report.html").read_text()
    for words in (
        "Accuracy against the scaling factor",
        "2 of 2 networks reached criterion of the condition",
        "one of 1 given networks",
    ):
        assert words in page, words
    # a second label that takes two values becomes a toggle of Snakemake's page, which breaks where
    # it splits them unevenly
    labels = re.findall(
        r"labels=\{([^}]*)\}", (ROOT / "workflow" / "rules" / "figures.smk").read_text()
    )
    assert labels
    assert not [text for text in labels if "," in re.sub(r'"[^"]*"', "", text).strip().rstrip(",")]


@pytest.mark.parametrize(
    ("study", "redrawn"),
    [
        ("config/config.yaml", True),
        ("config/my_study.yaml", False),
        ("config/gonogo_variants.yaml", False),
        ("config/mean_field.yaml", False),
    ],
)
def test_the_report_says_of_figures_of_the_paper_only_where_there_are_some(study, redrawn):
    text = (ROOT / "workflow" / "report" / "workflow.rst").read_text("utf-8")
    config = yaml.safe_load((ROOT / study).read_text())
    page = jinja2.Template(text).render(snakemake={"config": config})
    assert ("the paper redrawn" in " ".join(page.split())) == redrawn
    assert page.count(".") >= 3


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_report_opens_in_a_browser_and_every_figure_loads(tiny, tmp_path):
    done = run(tiny, "--report", "report.zip")
    assert done.returncode == 0, said(done)[-3000:]
    zipfile.ZipFile(tiny / "report.zip").extractall(tmp_path)
    drawn = {
        f"results/figures/{figure}.png"
        for figure in [*FIGURES, "figure_sweeps", *(f"conditions/{p}" for p in SHOWN)]
    }
    pages = {f"results/tables/{page}.html" for page in ("summary", "scorecard", "provenance")}
    seen = {}
    with Browser() as browser:
        browser.open((tmp_path / "report" / "report.html").as_uri())
        browser.wait("document.querySelector('#app a') !== null")
        for item, content in (("Statistics", "stats"), ("Workflow", "rulegraph")):
            browser.run(
                "[...document.querySelectorAll('#app a')]"
                f".find(a => a.innerText.trim() === '{item}').click()"
            )
            browser.wait(
                f"app.state.content === '{content}' && "
                "document.querySelector('#app canvas, #app svg.marks') !== null"
            )
        for category, subcategories in browser.run("categories").items():
            for subcategory, results in subcategories.items():
                seen |= dict(look_at(browser, category, subcategory, len(results)))
        files = browser.run("results")
        for page in pages:  # in a frame of the report before; alone they can be read
            browser.open((tmp_path / "report" / files[page]["data_uri"]).as_uri())
            assert browser.run("document.querySelectorAll('tr').length") > 5
            # all there is is in the page
            assert browser.run("document.querySelectorAll('[href], [src]').length") == 0
        assert browser.problems == []
    assert set(seen) == drawn | pages
    assert all(seen[figure] > 300 for figure in drawn), seen


def look_at(browser, category, subcategory, n_results):
    """Click on every result of a list of the report: its path and, of an image, the width in
    pixels."""
    # a list is made anew only when another page was there before
    browser.run("app.setView({navbarMode: 'menu'})")
    browser.wait("document.querySelector('#app tbody') === null")
    view = {"navbarMode": "subcategory", "category": category, "subcategory": subcategory}
    browser.run(f"app.setView({json.dumps(view)})")
    browser.wait(f"document.querySelectorAll('#app tbody tr').length === {n_results}")
    # icons are SVG
    shown = "document.querySelector('#app iframe, #app img:not([src^=\"data:image/svg\"])')"
    for i in range(n_results):
        browser.run(f"document.querySelectorAll('#app tbody tr')[{i}].querySelector('a').click()")
        browser.wait(
            f"{shown}?.src.endsWith(results[app.state.resultPath].data_uri) && "
            f"{shown}.complete !== false"
        )
        yield browser.run("app.state.resultPath"), browser.run(f"{shown}.naturalWidth")


def test_only_what_is_new_is_simulated(tiny):
    values = yaml.safe_load((tiny / "tests" / "tiny" / "config.yaml").read_text())
    # what a job carries is no setting of the trials: nothing is simulated again
    for n_factors in (1, 2):
        others = write_config(tiny, values | {"factors_per_job": n_factors})
        assert "Nothing to be done" in said(run(tiny, "--dry-run", "tables", config=others))
    values["conditions"]["go-nogo"]["search"]["scaling_factors"].append(50)
    values["factors_per_job"] = 1
    planned = jobs(run(tiny, "--dry-run", "tables", config=write_config(tiny, values)))
    assert planned["simulate"] == 3  # the sweeps that share the settings get the factor as well
    assert not {"train", "export"} & set(planned)
    for section, name in (
        ("conditions", "go-nogo"),
        ("sweeps", "go-nogo-size"),
        ("sweeps", "go-nogo-decay"),
    ):
        values[section][name]["search"] = {"scaling_factors": [25, 32.5, 40], "held_out_trials": 13}
    planned = jobs(run(tiny, "--dry-run", "tables", config=write_config(tiny, values)))
    assert simulations(planned) == 0
    assert planned["held_out"] == 3


def test_each_stage_declares_what_it_imports(tiny):
    missing, seen = undeclared(tiny / "imported")
    assert missing == set()
    others = {"exchange", "mean_field", "notebook", "manifest"}  # not part of a study
    assert seen == set(fingerprint.made_of("cpu")) - others


def test_a_job_imports_what_it_uses(tiny):
    """A newcomer waits for imports: many a job computes for less long than it imports."""
    packages = slow_packages(tiny / "imported")
    kernels = {"numba"} if compiled.LOADED_ALONE else {"numba", "scipy"}
    assert packages["train"] == kernels
    for stage in ("simulate", "example", "selectivity"):
        assert packages[stage] <= kernels | {"pyarrow"}, stage  # without a network no kernel
    for stage in ("networks_of_condition", "aggregate", "export"):
        assert not packages[stage] & {"matplotlib", "numba"}, stage
    drawn = [notes for notes in imported(tiny / "imported") if notes[0].startswith("figure_")]
    assert len({stage for stage, _ in drawn}) > 10
    for stage, lines in drawn:
        assert "package numba" not in lines, stage
    assert "scipy" not in packages["figure_task"]


def test_other_targets_declare_what_they_import(tiny):
    """The exports of an example network as published and refined, and a mean-field study beside
    this one."""
    place = "go-nogo/n80_tau20-50ms/lif"
    exports = [f"results/{folder}/{place}" for folder in ("exports", "exports_refined")]
    small = {"n_exc": 80, "n_inh": 20, "g": [6], "q": [0.8], "n_transient": 200}
    small |= {"n_steps": 1000, "weight_scales": [1]}
    config = write_config(tiny, {"study_seed": 1, "mean_field": small})
    env = noting_imports(tiny / "imported_by_others")
    for done in (run(tiny, *exports, env=env), run(tiny, "mean_field", config=config, env=env)):
        assert done.returncode == 0, said(done)[-4000:]
    missing, seen = undeclared(tiny / "imported_by_others")
    assert missing == set()
    assert seen == {"exchange", "example", "mean_field"}
    same = [sorted(file.name for file in (tiny / folder).iterdir()) for folder in exports]
    assert same[0] == same[1]
    # the network that is most accurate once it is refined, the first of equals
    refined = table(tiny, "refined").set_index(["task", "condition", "neuron"])
    best = refined.loc[tuple(place.split("/"))].sort_values("network")
    best = best.loc[best.held_out_accuracy == best.held_out_accuracy.max()].iloc[0]
    file = f"results/refined/{place}/seeds_0-1/{best.network}.mat"
    network = conversion.to_spiking(matfile.load(tiny / file), best.scaling_factor)
    arrays = np.load(tiny / exports[1] / "brian2_network.npz")
    assert np.array_equal(arrays["w_out"], network.w_out)
    assert np.array_equal(arrays["w_rec"], network.w_rec)


def test_comments_docstrings_and_times_rerun_nothing(tiny):
    """Times in any order: of the library, scripts, the config, what the user gives, results."""
    path = tiny / "workflow" / "lib" / "rate2spike" / "rate" / "train.py"
    text = path.read_text()
    draw, now = np.random.default_rng(1), time.time()
    try:
        path.write_text(text.replace('"""', '"""In other words: ', 1) + "\n# a remark\n")
        for file in (p for p in tiny.rglob("*") if ".snakemake" not in p.parts):
            at = now - draw.uniform(0, 1000)
            os.utime(file, (at, at))
        done = run(tiny, "--dry-run")
        assert "Nothing to be done" in said(done), said(done)[:3000]
    finally:
        path.write_text(text)


def test_a_change_of_the_training_is_said_beforehand_with_its_reason(tiny):
    path = tiny / "workflow" / "lib" / "rate2spike" / "rate" / "train.py"
    text = path.read_text()
    try:
        path.write_text(text + "\nADDED = 1\n")
        told = said(run(tiny, "--dry-run"))
    finally:
        path.write_text(text)
    reasons = told.split("Reasons:")[1]
    assert re.search(r"params have changed since last execution:\s+.*\btrain\b", reasons), reasons


SHORT_TASK = """
import numpy as np
from rate2spike.tasks import Task, Trial

def draw(rng):
    go = int(rng.random() < 0.5)
    return Trial(np.full((1, 4), 5.0 * go), np.full(4, 1.0 * go), go, "Go" if go else "NoGo")

def correct(label, o):
    return np.where(label == 1, o.maximum > 0, o.maximum < 0.3)

TASK = Task("blink", 1, 4, {1: "Go", 0: "NoGo"}, draw, 1, 10.0, correct, correct, correct)
"""


def test_a_study_on_the_kernels_of_a_gpu(tmp_path):
    """A task of 20 ms, slow enough in Triton's interpreter; the CPU's kernel finds the same in the
    networks it trained."""
    torch_or_skip()
    pytest.importorskip("triton", reason="Triton is not installed")
    path = workplace(tmp_path)
    (path / "blink.py").write_text(SHORT_TASK)
    values = TINY | {
        "device": "cuda",
        "conditions": {"blink": {"task": "blink", "networks": 2}},
        "tasks": {"blink": "blink.py"},
    }
    values |= {"sweeps": {}, "figures": {}, "external_models": {}, "networks_per_job": 2}
    values["search"] = TINY["search"] | {"scaling_factors": [10], "trials": 2, "held_out_trials": 1}
    values["search"]["refine"] = ["output"]
    env = noting_imports(path / "imported")
    done = run(path, "tables", config=write_config(path, values), env=env)
    assert done.returncode == 0, said(done)[-8000:]
    missing, _ = undeclared(path / "imported", "cuda")
    assert missing == set()
    trials = pd.read_parquet(path / "results" / "tables" / "trials.parquet")
    assert len(trials) == 2 * (2 + 1)
    task, place = load_user_task("blink", path / "blink.py"), f"blink/{UNTRAINED}"
    for name, rows in trials[trials.purpose == "search"].groupby("network", observed=True):
        model = matfile.load(path / "results" / "models" / place / "seeds_0-1" / f"{name}.mat")
        on_cpu = conversion.Simulation(task, TINY["study_seed"], device="cpu")
        expected = conversion.score_network(on_cpu, model, f"{place}/{name}", 10.0, 2)
        for column in ("label", "n_spikes", "correct"):
            assert np.array_equal(rows[column], expected[column]), column
        np.testing.assert_allclose(rows.output_max, expected["output_max"], rtol=1e-4)


def test_a_gpu_that_is_not_there_stops_the_study_at_once(tmp_path):
    path = workplace(tmp_path)
    config = write_config(path, TINY | {"device": "cuda"})
    nothing = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"} | {
        "CUDA_VISIBLE_DEVICES": ""
    }
    done = subprocess.run(
        command(config=config), cwd=path, capture_output=True, text=True, env=nothing, check=False
    )
    assert done.returncode == 1
    assert re.search(r"^config\.yaml, line \d+: device: cuda: ", said(done), re.MULTILINE)
    assert "or write device: cpu" in said(done)
    assert not (path / "results").exists()


def test_jobs_run_the_library_that_was_fingerprinted(tiny):
    # the environment of these tests has the package installed from somewhere else
    asked = "import job, rate2spike; print(rate2spike.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=tiny / "workflow" / "scripts",
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(tiny / "workflow" / "lib" / "rate2spike" / "__init__.py")


def test_conditions_that_differ_in_the_neuron_share_their_networks(tiny):
    neurons = ["lif", "lif_refractory0ms", "lif_rise0ms", "qif"]
    assert len(list((tiny / "results" / "training" / "integration").rglob("*.npz"))) == 1
    assert len(list((tiny / "results" / "models" / "integration").rglob("*.mat"))) == 1
    networks, summary = table(tiny, "networks"), table(tiny, "summary")
    shared = networks[networks.task == "integration"].sort_values("neuron")
    assert shared[["neuron", "network"]].to_numpy().tolist() == [[n, "seed_0"] for n in neurons]
    assert shared.held_out_trials.tolist() == [12] * 4
    assert not table(tiny, "curves").duplicated().any()
    assert summary.n_networks[summary.task == "integration"].tolist() == [1] * 4


def test_a_target_that_no_condition_makes_is_refused(tiny):
    file = "results/choices/go-nogo/n80_tau20-50ms/bogus/seeds_0-1.csv"
    done = run(tiny, "--dry-run", file)
    assert done.returncode != 0
    message = "no condition go-nogo/n80_tau20-50ms/bogus in the config; there are "
    assert f"{message}go-nogo/n80_tau20-50ms/lif" in said(done)


def test_a_change_of_the_users_task_reruns_it(tiny):
    path = tiny / "config" / "tasks" / "delayed_go.py"
    text, stat = path.read_text(), path.stat()
    try:
        path.write_text(text.replace("slice(50, 60)", "slice(50, 59)"))
        os.utime(path, (0, 0))  # a file put in its place with its time, older than all results
        planned = jobs(run(tiny, "--dry-run", "tables"))
    finally:
        path.write_text(text)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert {
        rule: planned.get(rule) for rule in ("train", "export", "simulate", "held_out")
    } == dict.fromkeys(("train", "export", "simulate", "held_out"), 1)


def test_another_model_file_in_place_of_the_users_reruns_it(tmp_path):
    """By its content: it was copied with its time, older than all results."""
    path = workplace(tmp_path)
    shutil.copyfile(PUBLISHED_MODEL, path / "given.mat")
    given = {"mine": {"task": "go-nogo", "files": ["given.mat"]}}
    values = TINY | {
        "conditions": {},
        "sweeps": {},
        "figures": {},
        "tasks": {},
        "external_models": given,
    }
    config = write_config(path, values)
    target = "results/networks/go-nogo/external_mine/external.csv"
    assert run(path, target, config=config).returncode == 0
    (path / "given.mat").touch()
    assert "Nothing to be done" in said(run(path, "--dry-run", target, config=config))
    another = scipy.io.loadmat(PUBLISHED_MODEL)
    scipy.io.savemat(
        path / "given.mat", {k: v for k, v in another.items() if k[0] != "_"} | {"b_out": 0.5}
    )
    os.utime(path / "given.mat", (0, 0))
    assert jobs(run(path, "--dry-run", target, config=config))["import_models"] == 1


def test_the_cost_is_said_beforehand(tmp_path):
    path = workplace(tmp_path)
    planned = jobs(run(path, "--dry-run"))["total"]
    done = run(path, "cost")
    assert done.returncode == 0, said(done)
    # go-nogo, its size 3 and its decay 20 train for real, 900 trials are typical; the others have
    # one network that stops at once
    # fresh trials once more for the five that are refined
    n_spiking = 3 * 2 * (3 + 2) * 12 + 2 * (1 + 2) * 12 + 8 * 2 * 12 + 12
    told = f"{planned} jobs; 13 rate networks, 5,400 training trials, {n_spiking:,} spiking trials"
    assert told in said(done), said(done)
    assert not (path / "results" / "training").exists()


def test_the_whole_paper_is_planned(tmp_path):
    path = workplace(tmp_path)
    planned = jobs(run(path, "--dry-run", config="config/paper.yaml"))
    assert planned["total"] == 1507
    # one factor a job but for the two smallest networks
    assert planned["simulate"] == 12 * 84
    assert simulations(planned) == 12 * 84 + 3 + 4
    assert planned["refine"] == planned["held_out"] == 86
    assert (planned["train"], planned["networks_of_condition"]) == (82, 92)
    figure = jobs(run(path, "--dry-run", "figure_6", config="config/paper.yaml"))
    assert figure["figure_6"] == 1
    # one a gain; refractory periods and filters share the networks of one of them
    assert figure["train"] == 6
    assert {"aggregate", "example", "scorecard"}.isdisjoint(figure)


def test_the_default_study_is_planned(tmp_path):
    planned = jobs(ready_snakemake.run(["--cores", "2", "--dry-run"], workplace(tmp_path)))
    values = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    given_factors = len(values["sweeps"]["integration-refractory"]["values"]) - 1
    assert planned["held_out_of_other"] == given_factors
    searched = planned["held_out"]
    assert searched + given_factors == planned["networks_of_condition"] > len(values["conditions"])
    assert planned["refine"] == searched
    # all factors in one job, in two with 400 units
    assert searched < simulations(planned) < 1.2 * searched
    assert planned["total"] == 247  # as docs/start.md says
    assert planned["all"] == planned["aggregate"] == planned["provenance"] == 1


# Blocks and interruptions: the Go-NoGo condition of the tiny study, alone -------------------------


def go_nogo_alone(path, networks_per_job):
    alone = {
        "conditions": {"go-nogo": TINY["conditions"]["go-nogo"]},
        "networks_per_job": networks_per_job,
        "factors_per_job": 1,
    }
    return write_config(
        path, TINY | alone | {"tasks": {}, "sweeps": {}, "external_models": {}, "figures": {}}
    )


def targets(networks_per_job):
    blocks = ["seeds_0-1"] if networks_per_job == 2 else ["seeds_0-0", "seeds_1-1"]
    return [
        "tables",
        *(f"results/converted/go-nogo/n80_tau20-50ms/lif/{block}" for block in blocks),
    ]


def bits(path):
    """Every table and model of the Go-NoGo condition, down to the bit."""
    kept = {}
    trials = pd.read_parquet(path / "results" / "tables" / "trials.parquet")
    tables = {"trials": trials} | {
        name: table(path, name, str)
        for name in ("accuracy", "networks", "curves", "summary", "refined")
    }
    for name, rows in tables.items():
        rows = rows[rows.condition == "n80_tau20-50ms"]
        # what else a config calls them: no result
        rows = rows.drop(columns="other_names", errors="ignore")
        rows = rows.sort_values(
            [c for c in ("purpose", "network", "scaling_factor", "trial") if c in rows]
        )
        for column in rows:
            values = rows[column].to_numpy()
            kept[name, column] = values.tolist() if values.dtype == object else values.tobytes()
        assert len(rows) > 0
    for folder in ("models", "converted", "refined"):
        for file in (path / "results" / folder / "go-nogo" / "n80_tau20-50ms").rglob("*.mat"):
            kept[folder, file.stem, "data"] = archive.data_sha256(file)
            kept[folder, file.stem, "provenance"] = asked(provenance.read(file))
            for key, value in model(file).items():
                if key == "provenance":
                    continue
                kept[folder, file.stem, key] = (
                    (value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value
                )
    assert len([k for k in kept if k[-1] == "opt_scaling_factor"]) == 2 + 2
    return kept


def asked(record):
    """What decides a network, of all that its file says of how it was made."""
    keys = ("task", "condition", "study_seed", "seed", "stream")
    return [record[key] for key in keys] + [
        record["settings"][key] for key in ("network", "training")
    ]


def test_jobs_of_one_network_and_one_factor_give_the_same_bits(tiny, tmp_path):
    path = workplace(tmp_path)
    done = run(path, *targets(1), config=go_nogo_alone(path, 1))
    assert done.returncode == 0, said(done)[-8000:]
    assert differences(bits(tiny), bits(path)) == []


def interrupted(path, config, until, how):
    """Start the study, send the signal `how` to it and its jobs when `until()` holds; returns what
    it said."""
    with (path / "said.txt").open("w") as out:
        # a shell's background jobs ignore Ctrl-C, and so would what they start
        heed = {
            "start_new_session": True,
            "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        }
        process = subprocess.Popen(
            command(*targets(2), config=config), cwd=path, stdout=out, stderr=out, **heed
        )
        deadline = time.monotonic() + 120
        while not until() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        assert process.poll() is None, (path / "said.txt").read_text()
        os.killpg(process.pid, how)
        assert process.wait(timeout=60) != 0
    return (path / "said.txt").read_text()


def in_training(path):
    """A moment within training: some networks have been evaluated a few times."""
    return any(
        "trial 201," in log.read_text()
        for log in (path / "results" / "logs").glob("train/**/*.log")
    )


def in_simulation(path):
    """A moment within the search: one shard is written, another begun."""
    written = list((path / "results").glob("simulations/**/*.parquet"))
    return written and len(list((path / "results" / "logs").glob("simulate/**/*.log"))) > len(
        written
    )


def test_an_interrupted_study_goes_on_to_the_same_bits(tiny, tmp_path):
    """By Ctrl-C while it trains, then killed while it simulates: the same command goes on."""
    path = workplace(tmp_path)
    config = go_nogo_alone(path, 2)
    told = interrupted(path, config, lambda: in_training(path), signal.SIGINT)
    assert told.count("What is finished is kept: the same command goes on") == 1
    assert not list((path / "results").glob("training/**/*.npz"))
    interrupted(path, config, lambda: in_simulation(path), signal.SIGKILL)
    assert not (path / "results" / "choices").exists()
    assert not (path / "results" / "tables" / "summary.csv").exists()
    done = run(path, *targets(2), config=config)
    assert done.returncode != 0  # nobody was left to take the lock away
    assert "--unlock" in said(done)
    assert run(path, "--unlock", config=config).returncode == 0
    done = run(path, *targets(2), config=config)
    assert done.returncode == 0, said(done)[-8000:]
    assert differences(bits(tiny), bits(path)) == []


# Mistakes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "appended", "told"),
    [
        ({"network": {"n_unit": 40}}, "", "network.n_unit: unknown key; allowed are n_units,"),
        ({}, "study_seed: 8\n", "study_seed: this key is there twice (lines "),
        (
            {"conditions": {"a": {"task": "gonogo"}}, "sweeps": {}, "figures": {}},
            "",
            "conditions.a.task: unknown task 'gonogo'; there are go-nogo, xor,",
        ),
        (
            {"tasks": {"delayed-go": "tests/own.py"}},
            "",
            "tasks.delayed-go: no such file: tests/own.py",
        ),
    ],
    ids=["typo", "repeated key", "unknown task", "task file"],
)
def test_a_bad_config_is_told_in_one_line(tmp_path, change, appended, told):
    path = workplace(tmp_path)
    config = write_config(path, TINY | change)
    with (path / config).open("a", encoding="utf-8") as file:
        file.write(appended)
    done = run(path, config=config)
    assert done.returncode != 0
    line = said(done).strip().splitlines()[-1]
    assert re.match(r"config\.yaml(, line \d+)?: " + re.escape(told), line), said(done)
    assert "Traceback" not in said(done)
    assert ".smk" not in said(done)
    assert len(said(done).splitlines()) < 5
    assert not (path / "results").exists()


def test_values_behind_config_reach_the_jobs(tmp_path):
    path = workplace(tmp_path)
    alone = {"conditions": {"a": {"task": "go-nogo"}}, "figures": {}, "sweeps": {}}
    config = write_config(path, TINY | alone | {"tasks": {}, "external_models": {}})
    file = "results/training/go-nogo/n40_tau20-50ms_max3_eval10_loss1000_accuracy0/seeds_0-0.npz"
    given = ("training={max_trials: 3}", "networks_per_job=null", "keep_traces=true")
    done = run(path, file, "--config", *given, config=config)
    assert done.returncode == 0, said(done)
    assert (path / file).is_file()


def test_a_figure_that_is_not_listed_says_what_to_write(tiny):
    listed = TINY["figures"]
    unlisted = {figure: roles for figure, roles in listed.items() if figure != "figure_6"}
    config = tiny / "unlisted.yaml"
    config.write_text(yaml.safe_dump(TINY | {"figures": unlisted}))
    done = run(tiny, "--dry-run", "figure_6", config=str(config))
    assert done.returncode != 0
    assert "figures.figure_6: missing key; it is drawn where the config has" in said(done)
    assert "Exception" not in said(done)


def test_a_missing_model_file_is_named_before_anything_runs(tmp_path):
    path = workplace(tmp_path)
    elsewhere = {"external_models": {"mine": {"task": "go-nogo", "files": ["models/none.mat"]}}}
    done = run(path, config=write_config(path, TINY | elsewhere))
    assert done.returncode != 0
    assert "models/none.mat" in said(done)
    assert not (path / "results").exists()


def test_a_model_that_is_none_is_named_before_anything_runs(tmp_path):
    path = workplace(tmp_path)
    (path / "broken.mat").write_bytes(PUBLISHED_MODEL.read_bytes()[:100_000])
    given = {"mine": {"task": "go-nogo", "files": ["*.mat"]}}
    done = run(path, config=write_config(path, TINY | {"external_models": given}))
    assert done.returncode != 0
    line = said(done).strip().splitlines()[-1]
    told = r"config\.yaml, line \d+: external_models\.mine\.files: broken\.mat: "
    assert re.match(told, line), said(done)
    assert not (path / "results").exists()


def test_a_broken_model_fails_its_own_job_and_the_rest_goes_on(tmp_path):
    path = workplace(tmp_path)
    keys = {k: v for k, v in scipy.io.loadmat(PUBLISHED_MODEL).items() if k[0] != "_"}
    keys["w"][3, 4] = np.nan
    scipy.io.savemat(path / "broken.mat", keys)
    values = TINY | {
        "conditions": {"own": TINY["conditions"]["own"]},
        "external_models": {"broken": {"task": "go-nogo", "files": ["broken.mat"]}},
        "sweeps": {},
        "figures": {},
    }
    done = run(path, "tables", config=write_config(path, values))
    assert done.returncode != 0
    condition = "go-nogo/external_broken"
    told = "broken.mat: key 'w': expected finite numbers, got NaN or infinity"
    log = path / "results" / "logs" / "import_models" / condition / "external.log"
    assert told in log.read_text("utf-8")
    assert told in said(done)  # the user need not look for the log
    models = path / "results" / "models" / condition
    assert not models.exists() or not any(models.iterdir())
    assert list((path / "results" / "held_out" / "delayed-go").rglob("*.parquet"))
    assert not (path / "results" / "tables" / "summary.csv").exists()
