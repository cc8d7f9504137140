"""Lets `python -m tracker` do what the command `tracker` does."""

import gc

gc.disable()  # nothing that is loaded is garbage: to look for some takes a quarter of the start
from tracker.cli.main import main  # noqa: E402

gc.freeze()
gc.enable()
main()
