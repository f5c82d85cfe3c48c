#!/usr/bin/env bash
# Pin every package with its hashes, in one resolution: dev.txt has everything, the others agree.
# `requirements/compile.sh --upgrade` moves to the newest versions that the .in files allow.
set -euo pipefail
cd "$(dirname "$0")/.."
options=(--quiet --universal --python-version 3.11 --generate-hashes "$@")
.venv/bin/uv pip compile "${options[@]}" requirements/dev.in -o requirements/dev.txt
for name in base gateway analytics publishing web; do
    .venv/bin/uv pip compile "${options[@]}" -c requirements/dev.txt \
        "requirements/$name.in" -o "requirements/$name.txt"
done
# Resolved alone: it takes the place of gateway.txt, and wants an older tzdata. NumPy is there.
.venv/bin/uv pip compile "${options[@]}" --no-emit-package numpy \
    requirements/gateway-ib_async.in -o requirements/gateway-ib_async.txt
