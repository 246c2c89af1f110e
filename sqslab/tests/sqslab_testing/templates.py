"""A template of a queue and its consumer, and what our rules find in one."""

from collections.abc import Sequence
from textwrap import indent
from typing import Any

import pytest
from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.match import Match
from cfnlint.rules import Rules
from cfnlint.rules.errors import RuleError
from cfnlint.runner.template import run_template_by_data

EVENT, MAPPING, PLAIN = "event", "mapping", "mapping without SAM"
# The ways of writing an event source mapping: in a SAM function's events, by itself, and by itself without SAM.
each_way = pytest.mark.parametrize("way", [EVENT, MAPPING, PLAIN])
each_mapping = pytest.mark.parametrize("way", [MAPPING, PLAIN])
CONDITIONS = """
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Window: {Type: Number, Default: 0}
  Odd: {Type: String, Default: odd}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [!Condition IsProd]
  HasWindow: !Not [!Equals [!Ref Window, 0]]
  IsOdd: !Equals [!Select [0, !Split ["-", !Ref Odd]], odd]
"""


def template(
    way: str,
    *,
    size: str = "10",
    window: str = "1",
    concurrency: str = "10",
    types: str = "[ReportBatchItemFailures]",
    source: str = "!GetAtt Orders.Arn",
    consumer: str = "!Ref Ship",
    timeout: str = "30",
    layers: str = "[!Ref PartialBatchLayer]",
    function: str = "",
    visibility: str = "200",
    retention: str = "345600",
    redrive: str = "{deadLetterTargetArn: !GetAtt OrdersDead.Arn, maxReceiveCount: 5}",
    queue: str = "",
    dead_retention: str = "1209600",
    dead_queue: str = "",
    metric: str = "ApproximateNumberOfMessagesVisible",
    before: str = "",
    more: str = "",
) -> str:
    """A template in which our rules find nothing, but for what is given otherwise. `""` leaves a property out.

    `function`, `queue` and `dead_queue` are further properties, `before` further sections, `more` further resources.
    """
    mapping = _block(
        {
            ("Queue" if way == EVENT else "EventSourceArn"): source,
            **({} if way == EVENT else {"FunctionName": consumer}),
            "BatchSize": size,
            "MaximumBatchingWindowInSeconds": window,
            "ScalingConfig": concurrency and f"{{MaximumConcurrency: {concurrency}}}",
            "FunctionResponseTypes": types,
        }
    )
    properties = _block({"Runtime": "python3.13", "Handler": "app.handler", "Timeout": timeout, "Layers": layers})
    settings = _block({"VisibilityTimeout": visibility, "MessageRetentionPeriod": retention, "RedrivePolicy": redrive})
    sam = way != PLAIN
    events = "Events:\n  Batch:\n    Type: SQS\n    Properties:\n" + indent(mapping, " " * 6) if way == EVENT else ""
    explicit = "  OrdersMapping:\n    Type: AWS::Lambda::EventSourceMapping\n    Properties:\n" + indent(
        mapping, " " * 6
    )
    return f"""
AWSTemplateFormatVersion: "2010-09-09"
{"Transform: AWS::Serverless-2016-10-31" if sam else ""}
{before}
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties:
{indent(settings, " " * 6)}
{indent(queue, " " * 6)}
  OrdersDead:
    Type: AWS::SQS::Queue
    Properties:
      SqsManagedSseEnabled: true
{indent(_block({"MessageRetentionPeriod": dead_retention}), " " * 6)}
{indent(dead_queue, " " * 6)}
  Tls:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Orders, !Ref OrdersDead]
      PolicyDocument:
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: sqs:*
            Resource: [!GetAtt Orders.Arn, !GetAtt OrdersDead.Arn]
            Condition: {{Bool: {{aws:SecureTransport: false}}}}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/SQS
      MetricName: {metric}
      Dimensions: [{{Name: QueueName, Value: !GetAtt OrdersDead.QueueName}}]
      ComparisonOperator: GreaterThanThreshold
      Threshold: 0
      EvaluationPeriods: 1
      Period: 60
      Statistic: Maximum
  PartialBatchLayer:
    Type: AWS::{"Serverless" if sam else "Lambda"}::LayerVersion
    Properties:
      {"ContentUri: layers/partial_batch" if sam else "Content: {S3Bucket: bucket, S3Key: key}"}
  Ship:
    Type: AWS::{"Serverless" if sam else "Lambda"}::Function
    Properties:
      {"CodeUri: src" if sam else "Code: {S3Bucket: bucket, S3Key: key}"}
      {"" if sam else "Role: arn:aws:iam::123456789012:role/ship"}
{indent(properties, " " * 6)}
{indent(function, " " * 6)}
{indent(events, " " * 6)}
{"" if way == EVENT else explicit}
{indent(more, "  ")}
"""


def _block(properties: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in properties.items() if value)


def lint(text: str, rules: Sequence[str] = ("E", "W"), **config: Any) -> list[Match]:
    """What this project's rules find, and cfn-lint's own if one of them cannot be processed."""
    decoded, errors = decode_str(text)
    assert not errors, errors
    own = Rules.create_from_module("sqslab.lint")
    own.register(RuleError())  # else cfn-lint drops it without a word
    config.setdefault("configure_rules", {rule: {"layer": "partial_batch"} for rule in ("E9901", "W9911")})
    matches = run_template_by_data(decoded, ConfigMixIn([], regions=["us-east-1"], **config), own)
    return [match for match in matches if match.rule.id.startswith(tuple(rules))]


def ids(text: str, **config: Any) -> list[str]:
    return sorted(match.rule.id for match in lint(text, **config))


def places(text: str) -> list[str]:
    return ["/".join(map(str, match.path)) for match in lint(text)]


def message(text: str) -> str:
    [match] = lint(text)
    return str(match.message)
