import NIOCore

// `grpc-status`: how a gRPC call ended, in the trailers, or in the head where there is nothing else.

extension VettedResponse {
    /// The status in the head of a gRPC answer that has neither messages nor trailers; nil where it has none.
    public var callStatus: Int? {
        guard hasMediaType("application/grpc"),
            let line = lines.first(named: FieldBlock.callStatusName.span, in: bytes.readableBytesUInt8Span)
        else { return nil }
        return value(at: line).callStatus
    }
}

extension FieldBlock {
    static let callStatusName = Array("grpc-status".utf8)

    /// The status in the trailers of a gRPC call; nil where there is none that is a number.
    public var callStatus: Int? {
        let span = bytes.readableBytesUInt8Span
        var start = 0
        while start < span.count {
            let end = span.firstIndex(of: Ascii.lf, in: start..<span.count)
            let colon = span.firstIndex(of: Ascii.colon, in: start..<end)
            if colon < end, span.matches(start..<colon, lowercase: "grpc-status") {
                let value = span.trimmed((colon &+ 1)..<max(colon &+ 1, end &- 1))
                return span.extracting(value).callStatus
            }
            start = end &+ 1
        }
        return nil
    }
}

extension Span<UInt8> {
    /// One to three digits; nil for anything else.
    fileprivate var callStatus: Int? {
        guard count >= 1, count <= 3 else { return nil }
        var status = 0
        for index in indices {
            let digit = self[index] &- 0x30
            guard digit < 10 else { return nil }
            status = status &* 10 &+ Int(digit)
        }
        return status
    }
}
