; A recursion that is deeper than the slab has objects for.
; @Test recursion/countdown-deep.tinylisp
; @Kind recursion
; @Run {dir}/.bin/tinylisp_slab {file}
; @Timeout 20s
; @Sentinel on
; @Expect slab-exhausted
(define (countdown n) (if (< n 1) 0 (countdown (- n 1))))
(print (countdown 10000))
