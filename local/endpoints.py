"""Addresses of endpoints: which of them are some, which are AWS itself, and with what credentials they are used."""

import ipaddress
import os
from urllib.parse import urlsplit

import boto3

from local import environment
from local.errors import LocalError

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


def check_endpoint(endpoint_url: str) -> None:
    """Make sure that this is an endpoint we may use.

    Raises:
        LocalError: the address is none, or it is AWS itself.
    """
    try:
        parts = urlsplit(endpoint_url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise LocalError(f"{endpoint_url} is not the URL of an endpoint. Give one such as http://127.0.0.1:4566.")
    if (parts.hostname or "").rstrip(".").endswith(_AWS_DOMAINS):
        raise LocalError(f"{endpoint_url} is AWS itself; this is for emulators. Nothing was done.")


def use_dummy_credentials_if_none(endpoint_url: str) -> None:
    """On a loopback address, set made-up credentials and a region where this process has none."""
    if not _is_loopback(endpoint_url):
        return
    # Else the search for credentials ends at the metadata service of a machine in EC2.
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    session = boto3.Session()
    if session.get_credentials() is None:
        os.environ["AWS_ACCESS_KEY_ID"] = environment.ACCESS_KEY_ID
        os.environ["AWS_SECRET_ACCESS_KEY"] = environment.SECRET_ACCESS_KEY
    if session.region_name is None:
        os.environ["AWS_DEFAULT_REGION"] = environment.REGION


def _is_loopback(endpoint_url: str) -> bool:
    host = urlsplit(endpoint_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
