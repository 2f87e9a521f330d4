"""What jobs ask of a scheduler: memory and run time follow from the condition and double with every
attempt."""

import json
import re
import subprocess

import pytest
import yaml
from shared import ROOT
from tiny_study import SNAKEMAKE, said, workplace

# beside the Snakefile, so that the workflow's folder is its own; prints what the rules would ask
# for
PROBE = """
import json
from types import SimpleNamespace

include: "Snakefile"

def asked(task, label, block, threads=1, attempt=1, neuron="lif"):
    w = SimpleNamespace(task=task, condition=label, neuron=neuron, block=block)
    return {
        "train": (training_mem_mb(w, threads, attempt), training_minutes(w, threads, attempt)),
        "simulate": (gpu_block_mem_mb(w, attempt), simulation_minutes(w, attempt)),
        "export": (block_mem_mb(w, attempt), growing(20)(w, attempt)),
        "example": (recording_mem_mb(w, attempt), recording_minutes(w, attempt)),
    }

BIG, SMALL = ("integration", "n500_tau20-50ms"), ("go-nogo", "n10_tau20-50ms")
print("ASKED", json.dumps({
    "n_jobs": n_jobs(),
    "small": asked(*SMALL, "seeds_0-9"),
    "one": asked(*BIG, "seeds_0-0"),
    "ten": asked(*BIG, "seeds_90-99"),
    "hundred": asked(*BIG, "seeds_0-99"),
    "hundred on ten": asked(*BIG, "seeds_0-99", threads=10),
    "again": asked(*BIG, "seeds_0-99", attempt=2),
    "third": asked(*BIG, "seeds_0-99", attempt=3),
}))
"""
STAGES = ("train", "simulate", "export", "example")


def ask(path, *options):
    (path / "workflow" / "probe.smk").write_text(PROBE)
    command = [
        *SNAKEMAKE,
        "-s",
        "workflow/probe.smk",
        "--list-rules",
        "--configfile",
        "config/paper.yaml",
        *options,
    ]
    done = subprocess.run(command, cwd=path, capture_output=True, text=True, timeout=120)
    lines = [line for line in said(done).splitlines() if line.startswith("ASKED ")]
    assert lines, said(done)
    return json.loads(lines[0].removeprefix("ASKED "))


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    return ask(workplace(tmp_path_factory.mktemp("paper")))


def test_the_whole_paper_is_a_number_of_jobs_that_a_cluster_takes(paper):
    assert 500 < paper["n_jobs"] <= 3000


@pytest.mark.parametrize("stage", STAGES)
def test_a_job_that_is_tried_again_gets_more_of_both(paper, stage):
    for first, second, third in zip(
        *(paper[name][stage] for name in ("hundred", "again", "third")), strict=True
    ):
        assert second >= 2 * first - 1
        assert third >= 2 * second - 1


def test_estimates_follow_from_what_the_job_carries(paper):
    hundred, ten, one, small = (paper[name] for name in ("hundred", "ten", "one", "small"))
    for stage in ("train", "simulate"):
        # ten times the networks, ten times the work, beside the start of the job
        work = [asked[stage][1] - 10 for asked in (hundred, ten)]
        assert work[0] == pytest.approx(10 * work[1], abs=10)
        assert work[0] > 5
        assert hundred[stage][0] > ten[stage][0] > one[stage][0] > small[stage][0] > 1000
        assert small[stage][1] < 15
    # on ten cores a hundred networks take as long as ten on one, and room for ten that run at once
    assert paper["hundred on ten"]["train"][1] == ten["train"][1]
    assert paper["hundred on ten"]["train"][0] > hundred["train"][0]
    assert hundred["example"] == one["example"]  # one network, whatever the block


def test_the_host_of_a_gpu_needs_memory_for_it(paper, tmp_path):
    on_gpu = ask(workplace(tmp_path), "--config", "device=cuda")
    for stage in ("simulate", "example"):
        assert on_gpu["ten"][stage][0] == paper["ten"][stage][0] + 4000
    assert (
        on_gpu["ten"]["train"][0] > paper["ten"]["train"][0] + 4000
    )  # the trials of all its networks at once
    assert on_gpu["ten"]["export"] == paper["ten"]["export"]


def profile(name):
    return (ROOT / "workflow" / "profiles" / name / "profile.yaml").read_text()


def test_the_profile_of_a_cluster_repeats_the_default_one():
    # it replaces the default profile
    assert yaml.safe_load(profile("default")).items() <= yaml.safe_load(profile("slurm")).items()


def test_the_profile_of_a_cluster_lists_the_rules_that_use_a_gpu():
    rules = "".join(file.read_text() for file in (ROOT / "workflow" / "rules").glob("*.smk"))
    on_gpu = {
        text.split(":")[0]
        for text in re.split(r"^rule ", rules, flags=re.MULTILINE)[1:]
        if "**GPU" in text
    }
    listed = set(re.findall(r"^#   (\w+): (?:&gpu|\*gpu)", profile("slurm"), flags=re.MULTILINE))
    assert listed == on_gpu - {"cost"}  # asked for beforehand, on the machine one sits at
    assert "retries:" not in rules  # they would run inside the job, with the first attempt's memory
