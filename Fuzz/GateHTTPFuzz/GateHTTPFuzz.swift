import GateHTTP
import GatePrimitives
import NIOCore

/// Bytes of a stranger for each parser of messages; the first byte says which, the second how they are split or judged.
///
/// `q` request head, `r` response head, `c` chunks, `p` path, `x` PROXY header, `w` frames of a WebSocket; anything else by
/// its remainder. Nothing may trap, and what
/// each says it guarantees is asserted.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTP(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count >= 2 else { return 0 }
    // SAFETY: libFuzzer lends `count` bytes at `start` for this call; they are copied.
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    let input = Array(bytes[2...])
    switch bytes[0] {
    case UInt8(ascii: "q"): fuzzRequest(input, bytes[1])
    case UInt8(ascii: "r"): fuzzResponse(input, bytes[1])
    case UInt8(ascii: "c"): fuzzChunks(input, bytes[1])
    case UInt8(ascii: "p"): fuzzPath(input, bytes[1])
    case UInt8(ascii: "x"): fuzzProxyHeader(input)
    case UInt8(ascii: "w"): fuzzWebSocket(input, bytes[1])
    case let other where other % 6 == 0: fuzzRequest(input, bytes[1])
    case let other where other % 6 == 1: fuzzResponse(input, bytes[1])
    case let other where other % 6 == 2: fuzzChunks(input, bytes[1])
    case let other where other % 6 == 3: fuzzProxyHeader(input)
    case let other where other % 6 == 4: fuzzWebSocket(input, bytes[1])
    default: fuzzPath(input, bytes[1])
    }
    return 0
}

/// A condition that must hold, in every build.
func require(_ condition: Bool, _ what: StaticString) {
    // TRAP: this is how a fuzz target reports a finding.
    if !condition { fatalError("\(what)") }
}

/// Gives the bytes of `input` to `take` whole, or in pieces of `step`.
func feed(_ input: [UInt8], step: Int, _ take: (inout ByteBuffer) -> Bool) {
    var buffer = ByteBuffer()
    var start = 0
    while start < input.count {
        let end = min(input.count, start + step)
        buffer.writeBytes(input[start..<end])
        start = end
        guard take(&buffer) else { return }
    }
}

extension PathPolicy {
    /// The policy that two bits each of `selector` name.
    init(selector: UInt8) {
        let choices: [PathPolicy.Choice] = [.refuse, .keep, .resolve, .resolve]
        self.init(
            dotSegments: choices[Int(selector & 3)], duplicateSlashes: choices[Int(selector >> 2 & 3)],
            encodedSlash: choices[Int(selector >> 4 & 3)], parameters: choices[Int(selector >> 6 & 3)])
    }

    /// Everything kept.
    static let lenient = PathPolicy(dotSegments: .keep, duplicateSlashes: .keep, encodedSlash: .keep, parameters: .keep)
}
