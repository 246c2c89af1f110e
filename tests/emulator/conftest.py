"""One emulator for these tests, with what `sqslab`'s own tests use."""

from sqslab_testing.fixtures import (  # noqa: F401
    clients,
    emulator,
    environment_of_the_emulator_fixture,
    wait_for_fixture,
)
