import GatePrimitives
import NIOCore

/// The fields that say over which hops a request came (RFC 7239, RFC 9110 §7.6.3).
extension VettedRequest {
    /// Whether `via` names `pseudonym` as one that received the message.
    func viaNames(_ pseudonym: Span<UInt8>) -> Bool {
        var line = first(.via)
        while let index = line {
            let value = value(at: index)
            var start = 0
            while start <= value.count {
                let end = value.firstIndex(of: Ascii.comma, in: start..<value.count)
                if Self.receivedBy(value, start..<end, pseudonym) { return true }
                start = end &+ 1
            }
            line = next(.via, after: index)
        }
        return false
    }

    /// An element is `protocol received-by comment`: whether the second word is `pseudonym`.
    private static func receivedBy(_ value: Span<UInt8>, _ range: Range<Int>, _ pseudonym: Span<UInt8>) -> Bool {
        let element = value.trimmed(range)
        var start = element.lowerBound
        while start < element.upperBound, value[start] != Ascii.space, value[start] != Ascii.tab { start &+= 1 }
        let rest = value.trimmed(start..<element.upperBound)
        var end = rest.lowerBound
        while end < rest.upperBound, value[end] != Ascii.space, value[end] != Ascii.tab { end &+= 1 }
        return value.extracting(rest.lowerBound..<end).equalsIgnoringCase(pseudonym)
    }

    /// `via` in the version that was received; earlier lines of it were copied before.
    @_lifetime(sink: copy sink)
    func writeVia(_ sink: inout OutputRawSpan, _ connection: borrowing ForwardingFacts) throws(HeadOverflow) {
        switch version {
        case .http10: try sink.append("via: 1.0 ")
        case .http11: try sink.append("via: 1.1 ")
        case .http2: try sink.append("via: 2.0 ")
        }
        try sink.append(connection.pseudonym)
        try sink.append("\r\n")
    }

    /// `x-forwarded-for`, `-proto`, `-host` and `forwarded`: ours alone, or behind a trusted peer's (attacks 41).
    @_lifetime(sink: copy sink)
    func writeForwarding(_ sink: inout OutputRawSpan, _ connection: borrowing ForwardingFacts) throws(HeadOverflow) {
        if connection.peerIsTrusted {
            try writeChain(&sink, .xForwardedFor, "x-forwarded-for: ")
            try sink.append(connection.peer)
            try writeTrustedScheme(&sink, connection)
            try writeTrustedHost(&sink)
            try writeChain(&sink, .forwarded, "forwarded: ")
        } else {
            try sink.append(connection.ownLines)
            try sink.append("x-forwarded-host: ")
            try sink.append(authority)
            try sink.append("\r\nforwarded: ")
        }
        // RFC 7239 §5.3: quoted, since a port or an IPv6 address is no token.
        try sink.append(connection.element)
        try sink.append(authority)
        try sink.append("\"\r\n")
    }

    /// The name and what a trusted peer sent under it, ready for one more element.
    @_lifetime(sink: copy sink)
    private func writeChain(
        _ sink: inout OutputRawSpan, _ name: FieldName, _ start: StaticString
    ) throws(HeadOverflow) {
        try sink.append(start)
        var line = first(name)
        while let index = line {
            if value(at: index).count > 0 {
                try sink.append(value(at: index))
                try sink.append(", ")
            }
            line = next(name, after: index)
        }
    }

    /// The scheme that a trusted peer names, if it names one; otherwise what it used towards us.
    @_lifetime(sink: copy sink)
    private func writeTrustedScheme(
        _ sink: inout OutputRawSpan, _ connection: borrowing ForwardingFacts
    ) throws(HeadOverflow) {
        try sink.append("\r\nx-forwarded-proto: ")
        var scheme = connection.scheme
        if let index = first(.xForwardedProto), next(.xForwardedProto, after: index) == nil {
            if value(at: index).matches(lowercase: "https") { scheme = .https }
            if value(at: index).matches(lowercase: "http") { scheme = .http }
        }
        try sink.append(scheme == .https ? "https\r\nx-forwarded-host: " : "http\r\nx-forwarded-host: ")
    }

    /// The host that a trusted peer names, if it is one; otherwise that of the request.
    @_lifetime(sink: copy sink)
    private func writeTrustedHost(_ sink: inout OutputRawSpan) throws(HeadOverflow) {
        if let index = first(.xForwardedHost), next(.xForwardedHost, after: index) == nil,
            Authority.isValid(value(at: index))
        {
            try sink.append(value(at: index))
        } else {
            try sink.append(authority)
        }
        try sink.append("\r\n")
    }
}

extension Authority {
    /// Whether `bytes` are a host with an optional port.
    static func isValid(_ bytes: Span<UInt8>) -> Bool {
        (try? parse(bytes, 0..<bytes.count)) != nil
    }
}
