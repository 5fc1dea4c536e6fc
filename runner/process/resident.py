"""The resident process: it loads what a training script imports, once, and forks a trainer for each attempt.

A runner starts it (``python -c`` with this text) and speaks with it over a socket, descriptor 3, one JSON object a packet:

    runner: {"load": {...}}          what to import, and the function to call
            {"fork": "job.json"}     with three descriptors: the child's standard output, its standard error, and its gate
            {"reap": pid}            the child's group has been killed: its process id may be given up
    we    : {"ready": {...}} or {"error": "..."}, {"forked": pid} or {"refused": "..."},
            {"ended": pid, "code": si_code, "status": si_status}

It runs nothing but imports and that function, in one thread: a fork takes no other thread along, and CUDA does not survive one. A
child waits at its gate until the runner has put it into its control groups, and then is what a process of its own would be.
"""

from __future__ import annotations

import ast
import builtins
import ctypes
import gc
import importlib
import importlib.util
import io
import json
import os
import random
import select
import signal
import socket
import sys
import threading
import time
import types
from typing import Any

CONTROL = 3
MARK = "AUTOML_ASSIGNMENT"
PR_SET_PDEATHSIG = 1


class Unfit(Exception):
    """What was loaded does not survive a fork."""


libc = ctypes.CDLL(None)


class Mark:
    """The part of this process's first environment by which a runner knows its trainers, also what they fork: /proc/PID/environ."""

    def __init__(self) -> None:
        self.room = len(os.environb[MARK.encode()])
        libc.getenv.restype = ctypes.c_void_p
        self.at = libc.getenv(MARK.encode())
        del os.environ[MARK]  # there is no work yet

    def write(self, text: str) -> None:
        data = os.fsencode(text)
        if len(data) > self.room:
            raise Unfit(f"the path of the work is longer than {self.room} bytes")
        ctypes.memmove(self.at, data.ljust(self.room, b"\0"), self.room)


def script_path(script: list[str]) -> str:
    """What Python puts first on sys.path for a script, or for -m and a module."""
    return os.getcwd() if script[0] == "-m" else os.path.dirname(os.path.realpath(script[0]))


def imports_of(script: list[str], own: str) -> list[str]:
    """The modules that a script imports at its top, but for those that lie beside it: they may do more than to define things."""
    path = script[0]
    if path == "-m":
        found = importlib.util.find_spec(script[1])
        if found is None or found.origin is None:
            return []
        path = found.origin
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read(), path)
    except (OSError, SyntaxError, ValueError):  # which the trainers will say
        return []
    names: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.append(node.module)
    return [name for name in names if not beside(name, own)]


def beside(name: str, own: str) -> bool:
    """Whether a module lies in the script's folder, and not in a library below it."""
    try:
        spec = importlib.util.find_spec(name.partition(".")[0])
    except (ImportError, ValueError):
        return True
    places = [spec.origin or "", *(spec.submodule_search_locations or [])] if spec else []
    libraries = [os.path.realpath(path) + os.sep for path in sys.path[1:] if os.path.isdir(path) and os.path.realpath(path) != own]
    return any(
        os.path.realpath(place).startswith(own + os.sep) and not any(os.path.realpath(place).startswith(p) for p in libraries)
        for place in places
        if place
    )


class Randomness:
    """What the global generators would be in a process of its own: fresh, unless what was loaded has seeded or used them."""

    def __init__(self) -> None:
        self.first: dict[str, Any] = {}
        self.note()

    def note(self) -> None:
        for name, state in states().items():
            self.first.setdefault(name, state)

    def settle(self) -> None:
        self.used = {name: state for name, state in states().items() if not same(state, self.first.get(name, state))}

    def renew(self) -> None:
        """In a child. Python itself has given random a fresh state."""
        if "random" in self.used:
            random.setstate(self.used["random"])
        if "numpy" in self.first and "numpy" not in self.used:
            sys.modules["numpy"].random.seed()
        if "torch" in self.first and "torch" not in self.used:
            sys.modules["torch"].default_generator.seed()


def states() -> dict[str, Any]:
    out: dict[str, Any] = {"random": random.getstate()}
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and hasattr(numpy, "random"):
        out["numpy"] = numpy.random.get_state()
    if torch is not None and hasattr(torch, "default_generator"):
        out["torch"] = torch.default_generator.get_state()
    return out


def same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    equal = a == b
    return bool(equal.all()) if hasattr(equal, "all") else bool(equal)


def threads() -> int:
    """Of the operating system."""
    return len(os.listdir("/proc/self/task"))


def load(order: dict[str, Any], chance: Randomness) -> int:
    """Imports and calls what was ordered. Returns how many threads torch had for its operations; 0: it is not loaded."""
    own = script_path(order["script"])
    if not getattr(sys.flags, "safe_path", False) and not sys.flags.isolated:
        sys.path[0] = own
    named = order.get("import")
    for name in named or imports_of(order["script"], own):
        try:
            importlib.import_module(name)
        except ImportError:
            if named:
                raise
        chance.note()
    parallel = 0
    if order.get("setup"):
        torch: Any = sys.modules.get("torch")
        if torch is not None:  # its pool of threads would not be in a child, which would wait for it for ever
            parallel = torch.get_num_threads()
            torch.set_num_threads(1)
        before = threads()
        module, _, function = order["setup"].partition(":")
        getattr(importlib.import_module(module), function)()
        end_monitor()
        for _ in range(100):  # a thread that was joined may take a moment to go
            if threads() <= before:
                break
            time.sleep(0.01)
        if threads() > before:
            hint = "; name torch under import, so that it computes in one" if torch is None and "torch" in sys.modules else ""
            raise Unfit(f"{order['setup']} left {threads() - before} threads at work, which a fork does not take along{hint}")
    return parallel


def end_monitor() -> None:
    """Ends the thread that tqdm's first progress bar starts, such as that of a model being loaded; the next bar starts another one."""
    monitor: Any
    for monitor in threading.enumerate():
        if type(monitor).__module__ == "tqdm._monitor":
            monitor.exit()
            monitor.tqdm_cls.monitor = None


def check() -> None:
    """Whether what was loaded survives a fork."""
    end_monitor()
    if threading.active_count() > 1:
        names = ", ".join(thread.name for thread in threading.enumerate() if thread is not threading.main_thread())
        raise Unfit(f"threads are at work, which a fork does not take along: {names}")
    for entry in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{entry}").startswith("/dev/nvidia"):
                raise Unfit(
                    "a GPU is in use, and CUDA does not survive a fork: load onto the processor, and move the model in the script"
                )
        except FileNotFoundError:
            continue
    ours = sys.modules.get("automl._trial")
    if ours is not None and ours._current is not None:
        raise Unfit("automl.trial() was called, and there is no trial yet: call it in the script")


def memory() -> int:
    """Bytes, resident."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Child:
    """A trainer that was just forked: the only thread of a copy of this process."""

    def __init__(self, job: str, files: list[int], parent: int) -> None:
        with open(job, encoding="utf-8") as file:
            self.job: dict[str, Any] = json.load(file)
        self.files, self.parent = files, parent

    def settle(self, mark: Mark, own: dict[str, str], others: list[int]) -> None:
        """Becomes a process of its own, and waits until it may go."""
        out, err, gate = self.files
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != self.parent:
            os._exit(1)
        os.setpgid(0, 0)
        for fd in others:
            os.close(fd)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.close(out)
        os.close(err)
        environment: dict[str, str] = self.job["env"]
        mark.write(environment[MARK])
        os.environ.clear()
        os.environ.update(environment | own)
        os.chdir(self.job["dir"])
        os.write(gate, b"r")
        if os.read(gate, 1) != b"g":
            os._exit(1)
        os.close(gate)

    def run(self) -> None:
        """Runs the script as a fresh interpreter would."""
        script, args = self.job["script"], self.job["args"]
        sys.orig_argv = [sys.orig_argv[0], *self.job["python"][1:], *script, *args]
        main = types.ModuleType("__main__")
        main.__dict__["__builtins__"] = builtins
        if sys.version_info < (3, 14):
            main.__annotations__ = {}
        sys.modules["__main__"] = main
        try:
            if script[0] == "-m":
                import runpy

                sys.argv = ["-m", *args]
                runpy._run_module_as_main(script[1])  # type: ignore[attr-defined]
            else:
                sys.argv = [script[0], *args]
                run_file(script[0], main)
        except SystemExit:
            raise
        except BaseException as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_frame.f_code.co_filename == __name_of_this__:
                trace = trace.tb_next
            error.__traceback__ = trace
            sys.excepthook(type(error), error, trace)
            if isinstance(error, KeyboardInterrupt):
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                os.kill(os.getpid(), signal.SIGINT)
            raise SystemExit(1) from None


def run_file(path: str, main: types.ModuleType) -> None:
    from importlib.machinery import SourceFileLoader

    path = os.path.abspath(path)
    main.__file__ = path
    main.__loader__ = SourceFileLoader("__main__", path)
    main.__dict__["__cached__"] = None
    try:
        with io.open_code(path) as file:
            text = file.read()
    except OSError as error:
        print(f"{sys.orig_argv[0]}: can't open file {path!r}: [Errno {error.errno}] {error.strerror}", file=sys.stderr)
        raise SystemExit(2) from None
    exec(compile(text, path, "exec"), main.__dict__)


__name_of_this__ = run_file.__code__.co_filename


def serve(control: socket.socket) -> tuple[Child, list[int]]:
    """Forks whenever it is told to; returns in the children alone."""
    poll, ends = select.poll(), dict[int, int]()  # ends: a descriptor for each child, and its process id
    poll.register(control, select.POLLIN)
    me = os.getpid()
    while True:
        for fd, _ in poll.poll():
            if fd != control.fileno():
                how = os.waitid(os.P_PIDFD, fd, os.WEXITED | os.WNOWAIT)
                pid = ends.pop(fd)
                poll.unregister(fd)
                os.close(fd)
                if how is not None:
                    say(control, {"ended": pid, "code": how.si_code, "status": how.si_status})
                continue
            packet, files, _, _ = socket.recv_fds(control, 1 << 16, 3, socket.MSG_CMSG_CLOEXEC)
            if not packet:  # the runner has gone, or wants no more
                os._exit(0)
            order = json.loads(packet)
            if "reap" in order:
                os.waitpid(order["reap"], 0)
                continue
            sys.stdout.flush()
            sys.stderr.flush()
            try:
                pid = os.fork()
            except OSError as error:  # no room for another process: those that are there go on
                say(control, {"refused": str(error)})
                pid = -1
            if pid == 0:
                return Child(order["fork"], files, me), [control.detach(), *ends]
            for file in files:
                os.close(file)
            if pid < 0:
                continue
            end = os.pidfd_open(pid)
            ends[end] = pid
            poll.register(end, select.POLLIN)
            say(control, {"forked": pid})


def say(control: socket.socket, message: dict[str, Any]) -> None:
    try:
        control.send(json.dumps(message).encode())
    except OSError:
        os._exit(0)


def main() -> None:
    control = socket.socket(fileno=CONTROL)
    os.set_inheritable(CONTROL, False)
    mark, chance = Mark(), Randomness()
    try:
        order = json.loads(control.recv(1 << 20))["load"]
        given = dict(entry.split("=", 1) for entry in order["env"])
        own = {name: value for name, value in os.environ.items() if given.get(name) != value}  # by a wrapper, or Python itself
        parallel = load(order, chance)
        check()
    except BaseException as error:
        import traceback

        if not isinstance(error, Unfit):
            traceback.print_exc()
        say(control, {"error": str(error) if isinstance(error, Unfit) else f"{type(error).__name__}: {error}"[:4096]})
        os._exit(1)
    chance.settle()
    gc.collect()
    gc.freeze()  # what all children share stays shared
    say(control, {"ready": {"memory": memory(), "modules": len(sys.modules)}})
    child, others = serve(control)
    child.settle(mark, own, others)
    chance.renew()
    if parallel:
        sys.modules["torch"].set_num_threads(parallel)
    child.run()


main()
