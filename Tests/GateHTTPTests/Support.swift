import GatePrimitives
import NIOCore

@testable import GateHTTP

/// Reads one head from `text`, whole.
func readHead(_ text: String, limits: HeadLimits = .standard) throws(Fault) -> RawHead? {
    var reader = RequestHeadReader(limits: limits)
    var table = HeadTable()
    var buffer = ByteBuffer(string: text)
    return try reader.read(&buffer, into: &table)
}

/// Reads and vets one head; nil where it is incomplete.
func vet(_ text: String) throws(Fault) -> VettedRequest? {
    guard let raw = try readHead(text) else { return nil }
    return try VettedRequest.vet(raw)
}

/// The request of `lines` behind the request line `start`, with a host.
func vet(_ start: String, _ lines: [String]) throws(Fault) -> VettedRequest? {
    try vet(([start, "host: example.com"] + lines).joined(separator: "\r\n") + "\r\n\r\n")
}

/// A GET of `target` with a host.
func vet(target: String) throws(Fault) -> VettedRequest? {
    try vet("GET \(target) HTTP/1.1", [])
}

/// Why `work` was refused; `ok` where it was not.
func reason(_ work: () throws(Fault) -> Void) -> Reason {
    do throws(Fault) {
        try work()
        return .ok
    } catch {
        return error.reason
    }
}

/// Why the whole head `text` is refused, read or vetted.
func refusal(_ text: String, limits: HeadLimits = .standard) -> Reason {
    reason { () throws(Fault) in
        guard let raw = try readHead(text, limits: limits) else { throw Fault(.read, .timeoutHeader) }
        _ = try VettedRequest.vet(raw)
    }
}

/// Why a request with these lines behind its host is refused.
func refusal(_ start: String, _ lines: [String]) -> Reason {
    refusal(([start, "host: example.com"] + lines).joined(separator: "\r\n") + "\r\n\r\n")
}

/// The canonical path of `path` under `policy`, or why there is none.
func canonical(_ path: String, _ policy: PathPolicy = .strict) -> Result<String, Fault> {
    let bytes = Array(path.utf8)
    do throws(Fault) {
        return .success(String(buffer: try PathCanonicaliser.canonicalise(bytes.span, under: policy)))
    } catch {
        return .failure(error)
    }
}

/// Why `path` is refused under `policy`; `ok` where it is not.
func pathRefusal(_ path: String, _ policy: PathPolicy = .strict) -> Reason {
    switch canonical(path, policy) {
    case .success: .ok
    case .failure(let fault): fault.reason
    }
}

/// A small generator of reproducible numbers (SplitMix64).
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension VettedRequest {
    /// The index of the first line of `name`, or of the next one behind `index`.
    func index(of name: String, after index: Int? = nil) -> Int? {
        let bytes = Array(name.utf8)
        guard let index else { return first(named: bytes.span) }
        return next(named: bytes.span, after: index)
    }
}

extension FieldNameIndex {
    /// The known name that `text` spells, with `tail` behind it in the same bytes.
    func name(of text: String, before tail: String = "") -> FieldName {
        let bytes = Array((text + tail).utf8)
        return name(bytes.span, 0..<text.utf8.count)
    }
}
