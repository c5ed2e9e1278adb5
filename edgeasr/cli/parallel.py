"""The options that every long command shares: how many processes, or which cluster, do its jobs."""

from typing import Annotated

import typer

JobsOption = Annotated[
    int, typer.Option(min=1, help="Jobs done at a time, each in a process with its own memory.")
]
ClusterOption = Annotated[
    str | None,
    typer.Option(help="Let a Dask cluster do the jobs: tcp://host:port, or local:N for N processes here."),
]
