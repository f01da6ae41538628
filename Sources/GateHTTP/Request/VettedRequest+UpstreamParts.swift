import NIOCore

/// The parts of an upstream head, in the order in which they are written.
extension VettedRequest {
    /// Bytes that the head cannot exceed: all that can go into it, once more than it can.
    func roomForHead(
        _ rewrite: borrowing UpstreamRewrite, _ connection: borrowing ForwardingFacts,
        _ fields: borrowing UpstreamFields
    ) -> Int {
        var room = bytes.readableBytes &+ fieldCount &+ pathPiece.range.count &+ 3 &* authorityPiece.range.count
        if let prefix = rewrite.prefix { room &+= prefix.replacement.readableBytes }
        if let host = rewrite.host { room &+= host.readableBytes }
        room &+= connection.ownLines.readableBytes &+ connection.peer.readableBytes &+ connection.element.readableBytes
        room &+= connection.pseudonym.readableBytes &+ fields.identity.bytes.readableBytes
        room &+= fields.requestID.readableBytes &+ rewrite.edits.lines.bytes.readableBytes
        // The names and constants of all lines of our own are shorter than this.
        return room &+ 512
    }

    /// RFC 9112 §3: always HTTP/1.1, always the origin form, but for `OPTIONS *`.
    @_lifetime(sink: copy sink)
    func writeRequestLine(
        _ sink: inout OutputRawSpan, _ rewrite: borrowing UpstreamRewrite, _ removal: borrowing CredentialRemoval
    ) throws(HeadOverflow) {
        try sink.append(methodBytes)
        try sink.append(byte: Ascii.space)
        try writeTarget(&sink, rewrite, removal)
        try sink.append(" HTTP/1.1\r\n")
    }

    /// Path and query.
    @_lifetime(sink: copy sink)
    func writeTarget(
        _ sink: inout OutputRawSpan, _ rewrite: borrowing UpstreamRewrite, _ removal: borrowing CredentialRemoval
    ) throws(HeadOverflow) {
        if let prefix = rewrite.prefix, targetForm != .asterisk {
            try writePath(&sink, replacing: prefix)
        } else {
            try sink.append(path)
        }
        if hasQuery {
            if removal.parameters.isEmpty {
                try sink.append(byte: Ascii.question)
                try sink.append(query)
            } else {
                try writeQuery(&sink, without: removal.parameters)
            }
        }
    }

    /// The path with its prefix, which is whole segments, replaced.
    @_lifetime(sink: copy sink)
    private func writePath(
        _ sink: inout OutputRawSpan, replacing prefix: UpstreamRewrite.Prefix
    ) throws(HeadOverflow) {
        let path = self.path
        let matched = prefix.matched.readableBytes
        // Routing matched the prefix, and on whole segments: another path here would reach what nobody decided about.
        guard path.count >= matched, path.extracting(first: matched).equals(prefix.matched.readableBytesUInt8Span),
            path.count == matched || path[matched] == Ascii.slash
        else { throw HeadOverflow() }
        try sink.append(prefix.replacement)
        try sink.append(path.extracting(matched..<path.count))
        if prefix.replacement.readableBytes == 0, path.count == matched { try sink.append(byte: Ascii.slash) }
    }

    /// The query without the parameters `names`; a query of which nothing is left goes with its `?`.
    @_lifetime(sink: copy sink)
    private func writeQuery(_ sink: inout OutputRawSpan, without names: [[UInt8]]) throws(HeadOverflow) {
        let query = self.query
        var separator = Ascii.question
        var start = 0
        while start <= query.count {
            let end = query.firstIndex(of: Ascii.ampersand, in: start..<query.count)
            let name = start..<query.firstIndex(of: Ascii.equals, in: start..<end)
            if !Self.isListedDecoded(query.extracting(name), names) {
                try sink.append(byte: separator)
                try sink.append(query.extracting(start..<end))
                separator = Ascii.ampersand
            }
            start = end &+ 1
        }
    }

    /// The host with its port, under the name that the protocol has for it.
    @_lifetime(sink: copy sink)
    func writeAuthority(
        _ sink: inout OutputRawSpan, _ name: StaticString, _ rewrite: borrowing UpstreamRewrite
    ) throws(HeadOverflow) {
        try sink.append(name)
        if let host = rewrite.host { try sink.append(host) } else { try sink.append(authority) }
        try sink.append("\r\n")
    }

    /// The client's end-to-end fields, without what the route and the verified credential take out.
    @_lifetime(sink: copy sink)
    func writeEndToEnd(
        _ sink: inout OutputRawSpan, _ rewrite: borrowing UpstreamRewrite, _ removal: borrowing CredentialRemoval,
        isTrusted: Bool
    ) throws(HeadOverflow) {
        var names = rewrite.edits.removed.union(removal.fields)
        if isTrusted { names = names.union([.xForwardedFor, .xForwardedProto, .xForwardedHost, .forwarded]) }
        let dropsCookies = names.contains(.cookie)
        if !removal.cookies.isEmpty { names.insert(.cookie) }
        let filter = LineFilter(
            marks: isTrusted ? [.removed, .rebuilt] : .notCopied, names: names, others: rewrite.edits.removedOthers,
            moreOthers: removal.otherFields)
        try sink.append(linesOf: lines, bytes.readableBytesUInt8Span, filter)
        guard !removal.cookies.isEmpty, !dropsCookies else { return }
        var line = first(.cookie)
        while let index = line {
            try writeCookie(&sink, value(at: index), without: removal.cookies)
            line = next(.cookie, after: index)
        }
    }

    /// A cookie line without the cookies `names`; none where nothing is left (RFC 6265 §4.2.1).
    @_lifetime(sink: copy sink)
    private func writeCookie(
        _ sink: inout OutputRawSpan, _ value: Span<UInt8>, without names: [[UInt8]]
    ) throws(HeadOverflow) {
        var isOpen = false
        var start = 0
        while start <= value.count {
            let end = value.firstIndex(of: Ascii.semicolon, in: start..<value.count)
            let pair = value.trimmed(start..<end)
            let name = value.trimmed(pair.lowerBound..<value.firstIndex(of: Ascii.equals, in: pair))
            if !pair.isEmpty, !Self.isListed(value.extracting(name), names) {
                try sink.append(isOpen ? "; " : "cookie: ")
                try sink.append(value.extracting(pair))
                isOpen = true
            }
            start = end &+ 1
        }
        if isOpen { try sink.append("\r\n") }
    }

    private static func isListed(_ name: Span<UInt8>, _ names: [[UInt8]]) -> Bool {
        for listed in names where name.equals(listed.span) { return true }
        return false
    }

    /// As the backend reads it: a credential whose name is spelled `access%5Ftoken` is taken out, too.
    private static func isListedDecoded(_ name: Span<UInt8>, _ names: [[UInt8]]) -> Bool {
        for listed in names {
            var (index, matched) = (0, 0)
            while index < name.count {
                var byte = name[index]
                index &+= 1
                if byte == Ascii.percent, name.count &- index >= 2, let high = Ascii.hexValue(name[index]),
                    let low = Ascii.hexValue(name[index &+ 1])
                {
                    byte = high << 4 | low
                    index &+= 2
                }
                guard matched < listed.count, listed[matched] == byte else {
                    matched = -1
                    break
                }
                matched &+= 1
            }
            if matched == listed.count { return true }
        }
        return false
    }

    /// RFC 9112 §6: the framing is ours; `expect` and `upgrade` go on only where they were understood.
    @_lifetime(sink: copy sink)
    func writeFraming(_ sink: inout OutputRawSpan, _ fields: borrowing UpstreamFields) throws(HeadOverflow) {
        switch fields.framing {
        case .none: break
        case .length(let length):
            try sink.append("content-length: ")
            try sink.append(decimal: length)
            try sink.append("\r\n")
        case .chunked:
            try sink.append("transfer-encoding: chunked\r\n")
        }
        // RFC 9110 §10.1.4: what comes behind a body is passed on to a client that reads it.
        if acceptsTrailers { try sink.append("te: trailers\r\nconnection: te\r\n") }
        if fields.forwardExpect, expectsContinue { try sink.append("expect: 100-continue\r\n") }
        if fields.forwardUpgrade, upgrade == .webSocket {
            try sink.append("connection: upgrade\r\nupgrade: websocket\r\n")
        }
    }
}
