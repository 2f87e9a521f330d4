"""What the tests share: the published model file and one Go-NoGo network trained to criterion in
less than a second."""

import os
from pathlib import Path
from typing import NamedTuple

import pytest
from shared import PUBLISHED_MODEL

from rate2spike import devices

# what the tests start keeps the bytecode of the library, else each process compiles it
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# without a GPU, its kernels are tested in Triton's interpreter
if devices._missing_for_cuda.__wrapped__():
    os.environ["TRITON_INTERPRET"] = "1"

from rate2spike.config import RateConfig, TrainingConfig
from rate2spike.rate import RateModel, TrainingRecord, train
from rate2spike.tasks import BUILT_IN

# the second needs none of the kernels that the first begins with compiling
LONGEST = (
    "test_study.py",
    "test_compiled_for_gpu.py",
    "test_slurm.py",
    "test_kills.py",
    "test_notebooks.py",
    "test_places.py",
    "test_snippets.py",
    "test_rate_cuda.py",
    "test_module.py",
    "test_reruns.py",
)


def pytest_collection_modifyitems(items):
    """The longest files first, so that the workers end together."""
    order = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(LONGEST)))


@pytest.fixture
def say(record_property):
    """A function that prints what a test has counted at the end of the run, whatever worker it ran
    in."""
    return lambda text: record_property("said", text)


def pytest_terminal_summary(terminalreporter):
    said = [
        text
        for r in terminalreporter.getreports("passed")
        for key, text in r.user_properties
        if key == "said" and r.when == "call"
    ]
    if said:
        terminalreporter.section("counted")
        terminalreporter.write_line("\n".join(said))


class Trained(NamedTuple):
    model: RateModel
    record: TrainingRecord


@pytest.fixture(scope="session")
def trained() -> Trained:
    """A Go-NoGo network of 80 units, trained as published."""
    return Trained(
        *train.train_network(
            BUILT_IN["go-nogo"],
            RateConfig(n_units=80),
            TrainingConfig(),
            study_seed=1,
            network="trained",
        )
    )


@pytest.fixture(scope="session")
def published_model_file() -> Path:
    return PUBLISHED_MODEL
