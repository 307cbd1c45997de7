r"""Run one command many times, as local processes or as a Slurm array; finished jobs are not repeated.

    python utils/jobs.py --dir DIR --count N [--nj N] [--backend local|slurm] [--attempts 2] \
        [--made-for TEXT] -- COMMAND...

In COMMAND, ``{job}`` is the job's number, from 1. A successful job leaves DIR/NUMBER.done, and its output
is in DIR/NUMBER.log. Failed jobs are retried. Jobs that fail every time are named, and the exit code is then 1. With
another COMMAND, N or TEXT the marks of an earlier run are ignored.

The back end may also be chosen with CTCB_JOBS, and options of sbatch be given in CTCB_SBATCH; cmd.sh sets both.
"""
from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Dict, List, Sequence

from ctcb.progress import progress

NAMED = 10  # failed jobs that are named


def local(jobs: Sequence[int], command_of: Callable[[int], str], log_of: Callable[[int], Path], nj: int) -> None:
    """Run the jobs, ``nj`` at a time."""
    running: Dict[int, subprocess.Popen] = {}
    stopped = False

    def run(job: int) -> None:
        if not stopped:  # jobs that wait in the pool when the user stops it
            with open(log_of(job), "w", encoding="utf-8") as log:
                running[job] = subprocess.Popen(["bash", "-c", command_of(job)], stdout=log, stderr=log, start_new_session=True)
            running[job].wait()

    with ThreadPoolExecutor(nj) as pool:
        try:
            list(progress(pool.map(run, jobs), "jobs", total=len(jobs)))
        except KeyboardInterrupt:
            stopped = True
            for process in list(running.values()):
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)
            raise


def slurm(jobs: Sequence[int], command_of: Callable[[int], str], log_of: Callable[[int], Path], nj: int) -> None:
    """Run the jobs as one array, at most ``nj`` at a time, and wait for it."""
    script = "#!/usr/bin/env bash\ncase $SLURM_ARRAY_TASK_ID in\n"
    script += "".join(f"{job}) exec bash -c {shlex.quote(command_of(job))} >{shlex.quote(str(log_of(job)))} 2>&1 ;;\n" for job in jobs)
    script += "esac\n"
    words = ["sbatch", "--wait", "--parsable", f"--array={ranges(jobs)}%{nj}", "--output=/dev/null", f"--chdir={os.getcwd()}"]
    words += shlex.split(os.environ.get("CTCB_SBATCH", ""))
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(script)
    process.stdin.close()
    array = process.stdout.readline().strip().split(";")[0]
    try:
        process.wait()  # its exit code is that of the worst job; the marks show which jobs failed
    except KeyboardInterrupt:
        if array:
            subprocess.run(["scancel", array], check=False)
        raise


BACKENDS = {"local": local, "slurm": slurm}


def ranges(jobs: Sequence[int]) -> str:
    """Rising numbers as sbatch takes them: ``1-3,7``."""
    parts: List[List[int]] = []
    for job in jobs:
        if parts and parts[-1][1] == job - 1:
            parts[-1][1] = job
        else:
            parts.append([job, job])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def run_jobs(
    folder: Path, count: int, command: Sequence[str], backend: str, nj: int, attempts: int, made_for: str = ""
) -> List[int]:
    """Run the unfinished jobs; returns those that failed every time."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "jobs.json"
    wanted = json.dumps({"count": count, "command": list(command), "made_for": made_for})
    if not kept.exists() or kept.read_text(encoding="utf-8") != wanted:
        for old in folder.glob("*.done"):
            old.unlink()
        kept.write_text(wanted, encoding="utf-8")

    def mark(job: int) -> Path:
        return folder / f"{job}.done"

    def command_of(job: int) -> str:
        words = [word.replace("{job}", str(job)) for word in command]
        return f"{shlex.join(words)} && touch {shlex.quote(str(mark(job)))}"

    todo: List[int] = []
    for attempt in range(1, attempts + 1):
        todo = [job for job in range(1, count + 1) if not mark(job).exists()]
        if not todo:
            break
        if attempt > 1:
            print(f"jobs: {len(todo)} of {count} failed, attempt {attempt} of {attempts}", file=sys.stderr)
        BACKENDS[backend](todo, command_of, lambda job: folder / f"{job}.log", nj)
        todo = [job for job in todo if not mark(job).exists()]
    return todo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--nj", type=int, default=1)
    parser.add_argument("--backend", choices=sorted(BACKENDS), default=os.environ.get("CTCB_JOBS", "local"))
    parser.add_argument("--attempts", type=int, default=2)
    parser.add_argument("--made-for", default="", help="What the jobs depend on beside the command.")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command or options.count < 1 or options.nj < 1 or options.attempts < 1:
        parser.error("a command is needed, and positive numbers")
    if options.backend == "slurm" and shutil.which("sbatch") is None:
        parser.error("there is no sbatch on this machine; use --backend local")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped like by Ctrl-C
    try:
        failed = run_jobs(
            options.dir, options.count, command, options.backend, options.nj, options.attempts, options.made_for
        )
    except KeyboardInterrupt:
        sys.exit(130)
    if failed:
        names = ", ".join(map(str, failed[:NAMED])) + (", ..." if len(failed) > NAMED else "")
        print(f"jobs: {len(failed)} of {options.count} jobs failed: {names}; see {options.dir}/{failed[0]}.log", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
