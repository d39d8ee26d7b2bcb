; The same recursion where the slab suffices.
; @Test recursion/countdown-shallow.tinylisp
; @Kind recursion
; @Run {dir}/.bin/tinylisp_slab {file}
; @Timeout 20s
; @Sentinel on
(define (countdown n) (if (< n 1) 0 (countdown (- n 1))))
(print (countdown 1000))
