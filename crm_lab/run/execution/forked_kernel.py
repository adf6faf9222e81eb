"""A kernel that is forked before it is wanted: it has everything imported and waits for its connection file.

A page's process forks it while it is still a single thread; jupyter's machinery then finds it by the
provisioner ``crm-lab-waiting`` and speaks with it as with any other kernel.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any, Final

from jupyter_client.launcher import launch_kernel
from jupyter_client.provisioning import LocalProvisioner

PROVISIONER: Final = "crm-lab-waiting"
_LAUNCHER: Final = "ipykernel_launcher"


class ForkedProcess:
    """A forked child with the methods of `subprocess.Popen` that jupyter uses."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, or ``None`` while it runs."""
        return self._ended(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int | None:  # noqa: ARG002 - Popen's signature
        """The exit code, once it has ended."""
        return self._ended(0)

    def send_signal(self, number: int) -> None:
        """Send a signal unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def _ended(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode


class Waiting:
    """The one forked kernel of this process, until somebody takes it."""

    kernel: tuple[ForkedProcess, int] | None = None

    @classmethod
    def fork(cls) -> None:
        """Fork a kernel that waits; the process must have a single thread."""
        orders, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(tell)
            _serve(orders)
        os.close(orders)
        cls.kernel = ForkedProcess(pid), tell

    @classmethod
    def take(cls, order: dict[str, Any]) -> ForkedProcess | None:
        """Set the kernel going with an order, and give it away; ``None`` where there is none."""
        if cls.kernel is None:
            return None
        process, tell = cls.kernel
        cls.kernel = None
        with os.fdopen(tell, "w") as stream:
            json.dump(order, stream)
        return process


def _serve(orders: int) -> None:
    """Be a kernel as soon as the order comes; end where none does."""
    code = 1
    try:
        os.setsid()
        os.dup2(2, 1)  # standard output is the page's channel to its parent
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with os.fdopen(orders) as stream:
            text = stream.read()
        if text:
            _be_kernel(**json.loads(text))
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _be_kernel(arguments: list[str], env: dict[str, str], cwd: str) -> None:
    from ipykernel.kernelapp import IPKernelApp

    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = [_LAUNCHER, *arguments]
    sys.path[:] = ["", *(place for place in sys.path if place)]
    app = IPKernelApp.instance(parent_handle=os.getppid())
    app.initialize(arguments)
    app.start()


class WaitingProvisioner(LocalProvisioner):  # type: ignore[misc] # jupyter_client is untyped here
    """Takes the kernel that waits, where there is one and it is asked for like the project's own."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start a kernel by command, or by handing the command's arguments to the one that waits."""
        own = _LAUNCHER in cmd
        env = {**(kwargs.get("env") or os.environ), "JPY_PARENT_PID": str(os.getpid())}
        order = {
            "arguments": cmd[cmd.index(_LAUNCHER) + 1 :] if own else [],
            "env": env,
            "cwd": kwargs.get("cwd") or ".",
        }
        process = Waiting.take(order) if own else None
        self.process = process or launch_kernel(cmd, **self._scrub_kwargs(kwargs))
        self.pid = self.process.pid
        self.pgid = os.getpgid(self.pid) if process is None else self.pid
        self.cwd = order["cwd"]
        return self.connection_info
