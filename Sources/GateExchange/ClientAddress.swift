import GateHTTP
import GatePlan
import GatePrimitives

/// Finds the client's address in the forwarding fields of a trusted hop.
enum ClientAddress {
    // LIMIT: a chain of more than 32 hops is refused; real ones have two or three.
    static let maximumHops = 32

    /// The rightmost address that is not trusted; the leftmost where all are; the peer where the field is absent.
    ///
    /// What the trusted hop wrote and cannot be read is a refusal: guessing would let the client choose its address.
    static func resolve(
        in request: borrowing VettedRequest, _ rule: ClientAddressRule, peer: IPAddress
    ) throws(Fault) -> IPAddress {
        let name: FieldName
        switch rule.field {
        case .xForwardedFor: name = .xForwardedFor
        case .forwarded: name = .forwarded
        case .xRealIP: name = .xRealIP
        }
        var elements: [Substring] = []
        var line = request.first(name)
        while let index = line {
            elements += request.valueText(at: index).split(separator: ",", omittingEmptySubsequences: false)
            guard elements.count <= maximumHops else { throw Fault(.vet, .badHeader) }
            line = request.next(name, after: index)
        }
        // Each hop appends: what stands left of the first address that is not trusted is that client's own, and is not
        // even read.
        var client = peer
        for element in elements.reversed() {
            guard let address = address(element, rule.field) else { throw Fault(.vet, .badHeader) }
            client = address
            if !rule.trusted.contains(address) { break }
        }
        return client
    }

    private static func address(_ element: Substring, _ field: ClientAddressRule.Field) -> IPAddress? {
        var text = trim(element)
        if field == .forwarded {
            // RFC 7239 §4: `for=192.0.2.60;proto=http`, quoted where it holds a colon.
            let pair = text.split(separator: ";").map(trim).first { $0.lowercased().hasPrefix("for=") }
            guard let pair else { return nil }
            text = pair.dropFirst(4)
            if text.hasPrefix("\""), text.hasSuffix("\""), text.count >= 2 { text = text.dropFirst().dropLast() }
        }
        if let address = IPAddress(String(text)) { return address }
        // RFC 7239 §6: a port may follow, and IPv6 stands in brackets.
        if case .ip(let address, _)? = try? SocketEndpoint(String(text)) { return address }
        if text.hasPrefix("["), text.hasSuffix("]") { return IPAddress(String(text.dropFirst().dropLast())) }
        return nil
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
