"""Events as Lambda and EventBridge Pipes send them, and a context: for the tests of a consumer.

The layer itself does not load this package. The same arguments give the same event. Every function raises TypeError or
ValueError for an argument that no such event could have.
"""

from .context import LambdaContext
from .kafka import kafka_event
from .pipes import pipes_event
from .sqs import sqs_event
from .streams import dynamodb_event, kinesis_event

__all__ = ["LambdaContext", "dynamodb_event", "kafka_event", "kinesis_event", "pipes_event", "sqs_event"]
