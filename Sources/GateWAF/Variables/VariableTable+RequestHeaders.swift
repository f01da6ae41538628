extension VariableTable {
    /// Fills what one header field of the request says: REQUEST_HEADERS, the cookies of a `Cookie` field, SERVER_NAME of
    /// `Host`, REQBODY_PROCESSOR of a `Content-Type` that names a form.
    ///
    /// Fields are added in the order of the message, each on its own. For HTTP/2 the authority is added as `Host`.
    public mutating func addRequestHeader(name: Span<UInt8>, value: Span<UInt8>) {
        let nameRange = append(name)
        let valueRange = append(value)
        add(.requestHeaders, name: nameRange, value: valueRange)
        add(.requestHeadersNames, name: nameRange, value: nameRange)
        measures.headerBytes &+= name.count &+ value.count &+ 3
        switch name.count {
        case 4 where bytes.span.equalsLowercased("host", in: nameRange): setServerName(valueRange)
        case 6 where bytes.span.equalsLowercased("cookie", in: nameRange): addCookies(valueRange)
        case 12 where bytes.span.equalsLowercased("content-type", in: nameRange): setProcessor(valueRange)
        default: break
        }
    }

    /// The processor that a Content-Type calls for; a JSON or XML one is a rule's to choose (`ctl:requestBodyProcessor`).
    private mutating func setProcessor(_ value: Range<Int>) {
        guard let processor = RequestBodyProcessor(formContentType: span(value)) else { return }
        set(.reqbodyProcessor, to: processor.rawValue)
    }

    /// The host without its port; the brackets of an IPv6 address stay.
    private mutating func setServerName(_ value: Range<Int>) {
        var end = value.upperBound
        if bytes[value].first == 0x5B {
            if let bracket = firstIndex(of: 0x5D, in: value) { end = bracket &+ 1 }
        } else if let colon = firstIndex(of: 0x3A, in: value) {
            end = colon
        }
        set(.serverName, to: value.lowerBound..<end)
    }

    /// The pairs of a `Cookie` field, as ModSecurity 3 splits it: by `;`, then at the first `=`; nothing is decoded, a
    /// pair without a name is no cookie.
    private mutating func addCookies(_ value: Range<Int>) {
        // White space after the last pair is no part of it. A `;` at the end ends the last pair.
        var end = value.upperBound
        if end > value.lowerBound, bytes[end &- 1] == 0x3B { end &-= 1 }
        while end > value.lowerBound, isWhiteSpace(bytes[end &- 1]) { end &-= 1 }
        var start = value.lowerBound
        while start < end {
            let pairEnd = firstIndex(of: 0x3B, in: start..<end) ?? end
            let equals = firstIndex(of: 0x3D, in: start..<pairEnd) ?? pairEnd
            while start < equals, isWhiteSpace(bytes[start]) { start &+= 1 }
            if start < equals {
                let name = start..<equals
                add(.requestCookies, name: name, value: min(equals &+ 1, pairEnd)..<pairEnd)
                add(.requestCookiesNames, name: name, value: name)
            }
            start = pairEnd &+ 1
        }
    }
}
