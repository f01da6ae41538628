/// The facts of one downstream connection that all its exchanges share, rendered for the log once.
public final class ConnectionFacts: Sendable {
    /// The connection's number, unique in this process; see ``LoopObserver/nextConnectionNumber()``.
    public let number: UInt64
    /// The listener's index in `names`.
    public let listener: Int
    /// The address of the socket's other end, without the port.
    public let peer: String
    /// The version of TLS, or `none`.
    public let tls: TLSVersion

    /// The members `conn`, `listener`, `sni` and `tls` of a log line, each with a comma before it.
    let members: [UInt8]

    /// The facts of connection `number` on `listener`.
    ///
    /// `sni` is the name that the client asked for, empty where it named none; it is bytes of a stranger and gets
    /// escaped and truncated here.
    public init(number: UInt64, listener: Int, names: NameTable, peer: String, sni: String, tls: TLSVersion) {
        self.number = number
        self.listener = listener
        self.peer = peer
        self.tls = tls
        var text = TextBuffer()
        text.append(literal: ",\"conn\":")
        text.append(number)
        if let name = names.listeners.at(listener) { text.append(NameTable.member("listener", name)) }
        if !sni.isEmpty {
            text.append(literal: ",\"sni\":")
            JSONText.append(sni, limit: AccessLogLine.Limits.sni, to: &text)
        }
        if tls != .none {
            text.append(literal: ",\"tls\":\"")
            text.append(literal: tls.literal)
            text.append(literal: "\"")
        }
        members = text.array
    }
}

/// The version of TLS of a connection, as a label and a log field.
public enum TLSVersion: UInt8, Sendable, CaseIterable {
    /// No TLS, or a handshake that got no version.
    case none
    /// TLS 1.2, a waiver.
    case tls12
    /// TLS 1.3.
    case tls13

    var literal: StaticString {
        switch self {
        case .none: ""
        case .tls12: "TLSv1.2"
        case .tls13: "TLSv1.3"
        }
    }

    /// The word in logs and labels; empty for `none`.
    public var word: String { literal.description }
}

/// The protocol an exchange spoke, as a log field.
public enum LoggedProtocol: UInt8, Sendable {
    /// The request was refused before its version was known.
    case unknown
    /// HTTP/1.0.
    case http10
    /// HTTP/1.1.
    case http11
    /// HTTP/2.
    case http2

    var literal: StaticString {
        switch self {
        case .unknown: ""
        case .http10: "HTTP/1.0"
        case .http11: "HTTP/1.1"
        case .http2: "HTTP/2.0"
        }
    }
}
