"""How a file was made: what a record says and does not say, where it is kept, and that nothing else
of a file depends on it."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
import scipy.sparse
from shared import PUBLISHED_MODEL

from rate2spike import __version__, matfile, provenance
from rate2spike.analysis import tables
from rate2spike.analysis import trial_table as trials
from rate2spike.rate import block_file
from rate2spike.study import archive

SEARCH = {
    "opt_scaling_factor": 40.0,
    "all_perfs": [0.5],
    "scaling_factors": [40.0],
    "held_out": 0.9,
}


def made(**facts):
    return provenance.record(seconds=1.5, **facts)


# What a record says -------------------------------------------------------------------------------


def test_a_record_says_what_made_the_file():
    record = made(fingerprint="0123", task="xor", study_seed=7, settings={"a": [1, 2]})
    assert (record["task"], record["study_seed"], record["settings"], record["seconds"]) == (
        "xor",
        7,
        {"a": [1, 2]},
        1.5,
    )
    assert record["software"]["rate2spike"] == __version__
    assert record["fingerprint"] == "0123"
    assert record["versions"]["numpy"] == np.__version__
    assert record["versions"]["python"] == platform.python_version()
    assert {"scipy", "numba", "snakemake", "pandas", "pyarrow"} <= set(record["versions"])
    assert ("torch" in record["versions"]) == (find_spec("torch") is not None)
    assert record["machine"]["cores"] == os.cpu_count()
    assert record["machine"]["cpu"]
    assert record["device"] == "cpu"
    assert record["finished"].endswith("+00:00")
    assert json.loads(provenance.dumps(record)) == record


def test_a_gpu_is_named_as_sold_and_the_interpreter_as_such(monkeypatch):
    torch = pytest.importorskip("torch", reason="torch is not installed: needs the extra torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert made(device="cuda")["device"] == "cpu, in Triton's interpreter"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA H200")
    assert made(device="cuda")["device"] == "NVIDIA H200"
    assert made(device="cpu")["device"] == "cpu"


def test_a_record_names_neither_host_nor_folder():
    text = provenance.dumps(
        made(settings=provenance.without_paths({"files": [str(PUBLISHED_MODEL), "models/a.mat"]}))
    )
    assert json.loads(text)["settings"]["files"] == [PUBLISHED_MODEL.name, "models/a.mat"]
    assert platform.node() not in text
    assert str(Path(__file__).parents[1]) not in text
    assert str(Path.home()) + "/" not in text


def git(folder, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    return subprocess.run(
        ["git", "-C", folder, *who, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def clone(tmp_path):
    """A repository with a workflow in it, and that workflow's folder."""
    workflow = tmp_path / "workflow"
    workflow.mkdir()
    (workflow / "Snakefile").write_text("rule all:\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "workflow/Snakefile")
    git(tmp_path, "commit", "-qm", "first")
    return workflow


def test_the_commit_is_that_of_the_workflow(clone, monkeypatch):
    monkeypatch.setattr(provenance, "WORKFLOW", clone)
    commit = git(clone, "rev-parse", "HEAD")
    (clone.parent / "notes.txt").write_text("not code")
    assert provenance.software() == {"rate2spike": __version__, "commit": commit, "modified": False}
    (clone / "new.py").write_text("")
    assert provenance.software()["modified"] is True


def test_without_a_clone_the_version_is_all(clone, monkeypatch):
    inside = clone / "downloaded"  # unpacked in a repository that knows nothing of it
    inside.mkdir()
    (inside / "Snakefile").write_text("")
    monkeypatch.setattr(provenance, "WORKFLOW", inside)
    assert provenance.software() == {"rate2spike": __version__}
    monkeypatch.setattr(provenance, "WORKFLOW", clone)
    monkeypatch.setenv("PATH", "")  # no git on this machine
    assert provenance.software() == {"rate2spike": __version__}


def test_many_records_as_one():
    one = made(study_seed=7)
    other = made(study_seed=7) | {"device": "a GPU", "finished": "2020-01-01T00:00:00+00:00"}
    said = provenance.together([one, None, other, {}, None])
    assert (said["files"], said["files_without_record"], said["seconds"]) == (5, 3, 3.0)
    assert (said["study_seed"], said["device"], len(said["machine"])) == ([7], ["a GPU", "cpu"], 1)
    assert (said["first_finished"], said["last_finished"]) == (other["finished"], one["finished"])
    assert provenance.differences([said, made(study_seed=8)])["study_seed"] == [7, 8]


# Where it is kept ---------------------------------------------------------------------------------

ROW = {
    "task": "t",
    "condition": "c",
    "neuron": "lif",
    "network": ["a", "b", "a"],
    "scaling_factor": 40.0,
    "trial": [0, 0, 1],
}
ROW |= {
    "label": 1,
    "kind": ["Go", "NoGo", "Go"],
    "output_max": [0.1, 0.2, 0.3],
    "output_min": 0.0,
    "n_spikes": 5,
}
ROW |= {"correct": True, "correct_strict": [True, False, True]}


ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, of "abc"


def test_checksums_are_those_of_the_content(tmp_path):
    for name in ("abc.csv", "other.csv"):
        (tmp_path / name).write_bytes(b"abc")
        facts = {"file": name, "sha256": ABC}
        assert provenance.file_facts(tmp_path / name) == facts
        assert provenance.file_facts(str(tmp_path / name)) == facts
        assert archive.data_sha256(tmp_path / name) == ABC
    table = archive.manifest([tmp_path], tmp_path)
    assert table.to_numpy().tolist() == [
        ["abc.csv", 3, ABC, ABC],
        ["other.csv", 3, ABC, ABC],
    ]
    (tmp_path / "abc.csv").write_bytes(bytes(3_000_000))  # more than is read at once
    expected = hashlib.sha256(bytes(3_000_000)).hexdigest()
    assert archive.data_sha256(tmp_path / "abc.csv") == expected
    assert provenance.file_facts(tmp_path / "abc.csv")["sha256"] == expected


def test_a_model_of_ours_is_named_by_its_network_and_a_foreign_one_by_its_file(tmp_path, trained):
    ours = tmp_path / "ours.mat"
    found = []
    for seconds in (1, 2):
        matfile.save(ours, *trained, {"seconds": seconds})
        found.append(provenance.model_facts(ours))
    assert found[0] == found[1]  # whenever it was trained
    assert found[0] == {"file": "ours.mat", "fingerprint": fingerprint_of(ours)}
    theirs = provenance.model_facts(PUBLISHED_MODEL)
    content = hashlib.sha256(PUBLISHED_MODEL.read_bytes()).hexdigest()
    assert theirs == {"file": PUBLISHED_MODEL.name, "sha256": content}


def fingerprint_of(path) -> str:
    """Of all numbers and words of a model file but its provenance, in the order of their names."""
    content = b""
    for key, value in sorted(scipy.io.loadmat(path).items()):
        if key[0] != "_" and key != "provenance":
            content += f"{key} {value.dtype} {value.shape} ".encode() + value.tobytes()
    return hashlib.sha256(content).hexdigest()[:16]


def test_every_kind_of_file_keeps_it_and_reads_as_before(tmp_path, trained):
    record = made(task="go-nogo", settings={"words": "λ"})
    block_file.save_block(tmp_path / "block.npz", ["net"], [trained], provenance=record)
    matfile.save(tmp_path / "net.mat", *trained, record)
    trials.write_trials([ROW], tmp_path / "shard.parquet", record)
    tables.stack_trials(
        {"search": [tmp_path / "shard.parquet"]}, tmp_path / "trials.parquet", record
    )
    for name in ("block.npz", "net.mat", "shard.parquet", "trials.parquet"):
        assert provenance.read(tmp_path / name) == record, name
    assert list(block_file.load_block(tmp_path / "block.npz")) == ["net"]
    assert matfile.load(tmp_path / "net.mat").n_units == 80
    trials.write_trials([ROW], tmp_path / "plain.parquet")
    assert provenance.read(tmp_path / "plain.parquet") is None
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "plain.parquet"), pd.read_parquet(tmp_path / "shard.parquet")
    )


def test_a_converted_model_says_how_both_were_made(tmp_path, trained):
    matfile.save(tmp_path / "net.mat", *trained, {"task": "go-nogo", "seconds": 3})
    facts = {"source": provenance.file_facts(tmp_path / "net.mat"), "conversion": made()}
    matfile.save_converted(
        tmp_path / "converted.mat", tmp_path / "net.mat", provenance=facts, **SEARCH
    )
    assert provenance.read(tmp_path / "converted.mat") == {"task": "go-nogo", "seconds": 3} | facts
    assert facts["source"]["file"] == "net.mat"
    assert len(facts["source"]["sha256"]) == 64


ODD = {
    "absent": None,
    "empty": np.zeros((0, 0)),
    "a number": 3.0,
    "words": "trained on a Tuesday",
    "half of it": '{"task": ',
    "a list": "[1, 2]",
    "a struct": {"task": "xor"},
    "cells": np.array(["a", 1], dtype=object),
    "several lines": np.array(["{}", "{}"]),
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_a_foreign_model_may_say_anything(tmp_path, value):
    keys = {k: v for k, v in scipy.io.loadmat(PUBLISHED_MODEL).items() if not k.startswith("__")}
    path = tmp_path / "theirs.mat"
    scipy.io.savemat(path, keys | ({} if value is None else {"provenance": value}))
    assert provenance.read(path) is None
    assert matfile.load(path).n_units == 200
    facts = {"source": provenance.file_facts(path)}
    matfile.save_converted(tmp_path / "converted.mat", path, provenance=facts, **SEARCH)
    assert provenance.read(tmp_path / "converted.mat") == facts


# Checksums of the data alone ----------------------------------------------------------------------


def sums(path, write, *values):
    """The checksums of a file's data, written with each of the values."""
    checksums = []
    for value in values:
        write(value)
        checksums.append(archive.data_sha256(path))
    return checksums


def test_a_model_has_the_checksum_of_its_arrays(tmp_path, trained):
    path, (model, record) = tmp_path / "net.mat", trained
    one, other = sums(
        path,
        lambda facts: matfile.save(path, model, record, facts),
        {"seconds": 1},
        {"seconds": 2, "more": "x"},
    )
    assert one == other != archive.manifest([path], tmp_path).sha256[0]
    keys = {k: v for k, v in scipy.io.loadmat(path).items() if not k.startswith("__")}
    scipy.io.savemat(path, dict(reversed(keys.items())))  # uncompressed, in another order
    assert archive.data_sha256(path) == one
    keys["w"][3, 4] = np.nextafter(keys["w"][3, 4], np.float32(9))  # the last bit of one weight
    scipy.io.savemat(path, keys)
    assert archive.data_sha256(path) != one


def test_a_block_has_the_checksum_of_its_arrays(tmp_path, trained):
    path = tmp_path / "block.npz"
    one, other = sums(
        path, lambda s: block_file.save_block(path, ["a"], [trained], provenance={"s": s}), 1, 2
    )
    assert one == other
    block_file.save_block(path, ["b"], [trained])
    assert archive.data_sha256(path) != one


def test_names_types_and_shapes_of_arrays_are_part_of_their_checksum(tmp_path):
    """The same bytes, read otherwise, are other data."""
    values = np.arange(6.0)
    whole = values.view(np.int64)
    others = [{"b": values}, {"a": values.reshape(2, 3)}, {"a": values.reshape(3, 2)}, {"a": whole}]
    path = tmp_path / "a.npz"
    found = sums(path, lambda arrays: np.savez(path, **arrays), {"a": values}, *others)
    assert len(set(found)) == 5
    pairs = [{"a": values, "b": values + 1}, {"a": values + 1, "b": values}]
    one, other = sums(path, lambda arrays: np.savez(path, **arrays), *pairs)
    assert one != other


def test_a_table_has_the_checksum_of_its_columns(tmp_path):
    path = tmp_path / "trials.parquet"
    one, other = sums(path, lambda s: trials.write_trials([ROW], path, {"seconds": s}), 1, 2)
    assert one == other
    pq.write_table(
        pa.Table.from_pandas(pd.read_parquet(path)), path, row_group_size=1, compression="none"
    )
    assert archive.data_sha256(path) == one
    changed = [
        ROW | {"network": ["a", "b", "b"]},
        ROW | {"kind": ["Go", "Nogo", "Go"]},
        ROW | {"output_max": [0.1, 0.2, 0.31]},
    ]
    assert len({one, *sums(path, lambda row: trials.write_trials([row], path), *changed)}) == 4
    trials.write_trials([], path)
    assert len(archive.data_sha256(path)) == 64


def test_whatever_a_foreign_model_holds_has_a_checksum(tmp_path):
    path = tmp_path / "theirs.mat"
    odd = {
        "cells": np.array(["a", np.arange(3)], dtype=object),
        "nested": {"a": 1.0, "b": {"c": "x"}},
        "none": np.zeros((0, 3)),
    }
    odd["sparse"] = scipy.sparse.eye(3, format="csc")
    other = odd | {"nested": {"a": 1.0, "b": {"c": "y"}}}
    once, again, changed = sums(path, lambda keys: scipy.io.savemat(path, keys), odd, odd, other)
    assert once == again != changed


def test_the_manifest_lists_every_file_once_and_can_be_checked(tmp_path):
    (tmp_path / "models" / "deep").mkdir(parents=True)
    shutil.copyfile(PUBLISHED_MODEL, tmp_path / "models" / "deep" / "a.mat")
    (tmp_path / "b.csv").write_text("x\n1\n")
    (tmp_path / "provenance.json").write_text("{}")
    (tmp_path / "c.png").write_text("drawn")
    (tmp_path / "models" / ".snakemake_timestamp").write_text("a mark of Snakemake's own")
    names = ["models", "b.csv", "c.png", "provenance.json", "models/deep"]
    table = archive.manifest([tmp_path / name for name in names], tmp_path).set_index("path")
    assert table.index.tolist() == ["b.csv", "c.png", "models/deep/a.mat", "provenance.json"]
    assert table.bytes["b.csv"] == 4
    assert table.data_sha256["b.csv"] == table.sha256["b.csv"]
    assert table.data_sha256["provenance.json"] == table.data_sha256["c.png"] == "-"
    (tmp_path / "SHA256SUMS").write_text(archive.checksums(table.reset_index()))
    check = ["sha256sum", "--quiet", "-c", "SHA256SUMS"]
    assert subprocess.run(check, cwd=tmp_path).returncode == 0
    (tmp_path / "b.csv").write_text("x\n2\n")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True).returncode == 1


# The page of a study ------------------------------------------------------------------------------


def test_the_record_and_the_page_of_a_study(tmp_path):
    # a job that was measured twice: the last counts
    (tmp_path / "a.tsv").write_text("s\th:m:s\n3.5\t0:00:03\n7200.5\t2:00:00\n")
    times = archive.stage_times(
        {"train": [tmp_path / "a.tsv", tmp_path / "none.tsv"], "convert": []}
    )
    expected = {
        "stage": "train",
        "jobs": 2,
        "jobs_timed": 1,
        "seconds": 7200.5,
        "seconds_longest_job": 7200.5,
    }
    assert times == [expected]
    config = {
        "study_seed": 7,
        "tasks": {"own": __file__},
        "external_models": {"m": {"files": [str(PUBLISHED_MODEL)]}},
    }
    config["words"] = "<b>"
    model = made(study_seed=7) | {"conversion": made() | {"device": "a GPU"}}
    study = archive.study_record(
        config,
        [__file__, str(PUBLISHED_MODEL)],
        trials=provenance.together([made(study_seed=7)]),
        models=[model, None],
        stages=times,
    )
    assert [file["file"] for file in study["files_of_the_config"]] == [
        "test_provenance.py",
        PUBLISHED_MODEL.name,
    ]
    assert study["made"]["device"] == ["a GPU", "cpu"]
    assert str(PUBLISHED_MODEL.parent) not in json.dumps(study)
    archive.write_page(study, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    for words in (
        "Study seed 7; 2 jobs, 2 hours in all.",
        "Times are known of 1 of them.",
        "a GPU",
        "&lt;b&gt;",
    ):
        assert words in page, words
    assert "<b>" not in page
    trials = {"first_finished": "2026-11-02T10:00:59+00:00"}
    trials["last_finished"] = "2026-11-03T08:30:00+00:00"
    timed = study | {"trials": trials, "stages": [expected | {"jobs_timed": 2}]}
    archive.write_page(timed, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "were simulated from 2026-11-02 10:00 to 2026-11-03 08:30 UTC." in page
    assert "Times are known" not in page
    # a study of old files
    study = archive.study_record(config, [], trials=None, models=[], stages=[])
    archive.write_page(study, tmp_path / "page.html")
