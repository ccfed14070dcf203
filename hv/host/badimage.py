#!/usr/bin/env python3
"""Makes the broken kernels and ramdisks of hv/host/badinput.

usage: badimage.py CACHE INITRAMFS FOLDER     CACHE is that of hv/host/entente fetch
"""
import os
import struct
import subprocess
import sys
import zlib

# Offsets of the Linux boot protocol [Documentation/x86/boot.rst].
SETUP_SECTS = 0x1F1
VERSION = 0x206
PAYLOAD_OFFSET = 0x248
PAYLOAD_LENGTH = 0x24C
INIT_SIZE = 0x260

NO_NOTES = ".globl _start\n_start: hlt\n"
# XEN_ELFNOTE_XEN_VERSION (5), PAE_MODE (9), LOADER (8) and a 32-bit entry [xen/elfnote.h].
NOTES_32 = """
.globl _start
_start: hlt
.macro note type:req text:req
  .balign 4
  .long 4, 9f - 8f, \\type
  .asciz "Xen"
8: .asciz "\\text"
9: .balign 4
.endm
.section .note.Xen, "a", @note
note 5 "xen-3.0"
note 6 "linux"
note 8 "generic"
note 9 "yes"
.balign 4
.long 4, 4, 1
.asciz "Xen"
.long _start
"""


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def payload(image):
    """Where the compressed kernel lies in a bzImage: start, length."""
    offset, length = struct.unpack_from("<II", image, PAYLOAD_OFFSET)
    return (image[SETUP_SECTS] + 1) * 512 + offset, length


def corrupt(image):
    """4 KiB of 0xff in the middle of the payload: no decoder takes that for data."""
    start, length = payload(image)
    middle = start + length // 2
    return image[:middle] + b"\xff" * 4096 + image[middle + 4096 :]


def regzip(image):
    """The same bzImage with a gzip payload behind its end; `image` has a zstd payload."""
    start, length = payload(image)
    packed = image[start : start + length - 4]
    kernel = subprocess.run(["zstd", "-dcq"], input=packed, check=True, capture_output=True).stdout
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    fresh = packer.compress(kernel) + packer.flush() + struct.pack("<I", len(kernel))
    where = len(image) - (image[SETUP_SECTS] + 1) * 512
    header = bytearray(image)
    struct.pack_into("<II", header, PAYLOAD_OFFSET, where, len(fresh))
    return bytes(header) + fresh


def blind(image, where="<Q", offset=PAYLOAD_OFFSET, value=0):
    """Does not say where its payload is, so it starts by the boot protocol; one more field set."""
    header = bytearray(image)
    struct.pack_into("<II", header, PAYLOAD_OFFSET, 0, 0)
    struct.pack_into(where, header, offset, value)
    return bytes(header)


def assemble(path, source, flag):
    subprocess.run(
        ["gcc", flag, "-x", "assembler", "-nostdlib", "-static", "-no-pie",
         "-Wl,--build-id=none", "-o", path, "-"],
        input=source.encode(), check=True)


def main():
    cache, initramfs, folder = sys.argv[1:4]
    kernels = {name: read(f"{cache}/kernels/{name}/vmlinuz")
               for name in ("6.1-cloud", "6.1", "6.12-cloud")}
    lz4, xz, zstd = kernels["6.1-cloud"], kernels["6.1"], kernels["6.12-cloud"]

    os.makedirs(folder, exist_ok=True)
    write(f"{folder}/truncated-kernel", lz4[: len(lz4) // 2])
    write(f"{folder}/truncated-initrd", read(initramfs)[: os.path.getsize(initramfs) // 2])
    write(f"{folder}/corrupt-lz4", corrupt(lz4))
    write(f"{folder}/corrupt-xz", corrupt(xz))
    write(f"{folder}/corrupt-zstd", corrupt(zstd))
    write(f"{folder}/blind-cut", blind(lz4)[: len(lz4) // 2])
    write(f"{folder}/blind-old", blind(lz4, "<H", VERSION, 0x209))
    write(f"{folder}/blind-large", blind(lz4, "<I", INIT_SIZE, 512 << 20))
    write(f"{folder}/sound-gzip", regzip(zstd))
    write(f"{folder}/corrupt-gzip", corrupt(regzip(zstd)))
    assemble(f"{folder}/no-notes", NO_NOTES, "-m64")
    assemble(f"{folder}/kernel-32bit", NOTES_32, "-m32")


main()
