extension VariableTable {
    /// Fills what the connection says: REMOTE_ADDR and UNIQUE_ID.
    ///
    /// `remoteAddress` is the client's address in text, `uniqueID` names the request in the logs.
    public mutating func addConnection(remoteAddress: Span<UInt8>, uniqueID: Span<UInt8>) {
        set(.remoteAddr, to: remoteAddress)
        set(.uniqueID, to: uniqueID)
    }

    /// Fills what the request line says: REQUEST_LINE and its parts, and the arguments of the query.
    ///
    /// `target` is the request target as received (for HTTP/2 `:path`), `protocolName` is `HTTP/1.1` or `HTTP/2.0`.
    /// As in ModSecurity 3 the fragment belongs to REQUEST_LINE and REQUEST_URI_RAW alone, and REQUEST_URI and
    /// REQUEST_FILENAME have their percent escapes decoded. Unlike 3.0.9 the path ends at the first `?` that was sent as
    /// such: an escaped one does not hide the rest of the path (CVE-2024-1019).
    ///
    /// Returns false where there are more arguments than `limits` allows; the request must then be refused.
    public mutating func addRequestLine(
        method: Span<UInt8>, target: Span<UInt8>, protocolName: Span<UInt8>, limits: InspectionLimits = .init()
    ) -> Bool {
        // The line lies in the arena once; most other variables are ranges of it.
        let methodRange = append(method)
        append(0x20)
        let raw = append(target)
        append(0x20)
        let protocolRange = append(protocolName)
        set(.requestLine, to: methodRange.lowerBound..<protocolRange.upperBound)
        set(.requestMethod, to: methodRange)
        set(.requestProtocol, to: protocolRange)
        set(.requestURIRaw, to: raw)

        let uri = raw.lowerBound..<(firstIndex(of: 0x23, in: raw) ?? raw.upperBound)
        let question = firstIndex(of: 0x3F, in: uri)
        let path = uri.lowerBound..<(question ?? uri.upperBound)
        addPath(path)
        let decoded = firstIndex(of: 0x25, in: uri) == nil ? uri : appendDecoded(uri, plusIsSpace: false)
        set(.requestURI, to: withoutAuthority(decoded))
        guard let question else {
            setNumber(.argsCombinedSize, to: measures.argumentBytes)
            return true
        }
        let query = (question &+ 1)..<uri.upperBound
        set(.queryString, to: query)
        return addArguments(.argsGet, in: query, limits: limits)
    }

    /// REQUEST_FILENAME, and REQUEST_BASENAME: what follows its last slash or backslash.
    private mutating func addPath(_ path: Range<Int>) {
        let decoded = firstIndex(of: 0x25, in: path) == nil ? path : appendDecoded(path, plusIsSpace: false)
        set(.requestFilename, to: decoded)
        var index = decoded.upperBound
        while index > decoded.lowerBound {
            let byte = bytes[index &- 1]
            if byte == 0x2F || byte == 0x5C {
                if index < decoded.upperBound { set(.requestBasename, to: index..<decoded.upperBound) }
                return
            }
            index &-= 1
        }
    }

    /// What is left of an absolute URI from its path on; any other as it is.
    private func withoutAuthority(_ uri: Range<Int>) -> Range<Int> {
        guard let first = bytes[uri].first, first != 0x2F, let colon = firstIndex(of: 0x3A, in: uri),
            colon &+ 2 < uri.upperBound, bytes[colon &+ 1] == 0x2F, bytes[colon &+ 2] == 0x2F,
            let slash = firstIndex(of: 0x2F, in: (colon &+ 3)..<uri.upperBound)
        else { return uri }
        return slash..<uri.upperBound
    }
}
