"""Addresses of endpoints: which of them are some, which are AWS itself, and with what credentials they are used."""

import ipaddress
import os
import re
from urllib.parse import urlsplit

import boto3

from sqslab.errors import SqslabError
from sqslab.stack import environment

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
# https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
_SQS_OF_AWS = re.compile(r"sqs(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.[a-z.]+")


def check_endpoint(endpoint_url: str) -> None:
    """Make sure that this is an endpoint we may use.

    Raises:
        SqslabError: the address is none, or it is AWS itself.
    """
    if _is_aws(_host(endpoint_url)):
        raise SqslabError(
            f"{endpoint_url} is AWS itself; this is for emulators. Nothing was done. Queues on AWS are named with "
            "--sqs-endpoint-url https://sqs.REGION.amazonaws.com."
        )


def aws_region(sqs_endpoint_url: str) -> str | None:
    """Say which region of AWS an SQS endpoint is in.

    Args:
        sqs_endpoint_url: such as `https://sqs.eu-west-1.amazonaws.com`.

    Returns:
        The region; None if this is not AWS.

    Raises:
        SqslabError: the address is none, or one of AWS that is not of SQS in a region.
    """
    host = _host(sqs_endpoint_url)
    if not _is_aws(host):
        return None
    match = _SQS_OF_AWS.fullmatch(host)
    if match is None or urlsplit(sqs_endpoint_url).scheme != "https":
        raise SqslabError(
            f"{sqs_endpoint_url} is AWS, and does not say which region's SQS. "
            "Give it as https://sqs.REGION.amazonaws.com."
        )
    return match[1]


def use_dummy_credentials_if_none(endpoint_url: str) -> None:
    """On a loopback address, set made-up credentials and a region where this process has none."""
    if not is_loopback(endpoint_url):
        return
    # Else the search for credentials ends at the metadata service of a machine in EC2.
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    session = boto3.Session()
    if session.get_credentials() is None:
        os.environ["AWS_ACCESS_KEY_ID"] = environment.ACCESS_KEY_ID
        os.environ["AWS_SECRET_ACCESS_KEY"] = environment.SECRET_ACCESS_KEY
    if session.region_name is None:
        os.environ["AWS_DEFAULT_REGION"] = environment.REGION


def is_loopback(endpoint_url: str) -> bool:
    """Say whether an endpoint is on this machine."""
    host = urlsplit(endpoint_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _host(endpoint_url: str) -> str:
    try:
        parts = urlsplit(endpoint_url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts.hostname.rstrip(".")
    except ValueError:
        pass
    raise SqslabError(f"{endpoint_url} is not the URL of an endpoint. Give one such as http://127.0.0.1:4566.")


def _is_aws(host: str) -> bool:
    return host.endswith(_AWS_DOMAINS)
