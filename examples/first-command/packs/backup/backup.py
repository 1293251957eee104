"""Copies a folder of the ops repo: `plan` says what would be copied, `run` copies it."""

import json
import os
import shutil
import sys
import time

phase, folder = sys.argv[1:3]
ops = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
source = os.path.join(ops, folder)
files = sorted(name for _, _, names in os.walk(source) for name in names)

if phase == "plan":
    print(json.dumps({
        "targets": [f"backups/{folder}"],
        "inputs": {"files": len(files)},
        "will": [f"copy {len(files)} files of {folder} to backups/{folder}-<time>"],
    }))
else:
    target = os.path.join(ops, "backups", f"{folder}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    print(f"copying {len(files)} files", flush=True)
    shutil.copytree(source, target)
    print(json.dumps({"summary": f"{len(files)} files are in {os.path.relpath(target, ops)}"}))
