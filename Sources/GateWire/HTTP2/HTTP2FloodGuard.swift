import GatePrimitives

/// Counts what a client makes an HTTP/2 connection do for nothing, in windows of time (attacks 18, 19, 21, 27).
///
/// Nothing here is measured by itself: the instant comes from the caller. A window begins with the first event after the
/// last one ended, so that a client has at most twice an allowance in any span of its length.
struct HTTP2FloodGuard {
    /// LIMIT: how long events are remembered together.
    static let window = TimeSpan.seconds(30)
    /// LIMIT: streams reset by the client in a window, where they are also half of those opened: clients of gRPC with
    /// short deadlines reset many, and finish more (CVE-2023-44487).
    static let mostResets = 200
    /// LIMIT: streams that the client makes us reset in a window, where they are also half of those opened (CVE-2025-8671).
    static let mostStreamErrors = 200
    /// LIMIT: DATA frames in a window that carry next to nothing and end nothing (CVE-2019-9518).
    static let mostEmptyFrames = 1000
    /// LIMIT: bytes below which a DATA frame carries next to nothing: less than the prefix of a gRPC message.
    static let tinyFrame = 5
    /// LIMIT: control frames in a window beside those that traffic explains (CVE-2019-9512, 9515).
    static let mostControlFrames = 1000
    /// LIMIT: control frames that one DATA frame or one stream explains: windows for both levels, and a ping that measures.
    static let controlFramesPerUse = 4

    private var ends: MonotonicInstant
    private var opened = 0
    private var resets = 0
    private var streamErrors = 0
    private var emptyFrames = 0
    private var controlFrames = 0
    private var uses = 0

    /// A guard that has seen nothing.
    init(now: MonotonicInstant) { ends = now.advanced(by: Self.window) }

    /// A stream was opened.
    mutating func streamOpened(_ now: MonotonicInstant) {
        renew(now)
        opened &+= 1
        uses &+= 1
    }

    /// A DATA frame was sent.
    mutating func dataSent() { uses &+= 1 }

    /// The client reset a stream; a reason ends the connection.
    mutating func streamReset(_ now: MonotonicInstant) -> Reason? {
        renew(now)
        resets &+= 1
        return resets > Self.mostResets && resets &* 2 >= opened ? .h2ResetFlood : nil
    }

    /// We reset a stream for an error of the client; a reason ends the connection.
    mutating func streamFailed(_ now: MonotonicInstant) -> Reason? {
        renew(now)
        streamErrors &+= 1
        return streamErrors > Self.mostStreamErrors && streamErrors &* 2 >= opened ? .h2StreamErrors : nil
    }

    /// A DATA frame of `length` bytes came; a reason ends the connection.
    mutating func dataReceived(_ length: Int, endsStream: Bool, _ now: MonotonicInstant) -> Reason? {
        guard length < Self.tinyFrame, !endsStream else {
            uses &+= 1
            return nil
        }
        renew(now)
        emptyFrames &+= 1
        return emptyFrames > Self.mostEmptyFrames ? .h2EmptyFrames : nil
    }

    /// A frame came that carries nothing of a request; a reason ends the connection.
    mutating func controlReceived(_ now: MonotonicInstant) -> Reason? {
        renew(now)
        controlFrames &+= 1
        return controlFrames > Self.mostControlFrames &+ uses &* Self.controlFramesPerUse ? .h2ControlFlood : nil
    }

    private mutating func renew(_ now: MonotonicInstant) {
        guard now >= ends else { return }
        self = HTTP2FloodGuard(now: now)
    }
}
