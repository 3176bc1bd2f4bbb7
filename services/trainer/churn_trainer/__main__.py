"""`python -m churn_trainer`: the commands of `command_line`, and `watch`, which waits without what these import."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, that of the process if no `arguments` are given; returns the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["watch"]:
        from churn_trainer import watch

        return watch.main(given[1:])
    from churn_trainer import command_line

    return command_line.main(given)


if __name__ == "__main__":
    sys.exit(main())
