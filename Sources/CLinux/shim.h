// Linux calls that Swift cannot import: variadic functions, macros with arguments and headers outside Glibc's module.
#ifndef PORTCULLIS_CLINUX_H
#define PORTCULLIS_CLINUX_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Asks for `signal` when the process that started this one ends. Returns 0, or -1 with errno.
static inline int gate_die_with_parent(int signal) {
    return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0);
}

/// Gives up, for this process and all it starts, every privilege that executing a file could add. Returns 0, or -1 with errno.
static inline int gate_no_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/// The number of processors this process may run on, at least 1.
static inline int gate_usable_processors(void) {
    unsigned long words[128] = {0};
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof words, words);
    int count = 0;
    for (long word = 0; word * (long)sizeof words[0] < bytes; word++) count += __builtin_popcountl(words[word]);
    return count > 0 ? count : 1;
}

#endif
