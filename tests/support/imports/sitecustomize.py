"""Python starts with this file where its folder is on PYTHONPATH: at their end the scripts of the
workflow write down which of its files they imported, and which packages that take long, one list a
process, into $IMPORTED_TO. A script that is forked (tests/support/ready_jobs.py) has packages when
it begins, and notes those that it imports besides. With $WITHOUT_TORCH there is no PyTorch for
them."""

import atexit
import os
import sys
from pathlib import Path

# what a job waits for longer than many a job lasts; scipy itself takes no time, its parts do
SLOW = ("matplotlib", "numba", "pandas", "pyarrow", "scipy._lib._util", "torch")
BEFORE = {name for name in SLOW if name in sys.modules}  # of a script that is forked


def write_down() -> None:
    folder = os.environ.get("IMPORTED_TO")
    if not folder or not sys.argv:
        return
    files = set()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and "/workflow/" in file:
            files.add(os.path.realpath(file))
    new = [name for name in SLOW if name in sys.modules and name not in BEFORE]
    packages = {f"package {name.partition('.')[0]}" for name in new}
    script = Path(sys.argv[0]).name
    notes = "\n".join(sorted(files | packages | ({"packages noted"} if not BEFORE else set())))
    Path(folder, f"{os.getpid()}_{script}").write_text(notes, encoding="utf-8")


class NoTorch:
    """Finds torch to be missing."""

    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")


class QuickKernels:
    """Makes Triton's interpreter quick before the first of the GPU's kernels is imported."""

    def find_spec(self, name, path=None, target=None):
        if name == "rate2spike.streams.cuda":
            sys.meta_path.remove(self)
            sys.path.append(str(Path(__file__).parents[1]))
            import quick_interpreter  # noqa: F401

            sys.path.pop()


if os.environ.get("WITHOUT_TORCH"):
    sys.meta_path.insert(0, NoTorch())
if os.environ.get("TRITON_INTERPRET"):
    sys.meta_path.insert(0, QuickKernels())
atexit.register(write_down)
