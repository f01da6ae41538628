import GateHTTP
import GatePrimitives
import GateWAF
import NIOCore

/// Fills the variables of the rules from vetted heads: what is inspected is what is forwarded.
struct RequestHeadVariables {
    private var target: [UInt8] = []
    private var client: IPAddress?
    /// The client in text, made once for as long as the same client asks.
    private var clientText: [UInt8] = []

    private static let http10 = Array("HTTP/1.0".utf8)
    private static let http11 = Array("HTTP/1.1".utf8)
    private static let http2 = Array("HTTP/2.0".utf8)
    private static let host = Array("host".utf8)

    /// The name of a version as rules know it.
    static func name(of version: HTTPVersion) -> [UInt8] {
        switch version {
        case .http10: http10
        case .http11: http11
        case .http2: http2
        }
    }

    /// Fills what phase 1 sees; false where there are more arguments than anybody should send.
    ///
    /// The path is the canonical one that was routed by; fields are those that the client sent, those included that are
    /// not forwarded.
    mutating func fill(
        _ table: inout VariableTable, from request: borrowing VettedRequest, client: IPAddress?
    ) -> Bool {
        if self.client != client || clientText.isEmpty {
            self.client = client
            clientText = Array((client?.description ?? "127.0.0.1").utf8)
        }
        // Decisions have their own ids: no rule needs one.
        let noID: [UInt8] = []
        table.addConnection(remoteAddress: clientText.span, uniqueID: noID.span)
        target.removeAll(keepingCapacity: true)
        append(request.path)
        if request.hasQuery {
            target.append(UInt8(ascii: "?"))
            append(request.query)
        }
        let isComplete = table.addRequestLine(
            method: request.methodBytes, target: target.span, protocolName: Self.name(of: request.version).span)
        if request.first(.host) == nil { table.addRequestHeader(name: Self.host.span, value: request.authority) }
        var index = 0
        while index < request.fieldCount {
            table.addRequestHeader(name: request.nameBytes(at: index), value: request.value(at: index))
            index &+= 1
        }
        return isComplete
    }

    private mutating func append(_ bytes: Span<UInt8>) {
        // SAFETY: the buffer is the span's own memory and is read within the call.
        unsafe bytes.withUnsafeBufferPointer { unsafe target.append(contentsOf: $0) }
    }
}

extension VettedResponse {
    /// Fills what phase 3 sees.
    func fill(_ table: inout VariableTable, version: HTTPVersion) {
        table.addResponseLine(status: status, protocolName: RequestHeadVariables.name(of: version).span)
        var index = 0
        while index < fieldCount {
            table.addResponseHeader(name: nameBytes(at: index), value: value(at: index))
            index &+= 1
        }
    }

    /// Whether `content-type` without its parameters is one of `types`, which are in lower case.
    func isOneOf(_ types: [[UInt8]]) -> Bool {
        guard let line = first(.contentType) else { return false }
        let value = value(at: line)
        var end = 0
        while end < value.count, value[end] != UInt8(ascii: ";") { end &+= 1 }
        while end > 0, value[end &- 1] == 0x20 || value[end &- 1] == 0x09 { end &-= 1 }
        return types.contains { type in
            guard type.count == end else { return false }
            for index in 0..<end {
                let byte = value[index]
                let lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
                guard lower == type[index] else { return false }
            }
            return true
        }
    }
}
