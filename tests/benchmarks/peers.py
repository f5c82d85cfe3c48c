"""A peer process that keeps its data, so that calls to it alternate with ours."""

import json
import os
import subprocess
from pathlib import Path
from typing import Self

import numpy as np
import pytest

_HERE = Path(__file__).parent
PYTHON = Path(os.environ.get("QC_PEERS", _HERE.parents[1] / "var" / "peers")) / "bin" / "python"


class Peer:
    def __init__(self) -> None:
        if not PYTHON.exists():
            pytest.skip(f"no peers at {PYTHON}: run tests/benchmarks/install_peers.sh")
        self.process = subprocess.Popen(
            [PYTHON, _HERE / "peer.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def seconds(self, case: str, data: Path) -> float:
        """Time of one call, measured by the peer itself."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([case, str(data)]) + "\n")
        self.process.stdin.flush()
        return float(json.loads(self.process.stdout.readline()))

    def answers(self, case: str, data: Path) -> dict[str, np.ndarray]:
        """What the peer found, column by column."""
        self.seconds(case, data)
        return dict(np.load(f"{data}.answers.npz"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()
