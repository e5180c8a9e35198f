"""make check-repro: the pipeline twice from scratch, in two clones, and every hash compared.

Both run at once: that takes less time than one after the other, and results must not depend on
what else a machine has to do.
"""

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent


def hashes(folder: Path) -> dict[str, str]:
    """Every hash in dvc.lock, by stage and path."""
    lock = YAML(typ="safe").load((folder / "dvc.lock").read_text(encoding="utf-8"))
    return {
        f"{name}: {entry['path']}": entry["md5"]
        for name, stage in lock["stages"].items()
        for entry in stage.get("deps", []) + stage.get("outs", [])
    }


def fresh_run(folder: Path) -> dict[str, str]:
    """Clone the last commit, make the data anew, run everything without any cache."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    subprocess.run(
        [sys.executable, "-m", "rarewave.simulation.lunar_archive", "data"], cwd=folder, check=True
    )
    subprocess.run(["dvc", "commit", "--quiet", "--force", "data.dvc"], cwd=folder, check=True)
    subprocess.run(["git", "diff", "--exit-code", "data.dvc"], cwd=folder, check=True)
    subprocess.run(["dvc", "repro", "--force", "--no-run-cache"], cwd=folder, check=True)
    return hashes(folder)


def main() -> None:
    """Exit with 1 where any hash differs between the two clones."""
    if subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=ROOT).returncode:
        print("note: uncommitted changes are not checked, the last commit is")
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / name for name in ("first", "second")]
        with ThreadPoolExecutor(len(folders)) as pool:
            first, second = pool.map(fresh_run, folders)
    differing = sorted(k for k in first | second if first.get(k) != second.get(k))
    for name in differing:
        print(f"differs: {name}")
    committed = hashes(ROOT)
    other = sorted(k for k in first if committed.get(k) != first[k])
    print(f"{len(first)} hashes compared, {len(differing)} differ between the two runs")
    print(f"{len(other)} differ from the committed dvc.lock (another kind of processor may)")
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
