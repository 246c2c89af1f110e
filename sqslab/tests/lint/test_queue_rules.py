"""Rules about the queues, their policies and their alarms."""

import pytest

from sqslab_testing.templates import EVENT, each_way, ids, message, places, template


class TestRedrive:
    @each_way
    def test_a_consumed_queue_without_a_redrive_policy_is_found(self, way):
        broken = template(way, redrive="")
        assert ids(broken) == ["E9904"]
        assert places(broken) == ["Resources/Orders/Properties"]
        assert "345600 s" in message(broken)

    @each_way
    def test_a_consumed_dead_letter_queue_needs_no_redrive_policy(self, way):
        assert ids(template(way, source="!GetAtt OrdersDead.Arn").replace("Timeout: 30", "Timeout: 4")) == []

    @each_way
    @pytest.mark.parametrize(
        ("target", "found"),
        [
            ("arn:aws:sqs:eu-west-1:123456789012:orders", []),
            ("!Sub 'arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${Name}'", []),
            ("arn:aws:sqs:eu-west-1:123456789012:other", ["E9904"]),
            ("!Sub 'arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${AWS::StackName}-dead'", ["E9904"]),
            ("!ImportValue dead", ["E9904"]),
        ],
    )
    def test_a_consumed_queue_that_may_be_anothers_dead_letter_queue_is_not_judged(self, way, target, found):
        source = f"{{Type: AWS::SQS::Queue, Properties: {{RedrivePolicy: {{deadLetterTargetArn: {target}}}}}}}"
        other = template(
            way,
            redrive="",
            queue="QueueName: orders",
            before="Parameters: {Name: {Type: String}}",
            more=f"Other: {source}",
        )
        assert ids(other, rules=["E9904"]) == found

    def test_a_queue_that_nobody_here_consumes_needs_no_redrive_policy(self):
        assert ids(template(EVENT, redrive="", source="!ImportValue other")) == []

    @each_way
    @pytest.mark.parametrize(("queue", "dead_queue"), [("FifoQueue: true", ""), ("", "FifoQueue: true")])
    def test_a_dead_letter_queue_of_the_other_type_is_found(self, way, queue, dead_queue):
        broken = template(way, queue=queue, dead_queue=dead_queue, window="")
        assert ids(broken) == ["E9905"]
        assert places(broken) == ["Resources/Orders/Properties/RedrivePolicy"]

    @each_way
    @pytest.mark.parametrize("count", ["1", "2"])
    def test_a_low_max_receive_count_is_found(self, way, count):
        redrive = f"{{deadLetterTargetArn: !GetAtt OrdersDead.Arn, maxReceiveCount: {count}}}"
        broken = template(way, redrive=redrive)
        assert ids(broken) == ["W9909"]
        assert f"after {count} receive" in message(broken)

    @each_way
    def test_a_max_receive_count_of_3_is_right_unless_more_is_asked_for(self, way):
        redrive = "{deadLetterTargetArn: !GetAtt OrdersDead.Arn, maxReceiveCount: 3}"
        assert ids(template(way, redrive=redrive)) == []
        assert ids(template(way, redrive=redrive), configure_rules={"W9909": {"minimum": 5}}) == ["W9909"]

    @each_way
    @pytest.mark.parametrize(("retention", "dead_retention"), [("", ""), ("1209600", "1209600"), ("", "60")])
    def test_a_dead_letter_queue_that_keeps_messages_no_longer_is_found(self, way, retention, dead_retention):
        broken = template(way, retention=retention, dead_retention=dead_retention)
        assert ids(broken) == ["W9910"]
        assert places(broken)[0].startswith("Resources/OrdersDead/Properties")

    def test_a_redrive_policy_written_as_json_text_is_one(self):
        redrive = """!Sub '{"deadLetterTargetArn": "${OrdersDead.Arn}", "maxReceiveCount": 4}'"""
        assert ids(template(EVENT, redrive=redrive)) == []
        assert ids(template(EVENT, redrive=redrive.removeprefix("!Sub "))) == []

    def test_the_retention_of_a_dead_letter_queue_of_unknown_type_is_not_judged(self):
        unknown = {"dead_queue": "FifoQueue: !Ref Fifo", "before": "Parameters: {Fifo: {Type: String}}"}
        assert ids(template(EVENT, **unknown, dead_retention="")) == []

    @each_way
    def test_a_fifo_dead_letter_queue_counts_anew(self, way):
        fifo = {"queue": "FifoQueue: true", "dead_queue": "FifoQueue: true", "window": ""}
        assert ids(template(way, **fifo, retention="", dead_retention="")) == []


URL = "!Sub 'https://sqs.${AWS::Region}.${AWS::URLSuffix}/${AWS::AccountId}"


class TestSecurity:
    def test_a_queue_with_encryption_switched_off_is_found(self):
        broken = template(EVENT, queue="SqsManagedSseEnabled: false")
        assert ids(broken) == ["W9914"]
        assert places(broken) == ["Resources/Orders/Properties/SqsManagedSseEnabled"]

    @pytest.mark.parametrize("queue", ["", "SqsManagedSseEnabled: true", "KmsMasterKeyId: alias/aws/sqs"])
    def test_a_queue_is_encrypted_unless_it_says_otherwise(self, queue):
        assert ids(template(EVENT, queue=queue)) == []

    def test_a_key_that_is_not_known_here_counts(self):
        queue = "SqsManagedSseEnabled: false\nKmsMasterKeyId: !ImportValue key"
        assert ids(template(EVENT, queue=queue)) == []

    @pytest.mark.parametrize(
        ("right", "wrong", "found"),
        [
            ("Queues: [!Ref Orders, !Ref OrdersDead]", "Queues: [!Ref Orders]", ["OrdersDead"]),
            ("Effect: Deny", "Effect: Allow", ["Orders", "OrdersDead"]),
            ("aws:SecureTransport: false", "aws:SecureTransport: true", ["Orders", "OrdersDead"]),
            ("Action: sqs:*", "Action: sqs:SendMessage", ["Orders", "OrdersDead"]),
            ("Action: sqs:*", "Action: ['sqs:Send*', 'sqs:Delete*']", ["Orders", "OrdersDead"]),
            ("Action: sqs:*", "NotAction: sqs:sendmessage", ["Orders", "OrdersDead"]),
            ("Action: sqs:*", "NotAction: ['sqs:Rec*']", ["Orders", "OrdersDead"]),
            ("Queues: [!Ref Orders, !Ref OrdersDead]", f"Queues: [{URL}/orders', !Ref Orders]", ["OrdersDead"]),
            ("Queues: [!Ref Orders, !Ref OrdersDead]", f"Queues: [{URL}/${{Orders.QueueName}}']", ["OrdersDead"]),
            ('Principal: "*"', "Principal: {AWS: arn:aws:iam::123456789012:root}", ["Orders", "OrdersDead"]),
            ("Resource: [!GetAtt Orders.Arn, !GetAtt OrdersDead.Arn]", "Resource: !GetAtt Orders.Arn", ["OrdersDead"]),
        ],
    )
    def test_a_queue_without_a_policy_against_plain_text_is_found(self, right, wrong, found):
        good = template(EVENT)
        assert right in good
        broken = good.replace(right, wrong)
        assert ids(broken) == ["W9915"] * len(found)
        assert places(broken) == [f"Resources/{name}" for name in found]

    @pytest.mark.parametrize(
        ("written", "otherwise"),
        [
            ('Principal: "*"', 'Principal: {AWS: "*"}'),
            ("Action: sqs:*", 'Action: ["SQS:*"]'),
            ("Action: sqs:*", 'Action: ["sqs:Send*", "sqs:Receive*"]'),
            ("Action: sqs:*", 'Action: ["sqs:SendMessage", "sqs:R?ceiveMessage"]'),
            ("Action: sqs:*", "Action: !Ref Other"),
            ("Action: sqs:*", "Action: [!Ref Other]"),
            ("Action: sqs:*", "NotAction: sqs:GetQueueUrl"),
            ("Action: sqs:*", "NotAction: !Ref Other"),
            ("{aws:SecureTransport: false}", '{aws:SecureTransport: "false"}'),
            ("{aws:SecureTransport: false}", '{"AWS:SecureTransport": ["false"]}'),
            ("Resource: [!GetAtt Orders.Arn, !GetAtt OrdersDead.Arn]", 'Resource: "*"'),
            ("Queues: [!Ref Orders, !Ref OrdersDead]", "Queues: !Ref QueueUrls"),
            ("PolicyDocument:\n        Statement:", "PolicyDocument:\n        Statement: !Ref Other\n        Rest:"),
        ],
    )
    def test_the_policy_may_be_written_otherwise(self, written, otherwise):
        good = template(EVENT, before="Parameters: {QueueUrls: {Type: CommaDelimitedList}, Other: {Type: String}}")
        assert written in good
        assert ids(good.replace(written, otherwise)) == []

    def test_two_statements_together_deny_what_neither_does_alone(self):
        good = template(EVENT)
        start = good.index("          - Effect: Deny")
        statement = good[start : good.index("  Alarm:")]
        send, receive = (statement.replace("sqs:*", f"sqs:{action}Message") for action in ("Send", "Receive"))
        assert ids(good.replace(statement, send + receive)) == []
        assert ids(good.replace(statement, send + send)) == ["W9915", "W9915"]

    @pytest.mark.parametrize(
        ("url", "found"),
        [
            (f"{URL}/${{Env}}-orders'", []),
            (f"{URL}/${{Env}}-dead'", ["Resources/Orders"]),
            (f"{URL}/${{Other}}-orders'", []),
            ("!Ref Other", []),
            ("!Sub 'https://${Other}'", []),
        ],
    )
    def test_a_queue_url_is_resolved_or_not_judged(self, url, found):
        text = template(
            EVENT,
            queue="QueueName: !Sub '${Env}-orders'",
            dead_queue="QueueName: !Sub '${Env}-dead'",
            before="Parameters: {Env: {Type: String}, Other: {Type: String}}",
        )
        written = "Queues: [!Ref Orders, !Ref OrdersDead]"
        assert written in text
        assert places(text.replace(written, f"Queues: [!Ref OrdersDead, {url}]")) == found

    def test_a_queue_url_in_a_place_written_out_is_not_judged(self):
        url = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"
        text = template(EVENT, queue="QueueName: orders")
        assert ids(text.replace("Queues: [!Ref Orders,", f"Queues: [{url},")) == []
        assert ids(text.replace("Queues: [!Ref Orders,", f"Queues: [{url}-other,")) == ["W9915"]

    def test_an_unknown_queue_of_a_policy_that_denies_nothing_changes_nothing(self):
        text = template(EVENT).replace("Queues: [!Ref Orders, !Ref OrdersDead]", "Queues: [!ImportValue url]")
        assert ids(text) == []
        assert ids(text.replace("Effect: Deny", "Effect: Allow")) == ["W9915", "W9915"]

    def test_an_inline_policy_counts(self):
        text = template(EVENT).replace("Queues: [!Ref Orders, !Ref OrdersDead]", "Queue: !Ref Orders")
        assert places(text.replace("AWS::SQS::QueuePolicy", "AWS::SQS::QueueInlinePolicy")) == ["Resources/OrdersDead"]


QUERY = """
      Metrics:
        - Id: dead
          MetricStat:
            Metric:
              Namespace: AWS/SQS
              MetricName: NumberOfMessagesSent
              Dimensions: [{Name: QueueName, Value: !GetAtt OrdersDead.QueueName}]
            Period: 60
            Stat: Sum"""


class TestAlarms:
    @each_way
    def test_an_alarm_on_what_is_sent_to_a_dead_letter_queue_is_found(self, way):
        broken = template(way, metric="NumberOfMessagesSent")
        assert ids(broken) == ["W9917"]
        assert places(broken) == ["Resources/Alarm/Properties/MetricName"]
        assert "dead-letter queue of Orders" in message(broken)

    def test_a_metric_query_is_looked_at_as_well(self):
        query = template(EVENT).replace("      Namespace: AWS/SQS\n", f"{QUERY}\n")
        assert places(query) == ["Resources/Alarm/Properties/Metrics/0/MetricStat/Metric/MetricName"]

    def test_an_alarm_on_what_is_sent_to_another_queue_is_right(self):
        text = template(EVENT, metric="NumberOfMessagesSent")
        assert ids(text.replace("Value: !GetAtt OrdersDead.QueueName", "Value: !GetAtt Orders.QueueName")) == []

    def test_the_queue_may_be_named_by_its_name(self):
        text = template(EVENT, metric="NumberOfMessagesSent", dead_queue="QueueName: !Sub '${AWS::StackName}-dead'")
        text = text.replace("Value: !GetAtt OrdersDead.QueueName", "Value: !Join ['-', [!Ref AWS::StackName, dead]]")
        assert ids(text) == ["W9917"]
