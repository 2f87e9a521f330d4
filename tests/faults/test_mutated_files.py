"""1,000 mutated model files and 500 mutated configs: each a clear error or a correct load; no
crash, no hang, no code run."""

import json
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import mutations
import numpy as np
import pytest
import scipy.io
from shared import torch_or_skip
from small_study import ROOT

from rate2spike import mat_structure, matfile
from rate2spike.rate import block_file

MEMORY_MB = 1500  # of one process, its imports included


def worked_through(kind: str, first: int, last: int, folder: Path) -> list[dict]:
    """The outcome of each case; a case that ends its process is written down and the next begun in
    a new one."""
    outcomes = []
    while first < last:
        asked = [
            sys.executable,
            str(Path(__file__).parents[1] / "support" / "fuzz_worker.py"),
            kind,
            str(first),
            str(last),
            str(folder),
        ]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=300, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        begun = {line["case"]: line["what"] for line in lines if "what" in line}
        outcomes += [line | {"what": begun[line["case"]]} for line in lines if "outcome" in line]
        first = max(begun, default=last) + 1
        if done.returncode:
            assert begun, done.stderr
            ended = f"WRONG: ended the process with {done.returncode}: {done.stderr[-500:]}"
            outcomes.append(
                {"case": first - 1, "what": begun[first - 1], "outcome": ended, "memory_mb": 0}
            )
    return outcomes


@pytest.mark.parametrize(("kind", "n"), [("mat", 1000), ("config", 500)])
def test_mutated_files(tmp_path, say, kind, n):
    outcomes = worked_through(kind, 0, n, tmp_path)
    kinds = Counter(o["outcome"].split(":")[0] for o in outcomes)
    memory_mb = max(o["memory_mb"] for o in outcomes)
    say(f"{n} mutated {kind} files: {dict(kinds)}, at most {memory_mb} MB")
    wrong = [
        f"case {o['case']} ({o['what']}): {o['outcome']}"
        for o in outcomes
        if o["outcome"].startswith("WRONG")
    ]
    assert wrong == [], "\n".join(wrong[:20])
    assert len(outcomes) == n
    assert memory_mb < MEMORY_MB
    assert min(kinds.values()) > n / 50  # neither all refused nor all loaded
    assert not list(ROOT.glob("ran"))


def test_a_file_that_unpacks_to_more_than_memory_is_refused(tmp_path, monkeypatch):
    keys = scipy.io.loadmat(mutations.SOURCES[0])
    scipy.io.savemat(
        tmp_path / "large.mat",
        {k: v for k, v in keys.items() if k[0] != "_"} | {"x": np.zeros(2_000_000)},
        do_compression=True,
    )
    assert matfile.load(tmp_path / "large.mat").n_units == 24
    monkeypatch.setattr(mat_structure, "MOST_BYTES", 10 << 20)
    with pytest.raises(
        matfile.ModelFileError,
        match=r"large\.mat: not a readable \.mat file.*holds more than 10 MB",
    ):
        matfile.load(tmp_path / "large.mat")


class Runs:
    """Unpickled, it would leave a file."""

    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def test_no_checkpoint_runs_code(tmp_path):
    torch = torch_or_skip()
    from rate import checkpoint

    trace = tmp_path / "ran"
    torch.save({"model_state_dict": Runs(trace)}, tmp_path / "model.pth")
    with pytest.raises(ValueError, match=r"model\.pth"):
        checkpoint.read(tmp_path / "model.pth")
    assert not trace.exists()


def test_no_file_runs_code(tmp_path):
    trace = tmp_path / "ran"
    np.savez(
        tmp_path / "seeds_0-0.npz",
        networks=np.array([Runs(trace)], dtype=object),
        made_by=np.array("x"),
    )
    (tmp_path / "model.mat").write_bytes(pickle.dumps(Runs(trace)))
    with pytest.raises(ValueError, match="seeds_0-0"):
        block_file.already_trained(tmp_path, ["seed_0"], "x")
    with pytest.raises(matfile.ModelFileError, match=r"model\.mat"):
        matfile.load(tmp_path / "model.mat")
    assert not trace.exists()
    # not the cache of compiled kernels: that is code, written by ourselves into a folder of our own
    sources = {*(ROOT / "workflow").rglob("*.py")} - {ROOT / "workflow/lib/rate2spike/compiled.py"}
    python = [file.read_text("utf-8") for file in sources]
    unsafe = (
        "allow_pickle=True",
        "weights_only=False",
        "pickle.load",
        "read_pickle",
        "yaml.load(",
        "unsafe_load",
        "joblib",
    )
    for forbidden in unsafe:
        assert not [text for text in python if forbidden in text], forbidden
