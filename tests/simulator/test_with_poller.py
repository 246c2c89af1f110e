"""The poller of `python -m local poll`, as it is, on the simulator."""

import json

from local.clients import Clients
from local.mappings import take_over_mappings
from local.poller import Poller
from local.simulator import SimulatedFunctions
from local.trouble import Troubles


def test_the_poller_retries_what_fails_until_it_is_dead_lettered(simulator, clock):
    # given: 100 messages, of which one can never be handled
    functions = SimulatedFunctions(clock)
    dead_letters = simulator.queue()
    url = simulator.queue(dead_letters=dead_letters, receives=5, VisibilityTimeout=30)
    simulator.send(url, *(f"g-{number}" for number in range(100)))

    def fail_for_one(event, context):
        return {
            "batchItemFailures": [
                {"itemIdentifier": record["messageId"]} for record in event["Records"] if record["body"] == "g-42"
            ]
        }

    functions.add_function("ship", fail_for_one, duration=0.2)
    functions.create_event_source_mapping(
        EventSourceArn=simulator.attribute(url, "QueueArn"),
        FunctionName="ship",
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    [mapping] = take_over_mappings(functions)
    clients = Clients(sqs=simulator.sqs, functions=functions, s3=None, cloudformation=None)
    happened = []
    poller = Poller(mapping, clients, happened.append, Troubles("the simulator", happened.append))
    # when
    while simulator.waiting(url) + simulator.in_flight(url):
        poller.poll_once()
    # then: ten batches, and four more for the one; it is dead-lettered at its sixth receive
    assert functions.functions["ship"].invocations == 14
    assert simulator.take(dead_letters).bodies == ["g-42"]
    assert clock.monotonic() >= 5 * 30
    assert json.loads(simulator.attribute(url, "RedrivePolicy"))["maxReceiveCount"] == 5
