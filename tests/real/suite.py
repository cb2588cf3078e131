#!/usr/bin/env python3
"""Real tool servers and real clients, with and without the gate: what they get must be the same.

    suite.py --tollgate BINARY --node-modules DIR --python PYTHON

Each server is played twice without the gate and once through `tollgate shim` in a home of its own, under the
default policy; a call of a tool that no list named, which that policy does not let pass, under `observe`. One of
them is played once more from its recording alone, by `tollgate sessions serve`.
An answer that differs between the two plays without the gate varies by itself; that is printed, and only
its presence is compared. Everything else must be equal: bytes where we read them, JSON where a client
gives values. At the end every recording must verify. Exit code 0 when all of it held.
"""

import argparse
import json
import os
import pathlib
import pty
import shutil
import subprocess
import sys
import tempfile
import time

import wire

HERE = pathlib.Path(__file__).resolve().parent
LARGE = "0123456789abcdef" * 65536  # 1 MiB in one line
UNLISTED = ["no-such-tool", {}]


class Suite:
    def __init__(self, options, work):
        self.tollgate = str(pathlib.Path(options.tollgate).resolve())
        self.modules = pathlib.Path(options.node_modules).resolve()
        # Not resolved: a virtual environment's interpreter is a link, and knows itself by its path.
        self.python = os.path.abspath(options.python)
        self.work = work
        self.home = work / "home"
        self.files = work / "files"
        self.log = work / "stderr.log"
        self.failures = []
        self.passed = 0

    def run(self, *arguments, **options):
        return subprocess.run(
            [self.tollgate, *arguments],
            env={**os.environ, "TOLLGATE_HOME": str(self.home)},
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **options,
        )

    def run_on_terminal(self, *arguments):
        """For what only an operator may do: the command gets a terminal of its own."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ["TOLLGATE_HOME"] = str(self.home)
            os.execv(self.tollgate, [self.tollgate, *arguments])
        said = b""
        try:
            while chunk := os.read(terminal, 4096):
                said += chunk
        except OSError:
            pass  # On Linux the end of a terminal is an error.
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status), said.decode(errors="replace").strip()

    def check(self, name, problem):
        if problem:
            self.failures.append(name)
            print(f"FAIL {name}: {problem}", flush=True)
        else:
            self.passed += 1
            print(f"ok   {name}", flush=True)

    def attempt(self, name, play):
        try:
            problem = play()
        except (wire.Failed, subprocess.SubprocessError, OSError, ValueError) as error:
            problem = str(error)
        self.check(name, problem)

    def shim(self, name, command, *more):
        home = ["--home", str(self.home)]
        return [self.tollgate, "shim", *home, "--server", name, *more, "--", *command]

    def fresh_files(self):
        shutil.rmtree(self.files, ignore_errors=True)
        self.files.mkdir()
        (self.files / "a.txt").write_text("first line\nsecond line, ünïcödé\n")
        (self.files / "deep").mkdir()
        (self.files / "deep" / "b.txt").write_text("x" * 5000)

    def bytes_equal(self, name, command, calls, burst, *more):
        """The same conversation, compared line by line; `more` are arguments of the shim."""

        def play(through):
            self.fresh_files()
            return wire.converse(through, wire.script(calls, burst), self.log)

        one, two = play(command), play(command)
        gated = play(self.shim(name, command, *more))
        varying = {key for key in one[0] if one[0][key] != two[0].get(key)}
        if varying:
            print(f"     {name}: {len(varying)} answers vary without the gate: {sorted(varying)[:4]}")
        if one[0].keys() != gated[0].keys():
            return f"other answers: {sorted(one[0].keys() ^ gated[0].keys())[:5]}"
        for key in one[0].keys() - varying:
            if one[0][key] != gated[0][key]:
                return f"{key}: {one[0][key][:200]!r} became {gated[0][key][:200]!r}"
        if one[1] == two[1] and one[1] != gated[1]:
            return f"notifications {one[1][:3]!r} became {gated[1][:3]!r}"
        return None

    def client(self, client, mode, calls, through):
        """Runs a client's program against a server command; gives what it got."""
        script = self.work / "calls.json"
        script.write_text(json.dumps(calls))
        self.fresh_files()
        done = subprocess.run(
            [self.python, str(HERE / "client.py"), client, mode, str(script), "--", *through],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=180, stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise wire.Failed(f"client: {done.stderr.decode(errors='replace')[-600:]}")
        return json.loads(done.stdout)

    def client_equal(self, name, client, mode, command, calls):
        """The same program of a client, compared by the values it gives."""

        def play(through):
            return self.client(client, mode, calls, through)

        one, two = play(command), play(command)
        gated = play(self.shim(name, command))
        for part in one:
            if one[part] != two[part]:
                print(f"     {name}: `{part}` varies without the gate")
            elif one[part] != gated[part]:
                before, after = json.dumps(one[part]), json.dumps(gated[part])
                return f"`{part}`: {before[:300]} became {after[:300]}"
        return None

    def mock_equal(self, name, client, mode, command, calls):
        """A client's session is recorded, and the same client is served by the recording alone."""

        def play(through):
            return self.client(client, mode, calls, through)

        original = play(self.shim(name, command))
        opened = f'"server":"{name}"'.encode()
        recording = next(
            path for path in self.home.rglob("sessions/*.jsonl") if opened in path.read_bytes()
        )
        for order in ("--tolerant", "--strict"):
            served = play(
                [self.tollgate, "sessions", "serve", str(recording), "--server", name, order]
            )
            for part in original:
                if original[part] != served[part]:
                    before, after = json.dumps(original[part]), json.dumps(served[part])
                    return f"{order}: `{part}`: {before[:300]} became {after[:300]}"
        return None

    def servers(self):
        """Name, command, calls one by one, and calls that may run beside each other."""
        bin_dir = self.modules / ".bin"
        everything = [
            ["echo", {"message": "ünïcödé \u202e \U000e0041 \\ \" \n"}],
            ["echo", {"message": LARGE}],
            ["get-sum", {"a": 2, "b": 40.5}],
            ["get-env", {}],
            ["get-tiny-image", {}],
            ["get-structured-content", {"location": "New York"}],
            ["echo", {"wrong": True}],
        ]
        files = [
            ["list_directory", {"path": str(self.files)}],
            ["read_text_file", {"path": str(self.files / "a.txt")}],
            ["write_file", {"path": str(self.files / "new.txt"), "content": LARGE}],
            ["read_text_file", {"path": str(self.files / "new.txt")}],
            ["directory_tree", {"path": str(self.files)}],
            ["read_text_file", {"path": "/etc/passwd"}],
        ]
        python = [
            ["repeat", {"text": "ünïcödé \u202e"}],
            ["repeat", {"text": LARGE}],
            ["total", {"numbers": list(range(1000))}],
            ["steps", {"count": 5}],
            ["fail", {"reason": "on purpose"}],
        ]
        return [
            ("everything", [str(bin_dir / "mcp-server-everything")], everything, everything[:4]),
            ("filesystem", [str(bin_dir / "mcp-server-filesystem"), str(self.files)], files, files[1:2]),
            ("fastmcp", [self.python, str(HERE / "server.py")], python, python[:3]),
        ]

    def unlisted(self, name, command):
        """A tool that no list named is never called under the default policy, and the agent is told why."""
        through = self.shim(name, command, "--unattended", "deny")
        answers, _ = wire.converse(through, wire.script([UNLISTED], []), self.log)
        said = [answer for answer in answers.values() if b"No list of its server named this tool" in answer]
        if len(said) != 1 or b'"isError":true' not in said[0]:
            return f"answers: {answers!r:.600}"
        return None

    def recordings(self):
        """Every conversation above has a recording, and each verifies."""
        listed = self.run("sessions", "list")
        if listed.returncode != 0:
            return f"sessions list: {listed.stderr.strip()}"
        names = [row.split()[0] for row in listed.stdout.splitlines() if row.strip()]
        journals = sorted(self.home.rglob("*.jsonl"))
        if not journals:
            return "no recording was written"
        verified = self.run("sessions", "verify")
        if verified.returncode != 0:
            return f"sessions verify: {verified.stdout[-300:]} {verified.stderr[-300:]}"
        text = b"".join(path.read_bytes() for path in journals)
        for word in (b"get-sum", b"write_file", b"total"):
            if word not in text:
                return f"no recording has the call of {word.decode()}"
        print(f"     {len(journals)} recordings, {len(text)} bytes, {len(names)} listed rows")
        return None

    def play_server(self, name, command, calls, burst):
        self.attempt(f"{name}, bytes", lambda: self.bytes_equal(name, command, calls, burst))
        for client in ("mcp", "fastmcp"):
            for mode in ("auto", "legacy"):
                title = f"{name}, {client} client, {mode}"
                self.attempt(
                    title,
                    lambda c=client, m=mode: self.client_equal(name, c, m, command, calls),
                )

    def play(self):
        added = self.run("home", "add", str(self.home))
        self.check("home add", None if added.returncode == 0 else added.stderr.strip())
        if self.failures:
            return
        try:
            for server in self.servers():
                self.play_server(*server)
            name, command, calls, _ = self.servers()[0]
            self.attempt(
                f"{name}, a tool that no list named, observe",
                lambda: self.bytes_equal(name, command, [UNLISTED], [], "--policy", "observe"),
            )
            self.attempt(
                f"{name}, a tool that no list named", lambda: self.unlisted(name, command)
            )
            for mode in ("auto", "legacy"):
                self.attempt(
                    f"{name} from its recording, mcp client, {mode}",
                    lambda m=mode: self.mock_equal(f"{name}-{m}", "mcp", m, command, calls),
                )
            self.attempt("recordings", self.recordings)
        finally:
            code, said = self.run_on_terminal("stop")
            self.check("stop", None if code == 0 else said)
            removed = self.run("home", "remove", str(self.home))
            self.check("home remove", None if removed.returncode == 0 else removed.stderr.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tollgate", required=True)
    parser.add_argument("--node-modules", required=True)
    parser.add_argument("--python", required=True)
    options = parser.parse_args()
    began = time.monotonic()
    work = pathlib.Path(tempfile.mkdtemp(prefix="tollgate-real-"))
    (work / "home").mkdir(mode=0o700)
    suite = Suite(options, work)
    suite.play()
    seconds = time.monotonic() - began
    if suite.failures:
        print(f"real servers and clients: {len(suite.failures)} failed, {suite.passed} passed in {seconds:.0f} s; kept {work}")
        return 1
    shutil.rmtree(work)
    print(f"real servers and clients: {suite.passed} passed in {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
