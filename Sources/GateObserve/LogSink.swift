/// A log's destination with a thread of its own: whoever hands lines over never waits for the reader.
public final class LogSink: Sendable {
    /// Where lines go.
    public enum Destination: Sendable, Equatable {
        /// Standard output.
        case standardOutput
        /// Standard error.
        case standardError
        /// A file, appended to, opened anew by ``LogSink/reopen()``.
        case file(String)
        /// An open descriptor, which stays the caller's.
        case descriptor(Int32)
    }

    /// Opens `destination` and starts the writer.
    public init(_ destination: Destination, capacity: Int = 1 << 20) throws(LogSinkError) {}

    /// Hands `lines` whole lines over; where there is no room they are dropped and counted.
    public func submit(_ bytes: [UInt8], lines: Int) {}

    /// How many lines were lost so far.
    public var droppedLines: UInt64 { 0 }

    /// Opens the file anew (SIGUSR1); a file that cannot be opened leaves the old one in use.
    public func reopen() {}

    /// Writes what is pending and ends the writer, waiting at most `milliseconds`; false where lines were lost.
    @discardableResult
    public func close(within milliseconds: Int) -> Bool { true }
}

/// Why a log could not be opened.
public struct LogSinkError: Error, Equatable, Sendable {
    /// The file's path.
    public let path: String
    /// The value of `errno`.
    public let code: Int32
}
