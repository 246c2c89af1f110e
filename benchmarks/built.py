"""What the functions get on Lambda: the layer and a consumer as `sam build` leaves them, and Powertools likewise."""

import io
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path

_REPOSITORY = Path(__file__).parents[1]
# aws-lambda-powertools and what it requires.
_POWERTOOLS = ("aws-lambda-powertools", "jmespath", "typing-extensions")


@dataclass
class Built:
    """Folders to be put on the path."""

    layer: Path
    consumer: Path
    powertools: Path

    def zip_size(self) -> int:
        """Bytes of the layer's zip, as `sam deploy` makes it."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(self.layer.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(self.layer.parent))
        return len(file.getvalue())


def build(folder: Path) -> Built:
    """Run `sam build`, and put Powertools beside it.

    `sam build` unpacks wheels and compiles nothing. So does this, but takes what is installed here.

    Args:
        folder: an empty one.
    """
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
    }
    command = [str(Path(sys.executable).with_name("sam")), "build", "--no-cached", "--build-dir", str(folder / "build")]
    done = subprocess.run(command, cwd=_REPOSITORY, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    built = Built(
        folder / "build" / "PartialBatchLayer" / "python",
        folder / "build" / "StandardConsumerFunction",
        folder / "powertools",
    )
    if not list(built.layer.rglob("*.pyc")):
        sys.exit("The layer was built without bytecode, which is not what is to be measured:\n" + done.stderr)
    for name in _POWERTOOLS:
        for file in files(name) or []:
            if file.suffix != ".pyc" and ".." not in file.parts:
                (built.powertools / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), built.powertools / file)
    return built
