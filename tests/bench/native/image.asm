; SPDX-License-Identifier: GPL-2.0-or-later
; The flat image as data of a test program; IMAGE is its file.
section .rodata
global image_bytes, image_size
image_bytes: incbin IMAGE
.end: align 4
image_size: dd image_bytes.end - image_bytes
section .note.GNU-stack
