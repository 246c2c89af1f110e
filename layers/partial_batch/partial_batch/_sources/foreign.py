"""What an event of another kind is, and how it gets to a function as messages."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TO_QUEUE = "send it to an SQS queue and map the queue to the function"
_SNS = "this is an SNS event; subscribe an SQS queue to the topic and map the queue to the function"
_NO_REPORT = "Lambda takes no partial failures from such a source; use a handler of your own"

# Of records, by their eventSource or EventSource.
_BY_SOURCE = {
    "aws:sns": _SNS,
    "aws:s3": "this is an S3 event; let the bucket notify an SQS queue and map the queue to the function",
    "aws:ses": "this is an SES event; let the rule publish to an SNS topic, and subscribe an SQS queue to the topic",
    "aws:codecommit": (
        "this is a CodeCommit event; let the trigger publish to an SNS topic, and subscribe an SQS queue to the topic"
    ),
    "aws:mq": f"this is an ActiveMQ event; {_NO_REPORT}",
    "aws:rmq": f"this is a RabbitMQ event; {_NO_REPORT}",
    "aws:amq": f"this is an ActiveMQ event; {_NO_REPORT}",
    "aws:docdb": f"this is a DocumentDB event; {_NO_REPORT}",
    # The page of Pipes names SQS, Kinesis and DynamoDB for partial failures, and says of Kafka that the whole batch is
    # retried: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-msk.html
    "aws:kafka": "Pipes takes no partial failures of a Kafka topic; map the topic to the function",
    "SelfManagedKafka": "Pipes takes no partial failures of a Kafka topic; map the topic to the function",
}

# Of whole events: the keys that one has, and what it is. The first that fits is taken.
_BY_KEYS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("messageId", "receiptHandle"), 'this is one SQS record; Lambda sends a list of them: {"Records": [...]}'),
    (("Messages", "ResponseMetadata"), "this is the answer of ReceiveMessage; map the queue to the function"),
    (("Type", "TopicArn", "Message"), "this is an SNS notification, the body of a message; " + _TO_QUEUE),
    (
        ("deliveryStreamArn", "records"),
        "this is a Firehose transformation, which answers with records; use a handler of your own",
    ),
    (("awslogs",), "this is a CloudWatch Logs event; let the subscription filter write to a Kinesis stream"),
    (("detail-type", "source"), "this is an EventBridge event; make an SQS queue the target of the rule"),
    (("userPoolId", "triggerSource"), "this is a Cognito trigger, which answers itself; use a handler of your own"),
    (("identityPoolId", "datasetRecords"), "this is a Cognito Sync event; use a handler of your own"),
    (
        ("requestContext", "requestPayload"),
        "this is a record of a Lambda destination; make the destination an SQS queue and map the queue to the function",
    ),
    (("methodArn",), "this is a request to an API Gateway authorizer; use a handler of your own"),
    (("routeArn",), "this is a request to an API Gateway authorizer; use a handler of your own"),
    (
        ("Service", "Event", "Bucket"),
        "this is the test event of an S3 notification; "
        "let the bucket notify an SQS queue and map the queue to the function",
    ),
    (("invokingEvent",), "this is an AWS Config event; use a handler of your own"),
    (("RequestType", "ResponseURL"), "this is a CloudFormation custom resource; use a handler of your own"),
    (("CodePipeline.job",), "this is a CodePipeline job; use a handler of your own"),
    (("SecretId", "ClientRequestToken"), "this is a rotation of a secret; use a handler of your own"),
    (("tasks", "invocationId"), "this is an S3 Batch Operations job; use a handler of your own"),
    (("deviceEvent",), f"this is an IoT event; {_TO_QUEUE}"),
)

_SOURCES = "SQS, Kinesis, DynamoDB streams, Kafka and EventBridge Pipes send batches"


def describe(event: dict[str, Any]) -> str:
    """What an event without `Records` is, and what to do. The text holds no value of the event."""
    source = event.get("eventSource")
    if isinstance(source, str) and source in _BY_SOURCE:
        return _BY_SOURCE[source]
    request = _http_request(event)
    if request:
        return f"this is a request of {request}; let it send the message to an SQS queue and map the queue"
    for keys, text in _BY_KEYS:
        if all(key in event for key in keys):
            return text
    return (
        f"the event has no Records; {_SOURCES}. A Step Functions task or a direct invocation sends to an SQS queue, "
        "and the queue is mapped to the function"
    )


def describe_record(record: dict[str, Any]) -> str:
    """What a record of another kind is, and what to do; empty if it is none that is known."""
    source = record.get("eventSource", record.get("EventSource"))
    if isinstance(source, str) and source in _BY_SOURCE:
        return _BY_SOURCE[source]
    if "Sns" in record:
        return _SNS
    if "s3" in record:
        return _BY_SOURCE["aws:s3"]
    if "cf" in record:
        return "this is a CloudFront event, which answers itself; use a handler of your own"
    if "detail-type" in record:
        return "this is an EventBridge event; make an SQS queue the target of the rule"
    return ""


def _http_request(event: dict[str, Any]) -> str:
    """What sent an HTTP request; empty if the event is none."""
    context = event.get("requestContext")
    if not isinstance(context, dict):
        return "VPC Lattice" if "raw_path" in event else ("API Gateway" if "httpMethod" in event else "")
    if "elb" in context:
        return "an Application Load Balancer"
    if "connectionId" in context:
        return "an API Gateway WebSocket"
    if "http" in context:
        return "API Gateway or a function URL"
    return "API Gateway" if "httpMethod" in event or "resourcePath" in context else ""
