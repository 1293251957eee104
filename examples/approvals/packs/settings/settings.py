"""Keeps settings of services in state/settings.json: `show`, `plan` and `set`."""

import json
import os
import sys

OPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FILE = os.path.join(OPS, "state", "settings.json")
BEGIN = {"web": {"timeout": "30"}, "billing": {"currency": "EUR", "retries": "3"}}

if os.path.exists(FILE):
    with open(FILE, encoding="utf-8") as file:
        settings = json.load(file)
else:
    settings = BEGIN

phase, service, *change = sys.argv[1:]
mine = settings.setdefault(service, {})

if phase == "show":
    print(json.dumps({"rows": [{"setting": key, "value": value} for key, value in sorted(mine.items())]}))
    sys.exit()

key, value = change
before = mine.get(key, "nothing")
if phase == "plan":
    # `inputs` is what people say yes to: where it is another one before the start, their yes is void.
    print(json.dumps({
        "targets": [f"settings/{service}"],
        "inputs": {"key": key, "from": before, "to": value},
        "will": [f"{service} {key} goes from {before} to {value}"],
        "undo": f"set {service} {key} to {before}",
    }))
else:
    mine[key] = value
    os.makedirs(os.path.dirname(FILE), exist_ok=True)
    with open(FILE + ".new", "w", encoding="utf-8") as file:
        json.dump(settings, file, indent=2)
    os.replace(FILE + ".new", FILE)
    print(json.dumps({"summary": f"{service} {key} is {value}"}))
