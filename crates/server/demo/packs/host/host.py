#!/usr/bin/env python3
"""What the machine is doing, from /proc. Prints one JSON object: summary, text, rows."""

import json
import os
import shutil
import socket


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def size(number):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024


def span(seconds):
    days, rest = divmod(int(seconds), 86400)
    hours, rest = divmod(rest, 3600)
    minutes = rest // 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or f"{int(seconds)} s"


def facts():
    """Each fact with its value, and how much of what there is that is, in percent."""
    load = read("/proc/loadavg").split()
    cores = os.cpu_count() or 1
    busy = round(100 * float(load[0]) / cores)
    yield "load", f"{load[0]} {load[1]} {load[2]} (1, 5, 15 min; {cores} cores)", busy
    memory = {}
    for line in read("/proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        memory[name] = int(rest.split()[0]) * 1024
    total = memory["MemTotal"]
    free = memory.get("MemAvailable", memory["MemFree"])
    used = 100 * (total - free) // total
    yield "memory", f"{size(total - free)} of {size(total)} used ({used} %)", used
    disk = shutil.disk_usage(".")
    used = 100 * disk.used // disk.total
    yield "disk", f"{size(disk.used)} of {size(disk.total)} used ({used} %)", used
    yield "uptime", span(float(read("/proc/uptime").split()[0])), None


def main():
    rows = [{"name": name, "value": value, "percent": percent} for name, value, percent in facts()]
    text = "\n".join(f"{row['name']:<8}{row['value']}" for row in rows)
    load = rows[0]["value"].split()[0]
    print(json.dumps({"summary": f"{socket.gethostname()}: load {load}", "text": text, "rows": rows}))


main()
