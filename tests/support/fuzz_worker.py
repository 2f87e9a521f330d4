"""One mutated file after the other, in a process of its own: `python fuzz_worker.py mat|config
FIRST LAST FOLDER`.

It prints a line of JSON for each begin and end. A crash, a hang or a greedy case ends this process
and no other."""

import json
import os
import random
import resource
import signal
import sys
from pathlib import Path

import mutations
import numpy as np
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError

from rate2spike import matfile
from rate2spike.config import ConfigError
from rate2spike.study import schema
from rate2spike.study.read import checked

SECONDS, MEMORY = 10, 8 << 30  # for one case; of address space
FORBIDDEN = (
    "pickle.find_class",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "subprocess.Popen",
    "marshal.loads",
)
SCHEMA = schema.read(mutations.ROOT / "workflow" / "schemas" / "config.schema.yaml")
executed = []


def notice(event, arguments):
    if event in FORBIDDEN and not str(arguments).startswith(
        "(b'\\xe3"
    ):  # importing a module reads its code: begins with 0xe3
        executed.append(event)


def expect(ok, otherwise) -> None:
    if not ok:
        raise AssertionError(otherwise)


def mat(file: Path) -> str:
    try:
        model = matfile.load(file)
    except matfile.ModelFileError as error:
        expect(str(file) in str(error), f"does not name the file: {error}")
        expect("\n" not in str(error), f"more than a line: {error!r}")
        expect(len(str(error)) < 600, f"{len(str(error))} letters")
        return f"refused: {error}"
    n = model.n_units
    arrays = {
        "w": (model.weights.w_rec, (n, n)),
        "mask": (model.mask, (n, n)),
        "w_out": (model.weights.w_out, (n,)),
    }
    arrays |= {"w_in": (model.w_in, (n, model.n_inputs)), "tau": (model.tau_decay_ms(), (n,))}
    for key, (array, shape) in arrays.items():
        expect(array.shape == shape, f"loaded {key} of shape {array.shape}")
        expect(np.isfinite(array).all(), f"loaded {key} that is not finite")
    expect(
        not model.config.dale or (model.weights.w_rec >= 0).all(), "loaded against Dale's principle"
    )
    return "loaded"


def config(file: Path) -> str:
    try:
        values = load_configfile(str(file))
    except (
        WorkflowError
    ) as error:  # Snakemake's own words for what is no YAML; it has no name of the file
        expect(str(error).startswith("Config file "), error)
        return f"refused: {error}"
    except RecursionError:  # of Snakemake's reader, where brackets nest too deep
        return "refused: nested too deep"
    try:
        checked(values, SCHEMA)
    except ConfigError as error:
        expect(":" in str(error), f"names no key: {error}")
        expect("\n" not in str(error), f"more than a line: {error!r}")
        expect(len(str(error)) < 1000, f"{len(str(error))} letters")
        return f"refused: {error}"
    return "loaded"


def main(kind: str, first: int, last: int, folder: Path) -> None:
    sys.addaudithook(notice)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.chdir(mutations.ROOT)
    for case in range(first, last):
        draw = random.Random(f"{kind} {case}")
        file, what = getattr(mutations, kind)(draw, folder, case)
        print(json.dumps({"case": case, "what": what}), flush=True)
        executed.clear()
        signal.alarm(SECONDS)  # its default action ends the process
        try:
            outcome = globals()[kind](file)
        except BaseException as error:
            outcome = f"WRONG: {type(error).__name__}: {error}"
        signal.alarm(0)
        if executed:
            outcome = f"WRONG: ran code: {executed}"
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({"case": case, "outcome": outcome, "memory_mb": memory_mb}), flush=True)
        file.unlink()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
