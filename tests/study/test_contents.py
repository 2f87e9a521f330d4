"""What lies in results: folders by the names of their conditions, and files of another study."""

import hashlib
import json
from pathlib import Path

import pytest
from studies import study_of

from rate2spike.study import contents
from rate2spike.study.layout import Layout

PLACE = "delayed-go/n100_tau20-100ms"
ANOTHER = "go-nogo/n200_tau20-50ms"
CONFIG = {"study_seed": 1, "tasks": {"own": "/somewhere/own.py"}}


@pytest.fixture
def layout() -> Layout:
    study = study_of("config/my_study.yaml")
    return Layout(study, lambda condition, n_steps: 2, lambda condition, n_networks, n_steps: 2)


@pytest.fixture
def files(layout) -> list[str]:
    """What belongs into an archive of the study, folders of models by name."""
    of_blocks = layout.of_blocks("results/models/{place}/{block}", layout.study.conditions)
    record = "results/tables/provenance.json"
    return [*layout.tables, *layout.figure_files, *of_blocks, *layout.converted, record]


@pytest.fixture
def results(files, tmp_path, monkeypatch) -> Path:
    """The finished study, of which each file says its own name."""
    monkeypatch.chdir(tmp_path)
    for file in files:
        write(file if "." in Path(file).name else f"{file}/seed_0.mat")
    record = {"config": {"study_seed": 1, "tasks": {"own": "own.py"}}}
    Path("results/tables/provenance.json").write_text(json.dumps(record), encoding="utf-8")
    return tmp_path / "results"


def write(file: str) -> None:
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text(file, encoding="utf-8")


def test_the_page_says_which_folder_is_which_condition(layout, files, results):
    assert contents.update(layout, files, CONFIG) is None
    page = (results / contents.PAGE).read_text("utf-8")
    assert f"| my-condition | `{PLACE}/lif` |  | 2 |" in page
    assert "Of another study" not in page


def test_where_to_look_is_said_of_a_finished_study_alone(layout, results):
    figure = f"results/figures/conditions/{PLACE}/lif.png"
    assert contents.first_figure(layout) == figure
    assert Path(figure).is_file()
    assert contents.where_to_look(layout, CONFIG).startswith(f"Look first at {figure}; ")
    # the command was given one folder above, with --directory
    folder = Path.cwd().name
    from_above = contents.where_to_look(layout, CONFIG, str(Path.cwd().parent))
    assert from_above.startswith(f"Look first at {folder}/{figure}; {folder}/results/figures ")
    assert contents.where_to_look(layout, CONFIG | {"study_seed": 2}) is None
    (results / "tables" / "provenance.json").unlink()
    assert contents.where_to_look(layout, CONFIG) is None


def test_what_another_study_left_is_named_and_stays(layout, files, results):
    left = [
        f"results/figures/conditions/{ANOTHER}/lif.png",
        "results/figures/figure_s1.png",
        "results/tables/scorecard.csv",
        f"results/models/{ANOTHER}/seeds_0-1/seed_0.mat",
        f"results/models/{PLACE}/seeds_0-9/seed_0.mat",
        f"results/converted/{ANOTHER}/lif/seeds_0-1/seed_0.mat",
        f"results/training/{ANOTHER}/seeds_0-1.npz",
        f"results/models/{PLACE}/seeds_0-1/.snakemake_timestamp",
        f"results/models/{PLACE}/.snakemake_timestamp",
    ]
    for file in left:
        write(file)
    line = contents.update(layout, files, CONFIG)
    others = [
        "figures/conditions/go-nogo/",
        "figures/figure_s1.png",
        "tables/scorecard.csv",
        f"models/{PLACE}/seeds_0-9/",
        "models/go-nogo/",
        "converted/go-nogo/",
    ]
    assert "\n" not in line
    assert f"{others[0]} and 5 more" in line
    page = (results / contents.PAGE).read_text("utf-8")
    assert [text[3:-1] for text in page.splitlines() if text.startswith("- ")] == others
    assert all(Path(file).is_file() for file in left)


@pytest.mark.parametrize(
    "folder",
    ["converted", "refined", "examples", "selectivity", "exports", "exports_refined", "conditions"],
)
def test_every_folder_that_a_user_looks_at_is_searched(layout, files, results, folder):
    write(f"results/{folder}/{ANOTHER}/lif/seeds_0-1/seed_0.mat")
    line = contents.update(layout, files, CONFIG)
    assert f"none of this one's: {folder}/go-nogo/; " in line
    assert f"- `{folder}/go-nogo/`\n" in (results / contents.PAGE).read_text("utf-8")


def test_exports_of_the_study_are_its_own(layout, files, results):
    for folder in layout.exports:
        write(f"{folder}/spikes.nwb")
    assert contents.update(layout, files, CONFIG) is None


def test_a_manifest_of_another_run_is_named(layout, files, results):
    checksum = hashlib.sha256((results / "tables" / "provenance.json").read_bytes()).hexdigest()
    lines = "path\tbytes\tsha256\ntables/provenance.json\t1\t{}\n"
    (results / "manifest.tsv").write_text(lines.format(checksum))
    assert contents.update(layout, files, CONFIG) is None
    (results / "manifest.tsv").write_text("path\tbytes\tsha256\nother.csv\t1\t0\n")
    assert contents.update(layout, files, CONFIG).startswith("results/manifest.tsv is older than")
    (results / "manifest.tsv").write_text(lines.format("0" * 64))
    write("results/config.yaml")
    line = contents.update(layout, files, CONFIG)
    assert line.startswith("results/manifest.tsv is older than these results")
    page = (results / contents.PAGE).read_text("utf-8")
    assert "Of another study" not in page
    assert page.endswith("- `manifest.tsv`\n- `config.yaml`\n")


def test_a_study_that_is_not_finished_says_nothing_of_another(layout, files, results):
    write("results/figures/figure_s1.png")
    assert contents.update(layout, files, CONFIG | {"study_seed": 2}) is None
    assert not (results / contents.PAGE).exists()
    (results / "tables" / "provenance.json").unlink()
    assert contents.update(layout, files, CONFIG) is None
