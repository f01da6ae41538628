import GateWAF

/// The first byte chooses what the others are: a raw request, a header field, a body of some kind, a compressed body, a
/// value under a transformation, under operators, under an expression, under the
/// detectors of injection, a file of rules with a request put to them.
/// Nothing traps, and what is read lies where it is said to lie.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWAF(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer lends `count` bytes at `start` for this call; they are copied.
    let input = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let bytes = [UInt8](input.dropFirst())
    switch choice {
    case 0x72: readRequest(bytes)
    case 0x68: readHeader(bytes)
    case 0x66: readBody(bytes, as: .urlencoded)
    case 0x6D: readMultipart(bytes)
    case 0x6A: readBody(bytes, as: .json)
    case 0x78: readBody(bytes, as: .xml)
    case 0x7A: inflate(bytes, .gzip)
    case 0x64: inflate(bytes, .deflate)
    case 0x74: transform(bytes)
    case 0x6F: compare(bytes)
    case 0x65: prefilter(bytes)
    case 0x73: runRules(bytes)
    case 0x69: detectInjections(bytes)
    default: break
    }
    return 0
}
