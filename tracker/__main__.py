"""Lets `python -m tracker` do what the command `tracker` does."""

import gc

gc.disable()  # nothing that is loaded is garbage, and to look for it takes a fifth of the start
from tracker.cli.main import main  # noqa: E402

gc.enable()
main()
