"""The command `qa`.

commands    index, ask, serve, models, …
evaluation  eval, compare, synth, …
terminal    how answers and progress are shown
"""

from qa.cli.commands import main

__all__ = ["main"]
