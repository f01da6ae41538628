import Glibc

/// Whether a byte of a long input costs at most ten times what a byte of a short one costs.
///
/// `prepare` makes the work for an input of a size. Only this thread's processor time counts, the least of several runs,
/// and a busy machine gets five chances; what is quadratic misses by a factor of twelve each time.
func isFlat(short: Int = 2048, long: Int = 32768, _ prepare: (Int) -> () -> Void) -> Bool {
    let (small, large) = (prepare(short), prepare(long))
    for _ in 0..<5 {
        let base = min(processorTime(small), processorTime(small), processorTime(small))
        let bound = base * (long / short) * 10 + 50_000
        if min(processorTime(large), processorTime(large)) < bound { return true }
    }
    return false
}

/// Nanoseconds of this thread that `work` takes.
private func processorTime(_ work: () -> Void) -> Int {
    let start = threadClock()
    work()
    return threadClock() - start
}

private func threadClock() -> Int {
    var time = timespec()
    // SAFETY: the clock writes one timespec, our own variable.
    _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}
