"""SQS and Lambda in virtual time, in this process, behind the client methods the pollers use.

    with VirtualClock() as clock:
        sqs = SimulatedSqs(clock, seed=1)
        functions = SimulatedFunctions(clock)

Hours pass in milliseconds, and one seed gives one outcome. What it follows is SQS's documentation and what was recorded
on AWS; sqslab/tests/simulator has it case by case, and runs the same cases on the emulator.
"""

from sqslab.simulator.function import Context, Crash, Throttle
from sqslab.simulator.functions import SimulatedFunctions
from sqslab.simulator.sqs import SimulatedSqs

__all__ = ["Context", "Crash", "SimulatedFunctions", "SimulatedSqs", "Throttle"]
