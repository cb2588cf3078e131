"""A client that knows bytes only: sends requests one at a time, keeps every line it gets."""

import concurrent.futures
import json
import multiprocessing
import queue
import subprocess
import threading

# A server that does not answer in this time has failed; the slowest start seen took 2 s.
ANSWER_SECONDS = 60


class Failed(Exception):
    """The conversation did not go to its end."""


def line(message):
    """One message as the bytes that are sent."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class Wire:
    """A started server, its answers in order, and its notifications aside."""

    def __init__(self, command, stderr):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        )
        self.lines = queue.Queue()
        self.answers = {}
        self.notifications = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for got in self.process.stdout:
            self.lines.put(got)
        self.lines.put(None)

    def send(self, message):
        self.process.stdin.write(line(message))
        self.process.stdin.flush()

    def collect(self, ids):
        """Reads until each of the ids has its answer; answers what the server asks meanwhile."""
        missing = {json.dumps(each) for each in ids}
        while missing:
            try:
                got = self.lines.get(timeout=ANSWER_SECONDS)
            except queue.Empty:
                raise Failed(f"no answer to {sorted(missing)[:5]} in {ANSWER_SECONDS} s") from None
            if got is None:
                raise Failed(f"the server closed; no answer to {sorted(missing)[:5]}")
            message = json.loads(got)
            if "method" in message and "id" in message:
                self.send({"jsonrpc": "2.0", "id": message["id"], "result": {"roots": []}})
            elif "method" in message:
                self.notifications.append(got)
            else:
                key = json.dumps(message.get("id"))
                if key in self.answers:
                    raise Failed(f"two answers to {key}")
                self.answers[key] = got
                missing.discard(key)

    def finish(self):
        """Ends the process as clients do: closes its input, then asks it by signal, then fails."""
        self.process.stdin.close()
        for ask in (lambda: None, self.process.terminate):
            ask()
            try:
                self.process.wait(timeout=3)
                return
            except subprocess.TimeoutExpired:
                continue
        self.process.kill()
        raise Failed("the process did not leave, neither at the end of its input nor at SIGTERM")


def converse(command, batches, log):
    """Plays batches of requests (each batch is sent at once); gives answers and notifications.

    In a process of its own, which is then the agent: what starts a shim cannot also be the operator.
    """
    fork = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=fork) as pool:
        return pool.submit(_converse, command, batches, log).result()


def _converse(command, batches, log):
    with open(log, "ab") as stderr:
        wire = Wire(command, stderr)
    try:
        for batch in batches:
            for message in batch:
                wire.send(message)
            wire.collect([message["id"] for message in batch if "id" in message])
        wire.finish()
    except BaseException:
        wire.process.kill()
        raise
    return wire.answers, sorted(wire.notifications)


def script(calls, burst):
    """A conversation: the handshake, the lists, each call by itself, then a burst of some."""
    hello = {
        "protocolVersion": "2025-11-25",
        "capabilities": {"roots": {"listChanged": True}},
        "clientInfo": {"name": "tollgate-real", "version": "1"},
    }

    def request(number, method, params=None):
        message = {"jsonrpc": "2.0", "id": number, "method": method}
        return message if params is None else {**message, "params": params}

    batches = [[request(1, "initialize", hello)]]
    batches.append(
        [{"jsonrpc": "2.0", "method": "notifications/initialized"}, request("two", "tools/list")]
    )
    for number, method in enumerate(("prompts/list", "resources/list", "ping", "no/such"), 10):
        batches.append([request(number, method)])
    for number, (tool, arguments) in enumerate(calls):
        params = {"name": tool, "arguments": arguments}
        batches.append([request(f"call-{number} ü", "tools/call", params)])
    batches.append(
        [
            request(1000 + number, "tools/call", {"name": tool, "arguments": arguments})
            for number, (tool, arguments) in enumerate(burst * 15)
        ]
    )
    return batches
