"""One table of what the parts of `on_gpu.sh` found.

python benchmarks/gpu_table.py FOLDER_OF_THE_PARTS FOLDER_OF_THE_RESULTS
"""

import json
import platform
import sys
from datetime import date
from pathlib import Path

import numba
import numpy
import torch
import triton

ENDED = {0: "done", 124: "stopped at its time limit"}


def card() -> str:
    """The GPU, or that there is none."""
    if not torch.cuda.is_available():
        return "no GPU (Triton's interpreter)"
    return torch.cuda.get_device_name()


def cell(value) -> str:
    """A number of four digits, or a text; a dash for what was not measured."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def markdown(title: str, rows: list[dict]) -> list[str]:
    """Lines of a table."""
    lines = ["", f"**{title}**", ""]
    if not rows:
        return [*lines, "not measured"]
    lines.append("| " + " | ".join(rows[0]) + " |")
    lines.append("|" + "---|" * len(rows[0]))
    for row in rows:
        lines.append("| " + " | ".join(cell(value) for value in row.values()) + " |")
    return lines


def ends(parts: Path) -> list[dict]:
    """How each part ended, and the last line it printed."""
    rows = []
    for file in sorted(parts.glob("*.ended")):
        status, seconds, limit = map(int, file.read_text("utf-8").split())
        lines = (parts / f"{file.stem}.log").read_text("utf-8").splitlines() or [""]
        row = {
            "part": file.stem,
            "ended": ENDED.get(status, f"failed with {status}"),
            "seconds": seconds,
            "limit": limit,
            "last line": lines[-1].strip(" =")[:120] if file.stem.startswith("tests") else "",
        }
        rows.append(row)
    return rows


def main() -> None:
    """Write on_gpu.md and on_gpu.json."""
    parts, out = map(Path, sys.argv[1:])
    machine = {
        "card": card(),
        "date": date.today().isoformat(),
        "PyTorch": torch.__version__,
        "CUDA": torch.version.cuda,
        "Triton": triton.__version__,
        "numba": numba.__version__,
        "NumPy": numpy.__version__,
        "Python": platform.python_version(),
    }
    tables = {"Parts": ends(parts)}
    for file in sorted(parts.glob("*.json")):
        tables |= json.loads(file.read_text("utf-8"))
    lines = [", ".join(f"{key} {value}" for key, value in machine.items())]
    for title, rows in tables.items():
        lines += markdown(title, rows)
    text = "\n".join(lines) + "\n"
    (out / "on_gpu.md").write_text(text, "utf-8")
    (out / "on_gpu.json").write_text(json.dumps({"machine": machine, **tables}, indent=1), "utf-8")
    print(text)


if __name__ == "__main__":
    main()
