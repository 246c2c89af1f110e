"""Many messages through the poller, the layer and the simulator, with faults: is anything lost?"""

import sys
from pathlib import Path

LAYER_FOLDER = Path(__file__).parents[2] / "layers" / "partial_batch"
if str(LAYER_FOLDER) not in sys.path:
    sys.path.insert(0, str(LAYER_FOLDER))
