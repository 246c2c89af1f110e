"""Names that are nearly right, in events of type SQS: cfn-lint looks at none of them there."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from cfnlint.template import Template

from .rule import Path, Rule
from .template.consumers import events, find_queue
from .template.values import Attribute
from .template.view import View

# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-sqs.html
PROPERTIES = (
    "BatchSize",
    "Enabled",
    "FilterCriteria",
    "FunctionResponseTypes",
    "KmsKeyArn",
    "MaximumBatchingWindowInSeconds",
    "MetricsConfig",
    "Queue",
    "ScalingConfig",
)
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html
TYPES = (
    *("AlexaSkill", "Api", "CloudWatchEvent", "CloudWatchLogs", "Cognito", "DocumentDB", "DynamoDB", "EventBridgeRule"),
    *("HttpApi", "IoTRule", "Kinesis", "MQ", "MSK", "S3", "SNS", "SQS", "Schedule", "ScheduleV2", "SelfManagedKafka"),
)
RESPONSE_TYPE = "ReportBatchItemFailures"


def _meant(written: Any, known: Iterable[str], cutoff: float = 0.75) -> str | None:
    """The known name that a written one is nearly; None if it is known or like none of them."""
    names = {name.lower(): name for name in known}
    if not isinstance(written, str) or written in names.values():
        return None
    close = get_close_matches(written.lower(), names, n=1, cutoff=cutoff)
    return names[close[0]] if close else None


class Spelling(Rule):
    """(l) A misspelt type, property or value in an event of type SQS."""

    id = "E9912"
    shortdesc = "Nothing in an SQS event is misspelt"
    description = (
        "SAM refuses an event with an unknown type or property, and Lambda an unknown response type; only what is "
        "close to a right name is reported. On an explicit mapping cfn-lint's own E3002, E3030 and W1030 say the "
        "same."
    )
    source_url = (
        "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-sqs.html"
    )

    def subjects(self, cfn: Template) -> Iterable[tuple[str, str, dict[str, Any]]]:
        """All functions' events: the type itself may be what is misspelt."""
        return events(cfn)

    def examine(self, view: View, subject: tuple[str, str, dict[str, Any]]) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        function, name, event = subject
        path: Path = ("Resources", function, "Properties", "Events", name)
        where = f"{function}'s event {name}"
        kind = event.get("Type")
        # Three letters have many neighbours: SQSS and SQ are near SQS, SNS is a type of its own.
        if kind != "SQS" and _meant(kind, TYPES, cutoff=0.6) == "SQS":
            yield (*path, "Type"), _unknown(where, "type", kind, "SQS")
        elif kind != "SQS":
            return
        properties = view.get(event, "Properties")
        if not isinstance(properties, dict):
            return
        path = (*path, "Properties")
        for written in properties:
            if meant := _meant(written, PROPERTIES):
                yield (*path, written), _unknown(where, "property", written, meant)
        scaling = view.get(properties, "ScalingConfig")
        for written in scaling if isinstance(scaling, dict) else ():
            if meant := _meant(written, ["MaximumConcurrency"]):
                yield (*path, "ScalingConfig", written), _unknown(where, "property", written, meant)
        source = view.get(properties, "Queue")
        if isinstance(source, Attribute) and source.name == "Ref" and find_queue(view, source):
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html
            yield (
                (*path, "Queue"),
                f"{where}: !Ref {source.of} gives the queue's URL and Queue has to be its ARN: the deployment fails. "
                f"Write Queue: !GetAtt {source.of}.Arn.",
            )
        types = view.get(properties, "FunctionResponseTypes")
        if isinstance(types, str):
            yield (
                (*path, "FunctionResponseTypes"),
                f"{where}: FunctionResponseTypes is a string and has to be a list: the deployment fails. "
                f"Write FunctionResponseTypes: [{RESPONSE_TYPE}].",
            )
            return
        for written in view.items(types) or ():
            if isinstance(written, str) and written != RESPONSE_TYPE:
                yield (*path, "FunctionResponseTypes"), _unknown(where, "response type", written, RESPONSE_TYPE)


def _unknown(where: str, what: str, written: Any, meant: str) -> str:
    return f"{where}: there is no {what} {written}: the deployment fails. Did you mean {meant}?"
