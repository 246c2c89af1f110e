"""Which resource of the template a value names."""

from itertools import dropwhile, zip_longest
from typing import Any

from .values import Attribute, Text, as_text
from .view import Resource, View

Pieces = tuple[Any, ...]


def find(view: View, value: Any, *types: str, service: str, key: str) -> Resource | None:
    """The resource of one of these types that a value surely names, by reference, ARN, queue URL or name.

    Args:
        view: the case of the template.
        value: what `View.value` or `View.get` returned.
        types: the types of resource that it may name.
        service: of the ARN, such as "sqs".
        key: the property that holds the name, such as "QueueName".
    """
    pieces, _ = _name(value, service)
    referred = _referred(view, pieces)
    if referred is not None:
        found = view.resource(referred)
        return found if found and found.type in types else None
    return next((one for one in view.resources(*types) if _names(view, value, one, service, key)), None)


def may_name(view: View, value: Any, resource: Resource, *, service: str, key: str) -> bool:
    """Whether a value names a resource or may do so, for all that is known. The arguments are those of `find`."""
    found = find(view, value, resource.type, service=service, key=key)
    return found.name == resource.name if found else _names(view, value, resource, service, key) is not False


def _names(view: View, value: Any, resource: Resource, service: str, key: str) -> bool | None:
    pieces, here = _name(value, service)
    if not pieces:
        return None
    referred = _referred(view, pieces)
    if referred is not None:
        other = view.cfn.get_resources()[referred].get("Type") != resource.type
        return referred == resource.name or (None if other else False)
    own = as_text(view.get(resource.properties, key))
    if own is None:  # CloudFormation makes the name up
        return False if any(isinstance(piece, str) for piece in pieces) else None
    same = _same(own.pieces, pieces)
    return None if same and not here else same


def _name(value: Any, service: str) -> tuple[Pieces, bool]:
    """The name in a value, empty if there is none, and whether it is in the stack's own region and account.

    What is written out is not taken for the stack's own: a template says nothing of where it is deployed.
    """
    named = as_text(value)
    if named is None:
        return (), False
    fields = named.split(":")
    if fields[0] == ("arn",):
        if len(fields) < 6 or fields[2] != (service,):
            return (), False
        # arn:aws:sqs:REGION:ACCOUNT:NAME, but arn:aws:lambda:REGION:ACCOUNT:function:NAME
        name, place = fields[6] if len(fields) > 6 else fields[5], fields[3] + fields[4]
    elif service == "sqs" and fields[0] in (("https",), ("http",)):
        # https://sqs.REGION.amazonaws.com/ACCOUNT/NAME
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
        parts = named.split("/")
        if len(parts) != 5:
            return (), False
        name, place = parts[4], sum(Text(parts[2]).split(".")[1:2], parts[3])
    else:
        return fields[0], True
    return name, not any(isinstance(piece, str) for piece in place)


def _referred(view: View, pieces: Pieces) -> str | None:
    """The logical id of the resource whose attribute a name is."""
    if len(pieces) == 1 and isinstance(pieces[0], Attribute) and pieces[0].of in view.cfn.get_resources():
        return pieces[0].of
    return None


def _same(ours: Pieces, theirs: Pieces) -> bool | None:
    """Whether two names are the same; None if that depends on what only the deployment knows."""
    rest = list(dropwhile(lambda pair: pair[0] == pair[1], zip_longest(ours, theirs)))
    if not rest:
        return True
    end, other_end = ours[-1], theirs[-1]
    if isinstance(end, str) and isinstance(other_end, str) and not (end.endswith(other_end) or other_end.endswith(end)):
        return False
    return False if all(isinstance(piece, str | None) for pair in rest for piece in pair) else None
