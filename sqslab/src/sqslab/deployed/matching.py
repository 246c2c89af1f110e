"""Which function on this machine stands for which deployed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sqslab.deployed.mappings import logical_id
from sqslab.errors import SqslabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_lambda import LambdaClient

    from sqslab.deployed.mappings import DeployedMapping

_NOT_FOUND = 404


def match_functions(
    mappings: Sequence[DeployedMapping], functions: LambdaClient, chosen: Mapping[str, str]
) -> dict[str, str]:
    """Find the function here for each deployed mapping.

    In this order: the one that was chosen; the one of that name in the template of its stack; the one that has the
    deployed function's name in the template, or its real one, as its own name.

    Args:
        mappings: the deployed ones.
        functions: a client of what runs the functions here. `sam local start-lambda` will do.
        chosen: names here, by the name of the deployed function or its name in the template.

    Returns:
        The function's name here, by the mapping's UUID.

    Raises:
        SqslabError: there is none for some of them, or several for one.
        botocore.exceptions.ClientError: the endpoint refuses.
        botocore.exceptions.BotoCoreError: it does not answer.
    """
    by_logical_id = _by_logical_id(functions)
    found: dict[str, str] = {}
    missing = []
    for one in mappings:
        explicit = [chosen[name] for name in one.names if name in chosen]
        same = by_logical_id.get(one.logical_id, []) if one.logical_id is not None else []
        if not explicit and len(same) > 1:
            raise SqslabError(
                f"Several functions here are called {one.logical_id} in their template: {', '.join(same)}. "
                f"Say which with --function {one.mapping.function_name}=NAME."
            )
        candidates = explicit or [*same, *reversed(list(one.names))]
        name = next((name for name in candidates if _is_there(functions, name)), None)
        if name is None:
            missing.append(f"{one.mapping.function_name} (as {' or '.join(dict.fromkeys(candidates))})")
        else:
            found[one.mapping.uuid] = name
    if missing:
        raise SqslabError(
            f"{functions.meta.endpoint_url} has no function for {', '.join(missing)}. Name it with "
            "--function DEPLOYED=LOCAL. Nothing was switched off."
        )
    return found


def _by_logical_id(functions: LambdaClient) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    try:
        for page in functions.get_paginator("list_functions").paginate():
            for function in page["Functions"]:
                name = logical_id(functions, function["FunctionArn"])
                if name is not None:
                    names.setdefault(name, []).append(function["FunctionName"])
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") != _NOT_FOUND:
            raise
        # `sam local start-lambda` lists nothing; its functions have the names of the template.
    return names


def _is_there(functions: LambdaClient, name: str) -> bool:
    """Ask without running it. `sam local start-lambda` knows no dry run, but says so only of functions it has."""
    try:
        functions.invoke(FunctionName=name, InvocationType="DryRun")
    except ClientError as error:
        return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") != _NOT_FOUND
    return True
