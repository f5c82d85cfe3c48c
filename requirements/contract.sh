#!/usr/bin/env bash
# The gateway's contract tests on ib_async, in an environment of their own (default .venv-ib_async).
# It is the development environment with gateway-ib_async.txt in the place of gateway.txt.
# Exit 75: this machine cannot have ib_async.
set -euo pipefail
cd "$(dirname "$0")/.."
place=${1:-.venv-ib_async}
stamp="$place/.installed"
if [ ! -e "$stamp" ] || [ requirements/dev.txt -nt "$stamp" ] || [ requirements/gateway-ib_async.txt -nt "$stamp" ]; then
    [ -x "$place/bin/python" ] || .venv/bin/python -m venv "$place"
    install() { "$place/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes "$@"; }
    install -r requirements/dev.txt && install -r requirements/gateway-ib_async.txt ||
        { echo "ib_async cannot be installed here" >&2; exit 75; }
    # Both bring a package of the same name; the one that goes takes it along, so the other comes again.
    "$place/bin/python" -m pip uninstall --quiet --yes ib-insync eventkit
    install --force-reinstall -r requirements/gateway-ib_async.txt
    touch "$stamp"
fi
shift $(($# > 0 ? 1 : 0))
exec "$place/bin/python" -m pytest tests/quanticity/gateway/contract \
    --confcutdir=tests/quanticity/gateway/contract "$@"
