/// The series of one listener or upstream, found by its name.
public struct SeriesSlot: Hashable, Sendable {
    let index: Int

    /// The series for what has no name.
    public static let unknown = SeriesSlot(index: 0)
}

/// What a downstream connection is doing: the label `state`.
public enum ConnectionState: UInt8, Sendable, CaseIterable {
    /// In the TLS handshake, or before its first byte.
    case handshaking
    /// In an exchange.
    case active
    /// Between exchanges.
    case idle
    /// Answered for the last time, being closed.
    case closing

    var word: String {
        switch self {
        case .handshaking: "handshaking"
        case .active: "active"
        case .idle: "idle"
        case .closing: "closing"
        }
    }
}

/// What an upstream connection is doing: the label `state`.
public enum UpstreamConnectionState: UInt8, Sendable, CaseIterable {
    /// Being opened.
    case connecting
    /// Held by an exchange.
    case leased
    /// In the pool.
    case idle

    var word: String {
        switch self {
        case .connecting: "connecting"
        case .leased: "leased"
        case .idle: "idle"
        }
    }
}

/// How a TLS handshake ended: the label `result`.
public enum HandshakeResult: UInt8, Sendable, CaseIterable {
    /// Complete.
    case ok
    /// Refused or failed.
    case failed
    /// Not complete in time.
    case timeout
    /// The peer went away.
    case closed

    var word: String {
        switch self {
        case .ok: "ok"
        case .failed: "failed"
        case .timeout: "timeout"
        case .closed: "closed"
        }
    }
}

/// Keys of ``SeriesTable``: slots and enums packed into one word.
enum SeriesKey {
    /// `listener` (15 bits), `route` (32 bits) and `status` (16 bits).
    static func request(listener: Int, route: Int, status: Int) -> UInt64 {
        UInt64(truncatingIfNeeded: listener & 0x7fff) &<< 48 | UInt64(truncatingIfNeeded: route & 0xffff_ffff) &<< 16
            | UInt64(truncatingIfNeeded: status & 0xffff)
    }

    /// The parts of a request's key.
    static func request(_ key: UInt64) -> (listener: Int, route: Int, status: Int) {
        (Int(key &>> 48), Int(key &>> 16 & 0xffff_ffff), Int(key & 0xffff))
    }

    /// `endpoint` and `result`.
    static func upstream(endpoint: Int, result: UpstreamResult) -> UInt64 {
        UInt64(truncatingIfNeeded: endpoint & 0xffff_ffff) &<< 8 | UInt64(result.rawValue)
    }

    /// The parts of an upstream request's key.
    static func upstream(_ key: UInt64) -> (endpoint: Int, result: UpstreamResult) {
        (Int(key &>> 8), UpstreamResult(rawValue: UInt8(truncatingIfNeeded: key)) ?? .none)
    }
}
