"""First line of every script: send what happens to the job's log file before anything heavy is imported."""

import logging
import os
import sys
import traceback


def start(snakemake) -> logging.Logger:
    """Log to the job's log file and to the terminal; a crash leaves its traceback in the log. Returns the job's logger."""
    log_file = str(snakemake.log[0])
    os.makedirs(os.path.dirname(log_file), exist_ok=True)
    handlers = [logging.FileHandler(log_file, mode="w"), logging.StreamHandler(sys.stderr)]
    handlers[1].setLevel(logging.WARNING)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=handlers, force=True)
    logging.captureWarnings(True)
    logger = logging.getLogger("rate2spike")

    def record(kind, value, trace):
        logger.error("the job failed: %s", value)
        with open(log_file, "a") as file:
            traceback.print_exception(kind, value, trace, file=file)

    sys.excepthook = record
    return logger
