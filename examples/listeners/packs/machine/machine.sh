#!/bin/sh
# Looks at the processes of this machine, and keeps notes in state/notes.txt.
set -eu
notes=../../state/notes.txt

case $1 in
  process)
    count=0
    for of in /proc/[0-9]*; do
      # A process may end while this looks at it.
      read -r name < "$of/comm" 2>/dev/null || continue
      if [ "$name" = "$2" ]; then count=$((count + 1)); fi
    done
    if [ "$count" = 0 ]; then echo "$2 does not run here"; else echo "$2 runs here: $count of it"; fi ;;
  notes)
    if [ -s "$notes" ]; then cat "$notes"; else echo "There are no notes."; fi ;;
  note)
    mkdir -p ../../state
    printf '%s\n' "$2" >> "$notes"
    echo "noted: $2" ;;
esac
