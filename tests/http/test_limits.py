#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Views that never end, take all memory, recurse without end or raise nonsense: the client
gets an answer in time and the worker, or one in its place, serves on."""
import re
import time

from server import alive, children, memory, wait_for
from trial import Load, arguments, cpu_of, pid_of, run, sanitized, start, wait_pid

LIMIT = 0.3  # request_time_limit of settings_limits.lua
PATIENCE = 60  # seconds on the wall: the limit is one of running time, which a busy machine hands out slowly

# Ended by the limit of running time, wherever they hide.
SPINS = """spin spin_pcall spin_pcall_nested spin_coroutine spin_wrap spin_yields spin_new_coroutines
spin_index spin_tostring spin_close spin_sort spin_gsub error_tostring_spin""".split()
# Where Lua runs no hook: the master replaces the worker.
STUCK = "spin_gc burn".split()
STUCK_TOO = "spin_xpcall burn_long".split()
HOGS = "hog_table hog_pcall rep_twice".split()
HOGS_TOO = "hog_string hog_closures rep_huge concat_huge".split()
# 500 at once.
ERRORS = """rep_overflow format_wide unpack_huge recurse recurse_gsub recurse_sort recurse_tostring
recurse_index recurse_coroutines recurse_load recurse_pattern recurse_match recurse_require
error_nil error_table error_number error_string error_false error_tostring error_tostring_number
error_name error_metatable error_long error_control error_handler error_thread error_close
nothing odd_value yields bad_response metatable_write""".split()
SURVIVE = {"error_gc": b"survived", "recurse_pcall": b"true", "has_sethook": b"nil",
           "bytecode": b"nil", "keep_coroutine": b"resumed", "resume_kept": b"resumed"}


def ask(server, name, timeout=PATIENCE):
    """(status, body, CPU seconds of the server); status None when the connection ended
    without an answer."""
    begin = cpu_of(server)
    with server.talk(timeout=timeout) as t:
        t.send(b"GET /limits/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
               % name.encode())
        answers = t.read(1)
    if not answers:  # what a process has used is its master's once it is reaped
        wait_pid(server)
    spent = cpu_of(server) - begin
    return (answers[0].status, answers[0].body, spent) if answers else (None, b"", spent)


def same_worker(server, checks, pid, name):
    now = wait_pid(server)
    checks.check(now == pid, name, "worker %d was replaced by %d" % (pid, now))
    return now


def running_time(opts, checks):
    with start(opts, "settings_limits") as server:
        pid = pid_of(server)
        for name in SPINS:
            status, _, spent = ask(server, name)
            checks.check(status == (500 if name.startswith("error") else 504), name,
                         "status %s after %.2f s" % (status, spent))
            checks.check(LIMIT * 0.8 < spent < LIMIT + 0.5, name, "%.2f s" % spent)
            pid = same_worker(server, checks, pid, name)
        status, body, _ = ask(server, "half_the_limit")
        checks.check((status, body) == (200, b"done"), "half_the_limit", status)
        same_worker(server, checks, pid, "half_the_limit")
        checks.check("TimeLimitExceeded" in server.output(), "the log names the limit")


def kept_coroutines(opts, checks):
    """A coroutine that was stopped is of no use, and no danger, to later requests."""
    with start(opts, "settings_limits") as server:
        pid = pid_of(server)
        for name, want in (("keep_spinner", 200), ("resume_kept", 504), ("resume_kept", 500),
                           ("keep_coroutine", 200), ("resume_kept", 200)):
            status, _, spent = ask(server, name)
            checks.check(status == want, name, "status %s, not %d" % (status, want))
            checks.check(spent < LIMIT + 1, name, "%.2f s" % spent)
        same_worker(server, checks, pid, "resume_kept")


def stuck_in_c(opts, checks):
    with start(opts, "settings_limits") as server:
        for name in STUCK + (STUCK_TOO if opts.long else []):
            pid = pid_of(server)
            status, _, spent = ask(server, name)
            checks.check(status is None or status >= 500, name, "status %s" % status)
            checks.check(spent < LIMIT + 1, name, "%.2f s" % spent)
            checks.check(wait_pid(server) != pid or status is not None, name, "the same worker")
        log = server.output()
        checks.check(re.search(r"worker 0 .*hangs.*/limits/burn", log), "the log names the request",
                     log[-2000:])


def stuck_beside_others(opts, checks):
    """The other worker's requests go on as if nothing were."""
    with start(opts, "settings_limits", workers=2) as server:
        pids = set(children(server.pid))
        load = Load(server, "/", clients=4)
        status, _, _ = ask(server, "burn")
        time.sleep(0.3)
        load.stop()
        checks.check(status is None or status >= 500, "burn beside others", status)
        hung = re.search(r"hangs: busy with '/limits/burn' for ([\d.]+) s", server.output())
        checks.check(hung, "the log names the request", server.output()[-1000:])
        stayed = pids & set(children(server.pid))
        checks.check(len(stayed) == 1, "one of two workers stays", "%s of %s" % (stayed, pids))
        # What waited for the worker that was burning is cut off with it; nobody else.
        checks.check(len(load.failed) <= 4, "the others are served", load.failed[:3])
        checks.check(load.done > 100, "the others are served", "%d requests" % load.done)


def memory_limit(opts, checks):
    with start(opts, "settings_limits") as server:
        for name in HOGS + (HOGS_TOO if opts.long else []):
            status, _, spent = ask(server, name)
            checks.check(status is not None and status >= 500, name, "status %s" % status)
            checks.check(spent < LIMIT + 1, name, "%.2f s" % spent)
            checks.check(server.request("GET", "/").body == b"ok", name, "served after it")
        # A worker whose memory is in crumbs leaves its place to another; none is killed.
        checks.check("killed by signal" not in server.output(), "no worker is lost")
        if not sanitized(opts.perilune):
            size = memory(pid_of(server), "Rss")
            checks.check(size < (48 + 32) * 1024, "memory stays near lua_memory_limit",
                         "%d KiB" % size)


def errors(opts, checks):
    with start(opts, "settings_limits") as server:
        pid = pid_of(server)
        for name in ERRORS:
            status, body, spent = ask(server, name)
            checks.check(status == 500, name, "status %s" % status)
            checks.check(spent < LIMIT + 1, name, "%.2f s" % spent)
            checks.check(b"limits.lua" not in body and b"traceback" not in body, name,
                         "the answer tells about the code: %r" % body[:200])
        for name, want in SURVIVE.items():
            status, body, _ = ask(server, name)
            checks.check((status, body) == (200, want), name, "%s %r" % (status, body[:80]))
        same_worker(server, checks, pid, "errors")
        log = server.output()
        lines = [line for line in log.splitlines() if "/limits/error_" in line]
        for name in (n for n in ERRORS if n.startswith("error_")):
            checks.check(sum("/limits/%s:" % name in line for line in lines) == 1, name,
                         "one line of the log is about it")
        checks.check(all(re.match(r"\d{4}-\d\d-\d\d ", line) for line in log.splitlines()),
                     "one record is one line")
        checks.check("\033" not in log and "\r" not in log, "control characters are escaped")


def shared_state(opts, checks):
    """What one request does to globals, no other sees."""
    with start(opts, "settings_limits") as server:
        for name in ("global_write", "global_function"):
            status, _, _ = ask(server, name)
            checks.check(status == 500, name, "status %s" % status)
            status, body, _ = ask(server, "global_read")
            checks.check(body == b"nil", name, "the next request sees %r" % body)
        log = server.output()
        checks.check(re.search(r"undeclared global 'leaked'", log), "global_write", log[-500:])
        for name, want in (("gc_stop", 500), ("gc_running", 200)):
            status, body, _ = ask(server, name)
            checks.check(status == want, name, "status %s" % status)
        checks.check(body == b"true", "the collector runs on", body)
        status, body, _ = ask(server, "debug_names")
        names = body.decode().split()
        for bad in ("sethook", "setmetatable", "getregistry", "setuservalue"):
            checks.check(bad not in names, "debug." + bad, "is there")


def ends_of_workers(opts, checks):
    """Whatever a view does to end the process, the next request is served."""
    with start(opts, "settings_limits") as server:
        for name in ("os_exit", "os_exit_close"):
            pid = pid_of(server)
            status, _, _ = ask(server, name)
            checks.check(status in (None, 500), name, "status %s" % status)
            now = wait_pid(server)
            checks.check(now == pid or status is None, name, "worker %d, then %d" % (pid, now))
        checks.check(alive(server.pid), "the master lives")
        wait_for(lambda: len(children(server.pid)) == 1, 5, "one worker")


def deadline(opts, checks):
    """request_deadline: seconds on the clock, waiting included."""
    with start(opts, "settings_deadline") as server:
        pid = pid_of(server)
        begin = time.monotonic()
        answer = server.request("GET", "/waits/sleep_long")
        spent = time.monotonic() - begin
        checks.check(answer.status == 504, "request_deadline", answer.status)
        checks.check(0.3 < spent < 2, "request_deadline", "%.2f s" % spent)
        checks.check(server.request("GET", "/waits/sleep").status == 200, "shorter requests")
        same_worker(server, checks, pid, "request_deadline")


if __name__ == "__main__":
    run(arguments(__doc__), [running_time, kept_coroutines, stuck_in_c, memory_limit, errors,
                             shared_state, ends_of_workers, deadline], [stuck_beside_others])
