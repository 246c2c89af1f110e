"""CloudWatch metrics of a batch, in the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import os
import sys
from time import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from partial_batch.batch import Batch


def write_metrics(namespace: str, batch: Batch, *, failed: int) -> None:
    """Write one line to standard output, from which Lambda's log makes metrics.

    Args:
        namespace: of the metrics in CloudWatch.
        batch: what was done.
        failed: how many messages were tried, failed and go back.
    """
    received = len(batch.records)
    succeeded = batch.finished.count(True) - batch.dead_lettered
    values = {
        "MessagesReceived": received,
        "MessagesSucceeded": succeeded,
        "MessagesFailed": failed,
        "MessagesUnprocessed": received - succeeded - failed - batch.dead_lettered,
        "MessagesDeadLettered": batch.dead_lettered,
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
                    "Namespace": namespace,
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
