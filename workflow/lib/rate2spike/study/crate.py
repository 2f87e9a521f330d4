"""A study for other people's tools: its archive described as a Workflow Run Crate.

An RO-Crate is a folder with one file of linked data, `ro-crate-metadata.json`, which says what each
file is and how it came about. It is plain JSON, written here key by key, so that nothing has to be
installed for it and the same study gives the same text: no date of now and no random name.

Followed are RO-Crate 1.1 and the profiles Process Run Crate, Workflow Run Crate (0.5) and Workflow
RO-Crate (1.0). A Provenance Run Crate would say when each job began, which no file of a study
knows. Sources: https://w3id.org/ro/crate/1.1, https://w3id.org/ro/wfrun/workflow/0.5
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import pandas as pd

METADATA_FILE = "ro-crate-metadata.json"
# how the files beside the manifest are called
WORKFLOW_FILE = "Snakefile"
CONFIG_FILE = "config.yaml"
RECORD = "tables/provenance.json"

RO_CRATE = "https://w3id.org/ro/crate/1.1"
CONTEXT = [f"{RO_CRATE}/context", "https://w3id.org/ro/terms/workflow-run/context"]
WORKFLOW_PROFILE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    WORKFLOW_PROFILE: ("Workflow RO-Crate", "1.0"),
}
SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
# nobody but the study's authors can know it
NO_LICENCE = "Not stated yet: the authors of the study choose the licence of its results."

FOLDERS = {
    "tables": "Tables of all trials, networks and conditions, and how the study was made",
    "figures": "Figures, with the numbers they were drawn from and their captions",
    "models": "Trained rate networks, as MATLAB files",
    "converted": "The same networks with the scaling factor chosen for the spiking network",
    "refined": "The same networks with the factors of the refinement, and their fresh trials",
    "conditions": "Networks of one condition, one row each",
    "examples": "Recorded trials of the example network of each condition",
    "selectivity": "What the units of the example networks respond to",
}
FORMATS = {
    "": "text/plain",
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".mat": "application/x-matlab-data",
    ".md": "text/markdown",
    ".npz": "application/zip",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".rst": "text/x-rst",
    ".tsv": "text/tab-separated-values",
    ".yaml": "application/yaml",
}

Entity = dict[str, Any]


def metadata(
    study: Mapping[str, Any], files: pd.DataFrame, citation: Mapping[str, Any]
) -> dict[str, Any]:
    """What `ro-crate-metadata.json` holds for the archive of a study.

    Parameters
    ----------
    study : how the study was made, see `archive.study_record`
    files : path, bytes and sha256 of each file of the archive, see `archive.manifest`; among them
        `Snakefile`, `config.yaml` and `tables/provenance.json`
    citation : what CITATION.cff says of the software and the paper; may be empty

    Returns
    -------
    The JSON: `@context`, and in `@graph` the crate, its files and folders, the workflow, the run
    and the paper. Every path starts from the crate's folder
    """
    folders, data = _folders_and_files(files)
    top = [entity for entity in data if "/" not in entity["@id"]]
    given = [_given_file(file) for file in study["files_of_the_config"]]
    seed = _value("study_seed", study["study_seed"])
    requirements = _requirements(study["made"]["versions"])
    people = _people(citation.get("authors", []))
    paper, authors = _paper(citation.get("preferred-citation"))
    workflow = _workflow(study["made"]["software"], citation)
    workflow |= _if_any("creator", _refs(people)) | _if_any("citation", _refs(paper))
    workflow |= _if_any("softwareRequirements", _refs(requirements))
    run = _run(study, [*_refs(given), _ref(seed)], _refs(folders))
    root = _root(study, parts=[*_refs(folders), *_refs(top)], run=run, paper=paper)
    for entity in data:
        if entity["@id"] == WORKFLOW_FILE:
            entity.update(workflow)
        elif entity["@id"] == "README.md":
            entity["about"] = _ref(root)
    described = [
        *_descriptor(root),
        root,
        *folders,
        *data,
        run,
        seed,
        *given,
        *requirements,
        _language(study["made"]["versions"]),
        *paper,
        *people,
        *authors,
    ]
    # a person may have written the paper and the software
    unique = {entity["@id"]: _without_lists_of_one(entity) for entity in described}
    return {"@context": CONTEXT, "@graph": list(unique.values())}


# The crate and its files --------------------------------------------------------------------------


def _descriptor(root: Entity) -> list[Entity]:
    """The file itself, and the profiles that it follows."""
    descriptor = {
        "@id": METADATA_FILE,
        "@type": "CreativeWork",
        "conformsTo": [{"@id": RO_CRATE}, {"@id": WORKFLOW_PROFILE}],
        "about": _ref(root),
    }
    profiles = [
        {"@id": url, "@type": "CreativeWork", "name": name, "version": version}
        for url, (name, version) in PROFILES.items()
    ]
    return [descriptor, *profiles]


def _root(
    study: Mapping[str, Any], *, parts: list[Entity], run: Entity, paper: Sequence[Entity]
) -> Entity:
    """The folder as a whole. Its date is that of its youngest result."""
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Study of rate and spiking networks, seed {study['study_seed']}",
        "description": (
            "Tables, figures and models of one study of rate networks and of spiking networks with "
            "the same weights, written by the workflow rate2spike."
        ),
        "license": NO_LICENCE,
        "conformsTo": [{"@id": url} for url in PROFILES],
        "mainEntity": {"@id": WORKFLOW_FILE},
        "mentions": [_ref(run)],
        "hasPart": parts,
    }
    finished = study.get("last_finished") or ""  # files of early versions say no time
    root |= _if_any("datePublished", finished[:10])
    return root | _if_any("citation", _refs(paper))


def _folders_and_files(files: pd.DataFrame) -> tuple[list[Entity], list[Entity]]:
    """The folders with their files below them, and every file with checksum, size and format."""
    data = []
    inside: dict[str, list[Entity]] = {}
    for row in files.itertuples():
        path = PurePosixPath(row.path)
        entity = {
            "@id": quote(row.path),
            "@type": "File",
            "name": path.name,
            "contentSize": str(row.bytes),
            "sha256": row.sha256,
            "encodingFormat": FORMATS.get(path.suffix, "application/octet-stream"),
        }
        data.append(entity)
        if len(path.parts) > 1:
            inside.setdefault(path.parts[0], []).append(_ref(entity))
    folders = []
    for name, parts in inside.items():
        folder = {"@id": f"{quote(name)}/", "@type": "Dataset", "name": name}
        folder |= _if_any("description", FOLDERS.get(name))
        folders.append(folder | {"hasPart": parts})
    return folders, data


def _given_file(facts: Mapping[str, str]) -> Entity:
    """A task or model file that the config names. It is no part of the crate: its name and
    checksum."""
    return {
        "@id": f"#{quote(facts['file'])}-{facts['sha256'][:16]}",
        "@type": "CreativeWork",
        "name": facts["file"],
        "description": "A file that the config names; not part of this folder",
        "sha256": facts["sha256"],
    }


# The workflow and its run -------------------------------------------------------------------------


def _workflow(software: Iterable[Mapping[str, Any]], citation: Mapping[str, Any]) -> Entity:
    """What is known of the workflow, beside its Snakefile as a file."""
    workflow = {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": citation.get("title", "rate2spike"),
        "programmingLanguage": {"@id": SNAKEMAKE},
        "conformsTo": {
            "@id": "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE",
        },
    }
    workflow |= _if_any("description", citation.get("abstract"))
    workflow |= _if_any("keywords", citation.get("keywords"))
    if "license" in citation:
        workflow["license"] = f"https://spdx.org/licenses/{citation['license']}"
    return workflow | _if_any("version", [_code_version(version) for version in software])


def _run(study: Mapping[str, Any], given: Sequence[Entity], results: Sequence[Entity]) -> Entity:
    """The run: from the config to the results. When it began is not known (models may be older than
    the study), nor who started it."""
    made = study["made"]
    words = [
        f"Device: {', '.join(made['device'])}.",
        *(f"Machine: {machine['cpu']}, {machine['system']}." for machine in made["machine"]),
        "The end is that of the last conversion, trial or simulation.",
    ]
    run = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": "Run of rate2spike",
        "description": " ".join(words),
        "instrument": {"@id": WORKFLOW_FILE},
        "object": [{"@id": CONFIG_FILE}, *given],
        "result": list(results),
        "subjectOf": {"@id": RECORD},
    }
    return run | _if_any("endTime", study.get("last_finished"))


def _code_version(software: Mapping[str, Any]) -> str:
    """A version of rate2spike with its commit, where it was known."""
    version = str(software["rate2spike"])
    if "commit" in software:
        version += f", commit {software['commit']}"
    return version + (", modified" if software.get("modified") else "")


def _requirements(versions: Iterable[Mapping[str, str]]) -> list[Entity]:
    """Python and the packages that the results were made with, each version once."""
    used = sorted({pair for installed in versions for pair in installed.items()})
    return [
        {
            "@id": f"#{quote(name)}-{quote(version)}",
            "@type": "SoftwareApplication",
            "name": name,
            "softwareVersion": version,
        }
        for name, version in used
    ]


def _language(versions: Iterable[Mapping[str, str]]) -> Entity:
    """Snakemake."""
    used = sorted({installed["snakemake"] for installed in versions if "snakemake" in installed})
    language = {
        "@id": SNAKEMAKE,
        "@type": "ComputerLanguage",
        "name": "Snakemake",
        "identifier": {"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
        "url": {"@id": "https://snakemake.readthedocs.io"},
    }
    return language | _if_any("version", used)


def _value(name: str, value: Any) -> Entity:
    """A setting of the study."""
    return {"@id": f"#{name}", "@type": "PropertyValue", "name": name, "value": value}


# The paper and the people -------------------------------------------------------------------------


def _paper(citation: Mapping[str, Any] | None) -> tuple[list[Entity], list[Entity]]:
    """The paper and its authors; nothing where CITATION.cff names none."""
    if not citation:
        return [], []
    authors = _people(citation["authors"])
    paper = {
        "@id": f"https://doi.org/{citation['doi']}",
        "@type": "ScholarlyArticle",
        "name": citation["title"],
        "author": _refs(authors),
        "datePublished": str(citation["year"]),
    }
    return [paper], authors


def _people(authors: Iterable[Mapping[str, str]]) -> list[Entity]:
    """Persons, and groups of them, as CITATION.cff names them."""
    people = []
    for author in authors:
        kind = "Person" if "family-names" in author else "Organization"
        parts = [author.get("given-names"), author.get("family-names"), author.get("name")]
        name = " ".join(part for part in parts if part)
        people.append({"@id": f"#{quote(name)}", "@type": kind, "name": name})
    return people


def _ref(entity: Entity) -> Entity:
    return {"@id": entity["@id"]}


def _refs(entities: Iterable[Entity]) -> list[Entity]:
    return [_ref(entity) for entity in entities]


def _if_any(key: str, value: Any) -> Entity:
    """The key with its value; nothing where there is no value."""
    return {key: value} if value else {}


def _without_lists_of_one(entity: Entity) -> Entity:
    """The entity as RO-Crate recommends: a list of one is that one."""
    plain = {}
    for key, value in entity.items():
        alone = isinstance(value, list) and len(value) == 1
        plain[key] = value[0] if alone else value
    return plain
