"""Keeps what this machine did at a moment in reports/: `write JOB` adds one, `list` tells the latest."""

import json
import os
import re
import sys
import time

OPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
REPORTS = os.path.join(OPS, "reports")


def processes():
    """The processes of this machine with their memory in KiB, the largest first."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
                facts = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        except OSError:
            continue  # it ended meanwhile
        found.append((int(facts.get("VmRSS", "0 kB").split()[0]), facts["Name"], pid))
    return sorted(found, reverse=True)


os.makedirs(REPORTS, exist_ok=True)
if sys.argv[1] == "write":
    # The job's name comes from outside: it becomes a file's name.
    job = re.sub(r"[^A-Za-z0-9_-]", "_", sys.argv[2])[:64]
    name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{job}.txt"
    largest = processes()[:10]
    with open(os.path.join(REPORTS, name), "w", encoding="utf-8") as report:
        report.write("load {:.2f} {:.2f} {:.2f}\n".format(*os.getloadavg()))
        report.writelines(f"{memory:>10} KiB  {program} ({pid})\n" for memory, program, pid in largest)
    print(json.dumps({"summary": f"reports/{name} names {len(largest)} processes"}))
else:
    rows = []
    for name in sorted(os.listdir(REPORTS), reverse=True)[:10]:
        with open(os.path.join(REPORTS, name), encoding="utf-8") as report:
            rows.append({"report": name, "says": report.readline().strip()})
    print(json.dumps({"rows": rows, "text": "" if rows else "There are no reports."}))
