"""CloudWatch metrics of a batch, in the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import os
import sys
from time import time

from partial_batch.outcomes import DEAD_LETTERED, FAILED, NEVER_STARTED, SUCCEEDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from partial_batch.batch import Batch


def write_metrics(batch: Batch) -> None:
    """Write one line to standard output, from which Lambda's log makes metrics. Each message is counted once."""
    outcomes = batch.outcomes
    values = {
        "MessagesReceived": len(batch.records),
        "MessagesSucceeded": outcomes.count(SUCCEEDED),
        "MessagesFailed": outcomes.count(FAILED),
        "MessagesUnprocessed": outcomes.count(NEVER_STARTED),
        "MessagesDeadLettered": outcomes.count(DEAD_LETTERED),
    }
    function = getattr(batch.context, "function_name", None) or os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    queue = batch.message(0).source_arn.split(":", 5)[-1] if batch.records else ""
    dimensions = {"FunctionName": str(function or ""), "QueueName": queue}
    dimensions = {name: value for name, value in dimensions.items() if value}  # CloudWatch takes no empty value
    line = {
        "_aws": {
            "Timestamp": int(time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": batch.options.metrics_namespace,
                    "Dimensions": [list(dimensions)],
                    "Metrics": [{"Name": name, "Unit": "Count"} for name in values],
                }
            ],
        },
        **dimensions,
        **values,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
