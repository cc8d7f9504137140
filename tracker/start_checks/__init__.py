"""Checks that must pass before a program works on an installation.

Each check raises `CannotStartError`: one sentence says what is wrong, another what to do.
`docs/decisions/0016-start-up-checks.md` says which command makes which check.
"""
