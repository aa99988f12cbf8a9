#!/usr/bin/env bash
# compatibility/all.sh
# Every script here, one after the other; ends with 1 if one of them failed. About twenty minutes.
HERE=$(cd "$(dirname "$0")" && pwd)
status=0
for script in quickstart tools clients streams connect handover; do
    echo "== $script"
    "$HERE/$script.sh" || status=1
done
exit $status
