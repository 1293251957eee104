"""Ships app/ to machines, which are folders below state/hosts: build, sign, install, back, status."""

import hashlib
import hmac
import json
import os
import shutil
import sys
import zipfile

OPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
STATE = os.path.join(OPS, "state")


def release(ref):
    return os.path.join(STATE, "releases", f"{ref}.zip")


def of(host, *names):
    return os.path.join(STATE, "hosts", host, *names)


def says(summary, **outputs):
    print(json.dumps({"summary": summary, "outputs": outputs}))


def build(ref):
    os.makedirs(os.path.dirname(release(ref)), exist_ok=True)
    app, files = os.path.join(OPS, "app"), 0
    with zipfile.ZipFile(release(ref), "w") as archive:
        for folder, _, names in sorted(os.walk(app)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                archive.write(path, os.path.relpath(path, app))
                files += 1
    says(f"{ref} is built of {files} file{'' if files == 1 else 's'}", files=files)


def sign(ref):
    with open(release(ref), "rb") as archive:
        signature = hmac.new(os.environ["SIGNING_KEY"].encode(), archive.read(), hashlib.sha256).hexdigest()
    says(f"{ref} is signed", signature=signature)


def install(host, ref, signature):
    if os.path.exists(of(host, "frozen")):
        sys.exit(f"{host} is frozen: remove state/hosts/{host}/frozen")
    # What runs is replaced when the new one is whole.
    shutil.rmtree(of(host, "next"), ignore_errors=True)
    with zipfile.ZipFile(release(ref)) as archive:
        archive.extractall(of(host, "next"))
    with open(of(host, "next", "ref"), "w", encoding="utf-8") as file:
        file.write(f"{ref} {signature[:12]}\n")
    shutil.rmtree(of(host, "before"), ignore_errors=True)
    if os.path.exists(of(host, "now")):
        os.rename(of(host, "now"), of(host, "before"))
    os.rename(of(host, "next"), of(host, "now"))
    says(f"{host} has {ref}")


def back(host):
    shutil.rmtree(of(host, "now"), ignore_errors=True)
    if os.path.exists(of(host, "before")):
        os.rename(of(host, "before"), of(host, "now"))
    says(f"{host} has what it had before")


def status():
    rows = []
    for host in json.load(sys.stdin)["args"]["hosts"]:
        try:
            with open(of(host, "now", "ref"), encoding="utf-8") as file:
                rows.append({"machine": host, "runs": file.read().strip()})
        except FileNotFoundError:
            rows.append({"machine": host, "runs": "nothing"})
    print(json.dumps({"rows": rows}))


{"build": build, "sign": sign, "install": install, "back": back, "status": status}[sys.argv[1]](*sys.argv[2:])
