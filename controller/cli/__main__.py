"""``python -m controller.cli``: the same as ``shellac``."""

from controller.cli.main import main

main()
