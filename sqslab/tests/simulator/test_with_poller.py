"""The poller of `sqslab poll`, as it is, on the simulator."""

import json
import random

from sqslab.clients import Clients
from sqslab.mapping.event_source_mapping import take_over_mappings
from sqslab.mapping.events import BatchDone, MappingQuestioned
from sqslab.mapping.outages import Outages
from sqslab.mapping.worker import Worker
from sqslab.simulator import SimulatedFunctions, SimulatedSqs
from sqslab.simulator.virtual_clock import VirtualClock
from sqslab.workers import Workers
from sqslab_testing.world import SteppingWorker


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
    poller = SteppingWorker(mapping, clients, happened.append, Outages("the simulator", happened.append), clock)
    # when
    while simulator.waiting(url) + simulator.in_flight(url):
        poller.poll_once()
    # then: ten batches, and four more for the one; it is dead-lettered at its sixth receive
    assert functions.functions["ship"].invocations == 14
    assert simulator.take(dead_letters).bodies == ["g-42"]
    assert clock.monotonic() >= 5 * 30
    assert json.loads(simulator.attribute(url, "RedrivePolicy"))["maxReceiveCount"] == 5


def test_all_mappings_are_polled_as_they_come_and_go(simulator, clock):
    # given a mapping, and one that AWS would not have
    functions = SimulatedFunctions(clock)
    clients = Clients(sqs=simulator.sqs, functions=functions, s3=None, cloudformation=None)
    orders, movements = simulator.queue(VisibilityTimeout=30), simulator.queue(fifo=True)
    functions.add_function("ship", lambda event, context: None, timeout=31)
    told = []

    def map_to_ship(url, **settings):
        arn = simulator.attribute(url, "QueueArn")
        return functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="ship", **settings)["UUID"]

    first, refused = map_to_ship(orders), map_to_ship(movements, BatchSize=11)
    simulator.send(orders, "a-1")
    simulator.send(movements, "a-1")
    # when they are polled, one is mended and the other goes
    with Workers("the simulator", clients, told.append, clock) as pollers:
        assert len(pollers) == 1
        pollers.follow()
        functions.update_event_source_mapping(UUID=refused, BatchSize=10)
        functions.delete_event_source_mapping(UUID=first)
        pollers.follow()
        assert len(pollers) == 1
        pollers.follow()  # the last long poll has ended
        simulator.send(orders, "a-2")
        clock.wait(None, 60)
        pollers.check()
    # then each had its messages while it was there, and what is wrong was said
    done = [mapping_event for mapping_event in told if isinstance(mapping_event, BatchDone)]
    assert [mapping_event.mapping.uuid for mapping_event in done] == [first, refused]
    assert simulator.waiting(orders) == 1
    questioned = [mapping_event for mapping_event in told if isinstance(mapping_event, MappingQuestioned)]
    assert [(mapping_event.mapping.uuid, mapping_event.polled) for mapping_event in questioned] == [
        (first, True),  # the function's timeout is too long for both queues
        (refused, False),
        (refused, True),
    ]
    assert functions.get_event_source_mapping(UUID=refused)["State"] == "Disabled"


def poll_at_random(seed):
    """Let a poller work with a function that fails and takes its time at random; give all that happened, and when."""
    happened, chance = [], random.Random(seed)
    with VirtualClock() as clock:
        sqs, functions = SimulatedSqs(clock, seed, duplicates=0.1), SimulatedFunctions(clock)
        url = sqs.create_queue(QueueName="work")["QueueUrl"]

        def ship(event, context):
            clock.wait(None, chance.random())
            if chance.random() < 0.1:
                raise ValueError
            failed = [record["messageId"] for record in event["Records"] if chance.random() < 0.3]
            return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

        functions.add_function("ship", ship, timeout=30)
        functions.create_event_source_mapping(
            EventSourceArn=sqs.queues["work"].arn,
            FunctionName="ship",
            FunctionResponseTypes=["ReportBatchItemFailures"],
            ScalingConfig={"MaximumConcurrency": 8},
        )
        [mapping] = take_over_mappings(functions)

        def tell(mapping_event):
            happened.append((clock.monotonic(), mapping_event))

        clients = Clients(sqs=sqs, functions=functions, s3=None, cloudformation=None)
        poller = Worker(mapping, clients, tell, Outages("the simulator", tell), clock)
        for _ in range(300):
            sqs.send_message(QueueUrl=url, MessageBody="{}")
        poller.start()
        while sqs.queues["work"].live:
            clock.wait(None, 1)
        poller.stop()
        poller.join()
        poller.check()
    return happened


def test_one_seed_gives_one_outcome_through_the_poller():
    assert poll_at_random(1) == poll_at_random(1)
    assert poll_at_random(1) != poll_at_random(2)
