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
# facts of the run, nothing that two runs would have in common
NO_DATA = ("provenance.json", "provenance.html")
# the data are in the CSV beside; the layout may move a line by the last digit of its place
DRAWN = (".pdf", ".png")
CHUNK = 1 << 20  # bytes read at once

# How the study was made ---------------------------------------------------------------------------


def stage_times(benchmarks: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Jobs of each stage and the seconds they took, from the benchmark files that are there.

    Parameters
    ----------
    benchmarks : stage -> the benchmark files of all its jobs

    Returns
    -------
    One row per stage: stage, jobs, jobs_timed, seconds, seconds_longest_job; stages without jobs
    are left out
    """
    rows = []
    for stage, files in benchmarks.items():
        if not files:
            continue
        seconds = [_seconds_of_job(file) for file in files if Path(file).is_file()]
        row = {
            "stage": stage,
            "jobs": len(files),
            "jobs_timed": len(seconds),
            "seconds": round(sum(seconds), 2),
            "seconds_longest_job": round(max(seconds, default=0), 2),
        }
        rows.append(row)
    return rows


def _seconds_of_job(benchmark: str | Path) -> float:
    """The seconds of the last run of a job, from its benchmark file."""
    return float(pd.read_csv(benchmark, sep="\t").s.iloc[-1])


def study_record(
    config: Mapping[str, Any],
    given: Iterable[str],
    *,
    trials: Mapping | None,
    models: Iterable[Mapping | None],
    stages: Sequence[Mapping],
) -> dict[str, Any]:
    """The study as one record: its config, its own tasks and models with checksums, what its files
    say together, times.

    Parameters
    ----------
    config : the config of the study
    given : the user's files that it names: tasks, and models as its patterns found them
    trials, models : what the table of trials and the converted models say of how they were made;
        None where a file says nothing
    stages : rows of `stage_times`

    Returns
    -------
    study_seed, config, files_of_the_config, stages, trials, made, last_finished (of all files); no
    path and no user in it
    """
    records = [trials or {}]
    for model in models:
        if model:
            records += [model, model.get("conversion", {})]
    times = [record.get("last_finished") or record.get("finished") for record in records]
    return {
        "study_seed": config["study_seed"],
        "config": provenance.without_paths(config),
        "files_of_the_config": [provenance.file_facts(file) for file in given],
        "stages": list(stages),
        "trials": dict(trials or {}),
        "made": provenance.differences(records),
        "last_finished": max(filter(None, times), default=None),
    }


def write_page(study: Mapping[str, Any], path: str | Path) -> None:
    """Write the record of a study as a page for the report.

    Parameters
    ----------
    study : the record, see `study_record`
    path : the HTML file to write
    """
    made = study["made"]
    several = any(len(values) > 1 for values in made.values())
    each_its_own = "What differs between files is set out row by row; each file holds its own."
    benchmarks = "Seconds of all jobs of a stage, from the benchmark files."
    config = yaml.safe_dump(study["config"], sort_keys=False, width=100)
    parts = [
        f"<p>{html.escape(_summary(study))}</p>",
        _section("Time", benchmarks, pd.DataFrame(study["stages"]), style=""),
        _section("Code", each_its_own if several else "", pd.DataFrame(made["software"])),
        _section("Machine and system", "", pd.DataFrame(made["machine"])),
        _section("Device", "", pd.DataFrame({"device": made["device"]})),
        _section("Versions", "", pd.DataFrame(made["versions"])),
        _section("Files named in the config", "", pd.DataFrame(study["files_of_the_config"])),
        f"<h2>Config</h2><pre>{html.escape(config)}</pre>",
    ]
    write_text(PAGE.format(title="How this study was made", table="".join(parts)), path)


def _summary(study: Mapping[str, Any]) -> str:
    """Seed, jobs and hours of the study in one sentence, and when its trials were simulated."""
    jobs = sum(row["jobs"] for row in study["stages"])
    timed = sum(row["jobs_timed"] for row in study["stages"])
    hours = sum(row["seconds"] for row in study["stages"]) / 3600
    summary = f"Study seed {study['study_seed']}; {jobs} jobs, {hours:.2g} hours in all."
    if jobs != timed:
        summary += f" Times are known of {timed} of them."
    trials = study["trials"]
    if trials.get("first_finished"):
        first = trials["first_finished"][:16].replace("T", " ")
        last = trials["last_finished"][:16].replace("T", " ")
        summary += f" The trials were simulated from {first} to {last} UTC."
    return summary


def _section(title: str, text: str, table: pd.DataFrame, style: str = "words") -> str:
    """A heading, a line of text and a table; nothing where the table is empty."""
    if table.empty:
        return ""
    named = table.rename(columns=lambda name: name.replace("_", " "))
    rows = named.to_html(index=False, border=0, classes=style, na_rep="\N{EN DASH}")
    return f"<h2>{title}</h2><p>{text}</p>{rows}"


# Manifest -----------------------------------------------------------------------------------------


def manifest(paths: Iterable[str | Path], root: str | Path) -> pd.DataFrame:
    """One row per file, each file once.

    Parameters
    ----------
    paths : files, and folders with all that is below them; hidden files are left out, they are
        Snakemake's own marks
    root : the folder that the table's paths start from

    Returns
    -------
    Columns path, bytes, sha256, and data_sha256, the checksum of the file's data alone
    """
    files = set()
    for path in map(Path, paths):
        inside = [path] if path.is_file() else path.rglob("*")
        files |= {file for file in inside if file.is_file() and not file.name.startswith(".")}
    rows = []
    for file in sorted(files):
        name = file.relative_to(root).as_posix()
        rows.append([name, file.stat().st_size, _sha256(file), data_sha256(file)])
    return pd.DataFrame(rows, columns=MANIFEST_COLUMNS)


def checksums(table: pd.DataFrame) -> str:
    """The checksums of a manifest as `sha256sum -c` reads them."""
    return "".join(f"{row.sha256}  {row.path}\n" for row in table.itertuples())


def data_sha256(path: str | Path) -> str:
    """Checksum of what a file holds besides how it was made.

    Parameters
    ----------
    path : the file

    Returns
    -------
    Of a .mat or .npz file the checksum of names, types, shapes and values of all arrays, in the
    order of their names; of a .parquet file that of all columns, in the order of the table; of
    other files that of the file. Of a mere record or drawing, a dash.
    """
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
    """Add an array with its name to a checksum; of a struct each field, of a cell array each
    cell."""
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
    """Variables of a .mat file, by name."""
    variables = matfile.read(path)
    for name in sorted(variables):
        if not name.startswith("__"):
            yield name, variables[name]


def _in_npz(path: Path) -> Iterator[tuple[str, Any]]:
    """Arrays of an .npz file, by name."""
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
            coded = values.combine_chunks().dictionary_encode()
            yield f"{column.name} different", "\0".join(coded.dictionary.to_pylist())
            yield column.name, coded.indices.to_numpy()
        else:
            yield column.name, values.to_numpy()


_ARRAYS = {".mat": _in_mat, ".npz": _in_npz, ".parquet": _in_parquet}


def _sha256(path: Path) -> str:
    """Checksum of all bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            digest.update(part)
    return digest.hexdigest()
