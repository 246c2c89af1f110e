"""The ways of handling a batch, side by side: each run by the poller, in virtual time, on the same messages."""

import sys
from pathlib import Path

# The layer is not installed here; Lambda finds it in /opt/python, and this process here.
_LAYER = str(Path(__file__).parents[2] / "layers" / "partial_batch")
if _LAYER not in sys.path:
    sys.path.insert(0, _LAYER)
