"""cfn-lint rules for SQS queues that Lambda functions consume. See docs/lint.md."""

from ._alarms import DeadLetterAlarm
from ._batching import BatchSizeWithoutWindow, FifoBatchSize, FifoWindow
from ._function_dead_letters import FunctionDeadLetters
from ._layer import ConsumerWithoutLayer
from ._limits import Limits
from ._partial_response import PartialResponse
from ._redrive import DeadLetterQueueType, DeadLetterRetention, LowMaxReceiveCount, NoRedrivePolicy
from ._security import Encryption, TransportSecurity
from ._spelling import Spelling
from ._timeouts import VisibilityUnderSixTimeouts, VisibilityUnderTimeout

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
