"""A small stack with `Events: Type: SQS` and no layer, such as the public starters are, and `sqslab up` on it."""

import os
import subprocess
import sys

from sqslab_testing.programs import Program

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: hello}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 2
      RedrivePolicy: {deadLetterTargetArn: !GetAtt FailedJobs.Arn, maxReceiveCount: 2}
  FailedJobs:
    Type: AWS::SQS::Queue
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: worker/
      Handler: app.handler
      Runtime: python3.13
      Timeout: 2
      Environment: {Variables: {GREETING: !Ref Greeting}}
      Events:
        Job:
          Type: SQS
          Properties:
            Queue: !GetAtt Jobs.Arn
            BatchSize: 1
            FunctionResponseTypes: [ReportBatchItemFailures]
"""
SOURCE = """
import os
def handler(event, context):
    failed = []
    for record in event["Records"]:
        print(os.environ["GREETING"], "from the first version")
        if record["body"] == "bad":
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""


class Up:
    """A running `up` of that stack."""

    def __init__(self, directory, temporary_directory, *options, template=TEMPLATE, source=SOURCE):
        (directory / "worker").mkdir(exist_ok=True)
        self.template = directory / "template.yaml"
        self.source = directory / "worker" / "app.py"
        self.template.write_text(template)
        self.source.write_text(source)
        self.program = Program(
            ["up", "--template-file", str(directory), "--parameter-overrides", "Greeting=good morning", *options],
            temporary_directory,
        )

    def local(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"}
        command = [sys.executable, "-m", "sqslab", *arguments, "--template-file", str(self.template)]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    def send(self, body):
        completed = self.local("send", "Jobs", body)
        assert completed.returncode == 0, completed.stderr

    def count(self, words):
        return sum(words in line for line in list(self.program.lines))
