"""The models that a user gives, looked at before a study begins."""

from __future__ import annotations

import math
from pathlib import Path

import scipy.io

from .. import matfile
from ..config import ConfigError
from ..tasks.user_file import find_task
from .study import Study


def check(study: Study) -> None:
    """Refuse a given model whose keys or shapes are not those of a model for its task.

    The numbers are not read, so that a thousand models cost a second; the job `import_models` looks
    at them.

    Parameters
    ----------
    study : the study; its model files are there

    Raises
    ------
    ConfigError
        naming the key of the config, the file and what is wrong with it
    """
    for c in study.conditions:
        if not c.models:
            continue
        n_inputs = find_task(c.task, study.user_tasks).n_inputs
        for file in c.models:
            if looks_like_a_model(file, n_inputs):
                continue
            key = f"{c.key}.files"
            try:
                model = matfile.load(file)
            except matfile.ModelFileError as error:
                raise ConfigError(f"{key}: {error}") from None
            if model.n_inputs != n_inputs:
                raise ConfigError(
                    f"{key}: {file}: key 'w_in': expected {n_inputs} input column(s) "
                    f"for task {c.task}, got {model.n_inputs}"
                )


def looks_like_a_model(file: str | Path, n_inputs: int) -> bool:
    """Whether a file has the keys and the commonest shapes of a model with so many inputs.

    Where it has not, `matfile.load` says what is wrong, if anything.
    """
    try:
        shapes = {name: shape for name, shape, _ in scipy.io.whosmat(file)}
    except Exception:  # scipy raises many types on what is no .mat file
        return False
    if not set(matfile.REQUIRED) <= shapes.keys():
        return False
    n_units = shapes["w"][0]
    has_decays = "taus_gaus" in shapes or math.prod(shapes["taus"]) == 1
    fits = shapes["w"] == (n_units, n_units) and shapes["w_in"] == (n_units, n_inputs)
    return has_decays and fits
