r"""Run one command many times, as local processes or as a Slurm array; finished jobs are not repeated.

    python utils/jobs.py --dir DIR --count N [--nj N] [--backend local|slurm] [--attempts 2] [--made-for TEXT] \
        [--rests-on PATH]... [--output PATH]... [--outputs-listed FILE] -- COMMAND...

In COMMAND and PATH, ``{job}`` is the job's number, from 1. A successful job leaves DIR/NUMBER.done, and its output
is in DIR/NUMBER.log. Failed jobs are retried. Jobs that fail every time are named, and the exit code is then 1.

A mark holds the digest of what the job rests on: COMMAND, N, TEXT, ctcb itself, and the contents of the files and folders
that COMMAND and --rests-on name (with the audio of a manifest.tsv). If that differs, the job is run again. Before a job is
run, its --output is removed; an --output without ``{job}``, and the files that FILE lists, rest on all jobs.

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
from hashlib import sha256
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Sequence

from contents import audio_of, content, named_files, package

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
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", errors="surrogateescape")
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


class Work(NamedTuple):
    """Jobs, their command, and what they read and write; ``{job}`` in words and paths is the job's number."""

    count: int
    command: Sequence[str]
    made_for: str = ""
    rests_on: Sequence[str] = ()
    outputs: Sequence[str] = ()
    outputs_listed: str = ""

    def words(self, job: int) -> List[str]:
        """The job's command."""
        return _of_job(self.command, job)

    def own_outputs(self, job: int) -> List[str]:
        """The paths that this job alone writes."""
        return _of_job([path for path in self.outputs if "{job}" in path], job)

    def digest(self, job: int) -> str:
        """SHA-256, in hexadecimal, of what the job's result rests on."""
        words, rests_on = self.words(job), _of_job(self.rests_on, job)
        rests_on += [audio for path in rests_on if os.path.basename(path) == "manifest.tsv" for audio in audio_of(path)]
        options = [path for path in [os.environ.get("CTCB_OPTIONS", "")] if path]
        paths = [*rests_on, *named_files([*words[1:], *options], [*self.own_outputs(job), *self.outputs])]
        known = [self.count, words, self.made_for, package(), [[path, content(path)] for path in paths]]
        return sha256(json.dumps(known).encode()).hexdigest()

    def remove_outputs(self, jobs: Sequence[int]) -> None:
        """Remove what these jobs wrote, and what was made of all jobs' outputs."""
        listed = Path(self.outputs_listed)
        names = listed.read_text(encoding="utf-8").splitlines() if self.outputs_listed and listed.exists() else []
        for path in [*(path for path in self.outputs if "{job}" not in path), *names]:
            _remove(path)
        if names:
            listed.unlink()
        for job in jobs:
            for path in self.own_outputs(job):
                _remove(path)


def _of_job(words: Sequence[str], job: int) -> List[str]:
    return [word.replace("{job}", str(job)) for word in words]


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        Path(path).unlink(missing_ok=True)


def run_jobs(folder: Path, work: Work, backend: str, nj: int, attempts: int) -> List[int]:
    """Run the unfinished jobs; returns those that failed every time."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = range(1, work.count + 1)
    with ThreadPoolExecutor(nj) as pool:
        digests = dict(zip(jobs, progress(pool.map(work.digest, jobs), "reading what the jobs rest on", total=work.count)))

    def mark(job: int) -> Path:
        return folder / f"{job}.done"

    def done(job: int) -> bool:
        return mark(job).exists() and mark(job).read_text() == digests[job] and all(map(os.path.lexists, work.own_outputs(job)))

    def command_of(job: int) -> str:
        return f"{shlex.join(work.words(job))} && printf %s {digests[job]} >{shlex.quote(str(mark(job)))}"

    todo: List[int] = []
    for attempt in range(1, attempts + 1):
        todo = [job for job in jobs if not done(job)]
        if not todo:
            break
        if attempt > 1:
            print(f"jobs: {len(todo)} of {work.count} failed, attempt {attempt} of {attempts}", file=sys.stderr)
        for job in todo:
            mark(job).unlink(missing_ok=True)
        work.remove_outputs(todo)
        BACKENDS[backend](todo, command_of, lambda job: folder / f"{job}.log", nj)
        todo = [job for job in todo if not done(job)]
    return todo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--nj", type=int, default=1)
    parser.add_argument("--backend", choices=sorted(BACKENDS), default=os.environ.get("CTCB_JOBS", "local"))
    parser.add_argument("--attempts", type=int, default=2)
    parser.add_argument("--made-for", default="", help="What the jobs depend on beside the command.")
    parser.add_argument("--rests-on", action="append", default=[], help="A file or folder whose content the jobs read.")
    parser.add_argument("--output", action="append", default=[], help="What a job writes or, without {job}, what is made of all jobs' outputs.")
    parser.add_argument("--outputs-listed", default="", help="A file that names more of the latter, one a line.")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command or options.count < 1 or options.nj < 1 or options.attempts < 1:
        parser.error("a command is needed, and positive numbers")
    if options.backend == "slurm" and shutil.which("sbatch") is None:
        parser.error("there is no sbatch on this machine; use --backend local")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped like by Ctrl-C
    try:
        work = Work(options.count, command, options.made_for, options.rests_on, options.output, options.outputs_listed)
        failed = run_jobs(options.dir, work, options.backend, options.nj, options.attempts)
    except KeyboardInterrupt:
        sys.exit(130)
    if failed:
        names = ", ".join(map(str, failed[:NAMED])) + (", ..." if len(failed) > NAMED else "")
        print(f"jobs: {len(failed)} of {options.count} jobs failed: {names}; see {options.dir}/{failed[0]}.log", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
