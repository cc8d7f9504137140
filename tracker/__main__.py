"""Lets `python -m tracker` do what the command `tracker` does."""

from tracker.cli.main import main

main()
