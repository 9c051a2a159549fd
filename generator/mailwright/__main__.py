"""``python -m mailwright``: the same as the command."""

from mailwright.cli import main

main()
