"""The archive of a study as an RO-Crate: what is said of each file, what is not said, and that
another reader finds the run."""

import json
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
import yaml
from shared import PUBLISHED_MODEL, ROOT

from rate2spike import provenance
from rate2spike.study import archive, crate

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
FILES = (
    "Snakefile",
    "config.yaml",
    "README.md",
    "manifest.tsv",
    "figures/figure_1.pdf",
    "figures/figure_1.csv",
    "models/go-nogo/elsewhere/ein Modell, größer.txt",
    "tables/provenance.json",
)
MADE = {
    "study_seed": 7,
    "software": {"rate2spike": "0.1.0", "commit": "abc", "modified": False},
    "versions": {"python": "3.11.7", "snakemake": "9.27.1"},
    "machine": {"cpu": "a CPU", "system": "Linux"},
    "device": "cpu",
    "finished": "2026-11-02T10:00:00+00:00",
}


@pytest.fixture
def folder(tmp_path):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.fixture
def study():
    config = {
        "study_seed": 7,
        "tasks": {"own": __file__},
        "external_models": {"lab": {"files": [str(PUBLISHED_MODEL)]}},
    }
    conversion = MADE | {"finished": "2026-11-03T08:00:00+00:00"}
    trials = provenance.together([MADE])
    return archive.study_record(
        config,
        [__file__, str(PUBLISHED_MODEL)],
        trials=trials,
        models=[MADE | {"conversion": conversion}, None],
        stages=[],
    )


def described(folder, study, citation=CITATION):
    """The crate as JSON, and its entities by their id."""
    metadata = crate.metadata(study, archive.manifest([folder], folder), citation)
    return metadata, {entity["@id"]: entity for entity in metadata["@graph"]}


def ids_in(value):
    """Every id that something refers to."""
    if isinstance(value, dict):
        return {value["@id"]} if set(value) == {"@id"} else ids_in(list(value.values()))
    if isinstance(value, list):
        return set().union(*map(ids_in, value))
    return set()


def parts_of(entity, entities):
    for part in ids_in(entity.get("hasPart", [])):
        yield part
        yield from parts_of(entities[part], entities)


def test_every_file_is_there_with_its_checksum(folder, study):
    _, entities = described(folder, study)
    parts = list(parts_of(entities["./"], entities))
    files = [part for part in parts if not part.endswith("/")]
    assert sorted(map(unquote, files)) == sorted(FILES)
    for row in archive.manifest([folder], folder).itertuples():
        entity = next(entities[file] for file in files if unquote(file) == row.path)
        assert (entity["sha256"], entity["contentSize"]) == (row.sha256, str(row.bytes))
    assert not any(character in "".join(files) for character in " ö,")
    assert entities["figures/figure_1.pdf"]["encodingFormat"] == "application/pdf"
    assert entities["figures/figure_1.csv"]["encodingFormat"] == "text/csv"


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("Snakefile", "text/plain"),
        ("a.csv", "text/csv"),
        ("a.html", "text/html"),
        ("a.json", "application/json"),
        ("a.mat", "application/x-matlab-data"),
        ("a.md", "text/markdown"),
        ("a.npz", "application/zip"),
        ("a.parquet", "application/vnd.apache.parquet"),
        ("a.pdf", "application/pdf"),
        ("a.png", "image/png"),
        ("a.rst", "text/x-rst"),
        ("a.tsv", "text/tab-separated-values"),
        ("a.yaml", "application/yaml"),
        ("a.other", "application/octet-stream"),
    ],
)
def test_the_format_of_a_file_is_that_of_its_ending(name, encoding):
    files = pd.DataFrame([[name, 1, "0", "0"]], columns=archive.MANIFEST_COLUMNS)
    _, (entity,) = crate._folders_and_files(files)
    assert (entity["encodingFormat"], entity["contentSize"]) == (encoding, "1")


@pytest.mark.parametrize(
    ("software", "version"),
    [
        ({}, "0.1.0"),
        ({"commit": "abc", "modified": False}, "0.1.0, commit abc"),
        ({"commit": "abc", "modified": True}, "0.1.0, commit abc, modified"),
    ],
)
def test_code_that_is_no_commit_is_said_to_be_modified(software, version):
    assert crate._code_version({"rate2spike": "0.1.0"} | software) == version


def test_the_paper_and_the_people_are_those_of_the_citation(folder, study):
    _, entities = described(folder, study)
    paper, cited = (
        entities["https://doi.org/10.1073/pnas.1905926116"],
        CITATION["preferred-citation"],
    )
    assert (paper["name"], paper["datePublished"]) == (cited["title"], str(cited["year"]))
    names = [f"{a['given-names']} {a['family-names']}" for a in cited["authors"]]
    authors = [entities[ref["@id"]] for ref in paper["author"]]
    assert [author["name"] for author in authors] == names
    assert {author["@type"] for author in authors} == {"Person"}
    root = entities["./"]
    assert root["name"] == "Study of rate and spiking networks, seed 7"
    assert root["citation"] == {"@id": paper["@id"]}
    run = entities["#run"]
    assert run["description"].startswith("Device: cpu. Machine: a CPU, Linux. The end is that of")
    used = {e["name"]: e["softwareVersion"] for e in entities.values() if "softwareVersion" in e}
    assert used == MADE["versions"]
    assert entities[crate.SNAKEMAKE]["version"] == "9.27.1"


def test_what_is_referred_to_is_described(folder, study):
    metadata, entities = described(folder, study)
    assert len(entities) == len(metadata["@graph"])
    elsewhere = {i for i in ids_in(metadata["@graph"]) - set(entities) if "://" not in i}
    assert elsewhere == set()


def test_the_run_leads_from_config_seed_and_given_files_to_the_results(folder, study):
    _, entities = described(folder, study)
    run, workflow = entities["#run"], entities["Snakefile"]
    assert ids_in(run["result"]) == {"figures/", "models/", "tables/"}
    given = [entities[i] for i in sorted(ids_in(run["object"]))]
    assert {entity["name"] for entity in given} == {
        "config.yaml",
        "study_seed",
        Path(__file__).name,
        PUBLISHED_MODEL.name,
    }
    assert entities["#study_seed"]["value"] == 7
    assert run["endTime"] == "2026-11-03T08:00:00+00:00"
    assert entities["./"]["datePublished"] == "2026-11-03"
    assert workflow["version"] == "0.1.0, commit abc"
    assert workflow["license"] == "https://spdx.org/licenses/MIT"
    assert workflow["citation"] == {"@id": "https://doi.org/10.1073/pnas.1905926116"}


def test_what_has_one_name_and_differs_is_told_apart(folder, study):
    """The models of two laboratories may be called alike, and a package may have been updated
    within a study."""
    files = [{"file": "net.mat", "sha256": 64 * digit} for digit in "ab"]
    versions = [{"numpy": "2.0"}, {"numpy": "2.1"}]
    made = study["made"] | {"versions": versions}
    _, entities = described(folder, study | {"files_of_the_config": files, "made": made})
    given = [entities[i] for i in ids_in(entities["#run"]["object"])]
    checksums = [e["sha256"] for e in given if e["name"] == "net.mat"]
    assert sorted(checksums) == [file["sha256"] for file in files]
    used = [e["softwareVersion"] for e in entities.values() if e.get("name") == "numpy"]
    assert used == ["2.0", "2.1"]


def test_nothing_is_said_that_is_not_known(folder, study):
    metadata, entities = described(folder, study)
    text = json.dumps(metadata)
    assert str(ROOT) not in text
    assert str(folder) not in text
    assert not {"author", "publisher"} & set(entities["./"])
    assert not {"agent", "startTime"} & set(entities["#run"])
    # without CITATION.cff, and of records without a date
    old = study | {"last_finished": None}
    _, entities = described(folder, old, citation={})
    assert "endTime" not in entities["#run"]
    assert "datePublished" not in entities["./"]
    assert not {"license", "citation", "creator"} & set(entities["Snakefile"])


def test_the_same_study_gives_the_same_text(folder, study):
    once, again = (json.dumps(described(folder, study)[0]) for _ in range(2))
    assert once == again


def test_another_reader_finds_the_run(folder, study):
    rocrate = pytest.importorskip("rocrate.rocrate", reason="rocrate is not installed")
    metadata, _ = described(folder, study)
    (folder / crate.METADATA_FILE).write_text(json.dumps(metadata), "utf-8")
    read = rocrate.ROCrate(folder)
    assert read.mainEntity.id == "Snakefile"
    assert read.mainEntity["programmingLanguage"]["name"] == "Snakemake"
    run = read.root_dataset["mentions"]
    run = run[0] if isinstance(run, list) else run
    assert run["instrument"] is read.mainEntity
    files = {unquote(entity.id) for entity in read.data_entities if entity.type != "Dataset"}
    assert files == set(FILES)
