"""Encryption, TLS, and what each role and queue may do."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import HALVES
from tests.template.translation import NAMES, deploy, each_queue, properties, resources_of_type, translate

KEY = "arn:aws:kms:us-east-1:123456789012:key/0123"
QUEUES = [f"{half.prefix}{suffix}" for half in HALVES.values() for suffix in ("Queue", "DeadLetterQueue")]
each_of_all_queues = pytest.mark.parametrize("queue", QUEUES)


def statements(template: dict[str, Any], name: str) -> dict[str, Any]:
    """What a consumer's role grants, by the name of the statement."""
    (policy,) = properties(template, f"{name}ConsumerRole")["Policies"]
    return {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}


def test_these_are_all_queues(template: dict[str, Any]) -> None:
    assert resources_of_type(template, "AWS::SQS::Queue").keys() == set(QUEUES)


class TestEncryption:
    @each_of_all_queues
    def test_a_queue_is_encrypted_by_sqs(self, queue: str) -> None:
        settings = properties(deploy(), queue)

        assert settings["SqsManagedSseEnabled"] is True
        assert "KmsMasterKeyId" not in settings

    @each_of_all_queues
    def test_or_with_ones_own_key(self, queue: str) -> None:
        settings = properties(deploy(KmsKeyArn=KEY), queue)

        assert settings["KmsMasterKeyId"] == KEY
        assert "SqsManagedSseEnabled" not in settings

    @each_queue
    def test_a_function_may_use_that_key_through_sqs_and_nothing_else(self, name: str) -> None:
        assert "UseTheKey" not in statements(deploy(), name)
        use = statements(deploy(KmsKeyArn=KEY), name)["UseTheKey"]
        assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert use["Resource"] == KEY
        assert use["Condition"] == {"StringEquals": {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}}


class TestQueues:
    @each_of_all_queues
    def test_a_queue_denies_all_that_is_not_tls(self, template: dict[str, Any], queue: str) -> None:
        policy = properties(template, f"{queue}Policy")
        (statement,) = policy["PolicyDocument"]["Statement"]

        assert policy["Queues"] == [{"Ref": queue}]
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sqs:*")
        assert statement["Resource"] == {"Fn::GetAtt": [queue, "Arn"]}
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

    @each_queue
    def test_a_dead_letter_queue_takes_messages_of_its_own_queue_only(self, name: str) -> None:
        deployed = deploy()
        source = properties(deployed, f"{name}Queue")["QueueName"]

        assert properties(deployed, f"{name}DeadLetterQueue")["RedriveAllowPolicy"] == {
            "redrivePermission": "byQueue",
            "sourceQueueArns": [f"arn:aws:sqs:us-east-1:123456789012:{source}"],
        }
        assert source.startswith("stack-")  # two stacks in an account do not share it
        assert source.endswith(".fifo") == (properties(deployed, f"{name}Queue").get("FifoQueue") is True)


class TestRoles:
    @each_queue
    def test_a_function_reads_its_queue_and_writes_its_dead_letter_queue_and_no_other(
        self, template: dict[str, Any], name: str
    ) -> None:
        granted = statements(deploy(), name)

        assert properties(template, f"{name}ConsumerFunction")["Role"] == {"Fn::GetAtt": [f"{name}ConsumerRole", "Arn"]}
        assert granted["ReceiveAndDelete"]["Resource"] == {"Fn::GetAtt": [f"{name}Queue", "Arn"]}
        assert set(granted["ReceiveAndDelete"]["Action"]) == {
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ChangeMessageVisibility",
        }
        assert granted["DeadLetter"]["Resource"] == {"Fn::GetAtt": [f"{name}DeadLetterQueue", "Arn"]}
        assert granted["DeadLetter"]["Action"] == "sqs:SendMessage"

    @each_queue
    def test_it_logs_to_its_own_log_group_only(self, name: str) -> None:
        log = statements(deploy(), name)["Log"]

        assert log["Resource"] == {"Fn::GetAtt": [f"{name}ConsumerLogGroup", "Arn"]}
        assert log["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]

    @each_queue
    def test_only_tracing_is_granted_on_everything_since_it_knows_no_resource(self, name: str) -> None:
        granted = statements(deploy(KmsKeyArn=KEY), name)

        assert {name for name, statement in granted.items() if "*" in str(statement["Resource"])} == {"Trace"}
        assert granted["Trace"]["Action"] == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        assert not [action for statement in granted.values() for action in statement["Action"] if action.endswith("*")]
        assert granted.keys() == {"ReceiveAndDelete", "DeadLetter", "Log", "Trace", "UseTheKey"}

    @each_queue
    def test_lambda_alone_takes_the_role(self, template: dict[str, Any], name: str) -> None:
        (statement,) = properties(template, f"{name}ConsumerRole")["AssumeRolePolicyDocument"]["Statement"]

        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}

    def test_no_policy_of_aws_is_attached_but_codedeploys_own(self, template: dict[str, Any]) -> None:
        def attached() -> Iterator[tuple[str, str]]:
            for name, role in resources_of_type(template, "AWS::IAM::Role").items():
                for policy in role["Properties"].get("ManagedPolicyArns", []):
                    yield name, policy.rsplit("/", 1)[-1]

        assert list(attached()) == [("CodeDeployServiceRole", "AWSCodeDeployRoleForLambda")]

    def test_sam_makes_no_other_role_for_a_function(self, template: dict[str, Any]) -> None:
        assert resources_of_type(template, "AWS::IAM::Role").keys() == {
            "CodeDeployServiceRole",
            *(f"{name}ConsumerRole" for name in NAMES),
        }
        assert "CodeDeployServiceRole" not in translate(Stage="local")["Resources"]
