"""`python -m edgeasr` is `edgeasr`."""

from edgeasr.cli.app import main

main()
