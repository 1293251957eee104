#!/usr/bin/env python3
"""Runs the demo's web application as real processes on this machine.

`webapp.py VERB APP [REF|SECONDS]`, started by Wilco. It reads from standard input what Wilco tells about the run, prints
its progress, and as its last line one JSON object: summary, outputs, rows, text. The verbs plan-… only look and
print a plan. What it says on standard error before it ends badly is shown to people as it is.

Everything it makes is under state/ of the ops repo; state/effects.log has a line for every effect.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

if sys.version_info < (3, 8):
    sys.exit("webapp.py needs Python 3.8 or newer, and this is " + sys.version.split()[0])

REPO = Path(__file__).resolve().parents[2]
STATE = REPO / "state"
ENVIRONMENTS = ("production", "staging")
LONGEST_ANSWER = 64 * 1024


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def refuse(why):
    sys.exit(why)


def say(line):
    print(line, flush=True)


def end(summary, **more):
    say(json.dumps(dict(summary=summary, **more)))


def read_json(path, default):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return default


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name("." + path.name)
    hidden.write_text(json.dumps(value) + "\n", encoding="utf-8")
    os.replace(hidden, path)


class App:
    """One application: its sources, its releases, what runs where."""

    def __init__(self, name, run):
        self.name = name
        self.run = run
        self.sources = REPO / "apps" / name
        if not self.sources.is_dir():
            refuse(f"There is no application `{name}` in apps/")
        self.ports = json.loads((self.sources / "service.json").read_text(encoding="utf-8"))

    # Releases: the content of a ref's folder and of the service, named by its hash.

    def refs(self):
        return sorted(path.name for path in self.sources.iterdir() if (path / "page.txt").is_file())

    def files_of(self, ref):
        if ref not in self.refs():
            refuse(f"`{self.name}` has no ref `{ref}`; there are {', '.join(self.refs())}")
        files = {path.name: path.read_bytes() for path in (self.sources / ref).iterdir() if path.is_file()}
        files["service.py"] = (self.sources / "service.py").read_bytes()
        return files

    def revision_of(self, files):
        content = hashlib.sha256()
        for name in sorted(files):
            content.update(f"{len(name)} {name} {len(files[name])} ".encode("utf-8") + files[name])
        return content.hexdigest()[:12]

    def release_dir(self, revision):
        return STATE / "releases" / revision

    def keep_release(self, ref, files):
        revision = self.revision_of(files)
        folder = self.release_dir(revision)
        if not folder.is_dir():
            hidden = folder.with_name("." + revision)
            shutil.rmtree(hidden, ignore_errors=True)
            hidden.mkdir(parents=True)
            for name, content in files.items():
                (hidden / name).write_bytes(content)
            write_json(hidden / "release.json", {"revision": revision, "ref": ref})
            os.replace(hidden, folder)
        return revision

    def changes(self, old, new_files):
        """What differs between a release and these files, in words."""
        names = set(new_files)
        old_files = {}
        if old and self.release_dir(old).is_dir():
            old_files = {path.name: path.read_bytes() for path in self.release_dir(old).iterdir()}
            old_files.pop("release.json", None)
        changed = [name for name in sorted(names | set(old_files)) if old_files.get(name) != new_files.get(name)]
        return ", ".join(changed) or "nothing"

    def files_in(self, revision):
        folder = self.release_dir(revision)
        if not folder.is_dir():
            refuse(f"The release {revision} is no longer under state/releases; stage it again")
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        files.pop("release.json", None)
        return files

    # Processes: state/<environment>.json says what was started.

    def started(self, environment):
        return read_json(STATE / f"{environment}.json", None)

    def running(self, environment):
        """What was started there and still lives, or None."""
        started = self.started(environment)
        return started if started and alive(started) else None

    def revision(self, environment):
        running = self.running(environment)
        return running and running["revision"]

    def effect(self, what, environment, revision):
        """Writes down an effect, right before it is done, so that none goes unseen."""
        line = {
            "at": now(),
            "operation": self.run.get("operation"),
            "key": self.run.get("key"),
            "effect": what,
            "target": f"{self.name}/{environment}",
            "revision": revision,
        }
        STATE.mkdir(parents=True, exist_ok=True)
        with open(STATE / "effects.log", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def unwritten(self, environment):
        """What runs there although nothing says so, as whoever started it was ended before it could write it down."""
        answer, _ = self.probe(environment)
        pid = answer and answer.get("pid")
        try:
            command = Path(f"/proc/{int(pid)}/cmdline").read_bytes() if pid else b""
        except (OSError, ValueError):
            return None
        ours = os.fsencode(STATE / "releases") in command
        return {"revision": answer.get("revision"), "pid": pid, "ticks": ticks(pid)} if ours else None

    def stop(self, environment):
        running = self.running(environment) or self.unwritten(environment)
        if not running:
            return None
        self.effect("stop", environment, running["revision"])
        say(f"stopping {environment}, process {running['pid']}")
        os.kill(running["pid"], signal.SIGTERM)
        for _ in range(100):
            if not alive(running):
                return running
            time.sleep(0.05)
        os.kill(running["pid"], signal.SIGKILL)
        return running

    def start(self, environment, revision):
        """Runs a release in an environment, in place of what ran there, and waits until it answers."""
        self.files_in(revision)
        self.stop(environment)
        port = self.ports[environment]
        if taken(port):
            refuse(f"Port {port} is taken by another program; end it, or change it in apps/{self.name}/service.json "
                   "and wilco.toml")
        logs = STATE / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        folder = self.release_dir(revision)
        command = [sys.executable, str(folder / "service.py"), environment, str(port), str(logs / f"{environment}.log")]
        self.effect("start", environment, revision)
        with open(logs / f"{environment}.out", "ab") as out:
            # A session of its own: the service stays when this script and Wilco end.
            process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                       start_new_session=True)
        started = {"revision": revision, "pid": process.pid, "ticks": ticks(process.pid), "since": now(),
                   "ref": read_json(folder / "release.json", {}).get("ref"), "operation": self.run.get("operation")}
        write_json(STATE / f"{environment}.json", started)
        say(f"started {revision} on {environment}, process {process.pid}, port {port}")
        for _ in range(200):
            if process.poll() is not None:
                refuse(f"{environment} ended at once with exit code {process.returncode}; "
                       f"state/logs/{environment}.out says why")
            answer, _ = self.probe(environment)
            if answer and answer.get("revision") == revision:
                say(f"{environment} answers with {revision}")
                return started
            time.sleep(0.05)
        refuse(f"{environment} was started but does not answer on port {port}")

    def probe(self, environment):
        """What /version says there, or None and why."""
        url = f"http://127.0.0.1:{self.ports[environment]}/version"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(url, timeout=2) as answer:
                return json.loads(answer.read(LONGEST_ANSWER)), None
        except urllib.error.URLError as error:
            return None, str(getattr(error.reason, "strerror", None) or error.reason)
        except (OSError, ValueError) as error:
            return None, str(error)

    def history(self):
        """Production's releases, the latest last."""
        return read_json(STATE / "production.history.json", [])

    def keep_history(self, history):
        write_json(STATE / "production.history.json", history[-100:])


def ticks(pid):
    """When a process was started; with its number this names it for good."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return None


def alive(started):
    try:
        state = Path(f"/proc/{started['pid']}/stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1]
    except OSError:
        return False
    return state.split()[0] not in "ZX" and state.split()[19] == started["ticks"]


def taken(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def plan(targets, inputs, will, now_, undo=None):
    say(json.dumps({"targets": targets, "inputs": inputs, "will": will, "now": now_, "undo": undo}))


def field(app, environment):
    running = app.running(environment)
    value = f"{running['revision']} ({running['ref']}) since {running['since']}" if running else "nothing"
    return {"name": environment, "value": value}


def goes(app, environment, revision, ref, files):
    """The lines that say what a start will change."""
    old = app.revision(environment)
    target = f"{app.name}/{environment}"
    if old == revision:
        return [f"{target} is started again with {revision} ({ref}), which it runs already"]
    if old is None:
        return [f"{target} starts with {revision} ({ref}); nothing runs there now"]
    return [f"{target} goes from {old} to {revision} ({ref})", f"files that change: {app.changes(old, files)}"]


def agreed(run, name, value):
    """What was confirmed is what is done: the plan's input, provided it is still what would be found now."""
    inputs = (run.get("plan") or {}).get("inputs") or {}
    planned = inputs.get(name, value)
    if planned != value:
        refuse(f"The plan said {name} {planned}, and now it would be {value}; give the order again")
    return planned


# The verbs.


def plan_stage(app, ref):
    files = app.files_of(ref)
    revision = app.revision_of(files)
    plan([f"{app.name}/staging"], {"ref": ref, "revision": revision, "from": app.revision("staging")},
         goes(app, "staging", revision, ref, files), [field(app, "staging")])


def stage(app, ref):
    files = app.files_of(ref)
    revision = agreed(app.run, "revision", app.revision_of(files))
    app.keep_release(ref, files)
    started = app.start("staging", revision)
    end(f"{app.name}/staging runs {revision} ({ref})", outputs={"revision": revision, "pid": started["pid"]})


def to_release(app):
    running = app.running("staging")
    if not running:
        refuse(f"Staging runs nothing, so there is nothing to release; say `stage {app.name}` first")
    return running


def plan_release(app):
    staged = to_release(app)
    revision = staged["revision"]
    plan([f"{app.name}/production"], {"revision": revision, "from": app.revision("production")},
         goes(app, "production", revision, staged["ref"], app.files_in(revision)),
         [field(app, "production"), field(app, "staging")],
         f"rollback {app.name}" if [old for old in app.history() if old != revision] else None)


def release(app):
    revision = agreed(app.run, "revision", to_release(app)["revision"])
    started = app.start("production", revision)
    history = app.history()
    if history[-1:] != [revision]:
        app.keep_history(history + [revision])
    end(f"{app.name}/production runs {revision} ({started['ref']})",
        outputs={"revision": revision, "pid": started["pid"]})


def before(app):
    history = app.history()
    if len(history) < 2:
        refuse(f"{app.name}/production has no earlier release to go back to")
    return history[-2]


def plan_rollback(app):
    revision = before(app)
    ref = read_json(app.release_dir(revision) / "release.json", {}).get("ref")
    now_runs = app.revision("production")
    # A release promotes what staging runs, so it undoes this only while that is the release that is left.
    undo = f"release {app.name}" if now_runs and now_runs == app.revision("staging") else None
    plan([f"{app.name}/production"], {"revision": revision, "from": now_runs},
         goes(app, "production", revision, ref, app.files_in(revision)), [field(app, "production")], undo)


def rollback(app):
    revision = agreed(app.run, "revision", before(app))
    started = app.start("production", revision)
    app.keep_history(app.history()[:-1])
    end(f"{app.name}/production runs {revision} ({started['ref']}) again",
        outputs={"revision": revision, "pid": started["pid"]})


def plan_stop(app):
    running = {environment: app.running(environment) for environment in ENVIRONMENTS}
    if not any(running.values()):
        refuse(f"{app.name} runs nowhere, so there is nothing to stop")
    plan([f"{app.name}/{environment}" for environment in ENVIRONMENTS if running[environment]],
         {environment: found["revision"] for environment, found in running.items() if found},
         [f"{app.name}/{environment} stops; it runs {found['revision']}" for environment, found in running.items() if found],
         [field(app, environment) for environment in ENVIRONMENTS])


def stop(app):
    stopped = [environment for environment in ENVIRONMENTS if app.stop(environment)]
    end(f"stopped {' and '.join(stopped)}" if stopped else "nothing was running", outputs={"stopped": stopped})


def status(app):
    rows = []
    for environment in ENVIRONMENTS:
        running = app.running(environment) or {}
        answer, why = app.probe(environment)
        if answer is None:
            answers = f"no: {why}"
        elif answer.get("revision") == running.get("revision"):
            answers = "yes"
        else:
            answers = f"with {answer.get('revision')}"
        rows.append({
            "environment": environment,
            "revision": running.get("revision", "-"),
            "ref": running.get("ref", "-"),
            "since": running.get("since", "-"),
            "pid": str(running.get("pid", "-")),
            "answers": answers,
        })
    runs = [f"{row['environment']} runs {row['revision'] if row['revision'] != '-' else 'nothing'}" for row in rows]
    end("; ".join(runs), text=table(rows), rows=rows)


def table(rows):
    names = list(rows[0])
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in names}
    lines = [dict(zip(names, names))] + rows
    return "\n".join("  ".join(line[name].ljust(widths[name]) for name in names).rstrip() for line in lines)


def logs(app, seconds):
    since = (datetime.now(timezone.utc) - timedelta(seconds=int(float(seconds)))).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = []
    for environment in ENVIRONMENTS:
        for name in (f"{environment}.log.old", f"{environment}.log"):
            path = STATE / "logs" / name
            if path.is_file():
                found = path.read_text(encoding="utf-8", errors="replace").splitlines()
                lines += [line for line in found if line.split(" ", 1)[0] >= since]
    lines.sort()
    if len(lines) > 200:
        say(f"… {len(lines) - 200} earlier requests are left out")
    for line in lines[-200:]:
        say(line)
    if not lines:
        say(f"No requests since {since}.")


READS = {"status": status, "logs": logs, "plan-stage": plan_stage, "plan-release": plan_release,
         "plan-rollback": plan_rollback, "plan-stop": plan_stop}
WRITES = {"stage": stage, "release": release, "rollback": rollback, "stop": stop}


def main():
    words = sys.argv[1:]
    verbs = dict(READS, **WRITES)
    more = {"stage": 1, "plan-stage": 1, "logs": 1}
    if not words or words[0] not in verbs or len(words) != 2 + more.get(words[0], 0):
        refuse(f"usage: webapp.py VERB APP [REF|SECONDS], where VERB is one of {', '.join(verbs)}")
    told = "" if sys.stdin.isatty() else sys.stdin.read()
    run = json.loads(told) if told.strip() else {}
    app = App(words[1], run)
    if words[0] in WRITES:
        STATE.mkdir(parents=True, exist_ok=True)
        with open(STATE / "lock", "w", encoding="utf-8") as lock:
            # One at a time, whatever started it.
            fcntl.flock(lock, fcntl.LOCK_EX)
            verbs[words[0]](app, *words[2:])
    else:
        verbs[words[0]](app, *words[2:])


main()
