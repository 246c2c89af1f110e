"""A queue, a function and a poller between them, on the simulator or on the emulator."""

import contextlib
import itertools
import json

from sqslab.clients import Clients
from sqslab.mapping.outages import Outages
from sqslab.mapping.worker import Worker
from sqslab.queues import backlog
from sqslab.simulator import SimulatedFunctions, SimulatedSqs
from sqslab.simulator.clock import RealClock
from sqslab.simulator.virtual_clock import VirtualClock
from sqslab.workers import Workers

ACCOUNT = "000000000000"
names = (f"world-{number}" for number in itertools.count())

# What functions find that are given as source: to note something down, to give messages back, to let time pass, and a
# client. On the emulator each runs in a process of its own.
PRELUDE = """
import json, time
def note(value):
    with open({path!r}, "a") as file:
        file.write(json.dumps(value) + "\\n")
def failing(records):
    return {{"batchItemFailures": [{{"itemIdentifier": record["messageId"]}} for record in records]}}
def bodies(event):
    return [record["body"] for record in event["Records"]]
def sqs():
    import boto3
    return boto3.client("sqs")
pause = time.sleep
"""


class SteppingWorker(Worker):
    """A worker that a test may let work batch by batch, in its own thread."""

    def poll_once(self):
        """Wait a moment for a batch and, if there is one, see it through before returning."""
        if batch := self._gather():
            self._see_through(batch)


class World:
    """Queues, functions and pollers. `pause` lets time pass, `wait_for` waits for a condition."""

    def __init__(self, clients, clock, make_mapping, make_function, wait_for):
        self.clients = clients
        self.clock = clock
        self.wait_for = wait_for
        self.told = []
        self.make_function = make_function
        self._make_mapping = make_mapping

    def queue(self, *, fifo=False, **attributes):
        name = next(names) + ".fifo" * fifo
        settings = {key: str(value) for key, value in attributes.items()} | ({"FifoQueue": "true"} if fifo else {})
        return self.clients.sqs.create_queue(QueueName=name, Attributes=settings)["QueueUrl"]

    def send(self, url, *bodies, group=None):
        for number, body in enumerate(bodies):
            fifo = {"MessageGroupId": group, "MessageDeduplicationId": f"{group}-{number}"} if group else {}
            self.clients.sqs.send_message(QueueUrl=url, MessageBody=body, **fifo)

    def arn(self, url):
        return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{url.rsplit('/', 1)[-1]}"

    def mapping(self, url, function, **changes):
        """Describe a mapping of the queue to a new function; the endpoint does not know of it."""
        arn = self.make_function(next(names), function)
        return self._make_mapping(queue_arn=self.arn(url), function_arn=arn, **changes)

    def poller(self, mapping):
        return SteppingWorker(
            mapping, self.clients, self.told.append, Outages("endpoint", self.told.append), self.clock
        )

    @contextlib.contextmanager
    def polling(self, mapping):
        poller = self.poller(mapping)
        poller.start()
        try:
            yield poller
        finally:
            poller.stop()
            poller.join()
        poller.check()

    @contextlib.contextmanager
    def mapped(self, url, function, **settings):
        """Create a mapping at the endpoint, and let its pollers run for the block."""
        arn = self.make_function(next(names), function)
        create = self.clients.functions.create_event_source_mapping
        mapping = create(EventSourceArn=self.arn(url), FunctionName=arn, Enabled=False, **settings)
        try:
            with Workers("endpoint", self.clients, self.told.append, self.clock) as pollers:
                yield pollers
        finally:
            self.clients.functions.delete_event_source_mapping(UUID=mapping["UUID"])

    def left(self, url):
        return backlog(self.clients.sqs, url)

    def of(self, kind):
        return [mapping_event for mapping_event in self.told if isinstance(mapping_event, kind)]


class Noting(World):
    """A world whose functions are given as source, and whose notes are in a file."""

    path = None

    def notes(self):
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []


@contextlib.contextmanager
def virtual_world(make_mapping, kind=World, path=None):
    """In virtual time. A function is a Python callable, a tuple of one and its options, or source."""
    with VirtualClock() as clock:
        functions = SimulatedFunctions(clock)
        simulated = SimulatedSqs(clock)

        def make_function(name, function):
            if isinstance(function, str):
                space = {}
                exec(PRELUDE.format(path=str(path)), space)
                space |= {"pause": lambda seconds: clock.wait(None, seconds), "sqs": lambda: simulated}
                try:
                    exec(function, space)
                    handler = space["lambda_handler"]
                except Exception as error:
                    handler = raising(error)
                function = handler, {"timeout": 60}
            handler, options = function if isinstance(function, tuple) else (function, {})
            return functions.add_function(name, handler, **options)

        def wait_for(condition, seconds=100_000):
            while not (result := condition()):
                assert clock.monotonic() < seconds, "the condition was not met in time"
                clock.wait(None, 0.05)
            return result

        clients = Clients(sqs=simulated, functions=functions, s3=None, cloudformation=None)
        world = kind(clients, clock, make_mapping, make_function, wait_for)
        world.path = path
        yield world


def raising(error):
    """Make a handler of code that cannot be loaded."""

    def handler(event, context):
        raise error

    return handler


def emulated_world(clients, make_mapping, make_function, wait_for, path):
    """On the emulator, in real time. A function is its source."""

    def make(name, source):
        return make_function(name, PRELUDE.format(path=str(path)) + source, timeout=60)

    world = Noting(clients, RealClock(), make_mapping, make, wait_for)
    world.path = path
    return world
