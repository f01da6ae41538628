import GatePrimitives
import Glibc

/// The system calls of the log writers; everything that blocks is called on their threads alone.
enum Descriptor {
    /// A descriptor or an error number.
    enum Opened {
        case success(Int32)
        case failure(Int32)
    }

    /// The error number of this thread's last failed call.
    static var lastError: Int32 { errno }

    /// Opens the log at `path` for appending; a FIFO that nobody reads fails (ENXIO) instead of blocking.
    static func openLog(_ path: String) -> Opened {
        let descriptor = unsafe Glibc.open(
            path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0o640)
        guard descriptor >= 0 else { return .failure(errno) }
        // The open file is ours alone, so its flags are: from here on the writer may block.
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK)
        return .success(descriptor)
    }

    /// Writes `bytes` from `start` on, waiting as long as it takes; how many bytes went out before an error.
    static func write(_ bytes: [UInt8], from start: Int, to descriptor: Int32) -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            var offset = start
            while offset < bytes.count {
                // SAFETY: the range from offset to the end lies within the array, which outlives the call.
                let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset...])
                let count = unsafe Glibc.write(descriptor, part.baseAddress, part.count)
                if count > 0 {
                    offset &+= count
                } else if count < 0, errno == EAGAIN {
                    // Someone else made the shared open file non-blocking: wait as a blocking write would.
                    wait(descriptor, for: Int16(POLLOUT), milliseconds: -1)
                } else if count == 0 || errno != EINTR {
                    break
                }
            }
            return offset
        }
    }

    /// Waits for one of `events`; false where `milliseconds` (-1: for ever) went by without.
    @discardableResult
    static func wait(_ descriptor: Int32, for events: Int16, milliseconds: Int) -> Bool {
        let deadline = MonotonicInstant.now().advanced(by: .milliseconds(Int64(milliseconds)))
        var left = milliseconds
        while true {
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            // SAFETY: one entry, which outlives the call.
            let ready = unsafe poll(&entry, 1, Int32(clamping: left))
            if ready > 0 { return true }
            if ready == 0 || errno != EINTR { return false }
            if milliseconds >= 0 { left = Int(max(deadline.since(.now()).milliseconds, 0)) }
        }
    }

    /// Closes `descriptor`.
    static func close(_ descriptor: Int32) {
        _ = Glibc.close(descriptor)
    }
}

/// What one thread sleeps on and others ring: a pipe, because poll(2) can wait for it with a limit.
final class Doorbell: Sendable {
    private let reader: Int32
    private let writer: Int32

    /// A silent doorbell; nil where there are no descriptors to be had.
    init?() {
        var ends: (reader: Int32, writer: Int32) = (-1, -1)
        // SAFETY: pipe(2) writes two descriptors, and the tuple has room for two.
        let code = unsafe withUnsafeMutableBytes(of: &ends) {
            unsafe pipe($0.assumingMemoryBound(to: Int32.self).baseAddress)
        }
        guard code == 0 else { return nil }
        for end in [ends.reader, ends.writer] {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        reader = ends.reader
        writer = ends.writer
    }

    deinit {
        Descriptor.close(reader)
        Descriptor.close(writer)
    }

    /// Wakes the sleeper, now or when it next waits; never blocks.
    func ring() {
        var byte: UInt8 = 1
        // SAFETY: one byte, which outlives the call. A full pipe refuses it, and then the bell is ringing.
        _ = unsafe Glibc.write(writer, &byte, 1)
    }

    /// Sleeps until it rings, at most `milliseconds` (-1: for ever); false where it did not.
    func wait(milliseconds: Int) -> Bool {
        guard Descriptor.wait(reader, for: Int16(POLLIN), milliseconds: milliseconds) else { return false }
        var bytes: UInt64 = 0
        // SAFETY: at most the eight bytes of the local, which outlives the call.
        return unsafe Glibc.read(reader, &bytes, 8) > 0
    }
}
