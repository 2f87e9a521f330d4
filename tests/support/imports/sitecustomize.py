"""Python starts with this file where its folder is on PYTHONPATH: at their end the scripts of the
workflow write down which of its files they imported, one list a process, into $IMPORTED_TO. With
$WITHOUT_TORCH there is no PyTorch for them."""

import atexit
import os
import sys
from pathlib import Path


def write_down() -> None:
    folder = os.environ.get("IMPORTED_TO")
    if not folder or not sys.argv:
        return
    files = set()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and "/workflow/" in file:
            files.add(os.path.realpath(file))
    script = Path(sys.argv[0]).name
    Path(folder, f"{os.getpid()}_{script}").write_text("\n".join(sorted(files)), encoding="utf-8")


class NoTorch:
    """Finds torch to be missing."""

    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")


if os.environ.get("WITHOUT_TORCH"):
    sys.meta_path.insert(0, NoTorch())
atexit.register(write_down)
