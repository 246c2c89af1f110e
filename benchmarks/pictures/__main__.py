"""`python -m benchmarks.pictures`: draws the live view, the dashboard or the plots of the documentation."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sqslab.errors import SqslabError
from sqslab.signals import interrupt_on_signals


def main() -> int:
    """Draw one of them.

    Returns:
        The exit code: 0, 1 if it cannot be drawn, 130 on Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__)
    parser.add_argument("picture", choices=["live-view", "dashboard", "scaling"])
    parser.add_argument("file", metavar="FILE.svg", type=Path, help="where to")
    options = parser.parse_args()
    interrupt_on_signals()
    try:
        match options.picture:  # imported when needed: matplotlib takes a moment
            case "live-view":
                from benchmarks.pictures.live_view import run_picture

                return run_picture(options.file)
            case "dashboard":
                from benchmarks.pictures.dashboard import run_dashboard

                return run_dashboard(options.file)
            case _:
                from benchmarks.pictures.scaling import draw

                draw(options.file)
                return 0
    except SqslabError as error:
        print(f"error: {error.message}", error.output, sep="\n", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
