#!/bin/sh
# Looks at spool/ in the ops repo, and removes files from it that are older than so many days.
set -eu
spool=../../spool
days=$2
mkdir -p "$spool"
old() { find "$spool" -type f -mtime "+$days" | sort; }

case $1 in
  show)
    all=$(find "$spool" -type f | wc -l) old=$(old | wc -l)
    echo "$all files in the spool, $old of them older than $days days" ;;
  plan)
    # The names are part of what people say yes to: another file voids it.
    printf '{"targets": ["spool"], "inputs": {"sum": "%s"}, "will": ["remove %s of %s files"]}\n' \
      "$(old | cksum | tr ' ' '-')" "$(old | wc -l)" "$(find "$spool" -type f | wc -l)" ;;
  clean)
    old | while IFS= read -r file; do
      echo "removing ${file#"$spool/"}"
      rm -f "$file"
    done
    printf '{"summary": "%s files are left"}\n' "$(find "$spool" -type f | wc -l)" ;;
esac
