"""Measures the language server as an editor uses it: from its start to the first findings, and from an
edit of a network of 2,000 lines to its findings.

    python3 bench/lsp.py [RUNS] [EDITS]
"""

import json
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(ROOT, "build", "out", "sss", "sss.dll")
URI = "file:///bench.sss"


class Server:
    def __init__(self):
        self.process = subprocess.Popen(
            ["dotnet", PROGRAM, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.last = 0

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while line := self.process.stdout.readline().strip():
            name, value = line.split(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return json.loads(self.process.stdout.read(length))

    def ask(self, method, params):
        self.last += 1
        self.send({"id": self.last, "method": method, "params": params})
        while (answer := self.receive()).get("id") != self.last:
            pass
        return answer

    def findings(self):
        while (message := self.receive()).get("method") != "textDocument/publishDiagnostics":
            pass
        return message["params"]["diagnostics"]

    def open(self, text):
        self.ask("initialize", {"capabilities": {}})
        self.send({"method": "initialized", "params": {}})
        document = {"uri": URI, "languageId": "sss", "version": 1, "text": text}
        self.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        return self.findings()

    def change(self, version, line, start, stop, text):
        places = {"start": {"line": line, "character": start}, "end": {"line": line, "character": stop}}
        change = {"range": places, "text": text}
        document = {"uri": URI, "version": version}
        self.send(
            {
                "method": "textDocument/didChange",
                "params": {"textDocument": document, "contentChanges": [change]},
            }
        )
        return self.findings()

    def close(self):
        self.ask("shutdown", {})
        self.send({"method": "exit", "params": {}})
        self.process.wait()


def large():
    """2,000 lines: residual blocks written out, so that every line makes layers of its own."""
    lines = ["network Large {", "  input 3x32x32", "  classes 10", "  conv 16 3x3; bn; relu"]
    while len(lines) < 1_994:
        lines += [
            "  residual @scale(block) {",
            "    conv 16 3x3",
            "    bn @scale(neuron)",
            "    relu",
            "    conv 16 3x3; bn",
            "  } shortcut auto",
            "  relu",
        ]
    return lines + ["  avgpool global", "  dense classes", "}", "train { gamma 0.01 }", ""]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    edits = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with open(os.path.join(ROOT, "examples", "digits.sss")) as file:
        example = file.read()

    starts = []
    for _ in range(runs):
        begin = time.perf_counter()
        server = Server()
        server.open(example)
        starts.append(1e3 * (time.perf_counter() - begin))
        server.close()

    lines = large()
    server = Server()
    assert server.open("\n".join(lines)) == []
    times = []
    for i in range(edits):
        line = 5 + 7 * (i % 280)
        old, new = ("16", "17") if i % 2 == 0 else ("17", "16")
        if i % 2:
            line = 5 + 7 * ((i - 1) % 280)
        begin = time.perf_counter()
        server.change(i + 2, line, 9, 9 + len(old), new)
        times.append(1e3 * (time.perf_counter() - begin))
    server.close()

    print(f"start to first findings: median {statistics.median(starts):.0f} ms of {runs}")
    print(
        f"edit to findings, {len(lines)} lines: median {statistics.median(times):.0f} ms, "
        f"95 of 100 within {percentile(times, 0.95):.0f} ms, of {edits}"
    )


if __name__ == "__main__":
    main()
