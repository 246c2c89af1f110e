"""What cfn-lint loads of this folder (`append_rules: [lint]`).

It imports each file of a folder by itself, outside of any package, but for those whose name starts with an underscore.
So this is the only one that it imports, and it brings the package in, wherever the folder is and whatever its name.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def _package(name: str, folder: Path) -> ModuleType:
    init, search = folder / "__init__.py", [str(folder)]
    spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=search)
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} is no package")
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)
    return package


_rules = _package("partial_batch_lint", Path(__file__).parent)
globals().update({name: getattr(_rules, name) for name in _rules.__all__})
