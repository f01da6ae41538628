import Glibc
import Synchronization

/// The thread behind a ``LogSink``: it alone waits for the destination.
final class LogWriter {
    private enum Work {
        case sleep
        case write(lines: Int)
        case stop
    }

    private let sink: LogSink
    private var output: Int32
    private let isOwner: Bool
    private var batch: [UInt8] = []
    /// The last write failed in the middle of a line.
    private var isTorn = false

    init(sink: LogSink, output: Int32, isOwner: Bool, capacity: Int) {
        self.sink = sink
        self.output = output
        self.isOwner = isOwner
        batch.reserveCapacity(capacity)
    }

    /// Starts the thread; the error number where there is none to be had.
    func start() -> Int32? {
        var thread = pthread_t()
        // SAFETY: the retain taken here is given back by the thread, or below where no thread began; after that this
        // object is used by the thread alone.
        let context = unsafe Unmanaged.passRetained(self)
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                if let context = unsafe context {
                    unsafe Unmanaged<LogWriter>.fromOpaque(context).takeRetainedValue().run()
                }
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            unsafe context.release()
            return code
        }
        pthread_detach(thread)
        return nil
    }

    private func run() {
        Self.blockSignals()
        while true {
            switch next() {
            case .sleep:
                _ = sink.bell.wait(milliseconds: -1)
            case .write(let lines):
                write(lines: lines)
                batch.removeAll(keepingCapacity: true)
            case .stop:
                if isOwner { Descriptor.close(output) }
                sink.end.ring()
                return
            }
        }
    }

    /// Takes what is pending, leaving the empty buffer in its place, and the newly opened file.
    private func next() -> Work {
        let (work, replacement) = sink.shared.withLock { state -> (Work, Int32?) in
            let replacement = state.replacement
            state.replacement = nil
            if !state.pending.isEmpty {
                let lines = state.pendingLines
                swap(&state.pending, &batch)
                state.pendingLines = 0
                return (.write(lines: lines), replacement)
            }
            state.isWaiting = !state.isClosing
            return (state.isClosing ? .stop : .sleep, replacement)
        }
        if let replacement {
            Descriptor.close(output)
            output = replacement
            isTorn = false
        }
        return work
    }

    private func write(lines: Int) {
        if isTorn {
            guard Descriptor.write([0x0a], from: 0, to: output) == 1 else { return sink.drop(lines) }
            isTorn = false
        }
        let written = Descriptor.write(batch, from: 0, to: output)
        guard written < batch.count else { return }
        // The destination failed (a full disk, a reader that is gone): the rest of the batch is lost.
        var lost = 0
        for index in written..<batch.count where batch[index] == 0x0a { lost &+= 1 }
        sink.drop(lost)
        isTorn = written > 0 && batch[written &- 1] != 0x0a
    }

    /// Signals belong to the process's other threads; a blocked SIGPIPE makes a write fail instead of ending the process.
    private static func blockSignals() {
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
    }
}
