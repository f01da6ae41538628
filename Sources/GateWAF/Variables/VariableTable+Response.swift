extension VariableTable {
    /// Fills what the status line of a response says: RESPONSE_STATUS and RESPONSE_PROTOCOL.
    ///
    /// `protocolName` is `HTTP/1.1` or `HTTP/2.0`.
    public mutating func addResponseLine(status: Int, protocolName: Span<UInt8>) {
        setNumber(.responseStatus, to: max(status, 0))
        set(.responseProtocol, to: protocolName)
    }

    /// Fills what one header field of a response says: RESPONSE_HEADERS, RESPONSE_CONTENT_TYPE without its parameters.
    public mutating func addResponseHeader(name: Span<UInt8>, value: Span<UInt8>) {
        let nameRange = append(name)
        let valueRange = append(value)
        add(.responseHeaders, name: nameRange, value: valueRange)
        add(.responseHeadersNames, name: nameRange, value: nameRange)
        if name.count == 12, bytes.span.equalsLowercased("content-type", in: nameRange) {
            let end = firstIndex(of: 0x3B, in: valueRange) ?? valueRange.upperBound
            set(.responseContentType, to: valueRange.lowerBound..<end)
        }
    }

    /// Fills RESPONSE_BODY, as far as it is inspected, and RESPONSE_CONTENT_LENGTH, the count of those bytes.
    public mutating func addResponseBody(_ body: Span<UInt8>) {
        set(.responseBody, to: body)
        setNumber(.responseContentLength, to: body.count)
    }
}
