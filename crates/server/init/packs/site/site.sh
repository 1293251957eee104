#!/bin/sh
# The site is closed while the file `site.closed` stands in the ops repo; a web server would look at it.
set -eu
flag=../../site.closed
now() { if [ -e "$flag" ]; then echo closed; else echo open; fi; }

case $1 in
  show) echo "The site is $(now)." ;;
  plan) # Only looks. `inputs` is part of what people say yes to: where it differs later, their yes is void.
    printf '{"targets": ["site"], "inputs": {"from": "%s"}, "will": ["the site goes from %s to %s"]}\n' "$(now)" "$(now)" "$2" ;;
  set)
    if [ "$2" = closed ]; then touch "$flag"; else rm -f "$flag"; fi
    printf '{"summary": "the site is %s"}\n' "$(now)" ;;
esac
