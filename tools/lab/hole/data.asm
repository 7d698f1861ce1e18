; SPDX-License-Identifier: GPL-2.0-or-later
;
; The files that `ring1 lab hole' carries: the probe, and what makes its page look and move.
    section .rodata
    global hole_probe, hole_probe_size, hole_css, hole_css_size, hole_js, hole_js_size
    align 16
hole_probe:
    incbin PROBE
.end:
    align 4
hole_probe_size:
    dd hole_probe.end - hole_probe
hole_css:
    incbin "tools/lab/hole/page.css"
.end:
    align 4
hole_css_size:
    dd hole_css.end - hole_css
hole_js:
    incbin "tools/lab/hole/page.js"
.end:
    align 4
hole_js_size:
    dd hole_js.end - hole_js
    section .note.GNU-stack noalloc noexec nowrite progbits
