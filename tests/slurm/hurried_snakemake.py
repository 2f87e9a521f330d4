"""`python hurried_snakemake.py ...` is `python -m snakemake ...` that asks a cluster for its jobs
every second: the plugin for SLURM waits ten seconds longer each time that none has ended."""

import asyncio
import sys

from snakemake import cli
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


async def a_second(self):
    await asyncio.sleep(1)


RemoteExecutor.sleep = a_second

if __name__ == "__main__":
    cli.main(sys.argv[1:])
