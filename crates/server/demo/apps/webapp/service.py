#!/usr/bin/env python3
"""The demo's web application: answers /, /version and /healthz, and logs each request with its time.

Started by packs/webapp/webapp.py in the folder of a release, as
`service.py ENVIRONMENT PORT LOG`, with `release.json` and `page.txt` beside it.
"""

import json
import os
import sys
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENVIRONMENT, PORT, LOG = sys.argv[1], int(sys.argv[2]), sys.argv[3]
HERE = os.path.dirname(os.path.abspath(__file__))
LONGEST_LOG = 1 << 20


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


with open(os.path.join(HERE, "release.json"), encoding="utf-8") as file:
    RELEASE = json.load(file)
with open(os.path.join(HERE, "page.txt"), encoding="utf-8") as file:
    PAGE = file.read()
SINCE = now()


def log(line):
    if os.path.exists(LOG) and os.path.getsize(LOG) > LONGEST_LOG:
        os.replace(LOG, LOG + ".old")
    with open(LOG, "a", encoding="utf-8") as file:
        file.write(f"{now()} {line}\n")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/":
            self.answer(200, "text/plain; charset=utf-8", PAGE + f"\nrevision {RELEASE['revision']}, {ENVIRONMENT}\n")
        elif path == "/version":
            told = dict(RELEASE, app="webapp", environment=ENVIRONMENT, since=SINCE, pid=os.getpid())
            self.answer(200, "application/json", json.dumps(told) + "\n")
        elif path == "/healthz":
            self.answer(200, "text/plain; charset=utf-8", "ok\n")
        else:
            self.answer(404, "text/plain; charset=utf-8", "There is nothing here.\n")

    def answer(self, status, kind, text):
        body = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code="-", size="-"):
        # The path comes from outside, so it is shortened and loses whatever could look like another line.
        path = "".join(sign if sign.isprintable() else "?" for sign in self.path[:200])
        log(f"{ENVIRONMENT} {self.client_address[0]} {self.command} {path} {int(code)}")

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
