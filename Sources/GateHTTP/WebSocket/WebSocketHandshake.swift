/// The opening handshake as its fields tell it (RFC 6455 §4; RFC 8441 §5 for HTTP/2).
public enum WebSocketHandshake {
    /// The value that a server appends to a key before it hashes it (RFC 6455 §1.3).
    public static let keySuffix: StaticString = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// Whether the fields of `request`, which asks for a WebSocket, are those of a handshake: version 13 and, over
    /// HTTP/1.1, one key of 16 bytes.
    public static func isValid(_ request: borrowing VettedRequest) -> Bool {
        guard let version = request.first(.secWebSocketVersion),
            request.next(.secWebSocketVersion, after: version) == nil,
            request.value(at: version).matches(lowercase: "13")
        else { return false }
        // RFC 8441 §5: key and accept mean nothing over HTTP/2.
        guard request.version == .http11 else { return true }
        guard let key = request.first(.secWebSocketKey), request.next(.secWebSocketKey, after: key) == nil else {
            return false
        }
        return isKey(request.value(at: key))
    }

    /// The key that the client sent; empty where there is none.
    @_lifetime(borrow request)
    public static func key(of request: borrowing VettedRequest) -> Span<UInt8> {
        request.value(at: request.first(.secWebSocketKey) ?? -1)
    }

    /// Whether a 101 accepts what `request` offered: the one `accept` that goes with its key, at most one subprotocol,
    /// and no extension, that the client did not name (RFC 6455 §4.1).
    public static func isAccepted(
        _ response: borrowing VettedResponse, answering request: borrowing VettedRequest, accept: Span<UInt8>
    ) -> Bool {
        guard let line = response.first(.secWebSocketAccept), response.next(.secWebSocketAccept, after: line) == nil,
            response.value(at: line).equals(accept)
        else { return false }
        if let line = response.first(.secWebSocketProtocol) {
            guard response.next(.secWebSocketProtocol, after: line) == nil,
                offers(request, protocol: response.value(at: line))
            else { return false }
        }
        return extensionsAreOffered(response, request)
    }

    /// Which reserved bits the extensions that a 101 accepted give a meaning.
    public static func reservedBits(_ response: borrowing VettedResponse) -> WebSocketReservedBits {
        var bits = WebSocketReservedBits.none
        var line = response.first(.secWebSocketExtensions)
        while let index = line {
            let value = response.value(at: index)
            var start = 0
            while let element = ListElement.next(value, from: &start) {
                guard !element.isEmpty else { continue }
                let isDeflate = value.matches(ListElement.name(value, element), lowercase: "permessage-deflate")
                guard isDeflate else { return .any }
                bits = .deflate
            }
            line = response.next(.secWebSocketExtensions, after: index)
        }
        return bits
    }

    /// Sixteen bytes in base64: 22 letters and two signs of padding.
    private static func isKey(_ value: Span<UInt8>) -> Bool {
        guard value.count == 24, value[22] == Ascii.equals, value[23] == Ascii.equals else { return false }
        for index in 0..<22 {
            switch value[index] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2F: continue
            default: return false
            }
        }
        return true
    }

    private static func offers(_ request: borrowing VettedRequest, protocol wanted: Span<UInt8>) -> Bool {
        var line = request.first(.secWebSocketProtocol)
        while let index = line {
            let value = request.value(at: index)
            var start = 0
            while let element = ListElement.next(value, from: &start) {
                // RFC 6455 §4.1: subprotocols are compared as they are written.
                if !element.isEmpty, value.extracting(element).equals(wanted) { return true }
            }
            line = request.next(.secWebSocketProtocol, after: index)
        }
        return false
    }

    private static func extensionsAreOffered(
        _ response: borrowing VettedResponse, _ request: borrowing VettedRequest
    ) -> Bool {
        var line = response.first(.secWebSocketExtensions)
        while let index = line {
            let value = response.value(at: index)
            var start = 0
            while let element = ListElement.next(value, from: &start) {
                let name = value.extracting(ListElement.name(value, element))
                guard element.isEmpty || offers(request, extension: name) else { return false }
            }
            line = response.next(.secWebSocketExtensions, after: index)
        }
        return true
    }

    private static func offers(_ request: borrowing VettedRequest, extension wanted: Span<UInt8>) -> Bool {
        var line = request.first(.secWebSocketExtensions)
        while let index = line {
            let value = request.value(at: index)
            var start = 0
            while let element = ListElement.next(value, from: &start) {
                let name = value.extracting(ListElement.name(value, element))
                if !element.isEmpty, name.equalsIgnoringCase(wanted) { return true }
            }
            line = request.next(.secWebSocketExtensions, after: index)
        }
        return false
    }
}

/// The elements of a comma-separated field value (RFC 9110 §5.6.1), in which a quoted string may hold a comma.
enum ListElement {
    /// The trimmed element that begins at `start`, which moves behind it; nil behind the last. May be empty.
    static func next(_ value: Span<UInt8>, from start: inout Int) -> Range<Int>? {
        guard start <= value.count else { return nil }
        var index = start
        var isQuoted = false
        while index < value.count, isQuoted || value[index] != Ascii.comma {
            if value[index] == Ascii.quote { isQuoted.toggle() }
            // RFC 9110 §5.6.4: a backslash in a quoted string takes the next byte with it.
            if isQuoted, value[index] == Ascii.backslash { index &+= 1 }
            index &+= 1
        }
        let end = min(index, value.count)
        let element = value.trimmed(start..<end)
        start = end &+ 1
        return element
    }

    /// An element's part in front of its parameters.
    static func name(_ value: Span<UInt8>, _ element: Range<Int>) -> Range<Int> {
        value.trimmed(element.lowerBound..<value.firstIndex(of: Ascii.semicolon, in: element))
    }
}
