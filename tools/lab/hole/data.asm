; SPDX-License-Identifier: GPL-2.0-or-later
;
; The files that `ring1 lab hole' carries: the probe, and what makes its page look and move.
    section .rodata
    global hole_probe, hole_probe_end, hole_css, hole_css_end, hole_js, hole_js_end
    align 16
hole_probe:
    incbin PROBE
hole_probe_end:
hole_css:
    incbin "tools/lab/hole/page.css"
hole_css_end:
hole_js:
    incbin "tools/lab/hole/page.js"
hole_js_end:
    section .note.GNU-stack noalloc noexec nowrite progbits
