# SPDX-License-Identifier: GPL-2.0-or-later
# Commands of gdb for a running machine of `ring1 run --on process`, or for its core:
#   gdb -p PID -x tools/gdb/ring1.py
# PID is that of ring1-machine, the child of ring1. `ring1 regs' prints the guest's registers, `ring1 block' the
# translated block at $rip. In translated code the guest's registers are in the host's, else in the vcpu; R15 was the
# vcpu's address when translated code was left last. All else comes from the debug information.
import gdb

GPRS = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")
HOST = ("rax", "rcx", "rdx", "rbx", "r14", "rbp", "rsi", "rdi")
SEGMENTS = ("es", "cs", "ss", "ds", "fs", "gs")
LIVE_FLAGS = 0xcd5  # CF, PF, AF, ZF, SF, DF, OF
FLAG_IF = 0x200
FORWARD = 1  # an unwind record's: the guest's EIP is in R8D


def host(name):
    return int(gdb.parse_and_eval("$" + name)) & (1 << 64) - 1


def cpu():
    return gdb.parse_and_eval("process_cpu")


def vcpu():
    """The guest's one vcpu; an error before translated code has run."""
    address = int(cpu()["frame"]["r15"])
    if not address:
        raise gdb.GdbError("ring1: no translated code has run yet")
    return gdb.Value(address).cast(gdb.lookup_type("struct vcpu").pointer())


def in_cache(rip):
    return int(cpu()["tc_start"]) <= rip < int(cpu()["tc_end"])


def is_crossing(rip):
    """Between user code and the kernel (gate.asm): registers are the guest's there, too."""
    return int(gdb.parse_and_eval("(long) &gate_call")) <= rip < int(gdb.parse_and_eval("(long) &gate_return_end"))


def block_at(offset):
    """The last block that begins at or below OFFSET of the cache, if it reaches there; blocks lie in a row."""
    bt = vcpu()["vm"]["bt"]
    low, high = 0, int(bt["nblocks"])
    while high - low > 1:
        middle = (low + high) // 2
        if int(bt["block"][middle]["tc"]) <= offset:
            low = middle
        else:
            high = middle
    block = bt["block"][low]
    return (low, block) if offset < int(block["tc"]) + int(block["tc_len"]) else (0, None)


def stub_at(offset):
    """An exit that is not connected: one of 16 bytes each, from the end of the cache downwards; None if it is none."""
    bt = vcpu()["vm"]["bt"]
    number = (int(bt["tc"]["size"]) - offset - 1) // 16
    if not 0 < number < int(bt["nslots"]):
        return None
    slot = bt["slot"][number]
    return "exit of block %d to guest %08x, not connected" % (int(slot["from"]), int(slot["eip"]))


def eip_at(rip):
    """The guest's EIP for a stop at RIP, as bt/unwind.c finds it; None where only the monitor's records tell."""
    offset = rip - int(cpu()["tc_start"])
    number, block = block_at(offset)
    if not number:
        return None
    record = vcpu()["vm"]["bt"]["record"]
    eip = None
    for i in range(int(block["nrecords"])):
        r = record[int(block["records"]) + i]
        if int(r["at"]) > offset - int(block["tc"]):
            break
        eip = host("r8") & 0xffffffff if int(r["how"]) & FORWARD else int(r["eip"])
    return eip


class Ring1(gdb.Command):
    """The guest of a Ring1 machine: ring1 regs, ring1 block."""

    def __init__(self):
        super().__init__("ring1", gdb.COMMAND_DATA, prefix=True)


class Regs(gdb.Command):
    """The guest's registers as they are now. In translated code a register may be displaced for a few instructions."""

    def __init__(self):
        super().__init__("ring1 regs", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        v, rip = vcpu(), host("rip")
        flags = int(v["eflags"]) | (FLAG_IF if int(v["vif"]) else 0)
        live = in_cache(rip) or is_crossing(rip)
        if live:
            values = [host(r) & 0xffffffff for r in HOST]
            eip = eip_at(rip) if in_cache(rip) else None
            flags |= host("eflags") & LIVE_FLAGS
        else:
            values = [int(v["gpr"][i]) for i in range(8)]
            eip = int(v["eip"])
        print("guest, %s, CPL %d" % ("in translated code" if live else "in the monitor", int(v["cpl"])))
        print("  " + "  ".join("%s %08x" % pair for pair in zip(GPRS[:4], values[:4])))
        print("  " + "  ".join("%s %08x" % pair for pair in zip(GPRS[4:], values[4:])))
        print("  eip %s  eflags %08x" % ("?" if eip is None else "%08x" % eip, flags))
        print("  " + "  ".join("%s %04x" % (s, int(v["seg"][i]["sel"])) for i, s in enumerate(SEGMENTS)))
        print("  " + "  ".join("%s %08x" % (r, int(v[r])) for r in ("cr0", "cr2", "cr3", "cr4")))


class Block(gdb.Command):
    """The translated block at $rip, or, in the monitor, where translated code was left last."""

    def __init__(self):
        super().__init__("ring1 block", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        rip = host("rip")
        if not in_cache(rip):
            rip = int(cpu()["frame"]["rip"])
            print("in the monitor; translated code was left at %#x" % rip)
        if not in_cache(rip):
            raise gdb.GdbError("ring1: not in the translation cache")
        start = int(cpu()["tc_start"])
        number, block = block_at(rip - start)
        if not number:
            print(stub_at(rip - start) or "no block: code that all blocks share")
            return
        mode, tc = int(block["mode"]), start + int(block["tc"])
        print("block %d: guest %08x, %d bytes, %s code, mode %#x%s" % (
            number, int(block["eip"]), int(block["len"]), "user" if mode & 3 == 3 else "kernel", mode,
            "" if block["live"] else ", dropped"))
        print("  host %#x to %#x, $rip at %#x of it" % (tc, tc + int(block["tc_len"]), rip - tc))


Ring1()
Regs()
Block()
# The machine lives on these.
gdb.execute("handle SIGSEGV SIGBUS SIGFPE SIGILL SIGALRM SIGIO nostop noprint pass", to_string=True)
