import Synchronization

/// A log's destination with a thread of its own: whoever hands lines over never waits for the reader.
///
/// Two buffers of `capacity` bytes: loops append to one under a lock that is held for a copy and nothing else, the
/// writer writes the other. A reader that stands still (a blocked pipe, a slow disk) fills the first; from then on lines
/// are dropped and counted, and traffic goes on (attacks 75). Lines are handed over and dropped whole.
public final class LogSink: Sendable {
    /// Where lines go.
    public enum Destination: Sendable, Equatable {
        /// Standard output.
        case standardOutput
        /// Standard error.
        case standardError
        /// A file, appended to, created with mode 0640 and opened anew by ``LogSink/reopen()``.
        case file(String)
        /// An open descriptor, which stays the caller's.
        case descriptor(Int32)
    }

    /// What loops and the writer share.
    struct State {
        var pending: [UInt8] = []
        var pendingLines = 0
        /// The writer sleeps and must be woken.
        var isWaiting = false
        var isClosing = false
        /// A newly opened file that the writer shall use from its next batch on.
        var replacement: Int32?
    }

    let shared: Mutex<State>
    let dropped = Atomic<UInt64>(0)
    /// Wakes the writer.
    let bell: Doorbell
    /// Rung when the writer has ended.
    let end: Doorbell
    private let destination: Destination
    private let capacity: Int

    /// Opens `destination` and starts the writer; `capacity` bytes (at least 64 KiB) may wait for it.
    ///
    /// A file that cannot be opened, or no thread to be had, is the error. Call ``close(within:)`` when done: until then
    /// the writer keeps the sink alive.
    public init(_ destination: Destination, capacity: Int = 1 << 20) throws(LogSinkError) {
        self.destination = destination
        self.capacity = max(capacity, 1 << 16)
        let output = try Self.open(destination)
        guard let bell = Doorbell(), let end = Doorbell() else {
            throw LogSinkError(path: destination.path, code: Descriptor.lastError)
        }
        self.bell = bell
        self.end = end
        var state = State()
        // Reserved whole, so that no append allocates under the lock; the kernel gives pages as they are touched.
        state.pending.reserveCapacity(self.capacity)
        shared = Mutex(state)
        let writer = LogWriter(sink: self, output: output, isOwner: destination.isOpenedHere, capacity: self.capacity)
        if let code = writer.start() {
            if destination.isOpenedHere { Descriptor.close(output) }
            throw LogSinkError(path: destination.path, code: code)
        }
    }

    /// Hands `lines` whole lines over; where there is no room, all of them are dropped and counted.
    ///
    /// Never blocks on the reader. At most 32 KiB at once leave room for the other loops.
    func submit(_ bytes: Span<UInt8>, lines: Int) {
        let (isTaken, mustRing) = shared.withLock { state in
            guard !state.isClosing, bytes.count <= capacity &- state.pending.count else { return (false, false) }
            unsafe bytes.withUnsafeBytes { unsafe state.pending.append(contentsOf: $0) }
            state.pendingLines &+= lines
            defer { state.isWaiting = false }
            return (true, state.isWaiting)
        }
        if !isTaken { drop(lines) }
        if mustRing { bell.ring() }
    }

    /// How many lines were lost so far: no room, or the destination failed.
    public var droppedLines: UInt64 { dropped.load(ordering: .relaxed) }

    func drop(_ lines: Int) {
        dropped.add(UInt64(max(lines, 0)), ordering: .relaxed)
    }

    /// Opens the file anew (SIGUSR1); only what the writer holds already still goes to the old one.
    ///
    /// A file that cannot be opened is the error, and the old one stays in use. Nothing happens where the destination is
    /// no file. Opens the file on the caller's thread: do not call it on a loop.
    public func reopen() throws(LogSinkError) {
        guard destination.isOpenedHere else { return }
        let output = try Self.open(destination)
        let (unused, mustRing) = shared.withLock { state -> (Int32?, Bool) in
            guard !state.isClosing else { return (output, false) }
            defer {
                state.replacement = output
                state.isWaiting = false
            }
            return (state.replacement, state.isWaiting)
        }
        if let unused { Descriptor.close(unused) }
        if mustRing { bell.ring() }
    }

    /// Writes what is pending and ends the writer, waiting at most `milliseconds`; false where the writer is stuck.
    ///
    /// Lines that wait behind a stuck writer are counted as dropped. Later lines are dropped.
    @discardableResult
    public func close(within milliseconds: Int) -> Bool {
        let mustRing = shared.withLock { state in
            defer {
                state.isClosing = true
                state.isWaiting = false
            }
            return state.isWaiting
        }
        if mustRing { bell.ring() }
        if end.wait(milliseconds: milliseconds) {
            end.ring()
            return true
        }
        let lost = shared.withLock { state in
            defer {
                state.pending = []
                state.pendingLines = 0
            }
            return state.pendingLines
        }
        drop(lost)
        return false
    }

    private static func open(_ destination: Destination) throws(LogSinkError) -> Int32 {
        switch destination {
        case .standardOutput: return 1
        case .standardError: return 2
        case .descriptor(let descriptor): return descriptor
        case .file(let path):
            switch Descriptor.openLog(path) {
            case .success(let descriptor): return descriptor
            case .failure(let code): throw LogSinkError(path: path, code: code)
            }
        }
    }
}

extension LogSink.Destination {
    /// Whether the sink opens the descriptor, and so closes it.
    var isOpenedHere: Bool {
        if case .file = self { return true }
        return false
    }

    var path: String {
        switch self {
        case .standardOutput: "stdout"
        case .standardError: "stderr"
        case .file(let path): path
        case .descriptor: "descriptor"
        }
    }
}

/// Why a log could not be opened.
public struct LogSinkError: Error, Equatable, Sendable {
    /// The file's path.
    public let path: String
    /// The value of `errno`.
    public let code: Int32
}
