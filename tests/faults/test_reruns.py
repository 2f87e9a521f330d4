"""What is computed again where a study grows or its models change, and nothing else."""

import os
import re

import pytest
from small_study import AT_ONCE, contents, differences, finished, run, said, study

CONDITION = "go-nogo/n40_tau20-50ms_max2_eval10_loss1000_accuracy0"
BLOCKS_OF_3, BLOCKS_OF_5 = ("seeds_0-1", "seeds_2-2"), ("seeds_0-1", "seeds_2-3", "seeds_4-4")


def jobs(done) -> dict[str, int]:
    """Number of jobs by rule."""
    return {
        rule: int(n)
        for rule, n in re.findall(r"^([a-z]\w*)  +(\d+)$", said(done), flags=re.MULTILINE)
    }


def networks(blocks) -> list[str]:
    return [f"results/networks/{CONDITION}/{block}.csv" for block in blocks]


def of_blocks(path, blocks) -> dict:
    kept = (
        f"results/{folder}/{CONDITION}/{block}"
        for folder in ("models", "networks", "training")
        for block in blocks
    )
    wanted = tuple(kept)
    return {file: what for file, what in contents(path).items() if file.startswith(wanted)}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Five networks from nothing."""
    path = study(tmp_path_factory.mktemp("fresh"), **AT_ONCE, networks_per_condition=5)
    finished(path, *networks(BLOCKS_OF_5))
    return of_blocks(path, BLOCKS_OF_5)


def test_more_networks_train_only_the_new_ones(fresh, tmp_path, say):
    """3 networks in blocks of 2, then 5: block 0-1 stays, seed 2 is taken over from its block of
    one."""
    path = study(tmp_path, **AT_ONCE)
    finished(path, *networks(BLOCKS_OF_3))
    study(path, **AT_ONCE, networks_per_condition=5)
    assert jobs(run(path, "--dry-run", *networks(BLOCKS_OF_5)))["train"] == 2
    finished(path, *networks(BLOCKS_OF_5))
    logs = {
        block: (path / "results" / "logs" / "train" / CONDITION / f"{block}.log").read_text()
        for block in BLOCKS_OF_5
    }
    trained = sorted(re.findall(r"(seed_\d): trial 1,", logs["seeds_2-3"] + logs["seeds_4-4"]))
    say(f"3 networks in blocks of 2, then 5: trained {', '.join(trained)}")
    assert trained == ["seed_3", "seed_4"]
    assert "seed_2: trained before, taken from " in logs["seeds_2-3"]
    assert differences(fresh, of_blocks(path, BLOCKS_OF_5)) == []

    # blocks of another size: nothing is trained
    study(path, **AT_ONCE, networks_per_condition=5, networks_per_job=5)
    finished(path, *networks(["seeds_0-4"]))
    log = (path / "results" / "logs" / "train" / CONDITION / "seeds_0-4.log").read_text()
    assert ("trial 1," in log, log.count("taken from")) == (False, 5)

    # other settings of the same name (a seed of the study): all are trained anew
    study(path, **AT_ONCE, networks_per_condition=5, networks_per_job=5, study_seed=8)
    finished(path, *networks(["seeds_0-4"]))
    log = (path / "results" / "logs" / "train" / CONDITION / "seeds_0-4.log").read_text()
    assert (log.count("trial 1,"), "taken from" in log) == (5, False)


def test_a_training_file_that_cannot_be_read_is_named(tmp_path):
    path = study(tmp_path, **AT_ONCE, networks_per_condition=1)
    broken = path / "results" / "training" / CONDITION / "seeds_0-9.npz"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"PK\x03\x04 not all of it")
    done = run(path, *networks(["seeds_0-0"]))
    assert done.returncode != 0
    assert "seeds_0-9.npz: cannot be read" in said(done)
    assert "delete it, it is made anew" in said(done)


def test_a_study_stopped_between_new_models_and_their_use_is_not_mixed(tmp_path):
    """Models were written anew, with traces in them, then the power went: what was made of the old
    ones is made again, though no setting of its own has changed and a folder of models has nothing
    for Snakemake but a date."""
    path = study(tmp_path, **AT_ONCE, networks_per_condition=1)
    converted = f"results/converted/{CONDITION}/lif/seeds_0-0"
    finished(path, converted)
    study(path, **AT_ONCE, networks_per_condition=1, keep_traces=True)
    finished(path, *networks(["seeds_0-0"]))
    for file in (path / "results" / "models").rglob("*"):
        os.utime(file, (1e9, 1e9))
    planned = jobs(run(path, "--dry-run", converted))
    assert (planned["simulate"], planned["held_out"]) == (1, 1), planned
    assert "export" not in planned
