"""Run a notebook from top to bottom and write it, outputs and all, as one page; what a failing cell
says ends in the log."""

import job

log = job.start(snakemake)

import logging
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbconvert.filters import strip_ansi

import rate2spike
from rate2spike.files import write_text

logging.getLogger("traitlets").setLevel(logging.ERROR)  # Jupyter's remarks on its own doings


def run(notebook, folder):
    """Run all cells with this Python and this library; Jupyter keeps its own files in `folder`,
    none in the user's home."""
    native = KernelSpecManager(kernel_dirs=[])  # this Python, whatever kernels the user has
    kernel = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=native,
        transport="ipc",
        connection_file=f"{folder}/kernel.json",
    )
    library = Path(rate2spike.__file__).parents[1]
    paths = [str(library)]
    if os.environ.get("PYTHONPATH"):
        paths.append(os.environ["PYTHONPATH"])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "IPYTHONDIR": folder}
    NotebookClient(notebook, km=kernel).execute(env=environment, cleanup_kc=True)


notebook = nbformat.read(snakemake.input.notebook, as_version=4)
try:
    with TemporaryDirectory() as folder:
        run(notebook, folder)
except CellExecutionError as error:
    log.error("%s", strip_ansi(str(error)))
    sys.exit(1)
title = {"metadata": {"name": snakemake.wildcards.notebook}}
page, _ = HTMLExporter().from_notebook_node(notebook, title)
write_text(page, snakemake.output[0])
log.info("%d cells run", sum(cell.cell_type == "code" for cell in notebook.cells))
