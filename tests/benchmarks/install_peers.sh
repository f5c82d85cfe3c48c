#!/usr/bin/env bash
# The libraries we compare with, in an environment of their own (QC_PEERS, else var/peers).
set -euo pipefail
cd "$(dirname "$0")/../.."
place="${QC_PEERS:-var/peers}"
python3.11 -m venv "$place" || .venv/bin/python -m venv "$place"
# py_vollib_vectorized is of 2021: it wants a numba, a pandas and a lets_be_rational of before 2024.
"$place/bin/python" -m pip install --quiet --disable-pip-version-check \
    py_vollib_vectorized==0.1.1 py_vollib==1.0.1 py_lets_be_rational==1.0.1 'numba<0.59' 'numpy<1.27' 'pandas<2.2' QuantLib mpmath
echo "Peers are in $place"
