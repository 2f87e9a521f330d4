"""Files: tables that are read as they were written, disks that are full, dates in the future."""

import errno
import os
import time
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from rate2spike import files

# what pandas by itself takes for missing, or for a number
ODD = ["NA", "nan", "None", "null", "007", "1e3", "True", "", " a b ", "1_000"]
# all that a name or a word of the user's or of the paper's stands in
TEXTS = [
    "name",
    "other_names",
    "task",
    "condition",
    "neuron",
    "network",
    "model",
    "kind",
    "purpose",
]
TEXTS += ["step", "scaling_factors", "figure", "panel", "role", "series", "quantity", "x_name"]
TEXTS += ["x_value", "y_name", "z_name", "unit", "verdict", "source", "link"]


def test_names_are_read_as_they_were_written(tmp_path):
    table = pd.DataFrame(dict.fromkeys(TEXTS, ODD), dtype="str")
    table["accuracy"] = np.arange(len(ODD)) / 3
    files.write_csv(table, tmp_path / "table.csv")
    found = files.read_csv(tmp_path / "table.csv")
    for column in TEXTS:
        assert found[column].tolist() == ODD, column
    assert np.array_equal(found.accuracy, table.accuracy)
    rows = files.read_rows(tmp_path / "table.csv")
    assert [row["network"] for row in rows] == ODD


def test_numbers_are_read_exactly_and_what_is_not_there_is_missing(tmp_path):
    values = np.random.default_rng(2).standard_normal(300) * 10.0 ** np.arange(-150, 150)
    table = pd.DataFrame({"network": "a", "y": values, "seeds": np.arange(300)})
    table.loc[3, "y"] = np.nan
    table.loc[4, "seeds"] = np.nan
    files.write_csv(table, tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_bytes().startswith(b"network,y,seeds\na,")
    assert b"\r" not in (tmp_path / "table.csv").read_bytes()
    found = files.read_csv(tmp_path / "table.csv", {"seeds": "Int64"})
    assert found.y.to_numpy().tobytes() == table.y.to_numpy().tobytes()
    assert (found.seeds.dtype, found.seeds[5], found.seeds.isna().sum()) == ("Int64", 5, 1)
    files.write_csv(table[:3], tmp_path / "short.csv", float_format="%.2g")
    assert (tmp_path / "short.csv").read_text().splitlines()[1] == f"a,{values[0]:.2g},0"


class Usage(NamedTuple):
    total: float
    used: float
    free: float


class Disk(NamedTuple):
    f_flag: int
    f_blocks: int
    f_bavail: int
    f_frsize: int


def test_how_much_room_is_left_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(files.shutil, "disk_usage", lambda folder: Usage(9e9, 8e9, 1.26e6))

    def write():
        with files.replacing(tmp_path / "a.csv"):
            raise OSError(errno.EDQUOT, "quota")

    said = "your quota of disk space is used up: .*a\\.csv cannot be written, 1\\.3 MB are free in"
    with pytest.raises(OSError, match=said):
        write()


def test_a_folder_without_room_says_why(tmp_path, monkeypatch):
    made = tmp_path / "new" / "folder"
    files.check_room(made, 10)
    assert list(made.iterdir()) == []
    for code, why in (
        (errno.ENOSPC, "the disk is full; make room"),
        (errno.EDQUOT, "your quota of disk space is used up; make room"),
        (errno.EROFS, "Read-only file system"),
        (errno.EACCES, "Permission denied"),
    ):

        def full(dir, code=code):
            raise OSError(code, "x")

        monkeypatch.setattr(files.tempfile, "TemporaryFile", full)
        with pytest.raises(OSError, match=f"{made} cannot be written: {why}") as error:
            files.check_room(made)
        assert error.value.errno == code


def test_free_blocks_are_counted_in_bytes(tmp_path, monkeypatch):
    for free, size, n_bytes, fits in (
        (300, 4096, 1_000_000, True),
        (300, 4096, 1_228_801, False),
        (300, 1024, 1_000_000, False),
        (2_000_000, 1, 3_000_000, False),
    ):
        disk = Disk(0, 10**7, free, size)
        monkeypatch.setattr(os, "statvfs", lambda folder, disk=disk: disk)
        why = files.why_not_writable(tmp_path, n_bytes)
        assert why == "" if fits else "the disk is full; make room" in why


def test_files_of_the_future_keep_their_order_and_others_their_date(tmp_path):
    now = time.time()
    dates = {"later": 5000.0, "soon": 5.0, "at once": 0.4, "past": -5000.0, "after soon": 6.0}
    for name, seconds in dates.items():
        file = tmp_path / "folder" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(name)
        os.utime(file, (now + seconds, now + seconds))
    assert files.date_back(tmp_path) == 3
    after = {name: (tmp_path / "folder" / name).stat().st_mtime for name in dates}
    assert after["soon"] < after["after soon"] < after["later"] <= time.time() + 1e-3
    assert after["soon"] >= now
    assert after["at once"] == pytest.approx(now + 0.4, abs=1e-3)
    assert after["past"] == pytest.approx(now - 5000, abs=1e-3)


def test_leftovers_of_other_files_are_left_alone(tmp_path):
    for name in (".a.csv.12.part.csv", ".a.csv.12.part.csv.13.part", ".b.csv.12.part.csv"):
        (tmp_path / name).write_text("half")
    (tmp_path / "xa.csv.12.part.csv").write_text("a file of the user's")
    files.write_text("whole\n", tmp_path / "a.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".a.csv.12.part.csv.13.part",
        ".b.csv.12.part.csv",
        "a.csv",
        "xa.csv.12.part.csv",
    ]
    assert (tmp_path / "a.csv").read_bytes() == b"whole\n"
