"""What a study leaves to others: how it was made, on one page, and its files with checksums."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from .. import matfile, provenance
from ..analysis.tables import PAGE
from ..files import write_text

MANIFEST_COLUMNS = ["path", "bytes", "sha256", "data_sha256"]
NO_DATA = (
    "provenance.json",
    "provenance.html",
)  # facts of the run, nothing that two runs would have in common
DRAWN = (
    ".pdf",
    ".png",
)  # the data are in the CSV beside; the layout may move a line by the last digit of its place
CHUNK = 1 << 20

# How the study was made ---------------------------------------------------------------------------


def stage_times(benchmarks: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Jobs of each stage and the seconds they took, from the benchmark files that are there; stages
    without jobs are left out."""
    rows = []
    for stage, files in benchmarks.items():
        seconds = [
            float(pd.read_csv(file, sep="\t").s.iloc[-1]) for file in files if Path(file).is_file()
        ]
        row = {"stage": stage, "jobs": len(files), "jobs_timed": len(seconds)}
        rows.append(
            row
            | {
                "seconds": round(sum(seconds), 2),
                "seconds_longest_job": round(max(seconds, default=0), 2),
            }
        )
    return [row for row in rows if row["jobs"]]


def study_record(
    config: Mapping[str, Any],
    trials: Mapping | None,
    models: Iterable[Mapping | None],
    stages: Sequence[Mapping],
) -> dict[str, Any]:
    """The study as one record: its config, its own tasks and models with checksums, what its files
    say together, times.

    trials, models: what the table of trials and the converted models say of how they were made.
    """
    files = [
        file for group in config.get("external_models", {}).values() for file in group["files"]
    ]
    said = [record for model in models if model for record in (model, model.get("conversion", {}))]
    return {
        "study_seed": config["study_seed"],
        "config": provenance.without_paths(config),
        "files_of_the_config": [
            provenance.file_facts(file) for file in [*config.get("tasks", {}).values(), *files]
        ],
        "stages": list(stages),
        "trials": dict(trials or {}),
        "made": provenance.differences([trials or {}, *said]),
    }


def write_page(study: Mapping[str, Any], path: str | Path) -> None:
    """The record of a study as a page for the report."""
    made = study["made"]
    several = (
        "What differs between files is set out row by row; each file holds its own."
        if _several(made)
        else ""
    )
    parts = [
        f"<p>{html.escape(_in_words(study))}</p>",
        _section(
            "Time",
            "Seconds of all jobs of a stage, from the benchmark files.",
            pd.DataFrame(study["stages"]),
            "",
        ),
        _section("Code", several, pd.DataFrame(made["software"])),
        _section("Machine and system", "", pd.DataFrame(made["machine"])),
        _section("Device", "", pd.DataFrame({"device": made["device"]})),
        _section("Versions", "", pd.DataFrame(made["versions"])),
        _section("Files named in the config", "", pd.DataFrame(study["files_of_the_config"])),
        f"<h2>Config</h2><pre>{html.escape(yaml.safe_dump(study['config'], sort_keys=False, width=100))}</pre>",
    ]
    write_text(PAGE.format(title="How this study was made", table="".join(parts)), path)


def _several(made: Mapping[str, Sequence]) -> bool:
    return any(len(values) > 1 for values in made.values())


def _in_words(study: Mapping[str, Any]) -> str:
    jobs, timed, seconds = (
        sum(row[key] for row in study["stages"]) for key in ("jobs", "jobs_timed", "seconds")
    )
    told = "" if jobs == timed else f" Times are known of {timed} of them."
    trials = study["trials"]
    when = ""
    if trials.get("first_finished"):
        first, last = (
            trials[f"{which}_finished"][:16].replace("T", " ") for which in ("first", "last")
        )
        when = f" The trials were simulated from {first} to {last} UTC."
    return f"Study seed {study['study_seed']}; {jobs} jobs, {seconds / 3600:.2g} hours in all.{told}{when}"


def _section(title: str, words: str, table: pd.DataFrame, style: str = "words") -> str:
    if table.empty:
        return ""
    named = table.rename(columns=lambda name: name.replace("_", " "))
    return f"<h2>{title}</h2><p>{words}</p>" + named.to_html(
        index=False, border=0, classes=style, na_rep="\N{EN DASH}"
    )


# Manifest -----------------------------------------------------------------------------------------


def manifest(paths: Iterable[str | Path], root: str | Path) -> pd.DataFrame:
    """One row per file, folders walked: its path below `root`, size, checksum, and checksum of its
    data alone."""
    files = (
        file
        for path in map(Path, paths)
        for file in ([path] if path.is_file() else path.rglob("*"))
    )
    found = {
        file for file in files if file.is_file() and not file.name.startswith(".")
    }  # Snakemake's own marks
    rows = [
        [file.relative_to(root).as_posix(), file.stat().st_size, _sha256(file), data_sha256(file)]
        for file in sorted(found)
    ]
    return pd.DataFrame(rows, columns=MANIFEST_COLUMNS)


def checksums(table: pd.DataFrame) -> str:
    """The checksums as `sha256sum -c` reads them."""
    return "".join(f"{row.sha256}  {row.path}\n" for row in table.itertuples())


def data_sha256(path: str | Path) -> str:
    """Checksum of what a file holds besides how it was made: names, types, shapes and values of all
    arrays, in the order of their names, or of all columns, in that of the table. Of other files
    that of the file; of a mere record or drawing, a dash."""
    path = Path(path)
    if path.name in NO_DATA or path.suffix in DRAWN:
        return "-"
    if path.suffix not in _ARRAYS:
        return _sha256(path)
    digest = hashlib.sha256()
    for name, value in _ARRAYS[path.suffix](path):
        if name != provenance.KEY:
            _add(digest, name, value)
    return digest.hexdigest()


def _add(digest, name: str, value: Any) -> None:
    array = np.asarray(value.toarray() if hasattr(value, "toarray") else value)
    if array.dtype.names:  # a struct
        for field in array.dtype.names:
            _add(digest, f"{name}.{field}", array[field])
    elif array.dtype.kind == "O" and array.ndim:  # a cell array
        for i, item in enumerate(array.ravel()):
            _add(digest, f"{name}[{i}]", item)
    else:
        array = array if array.dtype.kind != "O" else np.asarray(str(array))
        array = array.astype(array.dtype.newbyteorder("<"))
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())


def _in_mat(path: Path) -> Iterator[tuple[str, Any]]:
    yield from sorted(
        (key, value) for key, value in matfile.read(path).items() if not key.startswith("__")
    )


def _in_npz(path: Path) -> Iterator[tuple[str, Any]]:
    with np.load(path) as file:
        for key in sorted(file):
            yield key, file[key]


def _in_parquet(path: Path) -> Iterator[tuple[str, Any]]:
    """Column by column, so that millions of trials need little memory; words as their numbers in a
    list of the different ones."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    for column in file.schema_arrow:
        values = file.read(columns=[column.name]).column(0)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            coded = values.dictionary_encode().combine_chunks()
            yield f"{column.name} different", "\0".join(coded.dictionary.to_pylist())
            yield column.name, coded.indices.to_numpy()
        else:
            yield column.name, values.to_numpy()


_ARRAYS = {".mat": _in_mat, ".npz": _in_npz, ".parquet": _in_parquet}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            digest.update(part)
    return digest.hexdigest()
