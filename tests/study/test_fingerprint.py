"""What an edit runs again: the table of stages on a copy of the workflow, without Snakemake."""

import json
import shutil
from itertools import pairwise

import pytest
from shared import ROOT

from rate2spike.study import fingerprint

STAGES = sorted(fingerprint.made_of("cpu"))


@pytest.fixture(scope="module")
def reckoned():
    """The fingerprints of all sources as they are, which take a second."""
    for stage in STAGES:
        fingerprint.of_stage(stage, "cuda")
    return dict(fingerprint.kept())


@pytest.fixture
def copy(tmp_path, monkeypatch, reckoned):
    """A copy of the workflow whose files may be edited; what is fingerprinted is this copy."""
    workflow = tmp_path / "workflow"
    without = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "workflow", workflow, ignore=without)
    monkeypatch.setattr(fingerprint, "LIBRARY", workflow / "lib" / "rate2spike")
    monkeypatch.setattr(fingerprint, "WORKFLOW", workflow)
    fingerprint.kept_in().parent.mkdir()
    of_copies = json.dumps(reckoned).replace(str(ROOT / "workflow"), str(workflow))
    fingerprint.kept_in().write_text(of_copies)
    yield workflow
    forget()


def forget():
    """As a new process begins; what was kept of the earlier ones is still there."""
    fingerprint.hash_of_meaning.cache_clear()
    fingerprint.kept.cache_clear()


def fingerprints(device="cpu"):
    forget()
    return {stage: fingerprint.of_stage(stage, device) for stage in STAGES}


def changed_by(edit, device="cpu"):
    """The stages that run again after `edit`."""
    before = fingerprints(device)
    edit()
    after = fingerprints(device)
    return {stage for stage in STAGES if before[stage] != after[stage]}


TRIALS = {"simulate", "held_out", "refine", "example", "selectivity", "exchange"}
FIGURES = {"figure_1", "figure_5", "figure_s7", "figure_accuracy", "scorecard"}


@pytest.mark.parametrize(
    ("file", "again", "spared"),
    [
        ("streams/reference.py", {"train", *TRIALS}, {"aggregate", "export"}),
        ("streams/cpu.py", {"train", *TRIALS}, {"aggregate", "export"}),
        ("rate/kernels/cpu.py", {"train", "held_out", "example"}, {"simulate"}),
        ("spiking/kernels/cpu.py", TRIALS, {"train", "export"}),
        ("spiking/reference.py", {"notebook"}, {"simulate", "train", "example", "selectivity"}),
        ("rate/train.py", {"train", "held_out"}, TRIALS - {"held_out"}),
        ("study/labels.py", {"train", "export", *TRIALS}, {"aggregate", "figure_1"}),
        ("study/read.py", {"notebook"}, {"train", "simulate", "aggregate", "figure_1"}),
        ("study/layout.py", {"notebook"}, {"train", "simulate", "aggregate", "figure_1"}),
        ("conversion/scaling.py", TRIALS, {"train", "export"}),
        ("mean_field_config.py", {"mean_field"}, set(STAGES) - {"mean_field", "notebook"}),
        ("conversion/mean_field/siegert.py", {"mean_field"}, {"train", *TRIALS - {"exchange"}}),
        ("networks/simulation.py", {"mean_field", "exchange"}, {"train", "simulate", "figure_1"}),
        ("analysis/tables.py", {"held_out", "aggregate"}, {"train", "export", "simulate"}),
        (
            "analysis/before_after.py",
            {"figure_refine"},
            {"refine", "aggregate_refined", "figure_accuracy", "figure_scaling"},
        ),
        ("analysis/choice.py", {"held_out"}, {"simulate", "aggregate", "figure_1"}),
        # intervals of the scorecard and of figures 3, 5, 6, 7 come from there
        (
            "analysis/statistics.py",
            {"held_out", "aggregate", "scorecard", "figure_3", "figure_5", "figure_6", "figure_7"},
            {"train", "simulate"},
        ),
        ("analysis/targeted.py", {"selectivity"}, {"train", "simulate", "example"}),
        # every file says how it was made
        (
            "provenance.py",
            {"train", "export", "aggregate", *TRIALS},
            {"networks_of_condition", "figure_1"},
        ),
        ("plotting.py", FIGURES, {"train", "simulate", "aggregate"}),
        (
            "figures/sweep_panels.py",
            {"figure_1", "figure_sweeps"},
            {"train", "simulate", "aggregate", "figure_s1", "figure_accuracy"},
        ),
        ("figures/selectivity.py", {"figure_s5"}, {"figure_s1", "selectivity", "scorecard"}),
        ("export/nir_file.py", {"exchange"}, {"export", "example", "held_out"}),
        ("../../scripts/reading.py", FIGURES, {"train", "simulate", "aggregate", "figure_s5"}),
        ("compiled.py", {"train", "mean_field", *TRIALS}, {"export", "aggregate", "figure_1"}),
        ("study/crate.py", {"manifest"}, {"provenance", "provenance_page", "aggregate"}),
        ("study/archive.py", {"manifest", "provenance", "provenance_page"}, {"aggregate"}),
        ("../../scripts/job.py", set(STAGES), set()),
        ("../../scripts/figure_s1.py", {"figure_s1"}, set(STAGES) - {"figure_s1", "notebook"}),
        ("../../scripts/write_models.py", {"export"}, set(STAGES) - {"export", "notebook"}),
    ],
)
def test_an_edit_runs_again_what_is_made_of_the_file(copy, file, again, spared):
    path = copy / "lib" / "rate2spike" / file

    def edit():
        path.write_text(path.read_text() + "\nADDED = 1\n")

    changed = changed_by(edit)
    assert again <= changed, again - changed
    assert not spared & changed, spared & changed


def test_comments_docstrings_and_layout_run_nothing_again(copy):
    def edit():
        for file in (copy / "lib" / "rate2spike").rglob("*.py"):
            text = file.read_text().replace('"""', '"""In other words: ', 1)
            file.write_text(text + "\n\n# a remark\n")

    assert changed_by(edit) == set()


def test_the_wording_of_a_caption_draws_its_figure_again(copy):
    caption = copy / "report" / "figure_s1.rst"

    def edit():
        caption.write_text(caption.read_text() + "\nAnother sentence.\n")

    assert changed_by(edit) == {"figure_s1"}


def test_every_caption_of_a_stage_counts():
    folder = fingerprint.WORKFLOW / "report"
    there = {stage for stage in STAGES if (folder / f"{stage}.rst").is_file()}
    assert {stage for stage in STAGES if fingerprint.has_caption(stage)} == there


def test_a_kernel_counts_on_its_own_device_alone(copy):
    path = copy / "lib" / "rate2spike" / "spiking" / "kernels" / "cuda.py"

    def edit():
        path.write_text(path.read_text() + "\nADDED = 1\n")

    assert "simulate" not in changed_by(edit, "cpu")
    assert "simulate" in changed_by(edit, "cuda")


def test_a_source_says_its_own_encoding(copy, monkeypatch):
    """A locale that is not UTF-8 changes no fingerprint: sources are read as bytes."""
    before = fingerprints()
    fingerprint.kept_in().unlink()
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: "latin-1")
    monkeypatch.setattr("io.text_encoding", lambda *_: "latin-1")
    assert fingerprints() == before


def test_kept_fingerprints_are_taken_until_a_source_changes(copy, monkeypatch):
    before = fingerprints()
    anew = []
    monkeypatch.setattr(fingerprint, "meaning", lambda source: anew.append(source) or "new")
    forget()
    assert {stage: fingerprint.of_stage(stage, "cpu") for stage in STAGES} == before
    assert anew == []
    edited = copy / "lib" / "rate2spike" / "matfile.py"
    edited.write_text(edited.read_text() + "\nADDED = 1\n")
    forget()
    assert fingerprint.of_stage("held_out", "cpu") != before["held_out"]
    assert anew == [edited.read_bytes()]
    n_kept = len(json.loads(fingerprint.kept_in().read_text()))
    edited.write_text(edited.read_text() + "\nANOTHER = 1\n")
    forget()
    fingerprint.of_stage("held_out", "cpu")
    assert len(anew) == 2
    assert len(json.loads(fingerprint.kept_in().read_text())) == n_kept  # it does not grow


@pytest.mark.parametrize("content", ["", "[1, 2", "7", "[[]]", "\udc00"])
def test_what_is_kept_may_be_broken_or_not_written(copy, monkeypatch, content):
    before = fingerprints()
    fingerprint.kept_in().write_text(content, "utf-8", "surrogatepass")
    forget()
    assert fingerprint.of_stage("train", "cpu") == before["train"]
    forget()
    assert len(fingerprint.kept()) > 10  # written anew

    def read_only(text, path):
        raise PermissionError(path)

    fingerprint.kept_in().unlink()
    forget()
    monkeypatch.setattr(fingerprint, "write_text", read_only)
    assert fingerprint.of_stage("train", "cpu") == before["train"]


def test_every_file_of_the_table_is_there():
    for device in ("cpu", "cuda"):
        for stage in STAGES:
            assert all(file.is_file() for file in fingerprint.files_of(stage, device)), stage
    with pytest.raises(FileNotFoundError, match=r"gone.py: declared in study/fingerprint.py"):
        fingerprint.entry_files(fingerprint.LIBRARY / "gone.py")


def test_a_users_task_counts_with_what_a_published_task_is_made_of(copy, tmp_path):
    own = tmp_path / "own.py"
    own.write_text("TASK = 1\n")
    states = [fingerprint.of_user_task([own])]
    for name in ("own_task.py", "tasks.py", "utils.py", "__init__.py"):
        published = copy / "lib" / "rate" / name
        published.write_text(published.read_text() + "\nADDED = 1\n")
        forget()
        states.append(fingerprint.of_user_task([own]))
    own.write_text("TASK = 2\n")
    states.append(fingerprint.of_user_task([own]))
    for before, after in pairwise(states):
        assert before != after
    assert fingerprint.of_user_task([]) == []


def test_a_job_that_takes_a_users_task_runs_again_with_it():
    """Whatever rule hands the task to its script has the content of its file among its params,
    which Snakemake compares; and no rule but these has."""
    n_with_task = 0
    for file in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for text in file.read_text("utf-8").split("params:")[1:]:
            params = text.partition("message:")[0]
            with_task = "user_tasks=own_task" in params
            assert ("task_content=task_content" in params) == with_task, (file.name, params)
            n_with_task += with_task
    assert n_with_task >= 6
