"""Runs the parts: `python -m benchmarks [PART] [options of the part]`, all of PARTS without a name."""

import runpy
import sys

PARTS = ("serving", "jobs", "models", "tracking", "campaigns", "streaming")


def main() -> None:
    """Run the part that the first argument names, or all of them."""
    named = sys.argv[1] if sys.argv[1:] and sys.argv[1] in PARTS else None
    options = sys.argv[2:] if named else sys.argv[1:]
    for part in (named,) if named else PARTS:
        print(f"\n== {part}", flush=True)
        sys.argv = [f"benchmarks.{part}", *options]
        runpy.run_module(f"benchmarks.{part}", run_name="__main__")


if __name__ == "__main__":
    main()
