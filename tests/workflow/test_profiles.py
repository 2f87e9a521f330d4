"""The profiles: that of a cluster repeats the default one and lists the rules that use a GPU."""

import re

import yaml
from shared import ROOT

from rate2spike.study.resources import ON_A_GPU


def profile(name):
    return (ROOT / "workflow" / "profiles" / name / "profile.yaml").read_text()


def test_the_profile_of_a_cluster_repeats_the_default_one():
    # it replaces the default profile
    assert yaml.safe_load(profile("default")).items() <= yaml.safe_load(profile("slurm")).items()


def test_the_profile_of_a_cluster_lists_the_rules_that_use_a_gpu():
    rules = "".join(file.read_text() for file in (ROOT / "workflow" / "rules").glob("*.smk"))
    stages = set(re.findall(r'\*\*needs\("(\w+)"', rules))
    on_gpu = stages & set(ON_A_GPU)
    for rule, another in re.findall(r"^ *use rule (\w+) as (\w+) with:", rules, re.MULTILINE):
        if rule in on_gpu:
            on_gpu.add(another)
    listed = set(re.findall(r"^#   (\w+): (?:&gpu|\*gpu)", profile("slurm"), flags=re.MULTILINE))
    assert listed == on_gpu - {"cost"}  # asked for beforehand, on the machine one sits at
    assert "retries:" not in rules  # they would run inside the job, with the first attempt's memory
