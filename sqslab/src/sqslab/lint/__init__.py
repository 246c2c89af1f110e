"""cfn-lint rules for SQS queues that Lambda functions consume.

`append_rules: [sqslab.lint]` in `.cfnlintrc` brings them in.
"""

from .alarms import DeadLetterAlarm
from .batching import BatchSizeWithoutWindow, FifoBatchSize, FifoWindow
from .function_dead_letters import FunctionDeadLetters
from .layer import ConsumerWithoutLayer
from .limits import Limits
from .partial_response import PartialResponse
from .redrive import DeadLetterQueueType, DeadLetterRetention, LowMaxReceiveCount, NoRedrivePolicy
from .security import Encryption, TransportSecurity
from .spelling import Spelling
from .timeouts import VisibilityUnderSixTimeouts, VisibilityUnderTimeout

__all__ = [
    "BatchSizeWithoutWindow",
    "ConsumerWithoutLayer",
    "DeadLetterAlarm",
    "DeadLetterQueueType",
    "DeadLetterRetention",
    "Encryption",
    "FifoBatchSize",
    "FifoWindow",
    "FunctionDeadLetters",
    "Limits",
    "LowMaxReceiveCount",
    "NoRedrivePolicy",
    "PartialResponse",
    "Spelling",
    "TransportSecurity",
    "VisibilityUnderSixTimeouts",
    "VisibilityUnderTimeout",
]
