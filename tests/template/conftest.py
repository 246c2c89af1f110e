from typing import Any

import pytest

from tests.template.translation import translate


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return translate()


@pytest.fixture(scope="session")
def defaults(template: dict[str, Any]) -> dict[str, Any]:
    return {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
