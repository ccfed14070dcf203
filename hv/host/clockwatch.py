#!/usr/bin/env python3
"""Boots the guest of hyperv-time and compares its clocks with those of this machine."""
import json
import os
import re
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
LAUNCHER = os.path.join(HERE, "entente")
PAUSE = 10.0
EDGE = 5.0  # seconds at either end of a span in which the quickest line counts
STAMP = re.compile(r"clocks: stamp (\d+) (\d+) (\d+)")
ENDED = "guest hv ended"
LINES = []  # (monotonic seconds of this machine, of its day, line)


def ctl(*words):
    """The answer to one command."""
    return subprocess.run([LAUNCHER, "ctl", *words], stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, timeout=60).stdout.decode(errors="replace")


def exits():
    """Seconds, and the exits of the guest until then."""
    guest = json.loads(ctl("metrics", "--json"))["guests"][0]
    return time.monotonic(), sum(guest["exits"].values())


def exit_rate(seconds=5.0):
    """Exits in a second, over some seconds."""
    time.sleep(0.5)
    begin, before = exits()
    time.sleep(seconds)
    end, after = exits()
    return (after - before) / (end - begin)


class Machine:
    """A launcher with one guest; what it prints is stamped as it comes."""

    def __init__(self, manifest):
        os.environ["CONTROL"] = os.path.join(os.path.dirname(manifest), "control")
        settings = [f"{name}={os.environ[name]}"
                    for name in ("QEMU", "ACCEL", "CPU", "CPUS", "CONTROL") if name in os.environ]
        self.run = subprocess.Popen(
            [LAUNCHER, "run", f"CONF={manifest}", "TIMEOUT=290", "STALL=60", *settings],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        """Until the launcher ends."""
        for line in self.run.stdout:
            LINES.append((time.clock_gettime(time.CLOCK_MONOTONIC_RAW), time.time(),
                          line.decode(errors="replace").strip()))

    def said(self, pattern, seconds=120.0):
        """The first line that matches, as soon as it is there; None when it does not come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for entry in list(LINES):
                found = re.search(pattern, entry[2])
                if found:
                    return found
            if self.run.poll() is not None or any(ENDED in line for _, _, line in LINES):
                return None
            time.sleep(0.05)
        return None


COUNT = 0
FAILED = 0


def result(good, name, figure=""):
    """One TAP line."""
    global COUNT, FAILED
    COUNT += 1
    FAILED += not good
    print(f"{'ok' if good else 'not ok'} {COUNT} - {name}" + (f" # {figure}" if figure else ""),
          flush=True)


def stamps(begin, end):
    """(host's monotonic, host's day, raw, monotonic, day) of the stamps between two lines."""
    inside, out = False, []
    for host, day, line in LINES:
        inside = inside or begin in line
        if inside and end in line:
            break
        found = STAMP.search(line)
        if inside and found:
            out.append((host, day, *(int(text) / 1e9 for text in found.groups())))
    return out


def delay(rows, host, guest):
    """The least that a line was late, with a constant that is the same for all."""
    return min(row[host] - row[guest] for row in rows)


def rate_check():
    """A line comes late by chance, never early: the quickest ones at both ends tell the rate."""
    rows = stamps("clocks: ring", "clocks: spin")
    span = rows[-1][2] - rows[0][2]
    first = [row for row in rows if row[0] < rows[0][0] + EDGE]
    last = [row for row in rows if row[0] > rows[-1][0] - EDGE]
    for column, name in ((2, "CLOCK_MONOTONIC_RAW"), (3, "CLOCK_MONOTONIC")):
        error = (delay(last, 0, column) - delay(first, 0, column)) / span
        result(span > 59 and abs(error) < 0.001, f"{name}: within 0.1 % of this machine's clock",
               f"{-error * 1e6:+.0f} ppm over {span:.1f} s, {len(rows)} stamps")


def cost_check(idle, reading, turns):
    """What reading adds to the exits of a CPU that is busy anyhow."""
    result(turns > 1e5 and reading < idle * 2 + 100,
           "reading the clock in a loop makes no exit",
           f"{turns:.0f} reads in a second; exits {idle:.0f} without, {reading:.0f} with them")


def pause_check():
    """The counter stands still, time of day is made good."""
    rows = stamps("clocks: for a pause", "entente-run")
    gap, at = max((after[0] - before[0], i)
                  for i, (before, after) in enumerate(zip(rows, rows[1:])))
    steps = [after[2] - before[2] for before, after in zip(rows, rows[1:])]
    # The kernel sets its clock a moment after the driver has heard of it.
    before, after = rows[:at + 1], [row for row in rows[at + 1:] if row[0] > rows[at][0] + gap + 1]
    result(gap > PAUSE - 0.5, "the guest was paused", f"silent for {gap:.2f} s")
    result(min(steps) >= 0 and max(steps) < 3,
           "the reference counter stands still in a pause, and goes on from there",
           f"longest step {max(steps):.2f} s")
    stood = delay(after, 0, 2) - delay(before, 0, 2)
    result(abs(stood - PAUSE) < 1, "it is behind by the pause", f"{stood:.3f} s")
    error = delay(after, 1, 4) - delay(before, 1, 4)
    result(abs(error) < 0.2, "time of day is right again, by the time service",
           f"{error * 1000:+.0f} ms beside before")


def watch(machine):
    """Gives commands when the guest is where they belong; the exit rates, or None."""
    if not machine.said("clocks: spin begins", 240):
        return None
    idle = exit_rate()
    if not machine.said("clocks: read begins"):
        return None
    reading = exit_rate()
    machine.said("clocks: for a pause")
    time.sleep(3)
    ctl("pause", "hv")
    time.sleep(PAUSE)
    ctl("unpause", "hv")
    return idle, reading


def main():
    """Runs the guest, then judges."""
    machine = Machine(sys.argv[1])
    rates = watch(machine)
    machine.said(ENDED)
    ctl("poweroff")
    status = machine.run.wait()
    source = machine.said(r"clocks: source (\S+)")
    ring = machine.said(r"clocks: (ring of 4 CPUs: .*, 0 backwards)")
    turns = machine.said(r"clocks: read: (\d+) turns in (\d+) ns")
    version = machine.said(r"clocks: TimeSync IC version (4\.0)")
    host = machine.said(r"clocks: host: (\S+ us)")
    result(source and source[1] == "hyperv_clocksource_tsc_page", "the TSC page is the clock",
           source[1] if source else "")
    result(machine.said("clocks: vdso: .* reads"), "a program reads it without a system call")
    result(ring, "monotonic on all CPUs", ring[1] if ring else "")
    result(version, "the time service agrees on its newest version", version[1] if version else "")
    if rates and turns:
        rate_check()
        cost_check(*rates, int(turns[1]) / int(turns[2]) * 1e9)
        pause_check()
        result(host, "the host's clock as the guest has it by the samples: its own, to 1 ms",
               host[1] if host else "")
    result(machine.said("hyperv-time: all ok"), "the guest ends well")
    result(status == 0, "exit code 0", str(status))
    print(f"1..{COUNT}")
    if FAILED:
        print("\n".join("# | " + line for _, _, line in LINES if "stamp" not in line))
    return 1 if FAILED else 0


sys.exit(main())
