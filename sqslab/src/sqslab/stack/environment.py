"""The environment variables under which the tools, the emulator and this process's own AWS clients run.

All of the user's AWS settings are taken out, so that neither a profile nor a key nor an endpoint of a real account can
be reached by accident.
"""

import os
from collections.abc import Mapping

REGION = "us-east-1"
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105 - the emulator takes any

# What the emulator, and with it the functions it runs, may see of the user's environment.
_EMULATOR_KEEPS = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ")


def local_environment(endpoint_url: str, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Make the environment in which AWS clients can reach `endpoint_url` and nothing else.

    Args:
        endpoint_url: where the emulator answers, such as `http://127.0.0.1:4566`.
        inherited: the environment to start from. Everything in it that begins with `AWS_` is dropped.

    Returns:
        A new environment, complete. Functions of the stack and tools started with it see the same.
    """
    kept = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    return kept | _aws_settings(endpoint_url) | _no_proxy(inherited)


def emulator_environment(endpoint_url: str, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Make the environment of the emulator, which the functions it runs inherit.

    Args:
        endpoint_url: where the emulator will answer.
        inherited: the environment to start from. Only a few variables of it are kept: the emulator has many settings
            of its own (`PERSIST_STATE`, `USE_SSL`, ...), and what runs in a shell should not change what it does.

    Returns:
        A new environment, complete but for the emulator's own settings.
    """
    kept = {name: inherited[name] for name in _EMULATOR_KEEPS if name in inherited}
    return kept | _aws_settings(endpoint_url) | _no_proxy({})


def shell_lines(endpoint_url: str) -> list[str]:
    """Give the shell commands that point another terminal at the emulator."""
    return [
        "unset AWS_PROFILE AWS_SESSION_TOKEN",
        f"export AWS_ENDPOINT_URL={endpoint_url}",
        f"export AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}",
        f"export AWS_ACCESS_KEY_ID={ACCESS_KEY_ID} AWS_SECRET_ACCESS_KEY={SECRET_ACCESS_KEY}",
    ]


def replace_environment(environment: Mapping[str, str]) -> None:
    """Make `environment` that of this process, and so of every client and child process it makes from now on."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)


def heed_aws_region() -> None:
    """Let AWS_REGION name the region, as it does for other AWS tools: boto3 reads AWS_DEFAULT_REGION only.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    """
    if region := os.environ.get("AWS_REGION"):
        os.environ.setdefault("AWS_DEFAULT_REGION", region)


def spare_loopback_the_proxy() -> None:
    """Let this process reach loopback addresses without a proxy, and leave the rest of its environment alone."""
    os.environ.update(_no_proxy(os.environ))


def _aws_settings(endpoint_url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,  # the one boto3 reads
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
    }


def _no_proxy(inherited: Mapping[str, str]) -> dict[str, str]:
    """Keep a proxy from being asked for loopback addresses. Both spellings are in use and tools read one of them."""
    before = inherited.get("no_proxy") or inherited.get("NO_PROXY") or ""
    hosts = ",".join(filter(None, [before, "127.0.0.1", "localhost"]))
    return {"NO_PROXY": hosts, "no_proxy": hosts}
