#!/usr/bin/env python3
"""Measures a picture service under load: `examples/service`, with many uploads at once.

    ./build.sh build && ./sss train examples/digits.sss --data digits --out runs/digits
    dotnet publish examples/service -c Release -r linux-x64 --self-contained false -o build/out/service
    bench/service.py build/out/service/Service.dll runs/digits/selected.onnx [--uploads 10000] [--clients 8]

Prints the time from the start of the process to its first answer, median and 99th percentile of the uploads,
answers that were not as expected (there must be none), and the memory of the service as it goes. Needs nothing
but Python.
"""

import argparse
import http.client
import json
import random
import re
import struct
import subprocess
import sys
import threading
import time
import zlib

BOUNDARY = "----sss-bench"


def png(width, height, colour):
    """A picture of random blocks; `colour`: 0 grey, 2 RGB, 6 RGB with alpha."""
    channels = {0: 1, 2: 3, 6: 4}[colour]
    chance = random.Random(width * height + colour)
    block = [[chance.randrange(256) for _ in range(channels)] for _ in range(64)]
    rows = b"".join(
        b"\0" + b"".join(bytes(block[(x * 8 // width) + 8 * (y * 8 // height)]) for x in range(width))
        for y in range(height)
    )

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def uploads():
    """Contents with the status that they must get."""
    good = [png(8, 8, 0), png(40, 30, 2), png(333, 211, 2), png(800, 600, 6)]
    broken = [good[1][: len(good[1]) // 2], b"no picture", b"", good[2][:50] + b"\0" * 200]
    return [(200, g) for g in good] * 3 + [(422, b) for b in broken]


def upload(connection, content):
    body = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"picture\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    connection.request(
        "POST", "/predict", body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    )
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, text


def memory(pid):
    """Resident memory in MiB."""
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) // 1024


def cpu(pid):
    """Seconds of processor time."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def start(program, model):
    command = [program] if not program.endswith(".dll") else ["dotnet", program]
    began = time.perf_counter()
    child = subprocess.Popen(
        command + [model, "--urls", "http://127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    for line in child.stdout:
        found = re.search(r"Now listening on: http://127\.0\.0\.1:(\d+)", line)
        if found:
            threading.Thread(target=lambda: [None for _ in child.stdout], daemon=True).start()
            return began, child, int(found[1])
    sys.exit("the service did not start")


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("model")
    arguments.add_argument("--uploads", type=int, default=10000)
    arguments.add_argument("--clients", type=int, default=8)
    arguments.add_argument("--starts", type=int, default=5)
    given = arguments.parse_args()
    contents = uploads()

    firsts = []
    for attempt in range(given.starts):
        began, child, port = start(given.program, given.model)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        status, text = upload(connection, contents[1][1])
        firsts.append((time.perf_counter() - began, cpu(child.pid)))
        if status != 200:
            sys.exit(f"the first answer is {status}: {text}")
        connection.close()
        if attempt + 1 < given.starts:
            child.kill()
            child.wait()

    times, wrong, lock = [], [], threading.Lock()

    def client(seed, count):
        chance = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(count):
            expected, content = chance.choice(contents)
            began = time.perf_counter()
            try:
                status, text = upload(connection, content)
            except (OSError, http.client.HTTPException) as error:
                status, text = 0, repr(error)
                connection.close()
            took = 1000 * (time.perf_counter() - began)
            with lock:
                times.append(took)
                if status != expected:
                    wrong.append(f"{status} for {expected}: {text}")

    readings = [memory(child.pid)]
    rounds = 10
    began = time.perf_counter()
    for part in range(rounds):
        threads = [
            threading.Thread(target=client, args=(100 * part + i, given.uploads // given.clients // rounds))
            for i in range(given.clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        readings.append(memory(child.pid))
    seconds = time.perf_counter() - began
    child.kill()

    print(json.dumps({
        "firstAnswerMs": [round(1000 * wall) for wall, _ in firsts],
        "firstAnswerCpuMs": [round(1000 * used) for _, used in firsts],
        "uploads": len(times),
        "clients": given.clients,
        "wrong": len(wrong),
        "perSecond": round(len(times) / seconds),
        "medianMs": round(percentile(times, 0.5), 1),
        "p99Ms": round(percentile(times, 0.99), 1),
        "mostMs": round(max(times), 1),
        "memoryMiB": readings,
    }, indent=2))
    for line in wrong[:5]:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
