"""The roles that the workflows take on suffice for the template, and go no further."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.template.test_samconfig import pairs
from tests.template.translation import deploy

ROLES = yaml_parse((Path(__file__).parents[2] / ".github" / "aws-roles.yaml").read_text())["Resources"]
DEPLOYED = deploy(Stage="prod", AlarmEmail="on-call@example.com", KmsKeyArn="arn:aws:kms:us-east-1:123456789012:key/1")[
    "Resources"
] | {"AlarmTopicKey": deploy()["Resources"]["AlarmTopicKey"]}

# What CloudFormation calls to make, change and delete a resource of a type: the actions that matter most.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
NEEDED = {
    "AWS::CloudWatch::Alarm": ["cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"],
    "AWS::CloudWatch::Dashboard": ["cloudwatch:PutDashboard", "cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards"],
    "AWS::CodeDeploy::Application": ["codedeploy:CreateApplication", "codedeploy:DeleteApplication"],
    "AWS::CodeDeploy::DeploymentGroup": [
        "codedeploy:CreateDeploymentGroup",
        "codedeploy:UpdateDeploymentGroup",
        "codedeploy:CreateDeployment",
        "codedeploy:GetDeployment",
        "codedeploy:StopDeployment",
    ],
    "AWS::IAM::Role": ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PassRole", "iam:DeleteRole"],
    "AWS::KMS::Key": ["kms:CreateKey", "kms:TagResource", "kms:EnableKeyRotation", "kms:ScheduleKeyDeletion"],
    "AWS::Lambda::Alias": ["lambda:CreateAlias", "lambda:UpdateAlias", "lambda:DeleteAlias"],
    "AWS::Lambda::EventSourceMapping": [
        "lambda:CreateEventSourceMapping",
        "lambda:UpdateEventSourceMapping",
        "lambda:DeleteEventSourceMapping",
    ],
    "AWS::Lambda::Function": ["lambda:CreateFunction", "lambda:UpdateFunctionCode", "lambda:DeleteFunction"],
    "AWS::Lambda::LayerVersion": ["lambda:PublishLayerVersion", "lambda:GetLayerVersion", "lambda:DeleteLayerVersion"],
    "AWS::Lambda::Version": ["lambda:PublishVersion"],
    "AWS::Logs::LogGroup": ["logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:DeleteLogGroup"],
    "AWS::SNS::Subscription": ["sns:Subscribe", "sns:GetSubscriptionAttributes", "sns:Unsubscribe"],
    "AWS::SNS::Topic": ["sns:CreateTopic", "sns:SetTopicAttributes", "sns:DeleteTopic"],
    "AWS::SNS::TopicPolicy": ["sns:SetTopicAttributes"],
    "AWS::SQS::Queue": ["sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:DeleteQueue"],
    "AWS::SQS::QueuePolicy": ["sqs:SetQueueAttributes"],
}
# They know no resource: granted on an ARN they grant nothing.
FOR_ALL_RESOURCES = {
    "codedeploy:ListDeploymentConfigs",
    "codedeploy:StopDeployment",
    "kms:CreateKey",
    "lambda:CreateEventSourceMapping",
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
}


def statements(role):
    return [one for policy in ROLES[role]["Properties"]["Policies"] for one in policy["PolicyDocument"]["Statement"]]


def listed(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("kind", sorted({resource["Type"] for resource in DEPLOYED.values()}))
def test_the_stack_can_be_made_changed_and_deleted(kind):
    for action in NEEDED[kind]:
        granting = [
            one
            for one in statements("CloudFormationRole")
            if any(fnmatchcase(action, pattern) for pattern in listed(one["Action"]))
        ]
        assert granting, action
        if action in FOR_ALL_RESOURCES:
            assert any(one["Resource"] == "*" and "Condition" not in one for one in granting), action


def test_only_the_templates_own_roles_may_be_changed():
    arns = [arn["Fn::Sub"] for one in statements("CloudFormationRole") for arn in listed(one["Resource"]) if arn != "*"]
    roles = [arn.rsplit("/", 1)[1] for arn in arns if ":role/" in arn]

    made = [name for name, resource in DEPLOYED.items() if resource["Type"] == "AWS::IAM::Role"]
    assert sorted(roles) == sorted(f"${{StackName}}-{name}-*" for name in made)


def test_the_keys_that_may_be_changed_are_those_with_the_stacks_tag():
    conditions = [one.get("Condition", {}) for one in statements("CloudFormationRole")]
    tags = re.findall(r'"aws:(\w+)Tag/project": "([^"]+)"', json.dumps(conditions))

    project = pairs("default", "tags")["project"]
    assert tags == [("Resource", project), ("Request", project)]


@pytest.mark.parametrize("role", ["DeployRole", "TestRole"])
def test_a_role_is_taken_on_only_by_jobs_of_its_environment(role):
    (trust,) = ROLES[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Condition"]["StringEquals"] == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": {"Fn::Sub": "repo:${Repository}:environment:${Environment}"},
    }
