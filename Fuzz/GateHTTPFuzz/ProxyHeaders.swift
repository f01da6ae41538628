import GateHTTP
import GatePrimitives

/// The PROXY header: what it says at each length must agree with what it says of the whole (attacks 43).
func fuzzProxyHeader(_ input: [UInt8]) {
    let whole = ProxyHeader.read(input.span)
    if case .header(let header) = whole {
        require(header.length > 0 && header.length <= input.count, "a header is no longer than what was read")
        require(header.length <= 4096, "a header is bounded")
        require(ProxyHeader.read(input.span.extracting(0..<header.length)) == whole, "what follows does not matter")
    }
    if case .needsMore = whole { require(input.count < 4096, "a wait is bounded") }
    // However it is split, the first verdict is the verdict.
    for count in 0..<min(input.count, 256) {
        let start = ProxyHeader.read(input.span.extracting(0..<count))
        if case .needsMore = start { continue }
        require(start == whole, "a verdict holds")
        break
    }
}
