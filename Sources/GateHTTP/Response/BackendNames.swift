/// Rewrites values that name a backend to the public authority, so that nothing internal reaches a client.
enum BackendNames {
    /// Writes the URI reference `value`, its scheme and authority replaced where it names one of `backends`.
    @_lifetime(sink: copy sink)
    static func writeLocation(
        _ sink: inout OutputRawSpan, _ value: Span<UInt8>, _ backends: borrowing BackendAuthorities,
        _ scheme: Scheme, _ authority: Span<UInt8>
    ) throws(HeadOverflow) {
        let whole = 0..<value.count
        let start =
            if value.matches(whole.prefix(8), lowercase: "https://") { 8 }  //
            else if value.matches(whole.prefix(7), lowercase: "http://") { 7 }  //
            else if value.matches(whole.prefix(2), lowercase: "//") { 2 } else { value.count }
        var end = start
        while end < value.count, !endsAuthority(value[end]) { end &+= 1 }
        guard start < end, backends.contains(value.extracting(start..<end)) else {
            try sink.append(value)
            return
        }
        if start > 2 { try sink.append(scheme == .https ? "https:" : "http:") }
        try sink.append("//")
        try sink.append(authority)
        try sink.append(value.extracting(end..<value.count))
    }

    /// RFC 3986 §3.2; browsers also end an authority at a backslash.
    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == Ascii.slash || byte == Ascii.question || byte == Ascii.hash || byte == Ascii.backslash
    }

    /// Writes the cookie `value`, the value of each `domain` attribute replaced by `host` where it is a backend's
    /// (RFC 6265 §4.1.2.3).
    @_lifetime(sink: copy sink)
    static func writeCookie(
        _ sink: inout OutputRawSpan, _ value: Span<UInt8>, _ backends: borrowing BackendAuthorities,
        _ host: Span<UInt8>
    ) throws(HeadOverflow) {
        var written = 0
        var start = value.firstIndex(of: Ascii.semicolon, in: 0..<value.count)
        while start < value.count {
            let end = value.firstIndex(of: Ascii.semicolon, in: (start &+ 1)..<value.count)
            let equals = value.firstIndex(of: Ascii.equals, in: (start &+ 1)..<end)
            let name = value.trimmed((start &+ 1)..<equals)
            if equals < end, value.matches(name, lowercase: "domain") {
                let domain = value.trimmed((equals &+ 1)..<end)
                let isDotted = !domain.isEmpty && value[domain.lowerBound] == Ascii.dot
                let bare = isDotted ? (domain.lowerBound &+ 1)..<domain.upperBound : domain
                if backends.containsHost(value.extracting(bare)) {
                    try sink.append(value.extracting(written..<domain.lowerBound))
                    try sink.append(host)
                    written = domain.upperBound
                }
            }
            start = end
        }
        try sink.append(value.extracting(written..<value.count))
    }
}
