"""`sqslab` in a process of its own."""

import os
import pathlib
import signal
import subprocess
import sys
import threading


class Program:
    """`sqslab ...` in a process of its own, its output read as it comes."""

    def __init__(
        self,
        arguments,
        temporary_directory,
        environment=os.environ,
        stdin=subprocess.DEVNULL,
        folder=None,
        module="sqslab",
        command=None,
    ):
        self.temporary_directory = temporary_directory
        self.lines = []
        self._process = subprocess.Popen(
            [*(command or (sys.executable, "-m", module)), *arguments],
            cwd=folder or temporary_directory,
            env=environment | {"TMPDIR": str(temporary_directory), "PYTHONUNBUFFERED": "1"},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.rstrip())

    def has_said(self, beginning):
        ended = self._process.poll() is not None
        said = any(line.startswith(beginning) for line in list(self.lines))
        assert said or not ended, self.output
        return said

    @property
    def output(self):
        return "\n".join(self.lines)

    def signal(self, number):
        self._process.send_signal(number)

    def kill_children(self):
        """Kill the processes it has started itself, as when one of them dies."""
        found = subprocess.run(["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=True)
        for number in found.stdout.split():
            os.kill(int(number), signal.SIGKILL)

    def exit_code(self):
        code = self._process.wait(120)
        self._reader.join()
        return code

    def close(self):
        """End it, so that what it has started ends with it, also when a test has failed."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self.exit_code()
        self._process.stdout.close()

    def left_behind(self):
        """Command lines of living processes that were started by it: they have its temporary directory."""
        mark = str(self.temporary_directory).encode()
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_bytes())
            except OSError:
                continue  # it has just ended, or is another user's
        return found
